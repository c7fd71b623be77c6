//! The documents beside the chain: evidence, audits, decisions, receipts, what people did and what candidates answered, each
//! stored once and sealed by a digest.
//!
//! Under the number of its event stand an audit in `query_audit`, and in `evidence` what the event is about: of a call what
//! was read, of a person's action what was done, of a candidate's run what it answered. An event is one of these alone, and
//! its kind says which.

use serde::Serialize;
use serde::de::DeserializeOwned;
use synapsor_protocol::candidate::CANDIDATE_RUN_SCHEMA;
use synapsor_protocol::evidence::{EVIDENCE_SCHEMA, QUERY_AUDIT_SCHEMA};
use synapsor_protocol::receipt::RECEIPT_SCHEMA;
use synapsor_protocol::shadow::HUMAN_ACTION_SCHEMA;
use synapsor_protocol::{
    CandidateRun, Decision, Digest, EventKind, EvidenceBundle, EvidenceId, HumanAction, ProposalId,
    QueryAudit, Receipt, Verdict,
};

use crate::chain::{canonical_text, no_canonical_form};
use crate::error::Error;
use crate::link::Payload;
use crate::search;
use crate::statements::{Cell, Row, Statements, cells};

/// Domain tag of a decision's digest.
const DECISION_SCHEMA: &str = "synapsor.decision.v2";

/// A document the chain vouches for.
pub(crate) trait Sealed: Serialize + DeserializeOwned {
    /// What it is called in messages.
    const NAME: &'static str;

    /// Domain tag of its digest, which is over the stored text.
    const DOMAIN: &'static str;

    /// The digest its event carries.
    fn seal(&self) -> Result<Digest, Error> {
        Digest::of(Self::DOMAIN, self).map_err(no_canonical_form)
    }
}

impl Sealed for EvidenceBundle {
    const NAME: &'static str = "evidence";
    const DOMAIN: &'static str = EVIDENCE_SCHEMA;
}

impl Sealed for QueryAudit {
    const NAME: &'static str = "query audit";
    const DOMAIN: &'static str = QUERY_AUDIT_SCHEMA;
}

impl Sealed for Decision {
    const NAME: &'static str = "decision";
    const DOMAIN: &'static str = DECISION_SCHEMA;
}

impl Sealed for Receipt {
    const NAME: &'static str = "receipt";
    const DOMAIN: &'static str = RECEIPT_SCHEMA;
}

impl Sealed for HumanAction {
    const NAME: &'static str = "human action";
    const DOMAIN: &'static str = HUMAN_ACTION_SCHEMA;
}

impl Sealed for CandidateRun {
    const NAME: &'static str = "candidate run";
    const DOMAIN: &'static str = CANDIDATE_RUN_SCHEMA;
}

/// A document as it is stored: its canonical text, and the digest over exactly that text.
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) seal: Digest,
}

impl Written {
    pub(crate) fn of<T: Sealed>(document: &T) -> Result<Self, Error> {
        let text = canonical_text(document)?;
        let seal = Digest::of_canonical(T::DOMAIN, &text);
        Ok(Self { text, seal })
    }
}

/// Stores what an event is about under it: evidence, a person's action, or a candidate's run.
pub(crate) fn insert_evidence(conn: &dyn Statements, seq: i64, written: &Written) -> Result<(), Error> {
    execute(conn, "INSERT INTO evidence (seq, document) VALUES (?1, ?2)", cells![seq, &written.text])
}

/// Stores the audit of a call under the event that vouches for it, which names the proposal that came of it.
pub(crate) fn insert_audit(conn: &dyn Statements, seq: i64, written: &Written) -> Result<(), Error> {
    execute(conn, "INSERT INTO query_audit (seq, document) VALUES (?1, ?2)", cells![seq, &written.text])
}

/// Stores a decision, and answers its seal.
pub(crate) fn insert_decision(conn: &dyn Statements, decision: &Decision) -> Result<Digest, Error> {
    let Written { text, seal } = Written::of(decision)?;
    let sql = "INSERT INTO approvals (proposal_id, verdict, document) VALUES (?1, ?2, ?3)";
    execute(conn, sql, cells![decision.proposal_id.as_str(), verdict_name(decision.verdict), &text])?;
    Ok(seal)
}

/// Stores a receipt of a proposal that is there, with the proposal's scope to be found by, and answers its seal.
pub(crate) fn insert_receipt(conn: &dyn Statements, receipt: &Receipt) -> Result<Digest, Error> {
    let Written { text, seal } = Written::of(receipt)?;
    let sql =
        "INSERT INTO receipts (receipt_id, document, tenant, principal, capability, source, schema_name,
                                     table_name, object_type, object_key_text)
               SELECT ?1, ?2, tenant, principal, capability, source, schema_name, table_name, object_type,
                      object_key_text
               FROM proposals WHERE proposal_id = ?3";
    execute(conn, sql, cells![receipt.receipt_id.as_str(), &text, receipt.proposal_id.as_str()])?;
    Ok(seal)
}

/// The evidence of that id; where it cannot be found by it yet, among the latest. Nothing is written for it.
pub(crate) fn evidence(conn: &dyn Statements, id: &EvidenceId) -> Result<Option<EvidenceBundle>, Error> {
    let sql = "SELECT v.document FROM found_by f JOIN evidence v ON v.seq = f.seq WHERE f.evidence_id = ?1";
    if let Some(found) = one(conn, sql, cells![id.as_str()])? {
        return Ok(Some(found));
    }
    match search::among_latest(conn, |payload| payload.evidence_id == Some(id.as_str()))? {
        Some(seq) => one(conn, "SELECT document FROM evidence WHERE seq = ?1", cells![seq]),
        None => Ok(None),
    }
}

