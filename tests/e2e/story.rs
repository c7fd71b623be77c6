//! The loop against SQLite, Postgres and MariaDB, from one table of cases.

use serde_json::json;
use synapsor_protocol::Engine;

use crate::world::{World, call, propose};

const DECLARATIVE: &str = "billing__propose_late_fee_waiver";
const HANDLER: &str = "billing__propose_plan_waiver";
const READ: &str = "billing__inspect_invoice";

on_every_engine!(
    a_row_is_read_and_two_changes_are_proposed_approved_and_applied_once,
    a_row_that_moved_is_a_conflict_and_stays_as_it_is,
    another_tenants_row_looks_like_no_row_at_all,
    a_tenant_that_differs_in_case_reads_and_writes_nothing,
    a_change_the_database_refuses_leaves_no_receipt_and_no_change,
    a_rejected_proposal_is_never_applied,
);

on_a_ledgers_server!(
    a_row_is_read_and_two_changes_are_proposed_approved_and_applied_once,
    a_row_that_moved_is_a_conflict_and_stays_as_it_is,
    another_tenants_row_looks_like_no_row_at_all,
    a_tenant_that_differs_in_case_reads_and_writes_nothing,
    a_change_the_database_refuses_leaves_no_receipt_and_no_change,
    a_rejected_proposal_is_never_applied,
);

async fn a_row_is_read_and_two_changes_are_proposed_approved_and_applied_once(world: World) {
    let client = world.client().await;
    let row = call(&client, READ, json!({ "invoice_id": "INV-3001" })).await;
    assert_eq!(row.content["data"]["late_fee_cents"], json!(5500), "{}", row.content);

    let before = (world.invoice("INV-3001").await, world.invoice("INV-3002").await);
    let waived = propose(&client, DECLARATIVE, "INV-3001", "bank delay").await;
    let capped = propose(&client, HANDLER, "INV-3002", "bank delay").await;
    assert_eq!(
        (world.invoice("INV-3001").await, world.invoice("INV-3002").await),
        before,
        "source untouched"
    );

    for (id, invoice) in [(&waived, "INV-3001"), (&capped, "INV-3002")] {
        let refused = world.run(&["apply", id, "--json"]);
        assert_eq!((refused.exit, refused.code().as_str()), (1, "PROPOSAL_NOT_APPROVED"));
        world.approve(id);
        let applied = world.ask(&["apply", id]);
        assert_eq!(applied["outcome"], json!("applied"), "{applied}");
        let after = world.invoice(invoice).await;
        assert_eq!(after.waiver_reason.as_deref(), Some("bank delay"));
        let again = world.run(&["apply", id, "--json"]);
        assert_eq!((again.exit, &again.json()["outcome"]), (0, &json!("already_applied")));
        assert_eq!(world.invoice(invoice).await, after, "the second apply changed nothing");
    }
    assert_eq!(world.invoice("INV-3001").await.late_fee_cents, "0");
    // 9000 owed, plan `plus` allows 5000 a year, 2500 of it used: 9000 - 2500.
    assert_eq!(world.invoice("INV-3002").await.late_fee_cents, "6500");
    assert_eq!(world.receipts().await, 2);

    let story = world.ask(&["replay", "show", &waived]);
    let kinds: Vec<_> =
        story["events"].as_array().expect("events").iter().map(|e| e["kind"].clone()).collect();
    let expected = ["proposal_created", "proposal_approved", "writeback_started", "writeback_applied"];
    let mut rest = kinds.iter();
    assert!(expected.iter().all(|kind| rest.any(|k| *k == json!(kind))), "{kinds:?}");
    client.close().await;
}

async fn a_row_that_moved_is_a_conflict_and_stays_as_it_is(world: World) {
    let client = world.client().await;
    let id = propose(&client, DECLARATIVE, "INV-3001", "late").await;
    world.approve(&id);
    world.database.execute("UPDATE invoices SET status = 'paid' WHERE id = 'INV-3001'").await;
    let before = world.invoice("INV-3001").await;
    let conflict = world.run(&["apply", &id, "--json"]);
    assert_eq!((conflict.exit, &conflict.json()["outcome"]), (1, &json!("conflict")), "{conflict:?}");
    assert_eq!(world.invoice("INV-3001").await, before);
    // Moving the row back does not revive it.
    world.database.execute("UPDATE invoices SET status = 'overdue' WHERE id = 'INV-3001'").await;
    assert_eq!(world.run(&["apply", &id, "--json"]).exit, 1);
    assert_eq!(world.invoice("INV-3001").await, before);
    client.close().await;
}

