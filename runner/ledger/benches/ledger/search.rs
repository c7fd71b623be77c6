//! How long the first page of every list takes by any one filter, in a small ledger and in a large one.

use std::time::{Duration, Instant};

use synapsor_ledger::{Filter, Ledger, ObjectFilter, Page, RecordKind, Status, TableFilter};
use synapsor_protocol::{EvidenceId, JobId, ProposalId};

use crate::large;
use crate::story::{Fixture, opening};
use crate::table::Table;

/// Proposals in the small ledger.
const SMALL: u32 = 1_000;
/// Proposals in the large one, where nobody says.
const LARGE: u32 = 100_000;
/// Looks of which the middle one counts.
const LOOKS: usize = 21;

/// Times every list by every filter in both.
pub(crate) async fn search(table: &mut Table) {
    let large = proposals();
    let (small, big) = (large::ledger(SMALL).await, large::ledger(large).await);
    Table::note(&format!("first pages, {SMALL} and {large} proposals"), "microseconds, ratio");
    let (mut worst, mut lists): (f64, u32) = (0.0, 0);
    for (name, filter) in filters() {
        for list in [List::Proposals, List::Evidence, List::Audits, List::Receipts, List::Activity] {
            let (Some(fast), Some(slow)) =
                (list.time(&small.ledger, &filter).await, list.time(&big.ledger, &filter).await)
            else {
                continue;
            };
            worst = worst.max(told(&format!("{list:?} by {name}"), fast, slow));
            lists += 1;
        }
    }
    let sizes = format!("{lists} lists, {large} / {SMALL} proposals");
    table.line(
        "first page of every list by any one filter, large ledger / small: the slowest",
        &format!("{worst:.1}x of {sizes}"),
        "10x",
    );
    let latest = told("show latest", show_latest(&small.ledger).await, show_latest(&big.ledger).await);
    table.line("`show latest`, likewise", &format!("{latest:.1}x"), "10x");
    let opened = told("open", open(small).await, open(big).await);
    table.line("opening the ledger, likewise", &format!("{opened:.1}x"), "flat");
}

#[derive(Debug, Clone, Copy)]
enum List {
    Proposals,
    Evidence,
    Audits,
    Receipts,
    Activity,
}

impl List {
    /// The middle time of a first page; none where nothing is found, which costs nothing.
    async fn time(self, ledger: &Ledger, filter: &Filter) -> Option<Duration> {
        let mut times = Vec::new();
        for _ in 0..LOOKS {
            let start = Instant::now();
            if self.count(ledger, filter).await == 0 {
                return None;
            }
            times.push(start.elapsed());
        }
        Some(middle(times))
    }

    async fn count(self, ledger: &Ledger, filter: &Filter) -> usize {
        let page = Page::default();
        match self {
            Self::Proposals => ledger.find_proposals(filter, &page).await.expect("readable").items.len(),
            Self::Evidence => ledger.find_evidence(filter, &page).await.expect("readable").items.len(),
            Self::Audits => ledger.find_audits(filter, &page).await.expect("readable").items.len(),
            Self::Receipts => ledger.find_receipts(filter, &page).await.expect("readable").items.len(),
            Self::Activity => ledger.find_activity(filter, &page).await.expect("readable").items.len(),
        }
    }
}

fn filters() -> Vec<(&'static str, Filter)> {
    let every = Filter::default;
    let some = |text: &str| Some(text.to_owned());
    let object = |kind: &str, key: &str| Filter {
        object: ObjectFilter {
            kind: some(kind).filter(|kind| !kind.is_empty()),
            key: some(key).filter(|key| !key.is_empty()),
        },
        ..every()
    };
    let id = |prefix: &str| format!("{prefix}{:032}", 700);
    vec![
        ("none", every()),
        ("tenant", Filter { tenant: some("tenant-7"), ..every() }),
        ("principal", Filter { principal: some("agent-7"), ..every() }),
        ("capability", Filter { capability: some("billing.refund_7"), ..every() }),
        ("source", Filter { source: some("shop-1"), ..every() }),
        ("table", Filter { table: Some(TableFilter::parse("main.orders_7")), ..every() }),
        ("object", object("orders_0", "K-700")),
        ("object-type", object("orders_7", "")),
        ("object-id", object("", "K-700")),
        ("status", Filter { status: Status::parse("applied"), ..every() }),
        ("proposal", Filter { proposal: Some(ProposalId::from_stored(id("wrp_"))), ..every() }),
        ("evidence", Filter { evidence: Some(EvidenceId::from_stored(id("ev_"))), ..every() }),
        ("fingerprint", Filter { fingerprint: Some(format!("sha256:{:064}", 7)), ..every() }),
        ("job", Filter { job: Some(JobId::from_stored(id("wbj_"))), ..every() }),
        ("key", Filter { idempotency_key: some("K-700"), ..every() }),
        ("from", Filter { from: "2023-11-14T23:00:00Z".parse().ok(), ..every() }),
        ("to", Filter { to: "2023-11-15T04:00:00Z".parse().ok(), ..every() }),
    ]
}

async fn show_latest(ledger: &Ledger) -> Duration {
    let mut times = Vec::new();
    for _ in 0..LOOKS {
        let start = Instant::now();
        let id = ledger.resolve_record(RecordKind::Proposal, "latest").await.expect("one");
        let stored = ledger.proposal(&ProposalId::from_stored(id)).await.expect("there");
        ledger.evidence_record(&stored.proposal.evidence_id).await.expect("there");
        times.push(start.elapsed());
    }
    middle(times)
}

async fn open(fixture: Fixture) -> Duration {
    let Fixture { ledger, path, folder } = fixture;
    drop(ledger);
    let mut times = Vec::new();
    for _ in 0..LOOKS {
        let start = Instant::now();
        let ledger = Ledger::open(&path, opening(false)).await.expect("opens");
        times.push(start.elapsed());
        drop(ledger);
    }
    drop(folder);
    middle(times)
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// One line, and its ratio.
fn told(what: &str, fast: Duration, slow: Duration) -> f64 {
    let ratio = slow.as_secs_f64() / fast.as_secs_f64().max(f64::EPSILON);
    Table::note(what, &format!("{} {}  {ratio:.1}", fast.as_micros(), slow.as_micros()));
    ratio
}

#[expect(clippy::disallowed_methods, reason = "how large the ledger is, is said from outside")]
fn proposals() -> u32 {
    std::env::var("SYNAPSOR_BENCH_PROPOSALS").ok().and_then(|text| text.parse().ok()).unwrap_or(LARGE)
}
