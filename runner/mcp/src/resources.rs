//! The records a call leaves behind, readable by the principal of the tenant who made it: proposals, evidence, replays.

use rmcp::model::{
    ErrorData, ListResourceTemplatesResult, ReadResourceResult, ResourceContents, ResourceTemplate,
};
use serde_json::{Value as Json, json};
use synapsor_protocol::{Code, Refusal};

use crate::instructions::Kept;

/// Longest resource address worth looking up, in bytes.
pub(crate) const ADDRESS_BYTES_MAX: usize = 512;

const JSON_TYPE: &str = "application/json";

/// The three kinds of address; none where a hosted service keeps the records.
pub(crate) fn templates(kept: Kept) -> ListResourceTemplatesResult {
    if kept == Kept::ByService {
        return ListResourceTemplatesResult::with_all_items(Vec::new());
    }
    let template = |kind: &str, title: &str, description: &str| {
        ResourceTemplate::new(format!("synapsor://{kind}/{{id}}"), kind)
            .with_title(title)
            .with_description(description)
            .with_mime_type(JSON_TYPE)
    };
    ListResourceTemplatesResult::with_all_items(vec![
        template("proposals", "Proposal", "a proposal, where it stands, and what happened to it so far"),
        template("evidence", "Evidence", "what was read for a call"),
        template("replay", "Replay", "everything recorded about a proposal, in order"),
    ])
}

/// Whether an address has the form of a record's; whether there is one behind it is another question.
pub(crate) fn is_record(address: &str) -> bool {
    let rest = address.strip_prefix("synapsor://").and_then(|rest| rest.split_once('/'));
    address.len() <= ADDRESS_BYTES_MAX
        && rest.is_some_and(|(kind, id)| {
            matches!(kind, "proposals" | "evidence" | "replay") && !id.is_empty() && !id.contains('/')
        })
}

pub(crate) fn contents(address: &str, record: &Json) -> ReadResourceResult {
    let text = ResourceContents::text(record.to_string(), address).with_mime_type(JSON_TYPE);
    ReadResourceResult::new(vec![text])
}

/// A resource read has no result to refuse in, so a refusal is a protocol error with its code beside it.
pub(crate) fn error(address: &str, refusal: &Refusal) -> ErrorData {
    let data = Some(json!({
        "uri": address,
        "code": refusal.code,
        "retryable": refusal.code.retryable(),
    }));
    let message = refusal.message.clone();
    match refusal.code {
        // rmcp turns this into `-32602` for 2026-07-28.
        Code::ResourceNotFound => ErrorData::resource_not_found(message, data),
        Code::ResourceIdMissing | Code::InvalidInput => ErrorData::invalid_params(message, data),
        _ => ErrorData::internal_error(message, data),
    }
}
