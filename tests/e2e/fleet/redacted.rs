//! Changes of rows with redacted columns, in a worker's hands: they guard there too, under a key that is good for that row alone.

use serde_json::{Value as Json, json};

use super::stand_in::{Answer, StandIn, ask};
use super::{control_plane, free_port, state, token, worker};
use crate::unsettled::approved;
use crate::world::{Answered, World};

on_every_engine!(a_redacted_column_guards_a_row_that_a_worker_changes_and_its_value_is_said_nowhere);

const CANARY: &str = "canary-51d0";

async fn a_redacted_column_guards_a_row_that_a_worker_changes_and_its_value_is_said_nowhere(world: World) {
    let mut config = world.config();
    World::capability(&mut config, "billing.propose_late_fee_waiver")["redact"] = json!(["status"]);
    world.write_config(&config);
    world.database.execute(&format!("UPDATE invoices SET status = '{CANARY}'")).await;
    let port = free_port();
    let _plane = control_plane(&world, port);
    let (_, token) = token(&world, "worker-1", "app");
    let drain = |port| -> Answered {
        worker(&world, port, "worker-1", &token, &["--until-empty"]).output().expect("it runs").into()
    };
    let (same, moved) = (approved(&world, "INV-3001"), approved(&world, "INV-3002"));
    // A change that leaves the version column alone: only the digest can tell.
    world.database.execute("UPDATE invoices SET status = 'paid' WHERE id = 'INV-3002'").await;
    let drained = drain(port);
    assert_eq!(drained.json()["ended"], json!({ "applied": 1, "conflict": 1 }), "{drained:?}");
    assert!(!format!("{drained:?}").contains(CANARY), "{drained:?}");
    assert_eq!([state(&world, &same), state(&world, &moved)], [json!("applied"), json!("conflict")]);
    assert_eq!(world.invoice("INV-3001").await.late_fee_cents, "0");
    assert_ne!(world.invoice("INV-3002").await.late_fee_cents, "0");
    let receipts = world.ask(&["receipts", "list"]).to_string();
    assert!(receipts.contains("\"status\"") && !receipts.contains(CANARY), "{receipts}");

    // What a worker is told: the digest, and a key that tells this row's; not told, or told wrong, it writes nothing.
    approved(&world, "INV-3003");
    let claim = json!({ "source_id": "app", "runner_id": "worker-1", "limit": 1, "lease_seconds": 600 });
    let (_, given) = ask(port, Some(&token), "POST /v1/writeback/jobs/claim", &claim.to_string());
    let told = given["jobs"][0].clone();
    let key = told["row_key"].as_str().unwrap_or_else(|| panic!("{told}"));
    assert!(key.len() == 64 && !told.to_string().contains(CANARY), "{told}");
    let ledgers_own = format!("SELECT count(*) FROM meta WHERE name = 'redaction_key' AND value = '{key}'");
    assert_eq!(in_ledger(&world, &ledgers_own), 0, "the ledger's own key stays there");
    for (what, key, expected) in
        [("no key", Json::Null, "WRITEBACK_JOB_MISMATCH"), ("another key", json!("0".repeat(64)), "conflict")]
    {
        let mut lie = told.clone();
        lie["row_key"] = key;
        let mut jobs = vec![lie];
        let plane = StandIn::new(None, move |asked| match asked.is("claim") {
            true => Answer::Yes(json!({ "ok": true, "jobs": std::mem::take(&mut jobs) })),
            false => Answer::Yes(json!({ "ok": true, "state": "pending_worker" })),
        });
        let drained = drain(plane.port);
        assert_eq!(drained.json()["ended"], json!({ expected: 1 }), "{what}: {drained:?}");
        assert_ne!(world.invoice("INV-3003").await.late_fee_cents, "0", "{what}");
    }
}

/// A count out of the ledger's file.
fn in_ledger(world: &World, sql: &str) -> i64 {
    let ledger = rusqlite::Connection::open(world.ledger_path()).expect("the ledger");
    ledger.query_row(sql, [], |row| row.get(0)).expect("a count")
}
