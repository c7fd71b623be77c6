//! Many approved proposals, drained by a fleet whose every process is killed in turn: each is applied once, and settled.
//!
//! `SYNAPSOR_FLEET_PROPOSALS=1000` drains as many as a night has time for, and says how long one worker takes and how long three.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use synapsor_ledger::{Ledger, Opening, ProposalFilter};
use synapsor_protocol::standin::{CountingIds, SteppingClock};
use synapsor_protocol::{Decision, Moment, ProposalState, Verdict};

use super::{Running, control_plane, free_port, token, worker};
use crate::world::{World, propose};

const WAIVER: &str = "billing__propose_late_fee_waiver";
/// Proposals where nobody asks for more.
const PROPOSALS: usize = 40;

on_servers!(three_workers_and_a_control_plane_are_killed_in_turn_and_every_proposal_is_applied_once);

/// So many approved proposals, each for a row of its own whose version counts how often it was changed.
async fn many_approved(world: &World, many: usize) {
    let mut config = world.config();
    let capability = World::capability(&mut config, "billing.propose_late_fee_waiver");
    capability["conflict_guard"] = json!({ "column": "version", "advance": "increment" });
    capability["visible_columns"] = json!(["id", "late_fee_cents", "waiver_reason", "version"]);
    world.write_config(&config);
    world.database.execute("ALTER TABLE invoices ADD COLUMN version bigint NOT NULL DEFAULT 1").await;
    let row = |n| format!("('F-{n}', 'acme', 'CUS-1', 'overdue', 100, 100, NULL, CURRENT_TIMESTAMP, 1)");
    let rows: Vec<String> = (1..=many).map(row).collect();
    world.database.execute(&format!("INSERT INTO invoices VALUES {}", rows.join(", "))).await;
    let client = world.client().await;
    for n in 1..=many {
        propose(&client, WAIVER, &format!("F-{n}"), "bank delay").await;
    }
    let ledger = opened(world).await;
    for stored in in_state(&ledger, ProposalState::PendingReview).await {
        let decision = Decision {
            proposal_id: stored.proposal.proposal_id,
            proposal_digest: stored.proposal.digest,
            verdict: Verdict::Approved,
            actor: "lead".into(),
            reason: None,
            at: stored.proposal.created_at,
        };
        ledger.decide(&decision).await.expect("approved");
    }
}

async fn opened(world: &World) -> Ledger {
    let start = Moment::from_micros(1_790_000_000_000_000).expect("in range");
    let clock = Arc::new(SteppingClock::new(start, 1));
    let opening = Opening { create: false, clock, ids: Arc::new(CountingIds::default()) };
    Ledger::open(&world.ledger_path(), opening).await.expect("the ledger")
}

async fn in_state(ledger: &Ledger, state: ProposalState) -> Vec<synapsor_ledger::StoredProposal> {
    let filter = ProposalFilter { state: Some(state), limit: u32::MAX, ..ProposalFilter::default() };
    ledger.proposals(&filter).await.expect("readable")
}

/// How many rows were changed, and how often the one that was changed most.
async fn changed(world: &World) -> (usize, String) {
    let sql =
        "SELECT CAST(count(*) AS CHAR(9)), CAST(max(version) AS CHAR(9)) FROM invoices WHERE version > 1";
    let row = world.database.query_text(sql).await.remove(0);
    let mut texts = row.into_iter().map(|text| text.map(|text| text.trim_end().to_owned()));
    let count = texts.next().flatten().expect("a count").parse().expect("a number");
    (count, texts.next().flatten().unwrap_or_else(|| "1".to_owned()))
}

#[expect(clippy::disallowed_methods, reason = "how much a night has time for is said by whoever starts it")]
fn wanted() -> Option<usize> {
    std::env::var("SYNAPSOR_FLEET_PROPOSALS").ok().and_then(|text| text.parse().ok())
}

#[expect(clippy::print_stderr, reason = "what was measured is told to whoever asked for it")]
fn tell(measured: &str) {
    eprintln!("{measured}");
}

/// Drains everything with so many workers; every one, and the control plane, is killed in turn where that is wanted.
async fn drained(world: &World, many: usize, workers: usize, kills: bool) -> Duration {
    let port = free_port();
    let names: Vec<String> = (1..=workers).map(|n| format!("worker-{n}")).collect();
    let tokens: Vec<String> = names.iter().map(|name| token(world, name, "app").1).collect();
    let mut plane = control_plane(world, port);
    let start = |at: usize| {
        let mut command = worker(world, port, &names[at], &tokens[at], &["--concurrency", "2"]);
        Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))
    };
    let began = Instant::now();
    let mut running: Vec<Running> = (0..workers).map(start).collect();
    let mut killed = 0;
    let ledger = opened(world).await;
    while in_state(&ledger, ProposalState::Applied).await.len() < many {
        assert!(began.elapsed() < Duration::from_secs(500), "not drained: {:?}", changed(world).await);
        let due = kills && killed <= workers && changed(world).await.0 >= many * (killed + 1) / (workers + 2);
        match due.then_some(killed) {
            Some(at) if at < workers => {
                running[at].kill();
                running[at] = start(at);
                killed += 1;
            }
            Some(_) => {
                plane.kill();
                plane = control_plane(world, port);
                killed += 1;
            }
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    assert_eq!(killed, if kills { workers + 1 } else { 0 }, "each was killed in turn");
    began.elapsed()
}

async fn three_workers_and_a_control_plane_are_killed_in_turn_and_every_proposal_is_applied_once(
    world: World,
) {
    let (engine, many) = (world.database.engine(), wanted().unwrap_or(PROPOSALS));
    if wanted().is_some() {
        for workers in [1, 3] {
            let world = World::new(engine).await;
            many_approved(&world, many).await;
            let took = drained(&world, many, workers, false).await;
            tell(&format!("{engine:?}, {many} proposals, {workers} workers, nobody killed: {took:?}"));
        }
    }
    many_approved(&world, many).await;
    let took = drained(&world, many, 3, true).await;
    tell(&format!(
        "{engine:?}, {many} proposals, 3 workers, each and the control plane killed once: {took:?}"
    ));
    assert_eq!(changed(&world).await, (many, "2".to_owned()), "every row once");
    assert_eq!(world.receipts().await, many);
    assert_eq!(world.ask(&["writeback", "reconcile", "list"])["proposals"], json!([]));
    assert_eq!(world.ask(&["store", "verify"])["ok"], json!(true));
}
