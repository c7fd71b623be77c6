//! What recording costs beside the commit it cannot do without: ratios of one run on one disk, its rounds in turn.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use synapsor_ledger::Notebook;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::ground::open;
use crate::story::{Call, Documents};
use crate::table::Table;

/// Callers that share a commit.
const CALLERS: i64 = 16;
/// What each of them records in a round, one after the other.
const CALLS: i64 = 8;
/// Pairs of measurements; the one with the middle ratio counts.
const ROUNDS: i64 = 40;
/// The same where a round is one commit of each.
const PROPOSALS: i64 = 2_000;

/// Sixteen callers that record reads, and sixteen that share bare commits of one row each. Ours wait for the disk as theirs
/// do, and then as the runner has it unless told otherwise.
pub(crate) fn shared(runtime: &Runtime, table: &mut Table) {
    let what = "append evidence, 16 callers / bare commit shared by 16";
    shared_by(runtime, table, what, Notebook::on_disk);
    let what = "the same, on the disk after the answer";
    shared_by(runtime, table, what, |notebook| notebook);
}

fn shared_by(runtime: &Runtime, table: &mut Table, what: &str, promising: fn(Notebook) -> Notebook) {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = runtime.block_on(open(&folder.path().join("ledger.db")));
    let bare = Bare::start(&folder.path().join("bare.db"), CALLERS);
    let mut rounds = Rounds::default();
    let before = ledger.commits();
    for round in 0..ROUNDS {
        let first = round * CALLERS * CALLS;
        let shared = bare.clone();
        let keep = move |call: Call| {
            let bare = shared.clone();
            async move { bare.keep(&call).await }
        };
        let theirs = timed(|| runtime.block_on(every(first, keep)));
        let shared = promising(ledger.notebook());
        let record = move |call: Call| {
            let notebook = shared.clone();
            async move { record(&notebook, call).await }
        };
        let ours = timed(|| runtime.block_on(every(first, record)));
        rounds.add(ours, theirs);
    }
    rounds.told(table, what, 2.0, CALLS);
    let calls = u64::try_from(ROUNDS * CALLERS * CALLS).unwrap_or_default();
    let commits = (ledger.commits() - before).max(1);
    Table::note("calls that shared one commit of the ledger", &format!("{}", calls / commits));
}

/// A proposal on disk, and one row of the same size in one bare commit.
pub(crate) fn proposal(runtime: &Runtime, table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = runtime.block_on(open(&folder.path().join("ledger.db")));
    let bare = Bare::start(&folder.path().join("bare.db"), 1);
    let mut rounds = Rounds::default();
    for order in 0..PROPOSALS {
        let call = Call::order(order);
        let theirs = timed(|| runtime.block_on(bare.keep(&call)));
        let Documents { proposal, evidence, audit } = call.documents();
        let ours = timed(|| {
            let notebook = ledger.notebook();
            let recording = notebook.record_proposal(proposal, evidence, audit);
            runtime.block_on(recording).expect("recorded");
        });
        rounds.add(ours, theirs);
    }
    rounds.told(table, "append a proposal / one bare `FULL` commit", 1.5, 1);
}

/// A table without an index, written as durably as the ledger by a thread of its own, as the ledger is.
#[derive(Clone)]
struct Bare {
    queue: mpsc::Sender<(String, oneshot::Sender<()>)>,
}

impl Bare {
    /// Each commit waits for one row of every caller: no commit is shared better.
    fn start(path: &Path, callers: i64) -> Self {
        let conn = Connection::open(path).expect("opens");
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).expect("a log");
        conn.execute_batch("PRAGMA synchronous = FULL; CREATE TABLE kept (document TEXT NOT NULL) STRICT;")
            .expect("a table");
        let (queue, mut waiting) = mpsc::channel::<(String, oneshot::Sender<()>)>(64);
        std::thread::spawn(move || {
            while let Some(first) = waiting.blocking_recv() {
                let mut rows = vec![first];
                rows.extend((1..callers).filter_map(|_| waiting.blocking_recv()));
                conn.execute_batch("BEGIN IMMEDIATE").expect("begun");
                for (document, _) in &rows {
                    conn.prepare_cached("INSERT INTO kept (document) VALUES (?1)")
                        .and_then(|mut statement| statement.execute([document]))
                        .expect("kept");
                }
                conn.execute_batch("COMMIT").expect("committed");
                rows.into_iter().for_each(|(_, reply)| reply.send(()).expect("waits"));
            }
        });
        Self { queue }
    }

    async fn keep(&self, call: &Call) {
        let document = serde_json::to_string(&call.evidence()).expect("serializes");
        let (reply, kept) = oneshot::channel();
        self.queue.send((document, reply)).await.expect("listens");
        kept.await.expect("kept");
    }
}

/// Every caller does its calls, one after the other.
async fn every<F: Future<Output = ()> + Send + 'static>(
    first: i64,
    make: impl Fn(Call) -> F + Clone + Send + 'static,
) {
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let make = make.clone();
        callers.spawn(async move {
            for call in 0..CALLS {
                make(Call::order(first + call * CALLERS + caller)).await;
            }
        });
    }
    callers.join_all().await;
}

async fn record(notebook: &Notebook, call: Call) {
    let evidence = call.evidence();
    let audit = call.audit(Some(&evidence));
    notebook.record_read(evidence, audit).await.expect("recorded");
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Ours and theirs, taken one right after the other.
#[derive(Default)]
struct Rounds(Vec<(Duration, Duration)>);

impl Rounds {
    fn add(&mut self, ours: Duration, theirs: Duration) {
        self.0.push((ours, theirs));
    }

    /// Prints the middle round; a disturbance hits a few rounds, and half of them would have to be.
    fn told(mut self, table: &mut Table, what: &str, promised: f64, calls: i64) {
        let ratio = |(ours, theirs): &(Duration, Duration)| ours.as_secs_f64() / theirs.as_secs_f64();
        self.0.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
        let Some(middle) = self.0.get(self.0.len() / 2) else { return };
        table.at_most(what, ratio(middle), promised);
        let each = |time: Duration| time.as_micros() / u128::from(calls.unsigned_abs().max(1));
        Table::note("microseconds a commit", &format!("{} / {}", each(middle.0), each(middle.1)));
    }
}
