//! The documents beside the chain: evidence, audits, decisions and receipts, each stored once and sealed by a digest.

use serde::Serialize;
use serde::de::DeserializeOwned;
use synapsor_protocol::evidence::{EVIDENCE_SCHEMA, QUERY_AUDIT_SCHEMA};
use synapsor_protocol::receipt::RECEIPT_SCHEMA;
use synapsor_protocol::{
    Decision, Digest, EvidenceBundle, EvidenceId, ProposalId, QueryAudit, Receipt, Verdict,
};

use crate::chain::{canonical_text, no_canonical_form};
use crate::error::Error;
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

/// Stores evidence, with the fingerprint of its query to be found by.
pub(crate) fn insert_evidence(
    conn: &dyn Statements,
    evidence: &EvidenceBundle,
    written: &Written,
    fingerprint: Option<&Digest>,
) -> Result<(), Error> {
    let sql = "INSERT INTO evidence (evidence_id, document, fingerprint) VALUES (?1, ?2, ?3)";
    execute(conn, sql, cells![evidence.evidence_id.as_str(), &written.text, fingerprint.map(Digest::as_str)])
}

/// Stores the audit of a call, linked to the proposal that came of it, where one did.
pub(crate) fn insert_audit(
    conn: &dyn Statements,
    audit: &QueryAudit,
    written: &Written,
    proposal_id: Option<&ProposalId>,
) -> Result<(), Error> {
    // The key of the row is found by, and stands in the evidence alone.
    let sql = "INSERT INTO query_audit (audit_id, proposal_id, document, object_key_text)
               VALUES (?1, ?2, ?3, (SELECT object_key_text FROM evidence WHERE evidence_id = ?4))";
    let evidence_id = audit.evidence_id.as_ref().map(EvidenceId::as_str);
    let proposal_id = proposal_id.map(ProposalId::as_str);
    execute(conn, sql, cells![audit.audit_id.as_str(), proposal_id, &written.text, evidence_id])
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

/// The evidence of that id.
pub(crate) fn evidence(conn: &dyn Statements, id: &EvidenceId) -> Result<Option<EvidenceBundle>, Error> {
    one(conn, "SELECT document FROM evidence WHERE evidence_id = ?1", cells![id.as_str()])
}

/// The audits of the calls that led to a proposal, oldest first.
pub(crate) fn audits(conn: &dyn Statements, id: &ProposalId) -> Result<Vec<QueryAudit>, Error> {
    all(
        conn,
        "SELECT document FROM query_audit WHERE proposal_id = ?1 ORDER BY at, rowid",
        cells![id.as_str()],
    )
}

/// The audits of refused calls whose row had been read, oldest first.
pub(crate) fn refusals(conn: &dyn Statements) -> Result<Vec<QueryAudit>, Error> {
    let sql = "SELECT document FROM query_audit
               WHERE code IS NOT NULL AND evidence_id IS NOT NULL
               ORDER BY at, rowid";
    all(conn, sql, cells![])
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

fn one<T: Sealed>(conn: &dyn Statements, sql: &str, cells: &[Cell<'_>]) -> Result<Option<T>, Error> {
    conn.one("read the ledger", sql, cells, parse)
}

fn all<T: Sealed>(conn: &dyn Statements, sql: &str, cells: &[Cell<'_>]) -> Result<Vec<T>, Error> {
    conn.all("read the ledger", sql, cells, parse)
}

/// A document out of a row that begins with its text.
pub(crate) fn parse<T: Sealed>(row: &dyn Row) -> Result<T, Error> {
    serde_json::from_str(row.text(0)?)
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
