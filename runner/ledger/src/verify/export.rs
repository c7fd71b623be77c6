//! An exported document by itself: whether its records are the ones its events vouch for.
//!
//! What it proves: nothing in the file was changed after it was exported, unless its events were made up too. Those stand in
//! the ledger's chain by their digests.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use synapsor_protocol::{
    Decision, Digest, Event, EventKind, EvidenceBundle, HumanAction, Proposal, QueryAudit, Receipt, Verdict,
};

use crate::documents::Sealed;
use crate::error::Error;
use crate::report::{Misfit, MisfitKind};

/// What was found in an exported document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// Events that are what their digests say.
    pub events: u64,
    /// Records those events vouch for.
    pub records: u64,
    /// The digests of the events, or of what was read where there are none, to look for in the ledger.
    pub digests: Vec<String>,
    /// The first thing that does not fit.
    pub misfit: Option<Misfit>,
}

/// Where an export keeps a record of each kind: one, or a list.
const EVIDENCE: &[&str] = &["evidence"];
const AUDITS: &[&str] = &["audits", "query_audit", "audit"];
const DECISIONS: &[&str] = &["decisions", "approvals"];
const RECEIPTS: &[&str] = &["receipts", "receipt"];
const ACTIONS: &[&str] = &["human_actions"];

/// Where a report keeps what would each be an export of its own.
const REPORTED: &[&str] = &["stories", "reads", "refused_calls"];

/// Checks an exported document.
///
/// # Errors
/// When the text is no such document, or holds no events that anything could be held against.
pub fn verify_export(text: &str) -> Result<ExportReport, Error> {
    let document: Json = serde_json::from_str(text).map_err(|_| not_an_export("it is not JSON"))?;
    if REPORTED.iter().any(|name| document.get(name).is_some()) {
        return parts(REPORTED.iter().filter_map(|name| document.get(name)));
    }
    document_alone(&document)
}

/// One story, or one record with its digest.
fn document_alone(document: &Json) -> Result<ExportReport, Error> {
    let events: Vec<Event> = listed(document, &["events", "event"])
        .map(|event| serde_json::from_value(event.clone()))
        .collect::<Result<_, _>>()
        .map_err(|_| not_an_export("an event in it does not read back"))?;
    if events.is_empty() {
        return sealed_alone(document);
    }
    let mut report = ExportReport { events: 0, records: 0, digests: vec![], misfit: None };
    report.misfit = check(document, &events, &mut report).err();
    Ok(report)
}

/// Every part of a report, as if it were exported by itself; up to the first in which something does not fit.
fn parts<'d>(lists: impl Iterator<Item = &'d Json>) -> Result<ExportReport, Error> {
    let mut whole = ExportReport { events: 0, records: 0, digests: vec![], misfit: None };
    for part in lists.filter_map(Json::as_array).flatten() {
        let report = document_alone(part)?;
        whole.events += report.events;
        whole.records += report.records;
        whole.digests.extend(report.digests);
        whole.misfit = report.misfit;
        if whole.misfit.is_some() {
            break;
        }
    }
    Ok(whole)
}

/// What was read, or the audit of a call, exported with its digest and without the event that carries it.
fn sealed_alone(document: &Json) -> Result<ExportReport, Error> {
    let record = |name: &str| document.get(name).filter(|found| found.is_object());
    let seal = document.get("digest").and_then(Json::as_str);
    let found = match (seal, record("evidence"), record("query_audit")) {
        (Some(seal), Some(stored), None) => {
            is_sealed::<EvidenceBundle>(stored, seal, |found| found.evidence_id.to_string())
        }
        (Some(seal), None, Some(stored)) => {
            is_sealed::<QueryAudit>(stored, seal, |found| found.audit_id.to_string())
        }
        _ => return Err(not_an_export("it holds no events, so nothing in it can be proved")),
    };
    let digests = seal.map(str::to_owned).into_iter().collect();
    Ok(ExportReport { events: 0, records: u64::from(found.is_ok()), digests, misfit: found.err() })
}

/// The record is what its digest says.
fn is_sealed<T: Sealed>(stored: &Json, seal: &str, name: impl Fn(&T) -> String) -> Result<(), Misfit> {
    let found: T = parsed(stored, T::NAME)?;
    let holds = found.seal().is_ok_and(|digest| digest.as_str() == seal);
    fits(holds, format!("{} `{}`", T::NAME, name(&found)))
}

