//! The defects of the published system that touch writeback, by name: each is tried here and does not happen.
//!
//! What each was: `docs/reference/crash-cases.md`.

use serde_json::json;
use synapsor_protocol::Engine;

use crate::unsettled::locked;
use crate::world::{World, propose};
use crate::writeback::{drop_role, statements, with_role};

const DECLARATIVE: &str = "billing__propose_late_fee_waiver";
const HANDLER: &str = "billing__propose_plan_waiver";

on_every_engine!(
    lost_update_two_approvals_of_one_version_end_in_one_change_and_one_conflict,
    sub_millisecond_guard_a_version_is_told_from_one_a_microsecond_later,
    implicit_commit_making_the_receipts_table_commits_no_part_of_an_apply,
    weak_guard_a_change_of_any_captured_column_is_a_conflict,
    terminal_dry_run_a_dry_run_changes_nothing_and_the_apply_follows,
    terminal_transient_failure_a_locked_row_leaves_the_proposal_approved,
    approval_not_bound_to_content_one_changed_byte_stops_the_apply,
    repeated_proposal_an_equal_one_while_one_is_pending_is_the_same_one,
);

on_engine!(on_postgres, synapsor_protocol::Engine::Postgres, pre_created_receipts_need_no_right_to_create);
on_engine!(on_mysql, synapsor_protocol::Engine::Mysql, pre_created_receipts_need_no_right_to_create);

async fn approved(world: &World, invoice: &str, reason: &str) -> String {
    let client = world.client().await;
    let id = propose(&client, DECLARATIVE, invoice, reason).await;
    client.close().await;
    world.approve(&id);
    id
}

/// Gives both proposals of the demo's config this guard.
fn guarded_by(world: &World, guard: &serde_json::Value) {
    let mut config = world.config();
    for name in ["billing.propose_late_fee_waiver", "billing.propose_plan_waiver"] {
        World::capability(&mut config, name)["conflict_guard"] = guard.clone();
    }
    world.write_config(&config);
}

/// Nothing moves the version column here: the captured columns alone must catch it.
async fn lost_update_two_approvals_of_one_version_end_in_one_change_and_one_conflict(world: World) {
    guarded_by(&world, &json!({ "column": "updated_at" }));
    let client = world.client().await;
    let first = propose(&client, DECLARATIVE, "INV-3002", "one").await;
    let second = propose(&client, HANDLER, "INV-3002", "two").await;
    client.close().await;
    world.approve(&first);
    world.approve(&second);
    assert_eq!(world.ask(&["apply", &first])["outcome"], json!("applied"));
    let after = world.invoice("INV-3002").await;
    let conflict = world.run(&["apply", &second, "--json"]);
    assert_eq!((conflict.exit, &conflict.json()["outcome"]), (1, &json!("conflict")), "{conflict:?}");
    assert_eq!(world.invoice("INV-3002").await, after);
}

async fn sub_millisecond_guard_a_version_is_told_from_one_a_microsecond_later(world: World) {
    let later = match world.database.engine() {
        Engine::Mysql => "2026-06-22 16:45:30.500001",
        _ => "2026-06-22T16:45:30.500001Z",
    };
    // INV-3001 was last changed at .123456: cut to milliseconds this version would never be found again.
    let exact = approved(&world, "INV-3001", "bank delay").await;
    assert_eq!(world.ask(&["apply", &exact])["outcome"], json!("applied"));
    let stale = approved(&world, "INV-3003", "bank delay").await;
    world
        .database
        .execute(&format!("UPDATE invoices SET updated_at = '{later}' WHERE id = 'INV-3003'"))
        .await;
    let conflict = world.run(&["apply", &stale, "--json"]);
    assert_eq!((conflict.exit, &conflict.json()["outcome"]), (1, &json!("conflict")), "{conflict:?}");
    assert_eq!(conflict.json()["receipt"]["code"], json!("VERSION_CONFLICT"));
    assert_eq!(world.invoice("INV-3003").await.late_fee_cents, "1200");
}

/// The first apply of all makes the table; what follows it in the same apply still is one transaction.
async fn implicit_commit_making_the_receipts_table_commits_no_part_of_an_apply(world: World) {
    let refusing = match world.database.engine() {
        Engine::Sqlite => {
            "CREATE UNIQUE INDEX one_reason ON invoices (waiver_reason);
             UPDATE invoices SET waiver_reason = 'taken' WHERE id = 'INV-3002'"
        }
        _ => "ALTER TABLE invoices ADD CONSTRAINT one_reason CHECK (waiver_reason <> 'taken')",
    };
    let refused = approved(&world, "INV-3001", "taken").await;
    world.database.execute(refusing).await;
    let before = world.invoice("INV-3001").await;
    let failed = world.run(&["apply", &refused, "--json"]);
    assert_eq!((failed.exit, &failed.json()["outcome"]), (1, &json!("failed")), "{failed:?}");
    assert_eq!(world.invoice("INV-3001").await, before);
    let stranded = world.database.query_text("SELECT proposal_id FROM synapsor_writeback_receipts").await;
    assert!(stranded.is_empty(), "the table is there and holds no claim: {stranded:?}");
    let next = approved(&world, "INV-3001", "free").await;
    assert_eq!(world.ask(&["apply", &next])["outcome"], json!("applied"));
    assert_eq!(world.receipts().await, 1);
}

