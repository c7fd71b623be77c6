//! The published second form: one outline for reads, proposals and refusals, with a sentence for the model first.
//!
//! Two departures from the published runner, both on purpose: a refusal also sets `isError` (the caller does that), and
//! `error` carries the exact code as `reason` beside the published coarse one.

use serde_json::{Value as Json, json};
use synapsor_invocation::{ProposalAnswer, ReadAnswer};
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{Code, Kind, Refusal, TrustedContext};

use super::shown::notice_schema;
use super::{Shown, evidence_address, object, proposal_address, put};

/// What a coarse error code may be. `APPROVAL_REQUIRED` is published and never produced: no tool here needs approval.
const ERROR_CODES: [&str; 6] = [
    "NOT_FOUND_IN_TENANT",
    "INVALID_ARGUMENT",
    "POLICY_VIOLATION",
    "CAPABILITY_NOT_FOUND",
    "TEMPORARILY_UNAVAILABLE",
    "INTERNAL",
];

const EVIDENCE_NOTE: &str = "an audit handle for people; no argument of any tool";

pub(super) const NEXT: &str = "tell the user that this proposal waits for a person, who approves or rejects it outside this \
                    conversation; nothing changes until then, and no tool can approve it";

const NEXT_SHADOW: &str = "recorded for comparison only; it is never applied";

pub(super) fn read(answer: &ReadAnswer, value_bytes_max: usize) -> Json {
    let ReadAnswer { capability, mode: _, table, key, data, context, evidence_id } = answer;
    let shown = Shown::row(data, value_bytes_max);
    let notice = shown.notice(&evidence_address(evidence_id));
    let mut envelope = json!({
        "ok": true,
        "summary": format!("read `{table}` `{key}`"),
        "action": capability,
        "kind": "read",
        "data": shown.columns,
        "evidence": { "bundle_id": evidence_id, "note": EVIDENCE_NOTE },
        "source_database_changed": false,
        "_meta": trusted(capability, context),
    });
    put(&mut envelope, "truncated", notice);
    envelope
}

pub(super) fn read_schema(data: &Json) -> Json {
    object(
        json!({
            "ok": { "const": true },
            "summary": { "type": "string" },
            "action": { "type": "string" },
            "kind": { "const": "read" },
            "data": data,
            "evidence": evidence_schema(),
            "source_database_changed": { "const": false },
            "_meta": trusted_schema(),
            "truncated": notice_schema(),
        }),
        &["truncated"],
    )
}

pub(super) fn proposal(answer: &ProposalAnswer, value_bytes_max: usize) -> Json {
    let ProposalAnswer { capability, proposal, diff, state, repeated, context } = answer;
    let change_set = &proposal.change_set;
    let target = format!("{}:{}", change_set.target.table, change_set.target.key);
    let shown = Shown::diff(diff, value_bytes_max);
    let notice = shown.notice(&proposal_address(&proposal.proposal_id));
    let account = change_set.summary.clone().unwrap_or_else(|| match repeated {
        true => format!("an equal proposal for `{target}` was waiting already"),
        false => format!("proposed a change of `{target}`"),
    });
    let mut envelope = json!({
        "ok": true,
        "summary": account,
        "action": capability,
        "kind": "proposal",
        "proposal": {
            "id": proposal.proposal_id,
            "state": state,
            "repeated": repeated,
            "target": target,
            "diff": shown.columns,
            "approval_required": true,
            "writeback": {
                "mode": if change_set.app_executor().is_none() { "direct_update" } else { "app_handler" },
                "applied": false,
            },
            "next": match proposal.mode {
                ProposalMode::Review => NEXT,
                ProposalMode::Shadow => NEXT_SHADOW,
            },
        },
        "evidence": { "bundle_id": proposal.evidence_id, "note": EVIDENCE_NOTE },
        "source_database_changed": false,
        "_meta": trusted(capability, context),
    });
    put(&mut envelope, "truncated", notice);
    envelope
}

