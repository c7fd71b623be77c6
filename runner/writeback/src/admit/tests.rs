//! Every way to edit a document, and the code it is refused with.

use serde_json::{Value as Json, json};
use synapsor_ledger::StoredProposal;
use synapsor_protocol::{JobDocument, Moment, Proposal, ProposalState, WritebackJob};

use super::{KnownJob, Place, check};

const OURS: &str = include_str!("../../../../fixtures/protocol/writeback-job.v2.handover.json");
const V1: &str = include_str!("../../../../fixtures/protocol/writeback-job.v1.json");
const LEGACY: &str = include_str!("../../../../fixtures/protocol/writeback-job.legacy.json");
const PROPOSAL: &str = include_str!("../../../../fixtures/protocol/proposal.v2.json");

/// A moment within the lease of every document.
const DURING: &str = "2026-06-20T14:33:00Z";

fn admitted(document: &Json, at: &str, project_id: &str, runner_id: &str) -> Result<(), String> {
    let proposal: Proposal = serde_json::from_str(PROPOSAL).expect("the golden proposal");
    let ours: WritebackJob = serde_json::from_str(OURS).expect("the golden job");
    let updated_at = proposal.created_at;
    let stored = StoredProposal { proposal, state: ProposalState::PendingWorker, updated_at, intact: true };
    let known = KnownJob {
        job_id: Some(ours.job_id),
        idempotency_key: ours.idempotency_key,
        handover: ours.handover,
    };
    let now: Moment = at.parse().expect("a moment");
    let document = JobDocument::parse(&document.to_string()).map_err(|error| error.to_string())?;
    let place = Place { project_id, runner_id, now };
    check(&document, &stored, &known, &place).map_err(|refused| refused.refusal().code.to_string())
}

fn edited(document: &str, edits: &[(&str, Json)]) -> Json {
    let mut document: Json = serde_json::from_str(document).expect("a document");
    for (pointer, value) in edits {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let parent = document.pointer_mut(parent).expect("a parent");
        match parent {
            Json::Array(items) => items.push(value.clone()),
            parent => parent[key] = value.clone(),
        }
    }
    document
}

fn code(document: &str, edits: &[(&str, Json)]) -> String {
    let document = edited(document, edits);
    admitted(&document, DURING, "local", "synapsor-runner-local").expect_err(&format!("{edits:?}"))
}

#[test]
fn every_form_of_what_was_approved_is_admitted() {
    for document in [OURS, V1, LEGACY] {
        let document = edited(document, &[]);
        assert_eq!(admitted(&document, DURING, "local", "synapsor-runner-local"), Ok(()));
    }
}

#[test]
fn one_edit_of_our_form_is_refused_with_its_code() {
    let other = json!(format!("sha256:{}", "a".repeat(64)));
    for (edits, expected) in [
        (vec![("/proposal_digest", other)], "PROPOSAL_HASH_MISMATCH"),
        (vec![("/target/source", json!("other"))], "RUNNER_SCOPE_MISMATCH"),
        (vec![("/target/engine", json!("mysql"))], "RUNNER_SCOPE_MISMATCH"),
        (vec![("/handover/project_id", json!("other"))], "RUNNER_SCOPE_MISMATCH"),
        (vec![("/handover/runner_id", json!("other"))], "RUNNER_SCOPE_MISMATCH"),
        (vec![("/tenant", json!("otherco"))], "TENANT_GUARD_MISMATCH"),
        (vec![("/target/tenant_column", json!("customer_id"))], "TENANT_GUARD_MISMATCH"),
        (vec![("/target/table", json!("customers"))], "WRITEBACK_JOB_MISMATCH"),
        (vec![("/target/key", json!({ "text": "INV-3002" }))], "WRITEBACK_JOB_MISMATCH"),
        (vec![("/target/key", json!({ "integer": 3001 }))], "WRITEBACK_JOB_MISMATCH"),
        (vec![("/handover/allowed_columns/-", json!("balance_cents"))], "PATCH_COLUMN_NOT_ALLOWED"),
        (vec![("/patch/balance_cents", json!({ "integer": 0 }))], "PATCH_COLUMN_NOT_ALLOWED"),
        (
            vec![
                ("/handover/allowed_columns/-", json!("balance_cents")),
                ("/patch/balance_cents", json!({ "integer": 0 })),
            ],
            "PATCH_COLUMN_NOT_ALLOWED",
        ),
        (vec![("/handover/allowed_columns", json!(["waiver_reason"]))], "PATCH_COLUMN_NOT_ALLOWED"),
        (vec![("/patch", json!({ "late_fee_cents": { "integer": 0 } }))], "WRITEBACK_JOB_MISMATCH"),
        (vec![("/patch/late_fee_cents", json!({ "integer": 1 }))], "WRITEBACK_JOB_MISMATCH"),
        (vec![("/patch/late_fee_cents", json!({ "decimal": "0" }))], "WRITEBACK_JOB_MISMATCH"),
        (vec![("/before/rate", json!({ "decimal": "1.1" }))], "WRITEBACK_JOB_MISMATCH"),
        (vec![("/guard", json!({ "kind": "row" }))], "WRITEBACK_JOB_MISMATCH"),
        (vec![("/guard/advance", json!("none"))], "WRITEBACK_JOB_MISMATCH"),
        (vec![("/job_id", json!("wbj_2"))], "WRITEBACK_JOB_MISMATCH"),
        (vec![("/idempotency_key", json!("0".repeat(64)))], "WRITEBACK_JOB_MISMATCH"),
        (vec![("/handover/lease/expires_at", json!("2026-06-20T15:00:00Z"))], "WRITEBACK_JOB_MISMATCH"),
        (vec![("/handover/lease/lease_id", json!("lse_2"))], "WRITEBACK_LEASE_EXPIRED"),
    ] {
        assert_eq!(code(OURS, &edits), expected, "{edits:?}");
    }
    let mut inside = edited(OURS, &[]);
    inside.as_object_mut().expect("an object").remove("handover");
    assert_eq!(admitted(&inside, DURING, "local", "r"), Err("WRITEBACK_JOB_INVALID".into()));
}

