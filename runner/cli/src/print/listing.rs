//! A page of a list: a document that says where the next page starts, and a table.

use serde_json::{Map, Value as Json, json};
use synapsor_ledger::Listing;

use super::{Report, style};

/// A kind of list.
pub(crate) struct Kind {
    /// The records' field in the document.
    field: &'static str,
    /// The document's schema version.
    schema: &'static str,
    /// What is said where nothing matches.
    empty: &'static str,
}

pub(crate) const PROPOSALS: Kind = Kind {
    field: "proposals",
    schema: "synapsor.proposal-list.v1",
    empty: "no proposals match; `synapsor propose`, or a client of `synapsor mcp serve`, makes them",
};
pub(crate) const REPLAYS: Kind =
    Kind { field: "replays", schema: "synapsor.replay-list.v1", empty: "no replays match" };
pub(crate) const EVIDENCE: Kind =
    Kind { field: "evidence", schema: "synapsor.evidence-list.v1", empty: "no evidence matches" };
pub(crate) const QUERY_AUDIT: Kind =
    Kind { field: "query_audit", schema: "synapsor.query-audit-list.v1", empty: "no query audits match" };
pub(crate) const RECEIPTS: Kind =
    Kind { field: "receipts", schema: "synapsor.receipt-list.v1", empty: "no receipts match" };
pub(crate) const ACTIVITY: Kind =
    Kind { field: "activity", schema: "synapsor.activity-list.v1", empty: "nothing matches" };
pub(crate) const SHADOWS: Kind = Kind {
    field: "shadow_proposals",
    schema: "synapsor.shadow-list.v1",
    empty: "no shadow proposals match; `mode: shadow` in the config makes them",
};
pub(crate) const EVENTS: Kind =
    Kind { field: "events", schema: "synapsor.event-list.v1", empty: "no events match" };

/// One page.
pub(crate) fn report<T>(
    kind: &Kind,
    found: &Listing<T>,
    document: impl Fn(&T) -> Json,
    table: impl Fn(&[T]) -> String,
) -> Report {
    let mut report = whole(kind, &found.items, document, table);
    let next = found.next.as_ref().map(ToString::to_string);
    if let Some(next) = &next {
        report.text.push_str(&format!("\n\n{} --cursor {next}", style::dim("more:")));
    }
    report.json = super::document::with(report.json, [("next_cursor", json!(next))]);
    report
}

/// A list that has no pages.
pub(crate) fn whole<T>(
    kind: &Kind,
    items: &[T],
    document: impl Fn(&T) -> Json,
    table: impl Fn(&[T]) -> String,
) -> Report {
    let mut fields = Map::new();
    fields.insert("schema_version".into(), json!(kind.schema));
    fields.insert(kind.field.into(), items.iter().map(document).collect());
    let text = if items.is_empty() { kind.empty.to_owned() } else { table(items) };
    Report::done(Json::Object(fields), text)
}
