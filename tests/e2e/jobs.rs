//! Jobs as documents, and every approved proposal at once.

use std::path::PathBuf;

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::world::World;

const PROPOSE: &str = "billing.propose_late_fee_waiver";

on_every_engine!(
    a_job_that_was_handed_over_is_carried_out_from_its_file_and_once,
    one_edit_of_a_job_is_refused_with_its_code_and_changes_nothing,
    both_published_forms_are_carried_out_and_their_edits_are_not,
    every_approved_proposal_has_its_turn_and_a_conflict_stops_no_other,
);

/// A proposal for that invoice.
fn proposed(world: &World, invoice: &str, reason: &str) -> String {
    let arguments = json!({ "invoice_id": invoice, "reason": reason }).to_string();
    let made = world.ask(&["propose", PROPOSE, "--args", &arguments]);
    made["proposal_id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

fn approved(world: &World, invoice: &str, reason: &str) -> String {
    let id = proposed(world, invoice, reason);
    world.approve(&id);
    id
}

/// An approved proposal and the document of its job.
fn handed_over(world: &World, invoice: &str) -> (String, Json) {
    let id = approved(world, invoice, "bank delay");
    let document = world.ask(&["proposals", "writeback-job", &id]);
    (id, document)
}

/// The same job as the published program would have written it.
fn published(ours: &Json) -> [Json; 2] {
    let plain = |value: &Json| match value {
        Json::Object(typed) => typed.values().next().cloned().expect("a typed value"),
        _ => Json::Null,
    };
    let patch: serde_json::Map<String, Json> = ours["patch"]
        .as_object()
        .expect("a patch")
        .iter()
        .map(|(name, value)| (name.clone(), plain(value)))
        .collect();
    let pair = |column: &Json, value: Json| json!({ "column": column, "value": value });
    let target = &ours["target"];
    let primary_key = pair(&target["key_column"], plain(&target["key"]));
    let tenant_guard = pair(&target["tenant_column"], ours["tenant"].clone());
    let guard = |kind: &str| json!({ "kind": kind, "column": ours["guard"]["column"], "expected_value": plain(&ours["guard"]["expected"]) });
    let expires_at = &ours["handover"]["lease"]["expires_at"];
    let v1 = json!({
        "schema_version": "synapsor.writeback-job.v1",
        "writeback_job_id": "wbj_theirs", "proposal_id": ours["proposal_id"], "proposal_version": 1,
        "proposal_hash": ours["proposal_digest"],
        "runner_scope": { "project_id": "local", "source_id": target["source"] },
        "engine": target["engine"], "operation": "single_row_update",
        "target": { "schema": target["schema"], "table": target["table"], "primary_key": primary_key },
        "tenant_guard": tenant_guard,
        "allowed_columns": ours["handover"]["allowed_columns"], "patch": patch,
        "conflict_guard": guard("column"), "idempotency_key": "theirs",
        "lease": { "lease_id": "lease_theirs", "attempt": 1, "expires_at": expires_at },
    });
    let legacy = json!({
        "protocol_version": "1.0",
        "job_id": "wbj_theirs", "proposal_id": ours["proposal_id"], "approval_id": ours["proposal_digest"],
        "source_id": target["source"], "engine": target["engine"],
        "target": { "schema": target["schema"], "table": target["table"], "primary_key": primary_key, "tenant_guard": tenant_guard },
        "allowed_columns": ours["handover"]["allowed_columns"], "patch": patch,
        "conflict_guard": guard("version_column"), "idempotency_key": "theirs",
        "lease_expires_at": expires_at, "attempt_count": 1,
    });
    [v1, legacy]
}

fn written(world: &World, document: &Json) -> PathBuf {
    let path = world.folder.path().join("edited.json");
    std::fs::write(&path, document.to_string()).expect("the document is written");
    path
}

/// Applies a document that should be refused.
fn refused(world: &World, document: &Json) -> (i32, String) {
    let path = written(world, document);
    let answered = world.run(&["apply", "--job", path.to_str().expect("a plain path"), "--json"]);
    (answered.exit, answered.code())
}

fn edited(document: &Json, pointer: &str, value: &Json) -> Json {
    let mut document = document.clone();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    match document.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}")) {
        Json::Array(items) => items.push(value.clone()),
        parent => parent[key] = value.clone(),
    }
    document
}

fn other_engine(world: &World) -> Json {
    json!(if world.database.engine() == Engine::Postgres { "mysql" } else { "postgres" })
}

