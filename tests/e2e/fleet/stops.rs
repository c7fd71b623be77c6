//! A worker told to stop while a job is under way: the job ends and is reported, or is rolled back; told twice, it ends at once.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::json;
use synapsor_protocol::Engine;
use synapsor_test_servers::Session;

use super::stand_in::{Answer, StandIn};
use super::{control_plane, free_port, state, token, worker};
use crate::running::Running;
use crate::unsettled::approved;
use crate::world::World;

on_servers!(
    told_to_stop_a_worker_lets_its_job_end_and_reports_it,
    a_job_that_does_not_end_is_rolled_back_and_told_twice_a_worker_ends_at_once,
);

/// Somebody else's transaction that holds that row.
pub(super) async fn holding(world: &World, invoice: &str) -> Session {
    let mut session = world.database.session().await;
    session.execute("BEGIN").await;
    session.execute(&format!("UPDATE invoices SET status = status WHERE id = '{invoice}'")).await;
    session
}

/// A worker that has begun to carry that proposal out.
pub(super) async fn under_way(world: &World, mut command: std::process::Command, id: &str) -> Running {
    let child = Running::start(&mut command);
    let deadline = Instant::now() + Duration::from_secs(30);
    while state(world, id) != json!("pending_worker") {
        assert!(Instant::now() < deadline, "nobody claims the job");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // It has been given out; now it gets as far as the row.
    tokio::time::sleep(Duration::from_millis(700)).await;
    child
}

/// Statements may wait for a row for as long as these tests hold it.
pub(super) fn patient(world: &World) {
    let mut config = world.config();
    config["sources"]["app"]["statement_timeout_ms"] = json!(60_000);
    world.write_config(&config);
}

async fn told_to_stop_a_worker_lets_its_job_end_and_reports_it(world: World) {
    patient(&world);
    let port = free_port();
    let _plane = control_plane(&world, port);
    let (_, token) = token(&world, "worker-1", "app");
    for (signal, invoice) in [("INT", "INV-3001"), ("TERM", "INV-3002")] {
        let id = approved(&world, invoice);
        let lock = holding(&world, invoice).await;
        let child = under_way(&world, worker(&world, port, "worker-1", &token, &[]), &id).await;
        child.send(signal);
        let other = (signal == "TERM").then(|| approved(&world, "INV-3003"));
        drop(lock);
        let told = child.ended();
        assert_eq!((told.exit, &told.json()["ended"]), (0, &json!({ "applied": 1 })), "{signal}: {told:?}");
        assert!(told.stderr.contains("told to stop"), "{}", told.stderr);
        assert_eq!(state(&world, &id), json!("applied"), "{signal}");
        assert!(other.is_none_or(|other| state(&world, &other) == json!("approved")), "no more jobs");
        assert_eq!(world.invoice(invoice).await.late_fee_cents, "0");
    }
    assert_eq!(world.receipts().await, 2);
}

async fn a_job_that_does_not_end_is_rolled_back_and_told_twice_a_worker_ends_at_once(world: World) {
    patient(&world);
    let port = free_port();
    let _plane = control_plane(&world, port);
    let (_, token) = token(&world, "worker-1", "app");
    let locks = [holding(&world, "INV-3001").await, holding(&world, "INV-3002").await];
    let first = approved(&world, "INV-3001");
    let child = under_way(&world, worker(&world, port, "worker-1", &token, &[]), &first).await;
    let second = approved(&world, "INV-3002");
    child.send("TERM");
    let told = child.ended();
    assert_eq!(told.exit, 0, "{told:?}");
    assert_eq!(told.json()["ended"].as_object().map(serde_json::Map::len), Some(1), "{told:?}");
    assert!(told.json()["ended"].get("applied").is_none(), "{told:?}");

    let child = under_way(&world, worker(&world, port, "worker-1", &token, &[]), &second).await;
    child.send("INT");
    tokio::time::sleep(Duration::from_millis(300)).await;
    child.send("INT");
    let cut = child.ended();
    assert_eq!((cut.exit, cut.code().as_str()), (4, "OUTCOME_UNKNOWN"), "{cut:?}");
    assert_eq!(world.receipts().await, 0, "nothing is committed behind anybody's back");
    drop(locks);

    // When the leases are over, the next worker carries both out.
    let child = Running::start(&mut worker(&world, port, "worker-1", &token, &[]));
    let deadline = Instant::now() + Duration::from_secs(60);
    while [&first, &second].iter().any(|id| state(&world, id) != json!("applied")) {
        assert!(Instant::now() < deadline, "not everything is settled");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    child.send("TERM");
    let told = child.ended();
    assert_eq!((told.exit, &told.json()["ended"]), (0, &json!({ "applied": 2 })), "{told:?}");
    assert_eq!(world.receipts().await, 2);
    assert_eq!(world.ask(&["writeback", "reconcile", "list"])["proposals"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_a_worker_asks_nothing_twice_of_a_control_plane_that_never_answers() {
    let world = World::new(Engine::Sqlite).await;
    let (tell, asked) = channel();
    let plane = StandIn::new(None, move |asked| {
        // The test hears of it, or is over.
        let _ = tell.send(asked.path.clone());
        Answer::Never
    });
    let child = Running::start(&mut worker(&world, plane.port, "worker-1", "syn_wbr_00", &[]));
    let next = || asked.recv_timeout(Duration::from_secs(30)).expect("it asks");
    assert_eq!([next(), next()], ["/v1/runner/register", "/v1/writeback/jobs/claim"]);
    child.send("TERM");
    let told = child.ended();
    assert_eq!((told.exit, &told.json()["ended"]), (0, &json!({})), "{told:?}");
    let after: Vec<String> = asked.try_iter().collect();
    assert_eq!(after, ["/v1/runner/heartbeat", "/v1/runner/heartbeat"], "draining, then offline");
}
