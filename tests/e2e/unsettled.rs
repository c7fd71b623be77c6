//! Applies that are killed, stopped or doubled, ledgers and sources that were restored: found, said, and settled once.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;
use synapsor_test_servers::Session;

use crate::running::Running;
use crate::world::World;

on_every_engine!(
    a_killed_apply_is_found_looked_at_and_settled_once,
    an_older_ledger_learns_from_the_source_what_happened,
    a_ledger_from_before_the_approval_is_told_that_the_source_knows_more,
    a_restored_older_source_is_said_and_never_changed_again,
    an_apply_told_to_stop_rolls_back_and_says_so,
    two_processes_on_one_proposal_change_the_row_once,
);

pub(crate) fn approved(world: &World, invoice: &str) -> String {
    let arguments = json!({ "invoice_id": invoice, "reason": "bank delay" }).to_string();
    let made = world.ask(&["propose", "billing.propose_late_fee_waiver", "--args", &arguments]);
    let id = made["proposal_id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    world.approve(&id);
    id
}

/// Somebody else's transaction that holds the row, so that an apply waits for it.
pub(crate) async fn locked(world: &World) -> Session {
    let mut session = world.database.session().await;
    session
        .execute(if world.database.engine() == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" })
        .await;
    session.execute("UPDATE invoices SET status = status WHERE id = 'INV-3001'").await;
    session
}

/// The receipts table is there before, so that an apply gets as far as the lock.
async fn with_receipts(world: &World) {
    let other = approved(world, "INV-3003");
    assert_eq!(world.ask(&["apply", &other])["outcome"], json!("applied"));
}

/// An apply in a process of its own.
fn applying(world: &World, id: &str) -> Running {
    let mut command = world.command(&["apply", id, "--json"]);
    Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// Waits until its intent is in the ledger and it had time to reach the lock.
async fn waits_for_the_lock(world: &World, id: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !events(world, id).contains(&"writeback_started".to_owned()) {
        assert!(Instant::now() < deadline, "the apply does not start");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
}

pub(crate) fn events(world: &World, id: &str) -> Vec<String> {
    let story = world.ask(&["replay", "show", id]);
    let kind = |event: &Json| event["kind"].as_str().unwrap_or_default().to_owned();
    story["events"].as_array().expect("events").iter().map(kind).collect()
}

async fn killed(world: &World, id: &str) {
    let lock = locked(world).await;
    let child = applying(world, id);
    waits_for_the_lock(world, id).await;
    child.send("KILL");
    child.ended();
    drop(lock);
}

async fn a_killed_apply_is_found_looked_at_and_settled_once(world: World) {
    with_receipts(&world).await;
    assert_eq!(world.ask(&["writeback", "reconcile", "list"])["proposals"], json!([]));
    let id = approved(&world, "INV-3001");
    let idle = world.ask(&["writeback", "reconcile", "resolve", &id]);
    assert_eq!(idle["outcome"], Json::Null, "nothing was started, so nothing is settled: {idle}");
    killed(&world, &id).await;

    let listed = world.ask(&["writeback", "reconcile", "list"]);
    assert_eq!(listed["proposals"][0]["proposal_id"], json!(id), "{listed}");
    let rejected = world.run(&["proposals", "reject", &id, "--yes", "--reason", "too late", "--json"]);
    assert_eq!((rejected.exit, rejected.code().as_str()), (1, "PROPOSAL_NOT_REJECTABLE"));
    let before = world.invoice("INV-3001").await;
    let seen = world.ask(&["writeback", "reconcile", "inspect", &id]);
    assert_eq!(
        (&seen["unsettled"], &seen["conclusion"]),
        (&json!(true), &json!("resolve_applies")),
        "{seen}"
    );
    assert_eq!(world.invoice("INV-3001").await, before, "a look changes nothing");

    let settled = world.ask(&["writeback", "reconcile", "resolve", "--all"]);
    assert_eq!(settled["results"][0]["outcome"], json!("applied"), "{settled}");
    assert_eq!(world.invoice("INV-3001").await.late_fee_cents, "0");
    assert_eq!(world.ask(&["writeback", "reconcile", "list"])["proposals"], json!([]));
    let seen = world.ask(&["writeback", "reconcile", "inspect", &id]);
    assert_eq!(seen["conclusion"], json!("agreed"), "{seen}");
    assert_eq!(world.receipts().await, 2);
}

/// Every file of the ledger, by name.
fn ledger_files(world: &World) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let folder = world.ledger_path().parent().expect("a folder").to_owned();
    let entries = std::fs::read_dir(folder).expect("the ledger's folder");
    let files = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    files.map(|path| (path.clone(), std::fs::read(path).expect("a file"))).collect()
}

async fn an_older_ledger_learns_from_the_source_what_happened(world: World) {
    with_receipts(&world).await;
    let id = approved(&world, "INV-3001");
    killed(&world, &id).await;
    let older = ledger_files(&world);
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
    let after = world.invoice("INV-3001").await;
    for (path, _) in ledger_files(&world) {
        std::fs::remove_file(path).expect("the newer ledger is lost");
    }
    for (path, bytes) in older {
        std::fs::write(path, bytes).expect("the older one is back");
    }

    let seen = world.ask(&["writeback", "reconcile", "inspect", &id]);
    assert_eq!(
        (&seen["source"]["kind"], &seen["conclusion"]),
        (&json!("applied"), &json!("resolve_records"))
    );
    // What has happened is recorded, also where the config would not allow it any more.
    let mut config = world.config();
    let capability = World::capability(&mut config, "billing.propose_late_fee_waiver");
    capability["allowed_columns"] = json!(["waiver_reason"]);
    capability["patch"] = json!({ "waiver_reason": { "from_arg": "reason" } });
    capability.as_object_mut().expect("an object").remove("numeric_bounds");
    world.write_config(&config);
    let settled = world.ask(&["apply", "--all-approved"]);
    assert_eq!(settled["results"][0]["outcome"], json!("already_applied"), "{settled}");
    assert_eq!(settled["results"][0]["recovered"], json!(true));
    assert_eq!((world.invoice("INV-3001").await, world.receipts().await), (after, 2));
    assert_eq!(world.ask(&["proposals", "show", &id])["state"], json!("applied"));
}

async fn a_ledger_from_before_the_approval_is_told_that_the_source_knows_more(world: World) {
    with_receipts(&world).await;
    let arguments = json!({ "invoice_id": "INV-3001", "reason": "bank delay" }).to_string();
    let made = world.ask(&["propose", "billing.propose_late_fee_waiver", "--args", &arguments]);
    let id = made["proposal_id"].as_str().expect("an id").to_owned();
    let older = ledger_files(&world);
    world.approve(&id);
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
    let after = world.invoice("INV-3001").await;
    for (path, _) in ledger_files(&world) {
        std::fs::remove_file(path).expect("the newer ledger is lost");
    }
    for (path, bytes) in older {
        std::fs::write(path, bytes).expect("the older one is back");
    }
    let seen = world.run(&["writeback", "reconcile", "inspect", &id, "--json"]);
    assert_eq!(
        (seen.exit, &seen.json()["conclusion"]),
        (1, &json!("ledger_behind")),
        "the lost approval is said"
    );
    let refused = world.run(&["apply", &id, "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "PROPOSAL_NOT_APPROVED"));
    // Whoever approves it again learns that it has happened.
    world.approve(&id);
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("already_applied"));
    assert_eq!((world.invoice("INV-3001").await, world.receipts().await), (after, 2));
}

async fn a_restored_older_source_is_said_and_never_changed_again(world: World) {
    with_receipts(&world).await;
    let id = approved(&world, "INV-3001");
    let row = "status, late_fee_cents, waiver_reason, updated_at";
    world.database.execute("CREATE TABLE backup_of_invoices AS SELECT * FROM invoices").await;
    let older = world.invoice("INV-3001").await;
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
    for column in row.split(", ") {
        let restore = format!(
            "UPDATE invoices SET {column} = (SELECT b.{column} FROM backup_of_invoices b WHERE b.id = 'INV-3001') WHERE id = 'INV-3001'"
        );
        world.database.execute(&restore).await;
    }
    let forget = format!("DELETE FROM synapsor_writeback_receipts WHERE proposal_id = '{id}'");
    world.database.execute(&forget).await;
    assert_eq!(world.invoice("INV-3001").await, older);

    for words in [&["apply", &id, "--json"][..], &["writeback", "reconcile", "resolve", &id, "--json"]] {
        let refused = world.run(words);
        assert_eq!((refused.exit, refused.code().as_str()), (1, "SOURCE_REGRESSED"), "{words:?}");
    }
    let seen = world.run(&["writeback", "reconcile", "inspect", &id, "--json"]);
    assert_eq!((seen.exit, &seen.json()["conclusion"]), (1, &json!("source_regressed")));
    assert_eq!(world.run(&["apply", "--all-approved"]).exit, 0);
    assert_eq!((world.invoice("INV-3001").await, world.receipts().await), (older, 1));
}

async fn an_apply_told_to_stop_rolls_back_and_says_so(world: World) {
    with_receipts(&world).await;
    let id = approved(&world, "INV-3001");
    for signal in ["TERM", "INT"] {
        let before = world.invoice("INV-3001").await;
        let lock = locked(&world).await;
        let child = applying(&world, &id);
        waits_for_the_lock(&world, &id).await;
        let told = Instant::now();
        child.send(signal);
        let answered = child.ended();
        assert!(told.elapsed() < Duration::from_secs(10), "{signal}");
        drop(lock);
        assert_eq!((answered.exit, answered.code().as_str()), (3, "INTERRUPTED"), "{answered:?}");
        assert_eq!(answered.json()["error"]["source_changed"], json!("no"));
        assert_eq!(world.invoice("INV-3001").await, before);
        assert_eq!(world.ask(&["writeback", "reconcile", "list"])["proposals"], json!([]), "it has an end");
        if signal == "TERM" {
            assert_eq!(events(&world, &id).last().map(String::as_str), Some("writeback_interrupted"));
        }
    }
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
    assert_eq!(world.receipts().await, 2);
}

async fn two_processes_on_one_proposal_change_the_row_once(world: World) {
    with_receipts(&world).await;
    let id = approved(&world, "INV-3001");
    let lock = locked(&world).await;
    let both = [applying(&world, &id), applying(&world, &id)];
    waits_for_the_lock(&world, &id).await;
    drop(lock);
    let answered = both.map(Running::ended);
    let mut outcomes: Vec<_> = answered
        .iter()
        .map(|answered| {
            let document = answered.json();
            let told = document["outcome"].as_str().or(document["error"]["code"].as_str());
            told.unwrap_or_default().to_owned()
        })
        .collect();
    outcomes.sort();
    // The second one waits and learns what the first one did, or is told that it could not be carried out now.
    assert!(outcomes.contains(&"applied".to_owned()), "{answered:?}");
    assert_ne!(outcomes, ["applied", "applied"], "{answered:?}");
    assert_eq!((world.receipts().await, world.invoice("INV-3001").await.late_fee_cents.as_str()), (2, "0"));
    assert_eq!(world.ask(&["proposals", "show", &id])["state"], json!("applied"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_told_to_stop_at_its_commit_finishes_and_says_so() {
    let world = World::new(Engine::Postgres).await;
    with_receipts(&world).await;
    world
        .database
        .execute(
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_sleep(2); RETURN NULL; END $$;
             CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON synapsor_writeback_receipts DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION slowly();",
        )
        .await;
    let id = approved(&world, "INV-3001");
    let child = applying(&world, &id);
    waits_for_the_lock(&world, &id).await;
    child.send("TERM");
    let answered = child.ended();
    assert_eq!((answered.exit, &answered.json()["outcome"]), (0, &json!("applied")), "{answered:?}");
    assert!(answered.stderr.contains("told to stop"), "{answered:?}");
    assert_eq!(world.invoice("INV-3001").await.late_fee_cents, "0");
}