async fn a_job_that_was_handed_over_is_carried_out_from_its_file_and_once(world: World) {
    let id = approved(&world, "INV-3001", "bank delay");
    let made = world.run(&["proposals", "writeback-job", &id, "--output", "job.json", "--json"]);
    assert_eq!(made.exit, 0, "{made:?}");
    assert_eq!(world.ask(&["proposals", "show", &id])["state"], json!("pending_worker"));
    let valid = world.run(&["validate", "--job", "job.json"]);
    assert_eq!((valid.exit, valid.stdout.lines().count()), (0, 1), "{valid:?}");
    let dry = world.ask(&["apply", "--job", "job.json", "--dry-run"]);
    assert_eq!(dry["would"]["kind"], json!("apply"), "{dry}");
    assert_eq!(world.receipts().await, 0);
    assert_eq!(world.ask(&["apply", "--job", "job.json"])["outcome"], json!("applied"));
    let after = world.invoice("INV-3001").await;
    assert_eq!((after.late_fee_cents.as_str(), after.waiver_reason.as_deref()), ("0", Some("bank delay")));
    let again = world.run(&["apply", "--job", "job.json", "--json"]);
    assert_eq!((again.exit, &again.json()["outcome"]), (0, &json!("already_applied")));
    assert_eq!((world.invoice("INV-3001").await, world.receipts().await), (after, 1));
}

async fn one_edit_of_a_job_is_refused_with_its_code_and_changes_nothing(world: World) {
    let (id, job) = handed_over(&world, "INV-3001");
    let before = world.invoice("INV-3001").await;
    let other = json!(format!("sha256:{}", "a".repeat(64)));
    for (pointer, value, code) in [
        ("/handover/allowed_columns/-", json!("balance_cents"), "PATCH_COLUMN_NOT_ALLOWED"),
        ("/patch/balance_cents", json!({ "integer": 0 }), "PATCH_COLUMN_NOT_ALLOWED"),
        ("/patch/late_fee_cents", json!({ "integer": 1 }), "WRITEBACK_JOB_MISMATCH"),
        ("/target/key", json!({ "text": "INV-3002" }), "WRITEBACK_JOB_MISMATCH"),
        ("/target/table", json!("customers"), "WRITEBACK_JOB_MISMATCH"),
        ("/guard/advance", json!("none"), "WRITEBACK_JOB_MISMATCH"),
        ("/idempotency_key", json!("0".repeat(64)), "WRITEBACK_JOB_MISMATCH"),
        ("/tenant", json!("otherco"), "TENANT_GUARD_MISMATCH"),
        ("/proposal_digest", other, "PROPOSAL_HASH_MISMATCH"),
        ("/handover/lease/lease_id", json!("lse_other"), "WRITEBACK_LEASE_EXPIRED"),
        ("/handover/lease/expires_at", json!("2099-01-01T00:00:00Z"), "WRITEBACK_JOB_MISMATCH"),
        ("/handover/runner_id", json!("other"), "RUNNER_SCOPE_MISMATCH"),
        ("/handover/project_id", json!("other"), "RUNNER_SCOPE_MISMATCH"),
        ("/target/source", json!("other"), "RUNNER_SCOPE_MISMATCH"),
        ("/target/engine", other_engine(&world), "RUNNER_SCOPE_MISMATCH"),
        ("/proposal_id", json!("wrp_unknown"), "PROPOSAL_NOT_FOUND"),
        ("/sql", json!("UPDATE invoices SET late_fee_cents = 0"), "WRITEBACK_JOB_INVALID"),
    ] {
        let answered = refused(&world, &edited(&job, pointer, &value));
        assert_eq!(answered, (1, code.to_owned()), "{pointer} {value}");
    }
    assert_eq!((world.invoice("INV-3001").await, world.receipts().await), (before, 0));
    assert_eq!(world.ask(&["proposals", "show", &id])["state"], json!("pending_worker"));
    let path = written(&world, &job);
    assert_eq!(
        world.ask(&["apply", "--job", path.to_str().expect("a plain path")])["outcome"],
        json!("applied")
    );
}

