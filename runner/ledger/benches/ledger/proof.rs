//! How fast a chain is verified, and that the memory it takes does not grow with it.

use synapsor_protocol::Outcome;
use tokio::task::JoinSet;

use crate::story::{Call, Fixture, receipt};
use crate::table::Table;

/// Events in the chain that is verified, where nobody says.
const EVENTS: i64 = 100_000;
/// Walks over it, of which the middle one counts.
const WALKS: usize = 9;
/// Events a second of one core.
const PROMISED: u64 = 200_000;
const NANOS_A_SECOND: u64 = 1_000_000_000;
/// Calls under way at once while it is made.
const CALLERS: usize = 64;

/// Verifies a chain of the chosen length, and one a tenth as long.
pub(crate) async fn verify(table: &mut Table) {
    let (few, many) = (walks(events() / 10).await, walks(events()).await);
    let missed = if many.rate >= PROMISED { "" } else { ": **missed**" };
    table.line(
        "`store verify`, events a second of one core",
        &many.rate.to_string(),
        &format!("{PROMISED}{missed}"),
    );
    let kib = format!("{} KiB / {} KiB", many.grown_kib, few.grown_kib);
    table.line("memory of `store verify`, ten times the events / as many", &kib, "flat");
}

/// What walks over one chain came to.
struct Walks {
    /// Events a second of one core, in the middle.
    rate: u64,
    grown_kib: u64,
}

async fn walks(events: i64) -> Walks {
    let fixture = chain(events).await;
    let before = resident_kib();
    let mut rates = Vec::new();
    for _ in 0..WALKS {
        let start = cpu_nanos();
        let report = fixture.ledger.verify().await.expect("readable");
        let nanos = cpu_nanos().saturating_sub(start);
        assert!(report.holds(), "{report:?}");
        rates.push(report.events * NANOS_A_SECOND / nanos.max(1));
    }
    rates.sort_unstable();
    let rate = |place: usize| rates.get(place).copied().unwrap_or_default();
    let spread = format!("{} to {}", rate(0), rate(WALKS - 1));
    Table::note(&format!("{events} events, slowest to fastest of {WALKS} walks"), &spread);
    Walks { rate: rate(WALKS / 2), grown_kib: resident_kib().saturating_sub(before) }
}

#[expect(clippy::disallowed_methods, reason = "how long the chain is, is said from outside")]
fn events() -> i64 {
    std::env::var("SYNAPSOR_BENCH_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(EVENTS)
}

/// A chain of about so many events: of ten, four are an applied proposal's, one a waiting one's and five are reads.
async fn chain(events: i64) -> Fixture {
    let fixture = Fixture::new().await;
    let mut calls = JoinSet::new();
    for order in 0..events / 10 {
        if calls.len() >= CALLERS {
            calls.join_next().await.expect("a call").expect("made");
        }
        let ledger = fixture.ledger.clone();
        calls.spawn(async move { ten_events(&ledger, order * 10).await });
    }
    calls.join_all().await;
    fixture
}

async fn ten_events(ledger: &synapsor_ledger::Ledger, order: i64) {
    let notebook = ledger.notebook();
    for read in 0..5 {
        let call = Call::order(order + read);
        let evidence = call.evidence();
        let audit = call.audit(Some(&evidence));
        notebook.record_read(evidence, audit).await.expect("recorded");
    }
    for (nth, applied) in [(5, true), (6, false)] {
        let documents = Call::order(order + nth).documents();
        let recorded =
            notebook.record_proposal(documents.proposal, documents.evidence, documents.audit).await;
        let stored = recorded.expect("recorded").proposal;
        if applied {
            ledger.decide(&crate::story::approval(&stored, "ada")).await.expect("approved");
            let start = ledger.start_writeback(&stored.proposal.proposal_id, "runner-1").await;
            let synapsor_ledger::Start::Run(job) = start.expect("started") else { continue };
            ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("finished");
        }
    }
}

/// The time the threads of this process were given on a core, whatever else the machine does meanwhile.
fn cpu_nanos() -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let given = |thread: std::fs::DirEntry| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    threads.filter_map(given).sum()
}

/// What this process holds in memory.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
