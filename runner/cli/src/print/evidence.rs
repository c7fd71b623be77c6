//! Evidence for people: who asked for what, and what the row held then.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use synapsor_ledger::FoundEvidence;
use synapsor_protocol::evidence::RecordedRead;
use synapsor_protocol::{Columns, EvidenceBundle};

use super::page::Page;
use super::table::table as laid_out;
use super::{inert, markdown, proposal, style, usage};

/// The document behind `--json`.
pub(crate) fn document(found: &FoundEvidence) -> Json {
    let evidence = &found.evidence;
    json!({
        "evidence_id": evidence.evidence_id,
        "digest": evidence.digest().ok(),
        "proposal_id": found.proposal_id,
        "evidence": evidence,
        "handler": usage::document(evidence),
    })
}

/// One line each.
pub(crate) fn table(found: &[FoundEvidence]) -> String {
    let row = |found: &FoundEvidence| {
        let evidence = &found.evidence;
        [
            inert::text(evidence.evidence_id.as_str()),
            evidence.received_at.to_string(),
            inert::text(&evidence.capability),
            inert::text(&format!("{} {}", evidence.table, evidence.key)),
            inert::text(&evidence.tenant),
            found.proposal_id.as_ref().map(|id| inert::text(id.as_str())).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    laid_out(["evidence", "read at", "capability", "row", "tenant", "proposal"], &rows)
}

/// Everything that was captured.
pub(crate) fn sheet(found: &FoundEvidence) -> String {
    let evidence = &found.evidence;
    let mut text = style::strong(inert::text(evidence.evidence_id.as_str()));
    for (label, value) in facts(found) {
        let _ = write!(text, "\n  {} {}", style::dim(format!("{label:<9}")), inert::text(&value));
    }
    let _ = write!(text, "\n\n{}", proposal::indented(&columns("captured", &evidence.row)));
    if !evidence.redacted.is_empty() {
        let rows: Vec<_> =
            evidence.redacted.iter().map(|(name, stands)| [inert::text(name), stands.to_string()]).collect();
        let _ = write!(text, "\n\n{}", proposal::indented(&laid_out(["redacted", "kept as"], &rows)));
    }
    if !evidence.arguments.is_empty() {
        let _ = write!(text, "\n\n{}", proposal::indented(&columns("argument", &evidence.arguments)));
    }
    for read in &evidence.reads {
        let _ = write!(text, "\n\n  {} {}", style::dim("handler read"), inert::text(&read_line(read)));
    }
    for line in &evidence.log {
        let _ = write!(text, "\n  {} {}", style::dim("handler said"), inert::text(line));
    }
    let used = usage::line(evidence);
    if !used.is_empty() {
        let _ = write!(text, "\n\n{used}");
    }
    text
}

/// The page of an export.
pub(crate) fn page(found: &FoundEvidence) -> String {
    let mut page = Page::titled(format!("Evidence {}", found.evidence.evidence_id));
    page.facts(&facts(found));
    section(&mut page, &found.evidence);
    markdown::written(&page)
}

/// What was captured, on a page of its own or of a replay.
pub(crate) fn section(page: &mut Page, evidence: &EvidenceBundle) {
    page.heading("Captured row");
    captured(page, evidence);
    page.heading("Arguments");
    page.table(&["argument", "value"], pairs(&evidence.arguments));
    if !evidence.reads.is_empty() {
        page.heading("Handler reads");
        page.table(&["read"], evidence.reads.iter().map(|read| vec![read_line(read)]).collect());
    }
}

/// The row as it was kept: its columns, and what stands for those that are redacted.
pub(crate) fn captured(page: &mut Page, evidence: &EvidenceBundle) {
    page.table(&["column", "value"], pairs(&evidence.row));
    if !evidence.redacted.is_empty() {
        let kept = evidence.redacted.iter().map(|(name, stands)| vec![name.clone(), stands.to_string()]);
        page.table(&["redacted column", "kept as"], kept.collect());
    }
}

/// Who asked for what, label by label.
pub(crate) fn facts(found: &FoundEvidence) -> Vec<(&'static str, String)> {
    let evidence = &found.evidence;
    let mut facts = vec![
        ("for", format!("{} of tenant {}", evidence.principal, evidence.tenant)),
        ("through", evidence.capability.clone()),
        ("read", format!("{} {} of {}", evidence.table, evidence.key, evidence.source)),
        ("at", evidence.received_at.to_string()),
    ];
    if let Ok(digest) = evidence.digest() {
        facts.push(("digest", digest.to_string()));
    }
    facts.push(match &found.proposal_id {
        Some(id) => ("led to", format!("proposal {id}")),
        None => ("led to", "no proposal".to_owned()),
    });
    facts
}

fn columns(header: &'static str, columns: &Columns) -> String {
    let rows: Vec<_> = columns.iter().map(|(name, value)| [inert::text(name), inert::value(value)]).collect();
    laid_out([header, "value"], &rows)
}

/// Names and values of columns, for a page's table.
pub(crate) fn pairs(columns: &Columns) -> Vec<Vec<String>> {
    columns.iter().map(|(name, value)| vec![name.clone(), value.to_string()]).collect()
}

fn read_line(read: &RecordedRead) -> String {
    match read {
        RecordedRead::Get { read, key, row } => {
            format!("{read} {key}: {}", if row.is_some() { "one row" } else { "no row" })
        }
        RecordedRead::Find { read, rows, .. } => {
            format!("{read}: {}", super::count(rows.len(), "row"))
        }
    }
}