async fn both_published_forms_are_carried_out_and_their_edits_are_not(world: World) {
    for (form, invoice) in [(0, "INV-3001"), (1, "INV-3003")] {
        let (_, ours) = handed_over(&world, invoice);
        let [v1, legacy] = published(&ours);
        let before = world.invoice(invoice).await;
        let other = json!(format!("sha256:{}", "a".repeat(64)));
        for (in_v1, in_legacy, value, code) in [
            ("/allowed_columns/-", "/allowed_columns/-", json!("balance_cents"), "PATCH_COLUMN_NOT_ALLOWED"),
            ("/patch/balance_cents", "/patch/balance_cents", json!(0), "PATCH_COLUMN_NOT_ALLOWED"),
            ("/patch/late_fee_cents", "/patch/late_fee_cents", json!(1), "WRITEBACK_JOB_MISMATCH"),
            ("/tenant_guard/value", "/target/tenant_guard/value", json!("otherco"), "TENANT_GUARD_MISMATCH"),
            ("/proposal_hash", "/approval_id", other, "PROPOSAL_HASH_MISMATCH"),
            (
                "/lease/expires_at",
                "/lease_expires_at",
                json!("2026-01-01T00:00:00Z"),
                "WRITEBACK_LEASE_EXPIRED",
            ),
            ("/runner_scope/source_id", "/source_id", json!("other"), "RUNNER_SCOPE_MISMATCH"),
            ("/engine", "/engine", other_engine(&world), "RUNNER_SCOPE_MISMATCH"),
            ("/proposal_id", "/proposal_id", json!("wrp_unknown"), "PROPOSAL_NOT_FOUND"),
        ] {
            let document =
                if form == 0 { edited(&v1, in_v1, &value) } else { edited(&legacy, in_legacy, &value) };
            assert_eq!(refused(&world, &document), (1, code.to_owned()), "{document}");
        }
        assert_eq!(world.invoice(invoice).await, before);
        let path = written(&world, if form == 0 { &v1 } else { &legacy });
        let path = path.to_str().expect("a plain path");
        assert_eq!(world.run(&["validate", "--job", path]).exit, 0);
        assert_eq!(world.ask(&["apply", "--job", path])["outcome"], json!("applied"));
        assert_eq!(world.ask(&["apply", "--job", path])["outcome"], json!("already_applied"));
        assert_eq!(world.invoice(invoice).await.late_fee_cents, "0");
    }
    assert_eq!(world.receipts().await, 2);
}

