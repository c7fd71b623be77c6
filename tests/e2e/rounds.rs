//! `apply --all-approved`: what may pass is tried again, with pauses and within a limit, and what does not pass is left.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use synapsor_protocol::Engine;

use crate::running::Running;
use crate::unsettled::{approved, events, locked};
use crate::world::World;

on_every_engine!(a_lock_that_goes_away_is_waited_for_in_the_same_run);

/// Every approved proposal, in a process of its own.
fn applying_all(world: &World, retry_seconds: &str) -> Running {
    let mut command = world.command(&["apply", "--all-approved", "--retry-seconds", retry_seconds, "--json"]);
    Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// Waits until an attempt at the proposal was recorded as having come to nothing.
async fn came_to_nothing(world: &World, id: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !events(world, id).contains(&"writeback_interrupted".to_owned()) {
        assert!(Instant::now() < deadline, "the first try does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn a_lock_that_goes_away_is_waited_for_in_the_same_run(world: World) {
    let id = approved(&world, "INV-3001");
    let lock = locked(&world).await;
    let child = applying_all(&world, "60");
    came_to_nothing(&world, &id).await;
    drop(lock);
    let answered = child.ended();
    assert_eq!((answered.exit, &answered.json()["counts"]), (0, &json!({ "applied": 1 })), "{answered:?}");
    assert_eq!(world.invoice("INV-3001").await.late_fee_cents, "0");
    let tries = events(&world, &id).iter().filter(|kind| *kind == "writeback_started").count();
    assert!(tries >= 2, "{tries}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_stops_when_it_is_told_to_and_leaves_what_is_left() {
    let world = World::new(Engine::Sqlite).await;
    let id = approved(&world, "INV-3001");
    let lock = locked(&world).await;
    let child = applying_all(&world, "3600");
    came_to_nothing(&world, &id).await;
    child.send("TERM");
    let answered = child.ended();
    drop(lock);
    assert_eq!(answered.exit, 3, "{answered:?}");
    assert_eq!(world.ask(&["proposals", "show", &id])["state"], json!("approved"));
    assert_eq!(world.ask(&["writeback", "reconcile", "list"])["proposals"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_stays_away_is_asked_for_one_proposal_a_round_and_the_rest_waits() {
    let mut world = World::new(Engine::Postgres).await;
    for invoice in ["INV-3001", "INV-3002", "INV-3003"] {
        approved(&world, invoice);
    }
    world.set("APP_WRITE_URL", "postgres://nobody@127.0.0.1:9/nothing");
    // Rounds so far: one, and then at least two more.
    for (limit, rounds) in [("0", 1..2), ("2", 3..9)] {
        let away = world.run(&["apply", "--all-approved", "--retry-seconds", limit, "--json"]);
        let document = away.json();
        assert_eq!((away.exit, &document["not_tried"]), (3, &json!(2)), "{document}");
        assert_eq!(document["results"].as_array().map(Vec::len), Some(1), "told once: {document}");
        assert_eq!(document["results"][0]["error"]["code"], json!("DATABASE_UNAVAILABLE"));
        let first = document["results"][0]["proposal_id"].as_str().expect("an id");
        let tried = events(&world, first).iter().filter(|kind| *kind == "writeback_started").count();
        assert!(rounds.contains(&tried), "{limit}: {tried}");
    }
    let url = world.database.url().to_owned();
    world.set("APP_WRITE_URL", &url);
    let back = world.run(&["apply", "--all-approved", "--json"]);
    assert_eq!((back.exit, &back.json()["counts"]), (0, &json!({ "applied": 3 })), "{back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executor_that_is_away_is_asked_for_one_proposal_a_round_and_keeps_no_other_from_its_turn() {
    let mut world = World::new(Engine::Sqlite).await;
    let mut config = world.config();
    config["executors"] = json!({ "app": { "type": "http_handler", "url_env": "APP_URL" } });
    World::capability(&mut config, "billing.propose_late_fee_waiver")["executor"] = json!("app");
    world.write_config(&config);
    for invoice in ["INV-3001", "INV-3003"] {
        approved(&world, invoice);
    }
    let arguments = json!({ "invoice_id": "INV-3002", "reason": "bank delay" }).to_string();
    let made = world.ask(&["propose", "billing.propose_plan_waiver", "--args", &arguments]);
    world.approve(made["proposal_id"].as_str().unwrap_or_else(|| panic!("{made}")));
    for (url, exit, code) in
        [(Some("http://127.0.0.1:9/app"), 3, "EXECUTOR_UNAVAILABLE"), (None, 1, "EXECUTOR_NOT_CONFIGURED")]
    {
        match url {
            Some(url) => world.set("APP_URL", url),
            None => world.unset("APP_URL"),
        }
        let away = world.run(&["apply", "--all-approved", "--retry-seconds", "0", "--json"]);
        let document = away.json();
        assert_eq!((away.exit, &document["not_tried"]), (exit, &json!(1)), "{document}");
        let results = document["results"].as_array().expect("results");
        assert!(results.iter().any(|result| result["error"]["code"] == json!(code)), "{document}");
        let told = world.run(&["apply", "--all-approved", "--retry-seconds", "0"]);
        assert!(told.stdout.contains("no answer from executor app"), "{told:?}");
    }
    assert_ne!(world.invoice("INV-3002").await.late_fee_cents, "9000", "the runner's own was carried out");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_wait_for_is_not_tried_again() {
    let mut world = World::new(Engine::Postgres).await;
    approved(&world, "INV-3001");
    approved(&world, "INV-3002");
    world.unset("APP_WRITE_URL");
    let closed = world.run(&["apply", "--all-approved", "--retry-seconds", "3600", "--json"]);
    let document = closed.json();
    assert_eq!((closed.exit, &document["not_tried"]), (1, &json!(1)), "{document}");
    assert_eq!(document["results"][0]["error"]["code"], json!("WRITEBACK_DISABLED"));
    let one = world.run(&["apply", "latest", "--retry-seconds", "1"]);
    assert_eq!(one.exit, 2, "one proposal is tried once, and says so: {one:?}");
}