#[test]
fn one_edit_of_a_published_form_is_refused_with_its_code() {
    // Where a field of the newer form stands in the older one.
    let legacy = |pointer: &str| {
        match pointer {
            "/proposal_hash" => "/approval_id",
            "/runner_scope/source_id" => "/source_id",
            "/tenant_guard/value" => "/target/tenant_guard/value",
            "/tenant_guard/column" => "/target/tenant_guard/column",
            "/lease/expires_at" => "/lease_expires_at",
            _ => return pointer.to_owned(),
        }
        .to_owned()
    };
    for (pointer, value, expected) in [
        ("/proposal_hash", json!(format!("sha256:{}", "a".repeat(64))), "PROPOSAL_HASH_MISMATCH"),
        ("/runner_scope/source_id", json!("other"), "RUNNER_SCOPE_MISMATCH"),
        ("/engine", json!("mysql"), "RUNNER_SCOPE_MISMATCH"),
        ("/tenant_guard/value", json!("otherco"), "TENANT_GUARD_MISMATCH"),
        ("/tenant_guard/value", json!("ACME"), "TENANT_GUARD_MISMATCH"),
        ("/tenant_guard/column", json!("id"), "TENANT_GUARD_MISMATCH"),
        ("/target/schema", json!("private"), "WRITEBACK_JOB_MISMATCH"),
        ("/target/primary_key/value", json!("INV-3002"), "WRITEBACK_JOB_MISMATCH"),
        ("/target/primary_key/column", json!("tenant_id"), "WRITEBACK_JOB_MISMATCH"),
        ("/allowed_columns/-", json!("balance_cents"), "PATCH_COLUMN_NOT_ALLOWED"),
        ("/patch/balance_cents", json!(0), "PATCH_COLUMN_NOT_ALLOWED"),
        ("/patch/late_fee_cents", json!(1), "WRITEBACK_JOB_MISMATCH"),
        ("/patch/late_fee_cents", json!(false), "WRITEBACK_JOB_MISMATCH"),
        ("/patch/waiver_reason", json!(null), "WRITEBACK_JOB_MISMATCH"),
        ("/conflict_guard/expected_value", json!("2026-06-20T14:31:08.123Z"), "WRITEBACK_JOB_MISMATCH"),
        ("/conflict_guard/column", json!("late_fee_cents"), "WRITEBACK_JOB_MISMATCH"),
        ("/conflict_guard", json!({ "kind": "none" }), "WRITEBACK_JOB_MISMATCH"),
        ("/conflict_guard", json!({ "kind": "row_hash", "expected_hash": "x" }), "WRITEBACK_JOB_MISMATCH"),
        ("/lease/expires_at", json!("2026-06-20T14:32:59Z"), "WRITEBACK_LEASE_EXPIRED"),
    ] {
        assert_eq!(code(V1, &[(pointer, value.clone())]), expected, "{pointer} {value}");
        assert_eq!(code(LEGACY, &[(&legacy(pointer), value.clone())]), expected, "{pointer} {value}");
    }
    assert_eq!(code(V1, &[("/runner_scope/project_id", json!("other"))]), "RUNNER_SCOPE_MISMATCH");
}

#[test]
fn a_lease_is_over_at_its_instant_for_every_form() {
    for document in [OURS, V1, LEGACY] {
        let at = |at: &str| admitted(&edited(document, &[]), at, "local", "synapsor-runner-local");
        assert_eq!(at("2026-06-20T14:36:07.999999Z"), Ok(()));
        assert_eq!(at("2026-06-20T14:36:09Z"), Err("WRITEBACK_LEASE_EXPIRED".into()));
    }
    let at_the_end = admitted(&edited(V1, &[]), "2026-06-20T14:36:08Z", "local", "r");
    assert_eq!(at_the_end, Err("WRITEBACK_LEASE_EXPIRED".into()));
}
