//! A proposal for people: what would change, of what, under which guard, and who computed it.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use synapsor_ledger::StoredProposal;
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{ChangeSet, ProposalState, Value, words};

use super::{inert, style, table::table};

/// The document behind `--json`.
pub(crate) fn document(stored: &StoredProposal) -> Json {
    let proposal = &stored.proposal;
    let change = &proposal.change_set;
    json!({
        "proposal_id": proposal.proposal_id,
        "state": stored.state,
        "digest": proposal.digest,
        "intact": stored.intact,
        "capability": change.capability,
        "tenant": change.tenant,
        "principal": change.principal,
        "target": format!("{}:{}", change.target.table, change.target.key),
        "diff": diff_document(change),
        "summary": change.summary,
        "logic": change.logic,
        "guard": change.guard,
        "evidence_id": proposal.evidence_id,
        "created_at": proposal.created_at,
        "updated_at": stored.updated_at,
        "proposal": proposal,
    })
}

/// `{column: {before, proposed}}` in plain JSON.
fn diff_document(change: &ChangeSet) -> Json {
    let pair = |(column, proposed): (&String, &Value)| {
        let before = change.before.get(column).map_or(Json::Null, Value::to_plain);
        (column.clone(), json!({ "before": before, "proposed": proposed.to_plain() }))
    };
    Json::Object(change.patch.iter().map(pair).collect())
}

/// The review sheet: everything a person approves, and the digest that names it.
pub(crate) fn sheet(stored: &StoredProposal) -> String {
    let proposal = &stored.proposal;
    let change = &proposal.change_set;
    let mut text = String::new();
    let compared = match proposal.mode {
        ProposalMode::Shadow => style::warn("  for comparison only"),
        ProposalMode::Review => String::new(),
    };
    let _ = writeln!(text, "{}  {}{compared}", style::strong(&proposal.proposal_id), state(stored.state));
    let _ = writeln!(text, "{}", inert::text(&words::request(change)));
    if let Some(summary) = &change.summary {
        let _ = writeln!(text, "  {}", inert::text(summary));
    }
    let _ = writeln!(text, "\n{}\n", indented(&diff(change)));
    let _ = writeln!(text, "  {} {}", style::dim("guard    "), inert::text(&words::guard(&change.guard)));
    let _ = writeln!(text, "  {} {}", style::dim("logic    "), inert::text(&words::logic(&change.logic)));
    let _ = writeln!(text, "  {} {}", style::dim("made at  "), proposal.created_at);
    let _ = writeln!(text, "  {} {}", style::dim("digest   "), proposal.digest);
    if !stored.intact {
        let _ = writeln!(text, "\n{}", style::bad(words::NOT_INTACT));
    }
    text
}

/// Only the changed columns, before and proposed.
pub(crate) fn diff(change: &ChangeSet) -> String {
    let row = |(column, proposed): (&String, &Value)| {
        let before = change.before.get(column).map_or_else(|| "?".to_owned(), inert::value);
        [inert::text(column), style::bad(before), style::good(inert::value(proposed))]
    };
    let rows: Vec<_> = change.patch.iter().map(row).collect();
    table(["column", "before", "proposed"], &rows)
}

/// One line per proposal.
pub(crate) fn list(proposals: &[StoredProposal]) -> String {
    let row = |stored: &StoredProposal| {
        let change = &stored.proposal.change_set;
        let columns: Vec<String> = change.patch.keys().map(|column| inert::text(column)).collect();
        [
            stored.proposal.proposal_id.to_string(),
            state(stored.state),
            inert::text(&change.capability),
            inert::text(&format!("{} {}", change.target.table, change.target.key)),
            columns.join(", "),
            stored.proposal.created_at.to_string(),
        ]
    };
    let rows: Vec<_> = proposals.iter().map(row).collect();
    table(["proposal", "state", "capability", "target", "changes", "made at"], &rows)
}

/// The state's name in its colour.
pub(crate) fn state(state: ProposalState) -> String {
    match state {
        ProposalState::Applied => style::good(state),
        ProposalState::PendingReview | ProposalState::Approved | ProposalState::PendingWorker => {
            style::warn(state)
        }
        _ => style::bad(state),
    }
}

/// Two spaces before every line.
pub(crate) fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
