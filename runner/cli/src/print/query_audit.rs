//! Query audits for people: who called what, and what came of it. There is no value of an argument or a row in one.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use synapsor_ledger::FoundAudit;
use synapsor_protocol::{DelegatedTrace, QueryAudit};

use super::document::with;
use super::page::Page;
use super::table::table as laid_out;
use super::{count, inert, markdown, style};

/// The document behind `--json`.
pub(crate) fn document(found: &FoundAudit) -> Json {
    let document = serde_json::to_value(&found.audit).unwrap_or_default();
    with(document, [("proposal_id", json!(found.proposal_id)), ("key", json!(found.key))])
}

/// One line each.
pub(crate) fn table(found: &[FoundAudit]) -> String {
    let row = |found: &FoundAudit| {
        let audit = &found.audit;
        [
            inert::text(audit.audit_id.as_str()),
            audit.at.to_string(),
            inert::text(&audit.capability),
            inert::text(&about(found)),
            answer(found),
            audit.evidence_id.as_ref().map(|id| inert::text(id.as_str())).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    laid_out(["audit", "at", "capability", "row", "answer", "evidence"], &rows)
}

/// One entry.
pub(crate) fn sheet(found: &FoundAudit) -> String {
    let mut text = style::strong(inert::text(found.audit.audit_id.as_str()));
    for (label, value) in facts(found) {
        let _ = write!(text, "\n  {} {}", style::dim(format!("{label:<11}")), inert::text(&value));
    }
    text
}

/// The page of an export.
pub(crate) fn page(found: &FoundAudit) -> String {
    let mut page = Page::titled(format!("Query audit {}", found.audit.audit_id));
    page.facts(&facts(found));
    markdown::written(&page)
}

/// Which row, as far as one was asked for.
pub(crate) fn about(found: &FoundAudit) -> String {
    let table =
        found.audit.table.as_deref().map(|table| table.split_once('.').map_or(table, |(_, name)| name));
    match (table, &found.key, &found.audit.delegated) {
        (Some(table), Some(key), _) => format!("{table} {key}"),
        (Some(table), None, _) => table.to_owned(),
        (None, _, Some(trace)) => format!("of {}", trace.adapter_id),
        (None, _, None) => String::new(),
    }
}

/// What came of the call.
pub(crate) fn answer(found: &FoundAudit) -> String {
    match found.audit.refused {
        Some(code) => style::bad(code),
        None => answered(&found.audit),
    }
}

/// By whom, where it was not this runner, or how many rows.
fn answered(audit: &QueryAudit) -> String {
    match audit.delegated {
        Some(_) => "by the service".to_owned(),
        None => count(usize::try_from(audit.row_count).unwrap_or(usize::MAX), "row"),
    }
}

fn facts(found: &FoundAudit) -> Vec<(&'static str, String)> {
    let audit = &found.audit;
    let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "not known".to_owned());
    let answer = match audit.refused {
        Some(code) => format!("refused with {code}"),
        None => answered(audit),
    };
    let mut facts = vec![
        ("for", format!("{} of tenant {}", known(&audit.principal), known(&audit.tenant))),
        ("through", audit.capability.clone()),
        ("at", audit.at.to_string()),
        ("answer", answer),
    ];
    let optional = [
        ("source", audit.source.clone()),
        ("table", audit.table.clone()),
        ("key", found.key.clone()),
        ("fingerprint", audit.fingerprint.as_ref().map(ToString::to_string)),
        ("evidence", audit.evidence_id.as_ref().map(ToString::to_string)),
        ("proposal", found.proposal_id.as_ref().map(ToString::to_string)),
    ];
    facts.extend(optional.into_iter().filter_map(|(label, value)| Some((label, value?))));
    facts.extend(audit.delegated.iter().flat_map(handed_on));
    facts
}

/// What is kept of a call that a hosted service carried out.
fn handed_on(trace: &DelegatedTrace) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("adapter", trace.adapter_id.clone()),
        ("call", trace.call_id.clone()),
        ("took", format!("{} ms", trace.took_ms)),
        ("arguments", trace.arguments_digest.to_string()),
    ];
    facts.extend(trace.answer_digest.as_ref().map(|digest| ("answered", digest.to_string())));
    facts.extend(trace.service_ids.iter().map(|(name, id)| ("there", format!("{name} {id}"))));
    facts
}
