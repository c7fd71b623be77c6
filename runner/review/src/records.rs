//! The lists beside the proposals: evidence, query audit, receipts, and everything as one activity; and each record in full.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, Path, State};
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use synapsor_ledger::{Activity, Cursor, FoundAudit, FoundEvidence, FoundReceipt, Listing, redact};
use synapsor_protocol::{EvidenceId, Moment, ProposalId, Refusal};

use crate::denied::Denied;
use crate::export;
use crate::html::{self, Html};
use crate::page::{self, Frame, When};
use crate::sessions::Session;
use crate::site::Site;
use crate::wanted::{Field, Wanted};

/// What every list of records shows of one.
const HEADERS: [&str; 6] = ["when", "record", "what", "capability", "about", "who"];

/// One record, in plain text.
struct Record {
    at: Moment,
    id: String,
    /// Where it is shown in full.
    path: String,
    what: String,
    capability: String,
    table: String,
    key: String,
    who: String,
    proposal: Option<ProposalId>,
}

struct Row {
    at: When,
    id: Html,
    path: String,
    what: Html,
    capability: Html,
    table: Html,
    key: Html,
    who: Html,
    proposal: Option<String>,
}

#[derive(Template)]
#[template(path = "records.html")]
struct List {
    frame: Frame,
    lead: &'static str,
    path: &'static str,
    fields: Vec<Field>,
    rows: Vec<Row>,
    next: Option<String>,
    json: String,
    csv: String,
    filtered: bool,
}

#[derive(Template)]
#[template(path = "record.html")]
struct Document {
    frame: Frame,
    up: &'static str,
    up_name: &'static str,
    id: Html,
    document: Html,
}

/// One of the lists.
struct Kind {
    name: &'static str,
    path: &'static str,
    lead: &'static str,
}

const EVIDENCE: Kind = Kind {
    name: "Evidence",
    path: "/evidence",
    lead: "What was read for each call, kept beside what came of it.",
};
const AUDIT: Kind = Kind {
    name: "Query audit",
    path: "/audit",
    lead: "Every query and every refused call: who, which capability, what came of it; never a value.",
};
const RECEIPTS: Kind = Kind { name: "Receipts", path: "/receipts", lead: "How each apply ended, sealed." };
const ACTIVITY: Kind = Kind {
    name: "Activity",
    path: "/activity",
    lead: "Everything that happened: proposals, reads, refused calls and applies.",
};

/// `GET /evidence`.
pub(crate) async fn evidence(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    uri: Uri,
) -> Result<Response, Denied> {
    let wanted = Wanted::of(&uri)?;
    let found = site.ledger.find_evidence(&wanted.filter, &wanted.page).await;
    show(&site, &session, &EVIDENCE, &wanted, found.map_err(|error| error.refusal())?, of_evidence)
}

/// `GET /audit`.
pub(crate) async fn audit(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    uri: Uri,
) -> Result<Response, Denied> {
    let wanted = Wanted::of(&uri)?;
    let found = site.ledger.find_audits(&wanted.filter, &wanted.page).await;
    show(&site, &session, &AUDIT, &wanted, found.map_err(|error| error.refusal())?, of_audit)
}

/// `GET /receipts`.
pub(crate) async fn receipts(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    uri: Uri,
) -> Result<Response, Denied> {
    let wanted = Wanted::of(&uri)?;
    let found = site.ledger.find_receipts(&wanted.filter, &wanted.page).await;
    show(&site, &session, &RECEIPTS, &wanted, found.map_err(|error| error.refusal())?, of_receipt)
}

/// `GET /activity`.
pub(crate) async fn activity(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    uri: Uri,
) -> Result<Response, Denied> {
    let wanted = Wanted::of(&uri)?;
    let found = site.ledger.find_activity(&wanted.filter, &wanted.page).await;
    show(&site, &session, &ACTIVITY, &wanted, found.map_err(|error| error.refusal())?, of_activity)
}

fn show<T>(
    site: &Site,
    session: &Session,
    kind: &Kind,
    wanted: &Wanted,
    found: Listing<T>,
    record: fn(T) -> Record,
) -> Result<Response, Denied> {
    let next = found.next.as_ref().map(Cursor::to_string);
    let records = found.items.into_iter().map(record);
    if let Some(how) = wanted.export {
        let rows: Vec<_> = records.map(plain).collect();
        return export::file(how, &HEADERS, &rows, next.as_deref());
    }
    page::shown(&List {
        frame: Frame::new(site, session, kind.name, kind.path),
        lead: kind.lead,
        path: kind.path,
        fields: wanted.fields(),
        rows: records.map(row).collect(),
        next: next.map(|next| wanted.query(&[("after", &next)])),
        json: wanted.query(&[("export", "json")]),
        csv: wanted.query(&[("export", "csv")]),
        filtered: wanted.is_filtered(),
    })
}