async fn weak_guard_a_change_of_any_captured_column_is_a_conflict(world: World) {
    guarded_by(&world, &json!({ "weak_guard_ack": true }));
    let now = match world.database.engine() {
        Engine::Mysql => "'2026-07-01 00:00:00.000001'",
        _ => "'2026-07-01T00:00:00.000001Z'",
    };
    for (column, other) in
        [("status", "'paid'"), ("late_fee_cents", "1"), ("waiver_reason", "'theirs'"), ("updated_at", now)]
    {
        let id = approved(&world, "INV-3001", &format!("while {column} moves")).await;
        let change = format!("UPDATE invoices SET {column} = {other} WHERE id = 'INV-3001'");
        world.database.execute(&change).await;
        let before = world.invoice("INV-3001").await;
        let conflict = world.run(&["apply", &id, "--json"]);
        assert_eq!((conflict.exit, &conflict.json()["outcome"]), (1, &json!("conflict")), "{conflict:?}");
        assert_eq!(conflict.json()["receipt"]["changed_columns"], json!([column]));
        assert_eq!(world.invoice("INV-3001").await, before);
    }
    let id = approved(&world, "INV-3001", "nothing moves").await;
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
}

async fn terminal_dry_run_a_dry_run_changes_nothing_and_the_apply_follows(world: World) {
    let id = approved(&world, "INV-3001", "dry").await;
    let before = world.invoice("INV-3001").await;
    let events = world.ask(&["replay", "show", &id])["events"].clone();
    let dry = world.run(&["apply", &id, "--dry-run", "--json"]);
    assert_eq!((dry.exit, &dry.json()["would"]["kind"]), (0, &json!("apply")), "{dry:?}");
    assert_eq!(world.invoice("INV-3001").await, before);
    assert_eq!(world.receipts().await, 0);
    assert_eq!(world.ask(&["replay", "show", &id])["events"], events);
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"), "a dry run is not the end");
}

async fn terminal_transient_failure_a_locked_row_leaves_the_proposal_approved(world: World) {
    let id = approved(&world, "INV-3001", "bank delay").await;
    let before = world.invoice("INV-3001").await;
    let lock = locked(&world).await;
    let passing = world.run(&["apply", &id, "--json"]);
    assert_eq!((passing.exit, passing.code().as_str()), (3, "TRANSACTION_FAILED"), "{passing:?}");
    assert_eq!(passing.json()["error"]["source_changed"], json!("no"));
    assert_eq!(world.ask(&["proposals", "show", &id])["state"], json!("approved"));
    drop(lock);
    assert_eq!(world.invoice("INV-3001").await, before);
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
}

async fn approval_not_bound_to_content_one_changed_byte_stops_the_apply(world: World) {
    let id = approved(&world, "INV-3001", "bank delay").await;
    let ledger = rusqlite::Connection::open(world.ledger_path()).expect("the ledger opens");
    // Whoever can edit the file can take its triggers away first.
    let mut triggers =
        ledger.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").expect("the schema");
    let names: Vec<String> =
        triggers.query_map([], |row| row.get(0)).and_then(Iterator::collect).expect("their names");
    for name in names {
        ledger.execute_batch(&format!("DROP TRIGGER {name}")).expect("a trigger less");
    }
    let edited = ledger
        .execute(
            "UPDATE proposals SET document = replace(document, 'bank delay', 'bank delaY') WHERE proposal_id = ?1",
            [&id],
        )
        .expect("an edit");
    assert_eq!(edited, 1);
    let before = world.invoice("INV-3001").await;
    let refused = world.run(&["apply", &id, "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "PROPOSAL_HASH_MISMATCH"));
    assert_eq!(world.invoice("INV-3001").await, before);
    assert_eq!(world.receipts().await, 0);
}

async fn repeated_proposal_an_equal_one_while_one_is_pending_is_the_same_one(world: World) {
    let client = world.client().await;
    for tool in [DECLARATIVE, HANDLER] {
        let first = propose(&client, tool, "INV-3001", "same").await;
        assert_eq!(propose(&client, tool, "INV-3001", "same").await, first);
        assert_ne!(propose(&client, tool, "INV-3001", "other").await, first);
    }
    assert_eq!(world.ask(&["proposals", "list"])["proposals"].as_array().map(Vec::len), Some(4));
    client.close().await;
}

async fn pre_created_receipts_need_no_right_to_create(mut world: World) {
    let role = with_role(&mut world).await;
    let id = approved(&world, "INV-3001", "bank delay").await;
    for command in ["migration", "grants"] {
        world.database.execute(&statements(&world, &["writeback", command]).join("; ")).await;
    }
    let may_create = match world.database.engine() {
        Engine::Postgres => {
            format!("SELECT has_schema_privilege('{role}', current_schema()::text, 'CREATE')::text")
        }
        _ => format!(
            "SELECT IF(COUNT(*) = 0, 'false', 'true') FROM information_schema.schema_privileges
             WHERE grantee LIKE '%{role}%' AND privilege_type = 'CREATE'"
        ),
    };
    assert_eq!(world.database.scalar(&may_create).await.as_deref(), Some("false"));
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
    assert_eq!(world.receipts().await, 1);
    drop_role(&world, &role).await;
}