/// The evidence a proposal was made from.
pub(crate) fn evidence_of(conn: &dyn Statements, id: &ProposalId) -> Result<Option<EvidenceBundle>, Error> {
    let sql = "SELECT v.document FROM proposals p JOIN evidence v ON v.seq = p.created_seq WHERE p.proposal_id = ?1";
    one(conn, sql, cells![id.as_str()])
}

/// The audits of the calls that led to a proposal, in order.
pub(crate) fn audits(conn: &dyn Statements, id: &ProposalId) -> Result<Vec<QueryAudit>, Error> {
    let sql = "SELECT q.document FROM events e JOIN query_audit q ON q.seq = e.seq
               WHERE e.proposal_id = ?1 ORDER BY e.seq";
    all(conn, sql, cells![id.as_str()])
}

/// The audits of refused calls whose row had been read, each with its evidence, in order.
pub(crate) fn refusals(conn: &dyn Statements) -> Result<Vec<(QueryAudit, EvidenceBundle)>, Error> {
    let sql = "SELECT q.document, v.document FROM found_by f JOIN query_audit q ON q.seq = f.seq
               JOIN evidence v ON v.seq = f.seq WHERE f.code IS NOT NULL ORDER BY f.seq";
    conn.all("read the ledger", sql, cells![], |row| Ok((parse(row)?, parse_at(row, 1)?)))
}

/// The decision of that kind.
pub(crate) fn decision(
    conn: &dyn Statements,
    id: &ProposalId,
    verdict: Verdict,
) -> Result<Option<Decision>, Error> {
    one(
        conn,
        "SELECT document FROM approvals WHERE proposal_id = ?1 AND verdict = ?2",
        cells![id.as_str(), verdict_name(verdict)],
    )
}

/// Every decision about a proposal, oldest first.
pub(crate) fn decisions(conn: &dyn Statements, id: &ProposalId) -> Result<Vec<Decision>, Error> {
    all(
        conn,
        "SELECT document FROM approvals WHERE proposal_id = ?1 ORDER BY at, verdict",
        cells![id.as_str()],
    )
}

/// Every receipt of a proposal, oldest first.
pub(crate) fn receipts(conn: &dyn Statements, id: &ProposalId) -> Result<Vec<Receipt>, Error> {
    all(conn, "SELECT document FROM receipts WHERE proposal_id = ?1 ORDER BY at, rowid", cells![id.as_str()])
}

/// What people did about a shadow proposal, oldest first. One that is not what its event says is an error.
pub(crate) fn human_actions(conn: &dyn Statements, id: &ProposalId) -> Result<Vec<HumanAction>, Error> {
    let sql = "SELECT v.document, e.payload FROM events e LEFT JOIN evidence v ON v.seq = e.seq
               WHERE e.proposal_id = ?1 AND e.kind = ?2 ORDER BY e.seq";
    let kind = EventKind::ShadowHumanActionRecorded.as_str();
    conn.all("read the ledger", sql, cells![id.as_str(), kind], |row| {
        sealed_by(row, |payload| payload.action_digest)
    })
}

/// A document that stands beside an event, out of a row that begins with its text and the event's payload. One that is not
/// what its event says is an error.
pub(crate) fn sealed_by<T: Sealed>(
    row: &dyn Row,
    seal: impl for<'p> Fn(Payload<'p>) -> Option<&'p str>,
) -> Result<T, Error> {
    let unreadable = || Error::Unreadable { record: format!("a record of kind `{}`", T::NAME) };
    let text = row.optional_text(0)?.ok_or_else(unreadable)?;
    let payload = serde_json::from_str::<Payload<'_>>(row.text(1)?).map_err(|_| unreadable())?;
    if seal(payload) != Some(Digest::of_canonical(T::DOMAIN, text).as_str()) {
        return Err(unreadable());
    }
    parse(row)
}

fn one<T: Sealed>(conn: &dyn Statements, sql: &str, cells: &[Cell<'_>]) -> Result<Option<T>, Error> {
    conn.one("read the ledger", sql, cells, parse)
}

fn all<T: Sealed>(conn: &dyn Statements, sql: &str, cells: &[Cell<'_>]) -> Result<Vec<T>, Error> {
    conn.all("read the ledger", sql, cells, parse)
}

/// A document out of a row that begins with its text.
pub(crate) fn parse<T: Sealed>(row: &dyn Row) -> Result<T, Error> {
    parse_at(row, 0)
}

/// A document out of that column.
fn parse_at<T: Sealed>(row: &dyn Row, column: usize) -> Result<T, Error> {
    serde_json::from_str(row.text(column)?)
        .map_err(Error::unreadable(|| format!("a record of kind `{}`", T::NAME)))
}

fn execute(conn: &dyn Statements, sql: &'static str, cells: &[Cell<'_>]) -> Result<(), Error> {
    conn.execute("write to the ledger", sql, cells)?;
    Ok(())
}

/// The verdict as it is stored.
pub(crate) fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approved => "approved",
        Verdict::Rejected => "rejected",
    }
}
