//! What the config says about keeping the ledger: what a server does by itself, and what the commands make of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use synapsor_ledger::{Ledger, Opening};
use synapsor_protocol::standin::{CountingIds, SteppingClock};
use synapsor_protocol::{Engine, Moment};

use crate::world::{World, call};

const EVIDENCE: &str = include_str!("../../fixtures/protocol/evidence.v2.json");
const AUDIT: &str = include_str!("../../fixtures/protocol/query-audit.v1.json");

/// A world whose ledger holds one read that is years old, and whose config says how the ledger is kept.
async fn kept(keeping: Json) -> World {
    let world = World::new(Engine::Sqlite).await;
    let long_ago = Moment::from_micros(1_600_000_000_000_000).expect("in range");
    let clock = Arc::new(SteppingClock::new(long_ago, 1_000_000));
    let opening = Opening { create: true, clock, ids: Arc::new(CountingIds::default()) };
    let ledger = Ledger::open(&world.ledger_path(), opening).await.expect("the ledger");
    let evidence = serde_json::from_str(EVIDENCE).expect("evidence");
    let audit = serde_json::from_str(AUDIT).expect("an audit");
    ledger.notebook().record_read(evidence, audit).await.expect("recorded");
    drop(ledger);
    let mut config = world.config();
    config["ledger"] = keeping;
    world.write_config(&config);
    world
}

/// The names in a folder.
fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_removes_what_is_old_and_signs_the_chain_by_itself() {
    let world = kept(json!({
        "retention": { "evidence_days": 365, "archive_dir": "archive" },
        "checkpoint": { "every_events": 2, "output": "points" },
    }))
    .await;
    let before = world.ask(&["store", "stats"]);
    assert_eq!(before["keeping"]["retention"]["due"]["calls"], json!(1), "{before}");
    assert_eq!(before["keeping"]["checkpoint"]["behind"], before["events"], "{before}");

    let client = world.client().await;
    let row = call(&client, "billing.inspect_invoice", json!({ "invoice_id": "INV-3001" })).await;
    assert!(!row.is_error, "{}", row.content);
    let deadline = Instant::now() + Duration::from_secs(60);
    let after = loop {
        let now = world.ask(&["store", "stats"]);
        let behind = now["keeping"]["checkpoint"]["behind"].as_u64().expect("a number");
        if now["pruned"] == json!(1) && behind < 2 {
            break now;
        }
        assert!(Instant::now() < deadline, "{now}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(after["keeping"]["retention"]["due"]["calls"], json!(0));
    assert_eq!(after["records"]["evidence"], json!(1), "what is young stays");
    client.close().await;

    let archives = names(&world.folder.path().join("archive"));
    assert_eq!(archives.len(), 1, "{archives:?}");
    let verified = world.ask(&["store", "verify"]);
    assert_eq!(verified["misfit"], Json::Null, "{verified}");
    assert!(verified["checkpoints"].as_u64().expect("a number") > 0, "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn prune_without_an_age_goes_by_the_config_and_still_asks() {
    let world = kept(json!({ "retention": { "evidence_days": 365, "archive_dir": "archive" } })).await;
    let would = world.ask(&["store", "prune"]);
    assert_eq!((&would["prunable"]["calls"], &would["pruned"]), (&json!(1), &Json::Null), "{would}");
    assert_eq!(would["proposals_before"], Json::Null, "proposals are kept for ever");
    assert!(!world.folder.path().join("archive").exists(), "it only says what it would do");
    assert_eq!(world.run(&["store", "prune", "--apply"]).exit, 1, "nobody is there to say yes");
    let done = world.ask(&["store", "prune", "--apply", "--yes"]);
    assert_eq!(done["pruned"]["records"], json!(2), "{done}");
    assert_eq!(names(&world.folder.path().join("archive")).len(), 1);
    assert_eq!(world.run(&["store", "verify"]).exit, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_keeper_would_need_and_cannot_have_stops_the_start() {
    let mut world =
        kept(json!({ "key_env": "LEDGER_KEY", "checkpoint": { "every_events": 2, "output": "points" } }))
            .await;
    for (value, said) in
        [("", "`LEDGER_KEY`, which holds the ledger's private key, is not set"), ("hunter2", "as PEM")]
    {
        world.set("LEDGER_KEY", value);
        let refused = world.run(&["mcp", "serve", "--json"]);
        assert_eq!((refused.exit, refused.code().as_str()), (1, "INVALID_INPUT"), "{}", refused.stdout);
        assert!(refused.stdout.contains(said) && !refused.stdout.contains("hunter2"), "{}", refused.stdout);
    }
    let unsaid = kept(json!({})).await;
    let refused = unsaid.run(&["store", "prune", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "INVALID_INPUT"), "{}", refused.stdout);
    let refused = unsaid.run(&["store", "prune", "--older-than", "1d", "--apply", "--yes", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "INVALID_INPUT"), "{}", refused.stdout);
}