fn check(document: &Json, events: &[Event], report: &mut ExportReport) -> Result<(), Misfit> {
    for event in events {
        if !event.recompute_digest().is_ok_and(|digest| digest == event.digest) {
            return Err(at(MisfitKind::EventEdited, event.seq));
        }
        report.events += 1;
        report.digests.push(event.digest.to_string());
    }
    for (event, next) in events.iter().zip(events.iter().skip(1)) {
        let adjacent = next.seq == event.seq + 1;
        if next.seq <= event.seq || (adjacent && next.previous_digest != event.digest) {
            return Err(at(MisfitKind::EventOutOfPlace, next.seq));
        }
    }
    let vouched: BTreeSet<&str> = events.iter().flat_map(digests).collect();
    let proposals = listed(document, &["proposal"]).map(|stored| stored.get("proposal").unwrap_or(stored));
    for stored in proposals {
        let proposal: Proposal = parsed(stored, "proposal")?;
        let named = format!("proposal `{}`", proposal.proposal_id);
        let sealed = proposal.recompute_digest().is_ok_and(|digest| digest == proposal.digest);
        fits(sealed && is_made(events, &proposal), named)?;
        report.records += 1;
    }
    records::<EvidenceBundle>(document, EVIDENCE, &vouched, report, |found| found.evidence_id.to_string())?;
    records::<QueryAudit>(document, AUDITS, &vouched, report, |found| found.audit_id.to_string())?;
    records::<Decision>(document, DECISIONS, &vouched, report, |found| {
        let verdict = if found.verdict == Verdict::Approved { "yes" } else { "no" };
        format!("{verdict} to {}", found.proposal_id)
    })?;
    records::<Receipt>(document, RECEIPTS, &vouched, report, |found| found.receipt_id.to_string())?;
    records::<HumanAction>(document, ACTIONS, &vouched, report, |found| {
        format!("about {}", found.proposal_id)
    })
}

/// Every record of a kind is one whose digest an event carries.
fn records<T: Sealed>(
    document: &Json,
    places: &[&str],
    vouched: &BTreeSet<&str>,
    report: &mut ExportReport,
    name: impl Fn(&T) -> String,
) -> Result<(), Misfit> {
    for stored in listed(document, places) {
        let found: T = parsed(stored, T::NAME)?;
        let seal = found.seal().map(|digest: Digest| digest.to_string());
        fits(
            seal.is_ok_and(|seal| vouched.contains(seal.as_str())),
            format!("{} `{}`", T::NAME, name(&found)),
        )?;
        report.records += 1;
    }
    Ok(())
}

/// The event of the proposal's making carries its seal.
fn is_made(events: &[Event], proposal: &Proposal) -> bool {
    events.iter().any(|event| {
        event.kind == EventKind::ProposalCreated
            && event.proposal_id.as_ref() == Some(&proposal.proposal_id)
            && event.payload.get("proposal_digest").and_then(Json::as_str) == Some(proposal.digest.as_str())
    })
}

/// The digests of records an event carries.
fn digests(event: &Event) -> impl Iterator<Item = &str> {
    ["evidence_digest", "audit_digest", "decision_digest", "receipt_digest", "action_digest"]
        .into_iter()
        .filter_map(|name| event.payload.get(name)?.as_str())
}

/// What stands under the first of these names that is there: the items of a list, or the one thing.
fn listed<'d>(document: &'d Json, names: &[&str]) -> impl Iterator<Item = &'d Json> {
    let found = names.iter().find_map(|name| document.get(name)).filter(|found| !found.is_null());
    let items: Vec<&Json> = match found {
        Some(Json::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => vec![],
    };
    items.into_iter()
}

fn parsed<T: DeserializeOwned>(stored: &Json, kind: &str) -> Result<T, Misfit> {
    serde_json::from_value(stored.clone()).map_err(|_| Misfit {
        kind: MisfitKind::RecordEdited,
        seq: None,
        record: Some(format!("a record of kind `{kind}`")),
    })
}

fn fits(holds: bool, record: String) -> Result<(), Misfit> {
    if holds {
        Ok(())
    } else {
        Err(Misfit { kind: MisfitKind::RecordEdited, seq: None, record: Some(record) })
    }
}

fn at(kind: MisfitKind, seq: i64) -> Misfit {
    Misfit { kind, seq: Some(seq), record: None }
}

fn not_an_export(why: &'static str) -> Error {
    Error::NotAnExport { why }
}