fn plain(record: Record) -> Vec<String> {
    let Record { at, id, what, capability, table, key, who, .. } = record;
    vec![at.to_string(), id, what, capability, format!("{table} {key}"), who]
}

fn row(record: Record) -> Row {
    Row {
        at: record.at.into(),
        id: html::line(&record.id),
        path: record.path,
        what: html::line(&record.what),
        capability: html::line(&record.capability),
        table: html::line(&record.table),
        key: html::line(&record.key),
        who: html::line(&record.who),
        proposal: record.proposal.map(|id| format!("/proposals/{id}")),
    }
}

fn of_evidence(found: FoundEvidence) -> Record {
    let FoundEvidence { evidence, proposal_id } = found;
    Record {
        at: evidence.received_at,
        path: format!("/evidence/{}", evidence.evidence_id),
        id: evidence.evidence_id.to_string(),
        what: match &proposal_id {
            Some(_) => "read for a proposal".to_owned(),
            None => "read".to_owned(),
        },
        key: evidence.key.to_string(),
        table: evidence.table,
        who: format!("{} of {}", evidence.principal, evidence.tenant),
        capability: evidence.capability,
        proposal: proposal_id,
    }
}

fn of_audit(found: FoundAudit) -> Record {
    let FoundAudit { audit, proposal_id, key } = found;
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    Record {
        at: audit.at,
        path: format!("/audit/{}", audit.audit_id),
        id: audit.audit_id.to_string(),
        what: match audit.refused {
            Some(code) => format!("refused, {code}"),
            None if audit.row_count == 1 => "1 row".to_owned(),
            None => format!("{} rows", audit.row_count),
        },
        who: format!("{} of {}", known(&audit.principal), known(&audit.tenant)),
        table: audit.table.unwrap_or_default(),
        key: key.unwrap_or_default(),
        capability: audit.capability,
        proposal: proposal_id,
    }
}

fn of_receipt(found: FoundReceipt) -> Record {
    let FoundReceipt { receipt, about } = found;
    let code = receipt.code.map(|code| format!(", {code}")).unwrap_or_default();
    let own = receipt.executor_code.as_deref().map(|code| format!(", {code}")).unwrap_or_default();
    Record {
        at: receipt.executed_at,
        path: format!("/receipts/{}", receipt.receipt_id),
        id: receipt.receipt_id.to_string(),
        what: format!("{}{code}{own}", receipt.outcome.as_str().replace('_', " ")),
        capability: about.capability.unwrap_or_default(),
        table: about.table.unwrap_or_default(),
        key: about.key.unwrap_or_default(),
        who: receipt.runner_id,
        proposal: Some(receipt.proposal_id),
    }
}

fn of_activity(activity: Activity) -> Record {
    match activity {
        Activity::Evidence(found) => of_evidence(found),
        Activity::QueryAudit(found) => of_audit(found),
        Activity::Receipt(found) => of_receipt(found),
        Activity::Proposal(stored) => {
            let change = stored.proposal.change_set;
            Record {
                at: stored.proposal.created_at,
                path: format!("/proposals/{}", stored.proposal.proposal_id),
                id: stored.proposal.proposal_id.to_string(),
                what: format!("proposal, {}", stored.state.as_str().replace('_', " ")),
                capability: change.capability,
                key: change.target.key.to_string(),
                table: change.target.table,
                who: format!("{} of {}", change.principal, change.tenant),
                proposal: Some(stored.proposal.proposal_id),
            }
        }
    }
}

/// `GET /evidence/{id}`.
pub(crate) async fn one_evidence(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, Denied> {
    let found = site.ledger.evidence_record(&EvidenceId::from_stored(&id)).await;
    document(&site, &session, &EVIDENCE, &id, &found.map_err(|error| error.refusal())?)
}

/// `GET /audit/{id}`.
pub(crate) async fn one_audit(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, Denied> {
    let found = site.ledger.audit_record(&id).await;
    document(&site, &session, &AUDIT, &id, &found.map_err(|error| error.refusal())?)
}

/// `GET /receipts/{id}`.
pub(crate) async fn one_receipt(
    State(site): State<Arc<Site>>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, Denied> {
    let found = site.ledger.receipt_record(&id).await;
    document(&site, &session, &RECEIPTS, &id, &found.map_err(|error| error.refusal())?)
}

fn document(
    site: &Site,
    session: &Session,
    kind: &Kind,
    id: &str,
    record: &impl Serialize,
) -> Result<Response, Denied> {
    let mut document = serde_json::to_value(record).map_err(Refusal::bug)?;
    redact(&mut document);
    let text = serde_json::to_string_pretty(&document).map_err(Refusal::bug)?;
    page::shown(&Document {
        frame: Frame::new(site, session, id, kind.path),
        up: kind.path,
        up_name: kind.name,
        id: html::line(id),
        document: html::laid(&text),
    })
}