pub(super) fn proposal_schema(diff: &Json) -> Json {
    let proposal = object(
        json!({
            "id": { "type": "string" },
            "state": { "type": "string" },
            "repeated": { "type": "boolean" },
            "target": { "type": "string" },
            "diff": diff,
            "approval_required": { "const": true },
            "writeback": object(
                json!({
                    "mode": { "enum": ["direct_update", "app_handler"] },
                    "applied": { "const": false },
                }),
                &[],
            ),
            "next": { "type": "string" },
        }),
        &[],
    );
    object(
        json!({
            "ok": { "const": true },
            "summary": { "type": "string" },
            "action": { "type": "string" },
            "kind": { "const": "proposal" },
            "proposal": proposal,
            "evidence": evidence_schema(),
            "source_database_changed": { "const": false },
            "_meta": trusted_schema(),
            "truncated": notice_schema(),
        }),
        &["truncated"],
    )
}

pub(super) fn refusal(capability: &str, refusal: &Refusal) -> Json {
    let Refusal { code, message, hint, handler_code, source_changed } = refusal;
    let mut error = json!({
        "code": coarse(*code),
        "reason": code,
        "message": message,
        "retryable": code.retryable(),
        "source_changed": source_changed,
    });
    put(&mut error, "hint", hint.as_ref().map(|text| json!(text)));
    put(&mut error, "handler_code", handler_code.as_ref().map(|text| json!(text)));
    json!({
        "ok": false,
        "summary": message,
        "action": capability,
        "error": error,
        "_meta": { "canonical_capability": capability },
    })
}

pub(super) fn refusal_schema() -> Json {
    let error = object(
        json!({
            "code": { "enum": ERROR_CODES },
            "reason": { "type": "string" },
            "message": { "type": "string" },
            "retryable": { "type": "boolean" },
            "source_changed": { "enum": ["no", "yes", "unknown"] },
            "hint": { "type": "string" },
            "handler_code": { "type": "string" },
        }),
        &["hint", "handler_code"],
    );
    object(
        json!({
            "ok": { "const": false },
            "summary": { "type": "string" },
            "action": { "type": "string" },
            "error": error,
            "_meta": trusted_schema(),
        }),
        &[],
    )
}

/// The published coarse code.
fn coarse(code: Code) -> &'static str {
    match code {
        Code::RowNotFound | Code::RowNotUnique | Code::ResourceNotFound => "NOT_FOUND_IN_TENANT",
        Code::McpToolNotFound => "CAPABILITY_NOT_FOUND",
        Code::ArgumentRequired
        | Code::ArgumentUnknown
        | Code::ArgumentTypeInvalid
        | Code::ArgumentTooLong
        | Code::ArgumentBelowMinimum
        | Code::ArgumentAboveMaximum
        | Code::ArgumentNotAllowed
        | Code::InvalidInput => "INVALID_ARGUMENT",
        other if other.retryable() => "TEMPORARILY_UNAVAILABLE",
        other if other.kind() == Kind::Refusal => "POLICY_VIOLATION",
        _ => "INTERNAL",
    }
}

fn trusted(capability: &str, context: &TrustedContext) -> Json {
    json!({
        "tenant_id": context.tenant(),
        "principal": context.principal(),
        "provenance": context.provenance(),
        "canonical_capability": capability,
    })
}

/// One schema for answers and refusals, so that a tool's own schema says it once. A refusal may come before the context
/// is known.
fn trusted_schema() -> Json {
    object(
        json!({
            "tenant_id": { "type": "string" },
            "principal": { "type": "string" },
            "provenance": { "type": "string" },
            "canonical_capability": { "type": "string" },
        }),
        &["tenant_id", "principal", "provenance"],
    )
}

fn evidence_schema() -> Json {
    object(json!({ "bundle_id": { "type": "string" }, "note": { "type": "string" } }), &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_published_coarse_code() {
        for code in Code::ALL {
            assert!(ERROR_CODES.contains(&coarse(*code)), "{code}");
            assert_eq!(
                coarse(*code) == "INTERNAL",
                code.kind() != Kind::Refusal && !code.retryable(),
                "{code}"
            );
        }
    }
}
