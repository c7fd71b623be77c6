//! Everything that happened, one line each.

use serde_json::{Value as Json, json};
use synapsor_ledger::Activity;

use super::document::with;
use super::table::table as laid_out;
use super::{evidence, inert, proposal, query_audit, receipt};

/// The document behind `--json`: the record's own, and which kind it is.
pub(crate) fn document(activity: &Activity) -> Json {
    let (kind, record) = match activity {
        Activity::Proposal(found) => ("proposal", proposal::document(found)),
        Activity::Evidence(found) => ("evidence", evidence::document(found)),
        Activity::QueryAudit(found) => ("query_audit", query_audit::document(found)),
        Activity::Receipt(found) => ("receipt", receipt::document(found)),
    };
    with(record, [("kind", json!(kind)), ("at", json!(activity.at())), ("id", json!(activity.id()))])
}

/// One line each.
pub(crate) fn table(activities: &[Activity]) -> String {
    let rows: Vec<_> = activities.iter().map(row).collect();
    laid_out(["at", "what", "record", "capability", "about", "outcome"], &rows)
}

fn row(activity: &Activity) -> [String; 6] {
    let (what, capability, about, outcome) = match activity {
        Activity::Proposal(found) => {
            let change = &found.proposal.change_set;
            let about = format!("{} {}", change.target.table, change.target.key);
            ("proposed", change.capability.clone(), about, proposal::state(found.state))
        }
        Activity::Evidence(found) => {
            let read = &found.evidence;
            ("read", read.capability.clone(), format!("{} {}", read.table, read.key), "kept".to_owned())
        }
        Activity::QueryAudit(found) => {
            ("called", found.audit.capability.clone(), query_audit::about(found), query_audit::answer(found))
        }
        Activity::Receipt(found) => {
            let capability = found.about.capability.clone().unwrap_or_default();
            ("applied", capability, receipt::about(found), receipt::outcome(found.receipt.outcome))
        }
    };
    [
        activity.at().to_string(),
        what.to_owned(),
        inert::text(&activity.id()),
        inert::text(&capability),
        inert::text(&about),
        outcome,
    ]
}
