//! What it costs to record and to look up, with the disk out of the picture: the file is in memory where the system has
//! such a place, so that what is measured is this room's own work and not the device's `fsync`.
#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run ends loudly")]

#[path = "../tests/room/ground.rs"]
#[expect(dead_code, reason = "a benchmark needs a part of the ground")]
mod ground;
#[path = "../tests/room/story.rs"]
#[expect(dead_code, reason = "told with the stories of the room's tests, of which a benchmark needs a few")]
mod story;

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use synapsor_ledger::{Ledger, ProposalFilter};
use synapsor_protocol::ProposalId;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use ground::open;
use story::{Call, Documents};

/// Proposals the reading benchmarks find in the ledger.
const PROPOSALS: i64 = 200;

/// Callers that record at the same time.
const CALLERS: i64 = 16;

fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}

async fn read(ledger: &Ledger, order: i64) {
    let call = Call::order(order);
    let evidence = call.evidence();
    let audit = call.audit(Some(&evidence));
    ledger.notebook().record_read(evidence, audit).await.expect("recorded");
}

async fn propose(ledger: &Ledger, order: i64) -> ProposalId {
    let Documents { proposal, evidence, audit } = Call::order(order).documents();
    let recorded = ledger.notebook().record_proposal(proposal, evidence, audit).await;
    recorded.expect("recorded").proposal.proposal.proposal_id
}

fn record(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = folder();
    let ledger = runtime.block_on(open(&folder.path().join("ledger.db")));
    let mut order = 0;
    criterion.bench_function("record a read, one caller", |bencher| {
        bencher.iter(|| {
            order += 1;
            runtime.block_on(read(&ledger, order));
        });
    });
    criterion.bench_function("record a read each, sixteen callers", |bencher| {
        bencher.iter(|| {
            order += CALLERS;
            runtime.block_on(async {
                let mut callers = JoinSet::new();
                for caller in 0..CALLERS {
                    let ledger = ledger.clone();
                    callers.spawn(async move { read(&ledger, order + caller).await });
                }
                while callers.join_next().await.is_some() {}
            });
        });
    });
    criterion.bench_function("record a proposal", |bencher| {
        bencher.iter(|| {
            order += 1;
            black_box(runtime.block_on(propose(&ledger, order)));
        });
    });
}

fn look_up(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = folder();
    let ledger = runtime.block_on(open(&folder.path().join("ledger.db")));
    let ids: Vec<_> = (0..PROPOSALS).map(|order| runtime.block_on(propose(&ledger, order))).collect();
    let mut turn = ids.iter().cycle();
    criterion.bench_function("look one proposal up", |bencher| {
        bencher.iter(|| {
            let id = turn.next().expect("a cycle");
            black_box(runtime.block_on(ledger.proposal(id)).expect("there"));
        });
    });
    let newest = ProposalFilter { limit: 100, ..ProposalFilter::default() };
    criterion.bench_function("list a hundred proposals", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(ledger.proposals(&newest)).expect("readable")));
    });
    criterion.bench_function("verify the chain", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(ledger.verify()).expect("readable")));
    });
}

criterion_group! {
    name = record_and_look_up;
    config = Criterion::default().sample_size(30);
    targets = record, look_up
}
criterion_main!(record_and_look_up);
