//! What recording costs beside the commit it cannot do without: ratios of one run on one disk.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use synapsor_ledger::Ledger;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::ground::open;
use crate::line;
use crate::story::{Call, Documents};

/// Callers that share a commit.
const CALLERS: i64 = 16;
/// Pairs of measurements; the median of each kind counts.
const ROUNDS: i64 = 200;

/// Sixteen reads recorded at once, and sixteen rows of the same size in one bare commit.
pub(crate) fn shared(runtime: &Runtime) {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = runtime.block_on(open(&folder.path().join("ledger.db")));
    let bare = bare(&folder.path().join("bare.db"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let calls: Vec<Call> = (0..CALLERS).map(|caller| Call::order(round * CALLERS + caller)).collect();
        theirs.push(timed(|| commit(&bare, &calls)));
        ours.push(timed(|| runtime.block_on(record(&ledger, calls))));
    }
    compared("append evidence, 16 callers / bare commit shared by 16", ours, theirs, "2.00x");
}

/// A proposal on disk, and one row of the same size in one bare commit.
pub(crate) fn proposal(runtime: &Runtime) {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = runtime.block_on(open(&folder.path().join("ledger.db")));
    let bare = bare(&folder.path().join("bare.db"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for order in 0..ROUNDS {
        let call = Call::order(order);
        theirs.push(timed(|| commit(&bare, std::slice::from_ref(&call))));
        let Documents { proposal, evidence, audit } = call.documents();
        ours.push(timed(|| {
            let notebook = ledger.notebook();
            let recording = notebook.record_proposal(proposal, evidence, audit);
            runtime.block_on(recording).expect("recorded");
        }));
    }
    compared("durable proposal append / one bare FULL commit", ours, theirs, "1.50x");
}

/// A table without an index, written as durably as the ledger.
fn bare(path: &Path) -> Connection {
    let conn = Connection::open(path).expect("opens");
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).expect("a log");
    conn.execute_batch("PRAGMA synchronous = FULL; CREATE TABLE kept (document TEXT NOT NULL) STRICT;")
        .expect("a table");
    conn
}

fn commit(conn: &Connection, calls: &[Call]) {
    conn.execute_batch("BEGIN IMMEDIATE").expect("begun");
    for call in calls {
        let document = serde_json::to_string(&call.evidence()).expect("serializes");
        conn.prepare_cached("INSERT INTO kept (document) VALUES (?1)")
            .and_then(|mut statement| statement.execute([document]))
            .expect("kept");
    }
    conn.execute_batch("COMMIT").expect("committed");
}

async fn record(ledger: &Ledger, calls: Vec<Call>) {
    let mut recording = JoinSet::new();
    for call in calls {
        let notebook = ledger.notebook();
        recording.spawn(async move {
            let evidence = call.evidence();
            let audit = call.audit(Some(&evidence));
            notebook.record_read(evidence, audit).await.expect("recorded");
        });
    }
    recording.join_all().await;
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn compared(what: &str, mut ours: Vec<Duration>, mut theirs: Vec<Duration>, promised: &str) {
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    line(what, &format!("{ratio:.2}x"), promised);
    line("  of", &format!("{} / {} us", ours.as_micros(), theirs.as_micros()), "");
}