async fn another_tenants_row_looks_like_no_row_at_all(world: World) {
    let client = world.client().await;
    for tool in [READ, DECLARATIVE, HANDLER] {
        let mut arguments = json!({ "invoice_id": "INV-9001" });
        if tool != READ {
            arguments["reason"] = json!("x");
        }
        let other = call(&client, tool, arguments.clone()).await;
        arguments["invoice_id"] = json!("INV-0000");
        let absent = call(&client, tool, arguments).await;
        assert!(other.is_error && absent.is_error);
        assert_eq!(other.content["error"], absent.content["error"]);
        assert_eq!(other.content["error"]["source_changed"], json!("no"));
    }
    client.close().await;
}

async fn a_tenant_that_differs_in_case_reads_and_writes_nothing(mut world: World) {
    world.set("TENANT", "ACME");
    let mut config = world.config();
    config["contexts"]["desk"]["values"]["tenant_id_env"] = json!("TENANT");
    world.write_config(&config);
    if world.database.engine() == Engine::Sqlite {
        // The demo's SQLite column compares by bytes already; make it as loose as MariaDB's.
        world
            .database
            .execute(
                "CREATE TABLE loose (id TEXT PRIMARY KEY COLLATE NOCASE, tenant_id TEXT NOT NULL COLLATE NOCASE, customer_id TEXT NOT NULL, status TEXT NOT NULL, balance_cents INTEGER NOT NULL, late_fee_cents INTEGER NOT NULL, waiver_reason TEXT, updated_at TEXT NOT NULL) STRICT;
                 INSERT INTO loose SELECT * FROM invoices; DROP TABLE invoices; ALTER TABLE loose RENAME TO invoices;",
            )
            .await;
    }
    let client = world.client().await;
    let read = call(&client, READ, json!({ "invoice_id": "INV-3001" })).await;
    assert!(read.is_error, "{}", read.content);
    let proposed = call(&client, DECLARATIVE, json!({ "invoice_id": "INV-3001", "reason": "x" })).await;
    assert!(proposed.is_error, "{}", proposed.content);
    assert_eq!(world.ask(&["proposals", "list"])["proposals"], json!([]));
    client.close().await;
}

async fn a_change_the_database_refuses_leaves_no_receipt_and_no_change(world: World) {
    let client = world.client().await;
    let id = propose(&client, DECLARATIVE, "INV-3001", "refused").await;
    client.close().await;
    world.approve(&id);
    world
        .database
        .execute(match world.database.engine() {
            Engine::Sqlite => {
                "CREATE UNIQUE INDEX no ON invoices (waiver_reason); UPDATE invoices SET waiver_reason = 'refused' WHERE id = 'INV-3002'"
            }
            Engine::Postgres => "ALTER TABLE invoices ADD CONSTRAINT no CHECK (waiver_reason IS NULL)",
            Engine::Mysql => "ALTER TABLE invoices ADD CONSTRAINT no_reason CHECK (waiver_reason IS NULL)",
        })
        .await;
    let before = world.invoice("INV-3001").await;
    let failed = world.run(&["apply", &id, "--json"]);
    assert_eq!(failed.exit, 1, "{failed:?}");
    assert_eq!(failed.json()["outcome"], json!("failed"), "{failed:?}");
    assert_eq!(world.invoice("INV-3001").await, before);
    assert_eq!(world.receipts().await, 0);
}

async fn a_rejected_proposal_is_never_applied(world: World) {
    let client = world.client().await;
    let id = propose(&client, DECLARATIVE, "INV-3001", "no").await;
    client.close().await;
    let silent = world.run(&["proposals", "reject", &id, "--yes", "--json"]);
    assert_eq!((silent.exit, silent.code().as_str()), (1, "REASON_REQUIRED"));
    let rejected = world.ask(&["proposals", "reject", &id, "--yes", "--reason", "wrong invoice"]);
    assert_eq!(rejected["state"], json!("rejected"));
    let refused = world.run(&["apply", &id, "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "PROPOSAL_NOT_APPROVED"));
    assert_eq!(world.receipts().await, 0);
}
