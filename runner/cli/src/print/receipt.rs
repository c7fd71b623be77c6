//! Receipts for people: how an apply ended, and whether the source changed.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use synapsor_ledger::FoundReceipt;
use synapsor_protocol::{Outcome, Receipt, SourceChanged};

use super::document::with;
use super::table::table as laid_out;
use super::{inert, style};

/// The document behind `--json`.
pub(crate) fn document(found: &FoundReceipt) -> Json {
    let document = serde_json::to_value(&found.receipt).unwrap_or_default();
    with(document, [("digest", json!(found.receipt.digest().ok())), ("about", json!(found.about))])
}

/// One line each.
pub(crate) fn table(found: &[FoundReceipt]) -> String {
    let row = |found: &FoundReceipt| {
        let receipt = &found.receipt;
        [
            inert::text(receipt.receipt_id.as_str()),
            receipt.executed_at.to_string(),
            outcome(receipt.outcome),
            inert::text(&about(found)),
            inert::text(receipt.proposal_id.as_str()),
            inert::text(&receipt.runner_id),
        ]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    laid_out(["receipt", "at", "outcome", "row", "proposal", "runner"], &rows)
}

/// One receipt.
pub(crate) fn sheet(found: &FoundReceipt) -> String {
    let receipt = &found.receipt;
    let mut text =
        format!("{}  {}", style::strong(inert::text(receipt.receipt_id.as_str())), outcome(receipt.outcome));
    let row = format!("{}, tenant {}", about(found), found.about.tenant.as_deref().unwrap_or_default());
    for (label, value) in [("row", row)].into_iter().chain(facts(receipt)) {
        let _ = write!(text, "\n  {} {}", style::dim(format!("{label:<8}")), inert::text(&value));
    }
    text
}

/// The outcome in its colour.
pub(crate) fn outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Applied | Outcome::AlreadyApplied => style::good(outcome),
        Outcome::Unknown => style::warn(outcome),
        Outcome::Conflict | Outcome::Failed => style::bad(outcome),
    }
}

/// Which row.
pub(crate) fn about(found: &FoundReceipt) -> String {
    let part = |value: &Option<String>| value.clone().unwrap_or_default();
    format!("{} {}", part(&found.about.table), part(&found.about.key))
}

/// What a receipt says, label by label.
pub(crate) fn facts(receipt: &Receipt) -> Vec<(&'static str, String)> {
    let changed = match receipt.source_changed {
        SourceChanged::No => "no",
        SourceChanged::Yes => "yes",
        SourceChanged::Unknown => "not known",
    };
    let mut facts = vec![
        ("proposal", receipt.proposal_id.to_string()),
        ("job", receipt.job_id.to_string()),
        ("key", receipt.idempotency_key.clone()),
        ("runner", receipt.runner_id.clone()),
        ("at", receipt.executed_at.to_string()),
        ("changed", changed.to_owned()),
    ];
    if let Some(code) = receipt.code {
        facts.push(("code", code.to_string()));
    }
    if let Some(code) = &receipt.executor_code {
        facts.push(("it says", code.clone()));
    }
    if !receipt.changed_columns.is_empty() {
        facts.push(("differed", receipt.changed_columns.join(", ")));
    }
    if let Ok(digest) = receipt.digest() {
        facts.push(("digest", digest.to_string()));
    }
    facts
}
