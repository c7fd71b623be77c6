//! The published first form: flat, with the trusted context in the open.

use serde_json::{Value as Json, json};
use synapsor_invocation::{ProposalAnswer, ReadAnswer, scalar_schema};
use synapsor_protocol::Refusal;
use synapsor_protocol::proposal::ProposalMode;

use super::shown::notice_schema;
use super::{Shown, evidence_address, object, proposal_address, put, replay_address};

pub(super) fn read(answer: &ReadAnswer, value_bytes_max: usize) -> Json {
    let ReadAnswer { capability, mode, table, key, data, context, evidence_id } = answer;
    let shown = Shown::row(data, value_bytes_max);
    let evidence = evidence_address(evidence_id);
    let notice = shown.notice(&evidence);
    let mut envelope = json!({
        "status": "ok",
        "action": capability,
        "mode": mode,
        "business_object": { "type": table, "id": key.to_plain() },
        "data": shown.columns,
        "trusted_context": {
            "tenant_id": context.tenant(),
            "principal": context.principal(),
            "provenance": context.provenance(),
        },
        "evidence_bundle_id": evidence_id,
        "evidence_resource": evidence,
        "source_database_changed": false,
        "source_database_mutated": false,
    });
    put(&mut envelope, "truncated", notice);
    envelope
}

pub(super) fn read_schema(data: &Json) -> Json {
    object(
        json!({
            "status": { "const": "ok" },
            "action": { "type": "string" },
            "mode": { "type": "string" },
            "business_object": object(json!({ "type": { "type": "string" }, "id": scalar_schema() }), &[]),
            "data": data,
            "trusted_context": object(
                json!({
                    "tenant_id": { "type": "string" },
                    "principal": { "type": "string" },
                    "provenance": { "type": "string" },
                }),
                &[],
            ),
            "evidence_bundle_id": { "type": "string" },
            "evidence_resource": { "type": "string" },
            "source_database_changed": { "const": false },
            "source_database_mutated": { "const": false },
            "truncated": notice_schema(),
        }),
        &["truncated"],
    )
}

pub(super) fn proposal(answer: &ProposalAnswer, value_bytes_max: usize) -> Json {
    let ProposalAnswer { capability, proposal, diff, state, repeated, context } = answer;
    let change_set = &proposal.change_set;
    let shown = Shown::diff(diff, value_bytes_max);
    let record = proposal_address(&proposal.proposal_id);
    let notice = shown.notice(&record);
    let status = match proposal.mode {
        ProposalMode::Review => "review_required",
        ProposalMode::Shadow => "shadow_proposal_created",
    };
    let mut envelope = json!({
        "status": status,
        "action": capability,
        "proposal_id": proposal.proposal_id,
        "proposal_version": 1,
        "proposal_hash": proposal.digest,
        "proposal_state": state,
        "repeated": repeated,
        "target": {
            "type": change_set.target.table,
            "id": change_set.target.key.to_plain(),
            "tenant_id": context.tenant(),
        },
        "diff": shown.columns,
        "evidence_bundle_id": proposal.evidence_id,
        "evidence_resource": evidence_address(&proposal.evidence_id),
        "proposal_resource": record,
        "replay_resource": replay_address(&proposal.proposal_id),
        "approval_required": true,
        "writeback": {
            "status": "not_applied",
            "mode": "trusted_worker_required",
            "executor": change_set.executor,
        },
        "source_database_changed": false,
        "source_database_mutated": false,
    });
    put(&mut envelope, "summary", change_set.summary.as_ref().map(|text| json!(text)));
    put(&mut envelope, "truncated", notice);
    envelope
}

pub(super) fn proposal_schema(diff: &Json) -> Json {
    object(
        json!({
            "status": { "enum": ["review_required", "shadow_proposal_created"] },
            "action": { "type": "string" },
            "proposal_id": { "type": "string" },
            "proposal_version": { "type": "integer" },
            "proposal_hash": { "type": "string" },
            "proposal_state": { "type": "string" },
            "repeated": { "type": "boolean" },
            "target": object(
                json!({ "type": { "type": "string" }, "id": scalar_schema(), "tenant_id": { "type": "string" } }),
                &[],
            ),
            "diff": diff,
            "evidence_bundle_id": { "type": "string" },
            "evidence_resource": { "type": "string" },
            "proposal_resource": { "type": "string" },
            "replay_resource": { "type": "string" },
            "approval_required": { "const": true },
            "writeback": object(
                json!({
                    "status": { "const": "not_applied" },
                    "mode": { "const": "trusted_worker_required" },
                    "executor": { "type": "string" },
                }),
                &[],
            ),
            "source_database_changed": { "const": false },
            "source_database_mutated": { "const": false },
            "summary": { "type": "string" },
            "truncated": notice_schema(),
        }),
        &["summary", "truncated"],
    )
}

pub(super) fn refusal(refusal: &Refusal) -> Json {
    let Refusal { code, message, hint, handler_code, source_changed } = refusal;
    let mut envelope = json!({
        "ok": false,
        "code": code,
        "error": message,
        "retryable": code.retryable(),
        "source_changed": source_changed,
    });
    put(&mut envelope, "hint", hint.as_ref().map(|text| json!(text)));
    put(&mut envelope, "handler_code", handler_code.as_ref().map(|text| json!(text)));
    envelope
}

pub(super) fn refusal_schema() -> Json {
    object(
        json!({
            "ok": { "const": false },
            "code": { "type": "string" },
            "error": { "type": "string" },
            "retryable": { "type": "boolean" },
            "source_changed": { "enum": ["no", "yes", "unknown"] },
            "hint": { "type": "string" },
            "handler_code": { "type": "string" },
        }),
        &["hint", "handler_code"],
    )
}