async fn every_approved_proposal_has_its_turn_and_a_conflict_stops_no_other(world: World) {
    let first = approved(&world, "INV-3001", "one");
    let stale = approved(&world, "INV-3001", "two");
    let last = approved(&world, "INV-3003", "three");
    let waiting = proposed(&world, "INV-3002", "nobody said yes");
    let dry = world.run(&["apply", "--all-approved", "--dry-run"]);
    assert_eq!((dry.exit, world.receipts().await), (0, 0), "{dry:?}");

    let done = world.run(&["apply", "--all-approved", "--json"]);
    let document = done.json();
    let results = document["results"].as_array().expect("results");
    let told: Vec<_> = results.iter().map(|result| (&result["proposal_id"], &result["outcome"])).collect();
    let expected = [(&first, "applied"), (&stale, "conflict"), (&last, "applied")];
    assert_eq!(told.len(), expected.len(), "{document}");
    for ((id, outcome), (expected_id, expected_outcome)) in told.into_iter().zip(expected) {
        assert_eq!((id, outcome), (&json!(expected_id), &json!(expected_outcome)), "{document}");
    }
    assert_eq!((done.exit, &document["ok"], &document["not_tried"]), (1, &json!(false), &json!(0)));
    assert_eq!(world.invoice("INV-3001").await.waiver_reason.as_deref(), Some("one"));
    assert_eq!(world.invoice("INV-3003").await.waiver_reason.as_deref(), Some("three"));
    assert_eq!(world.ask(&["proposals", "show", &waiting])["state"], json!("pending_review"));

    world.approve(&waiting);
    let plain = world.run(&["apply", "--all-approved"]);
    assert_eq!((plain.exit, plain.stdout.lines().count()), (0, 2), "{plain:?}");
    assert!(plain.stdout.starts_with("applied ") && plain.stdout.ends_with("1 applied\n"), "{plain:?}");
    assert_eq!(plain.stderr, "", "no bar in a pipe");
    assert_eq!(world.run(&["apply", "--all-approved"]).exit, 0, "nothing left to do is no failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_written_with_the_sources_own_credential_or_with_the_runners() {
    for engine in [Engine::Postgres, Engine::Mysql] {
        let mut world = World::new(engine).await;
        let (_, job) = handed_over(&world, "INV-3001");
        world.unset("APP_WRITE_URL");
        assert_eq!(refused(&world, &job), (1, "WRITEBACK_DISABLED".into()));
        let url = world.database.url().to_owned();
        world.set("SYNAPSOR_DATABASE_URL", &url);
        world.set("SYNAPSOR_ENGINE", other_engine(&world).as_str().expect("a name"));
        assert_eq!(refused(&world, &job), (1, "WRITEBACK_DISABLED".into()), "another engine's");
        world.set("SYNAPSOR_ENGINE", engine.as_str());
        let path = written(&world, &job);
        let applied = world.ask(&["apply", "--job", path.to_str().expect("a plain path")]);
        assert_eq!(applied["outcome"], json!("applied"), "{applied}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_ends_by_itself_and_by_the_next_one() {
    let world = World::new(Engine::Sqlite).await;
    let (id, first) = handed_over(&world, "INV-3001");
    let second = world.ask(&["proposals", "writeback-job", &id, "--lease-seconds", "15"]);
    assert_eq!(refused(&world, &first), (1, "WRITEBACK_LEASE_EXPIRED".into()), "replaced");
    tokio::time::sleep(std::time::Duration::from_millis(15_100)).await;
    assert_eq!(refused(&world, &second), (1, "WRITEBACK_LEASE_EXPIRED".into()), "over");
    let third = world.ask(&["proposals", "writeback-job", &id, "--runner", "worker-7", "--project", "till"]);
    assert_eq!(refused(&world, &third), (1, "RUNNER_SCOPE_MISMATCH".into()), "somebody else's");
    let path = written(&world, &third);
    let path = path.to_str().expect("a plain path");
    let applied = world.ask(&["apply", "--job", path, "--runner", "worker-7", "--project", "till"]);
    assert_eq!(applied["outcome"], json!("applied"), "{applied}");
    assert_eq!(applied["receipt"]["runner_id"], json!("worker-7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_runner_never_came_back_is_anybodys_again_once_its_lease_is_over() {
    let world = World::new(Engine::Sqlite).await;
    let [unwanted, wanted] = ["INV-3002", "INV-3003"].map(|invoice| approved(&world, invoice, "bank delay"));
    for id in [&unwanted, &wanted] {
        world.ask(&["proposals", "writeback-job", id, "--lease-seconds", "15"]);
    }
    let take_back = ["proposals", "reject", &unwanted, "--yes", "--reason", "its worker is gone", "--json"];
    let early = world.run(&take_back);
    assert_eq!((early.exit, early.code().as_str()), (1, "PROPOSAL_NOT_REJECTABLE"), "its lease runs");
    let nothing = world.ask(&["apply", "--all-approved"]);
    assert_eq!(nothing["results"], json!([]), "somebody else has them: {nothing}");
    tokio::time::sleep(std::time::Duration::from_millis(15_100)).await;
    assert_eq!(world.run(&take_back).exit, 0);
    let rest = world.ask(&["apply", "--all-approved"]);
    assert_eq!(rest["counts"], json!({ "applied": 1 }), "{rest}");
    assert_eq!(world.invoice("INV-3003").await.late_fee_cents, "0");
    assert_eq!(world.invoice("INV-3002").await.late_fee_cents, "9000");
    assert_eq!(world.ask(&["proposals", "show", &unwanted])["state"], json!("rejected"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_approved_proposal_is_handed_over_and_no_file_is_overwritten() {
    let world = World::new(Engine::Sqlite).await;
    let id = proposed(&world, "INV-3001", "x");
    let early = world.run(&["proposals", "writeback-job", &id, "--output", "job.json", "--json"]);
    assert_eq!((early.exit, early.code().as_str()), (1, "PROPOSAL_NOT_APPROVED"));
    assert!(!world.folder.path().join("job.json").exists(), "a refusal leaves no file");
    world.approve(&id);
    std::fs::write(world.folder.path().join("job.json"), "mine").expect("a file");
    let taken = world.run(&["proposals", "writeback-job", &id, "--output", "job.json", "--json"]);
    assert_eq!(taken.exit, 2, "{taken:?}");
    assert_eq!(std::fs::read_to_string(world.folder.path().join("job.json")).expect("the file"), "mine");
    assert_eq!(world.ask(&["proposals", "show", &id])["state"], json!("approved"), "no lease was spent");
    for seconds in ["14", "3601"] {
        assert_eq!(world.run(&["proposals", "writeback-job", &id, "--lease-seconds", seconds]).exit, 2);
    }
    let invalid = world.run(&["validate", "--job", "job.json", "--json"]);
    assert_eq!((invalid.exit, invalid.code().as_str()), (1, "WRITEBACK_JOB_INVALID"));
    assert_eq!(world.run(&["apply", "--job", "nowhere.json"]).exit, 2);
    for words in
        [&["apply"][..], &["apply", "latest", "--all-approved"], &["apply", "latest", "--job", "job.json"]]
    {
        assert_eq!(world.run(words).exit, 2, "{words:?}");
    }
    let (_, job) = handed_over(&world, "INV-3003");
    written(&world, &job);
    std::fs::remove_file(world.ledger_path()).expect("the ledger is gone");
    assert_eq!(world.run(&["apply", "--job", "edited.json"]).exit, 3, "no ledger, no apply");
    std::fs::remove_file(world.config_path()).expect("the config is gone");
    assert_eq!(world.run(&["apply", "--job", "edited.json"]).exit, 2, "no config, no apply");
}
