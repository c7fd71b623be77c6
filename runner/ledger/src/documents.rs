//! The documents beside the chain: evidence, audits, decisions and receipts, each stored once and sealed by a digest.

use rusqlite::{Connection, OptionalExtension, Params};
use serde::de::DeserializeOwned;
use synapsor_protocol::{
    Decision, Digest, EvidenceBundle, EvidenceId, ProposalId, QueryAudit, Receipt, Verdict,
};

use crate::chain::{canonical_text, no_canonical_form};
use crate::error::Error;

/// Domain tag of an audit's digest.
const AUDIT_SCHEMA: &str = "synapsor.query-audit.v2";

/// Domain tag of a decision's digest.
const DECISION_SCHEMA: &str = "synapsor.decision.v2";

/// A document the chain vouches for.
pub(crate) trait Sealed: DeserializeOwned {
    /// What it is called in messages.
    const NAME: &'static str;

    /// The digest its event carries.
    fn seal(&self) -> Result<Digest, Error>;
}

impl Sealed for EvidenceBundle {
    const NAME: &'static str = "evidence";

    fn seal(&self) -> Result<Digest, Error> {
        self.digest().map_err(no_canonical_form)
    }
}

impl Sealed for QueryAudit {
    const NAME: &'static str = "query audit";

    fn seal(&self) -> Result<Digest, Error> {
        Digest::of(AUDIT_SCHEMA, self).map_err(no_canonical_form)
    }
}

impl Sealed for Decision {
    const NAME: &'static str = "decision";

    fn seal(&self) -> Result<Digest, Error> {
        Digest::of(DECISION_SCHEMA, self).map_err(no_canonical_form)
    }
}

impl Sealed for Receipt {
    const NAME: &'static str = "receipt";

    fn seal(&self) -> Result<Digest, Error> {
        self.digest().map_err(no_canonical_form)
    }
}

/// Stores evidence.
pub(crate) fn insert_evidence(conn: &Connection, evidence: &EvidenceBundle) -> Result<(), Error> {
    let document = canonical_text(evidence)?;
    let sql = "INSERT INTO evidence (evidence_id, document) VALUES (?1, ?2)";
    execute(conn, sql, (evidence.evidence_id.as_str(), document))
}

/// Stores the audit of a call, linked to the proposal that came of it, where one did.
pub(crate) fn insert_audit(
    conn: &Connection,
    audit: &QueryAudit,
    proposal_id: Option<&ProposalId>,
) -> Result<(), Error> {
    let document = canonical_text(audit)?;
    let sql = "INSERT INTO query_audit (audit_id, proposal_id, document) VALUES (?1, ?2, ?3)";
    execute(conn, sql, (audit.audit_id.as_str(), proposal_id.map(ProposalId::as_str), document))
}

/// Stores a decision.
pub(crate) fn insert_decision(conn: &Connection, decision: &Decision) -> Result<(), Error> {
    let document = canonical_text(decision)?;
    let sql = "INSERT INTO approvals (proposal_id, verdict, document) VALUES (?1, ?2, ?3)";
    execute(conn, sql, (decision.proposal_id.as_str(), verdict_name(decision.verdict), document))
}

/// Stores a receipt.
pub(crate) fn insert_receipt(conn: &Connection, receipt: &Receipt) -> Result<(), Error> {
    let document = canonical_text(receipt)?;
    execute(
        conn,
        "INSERT INTO receipts (receipt_id, document) VALUES (?1, ?2)",
        (receipt.receipt_id.as_str(), document),
    )
}

/// The evidence of that id.
pub(crate) fn evidence(conn: &Connection, id: &EvidenceId) -> Result<Option<EvidenceBundle>, Error> {
    one(conn, "SELECT document FROM evidence WHERE evidence_id = ?1", [id.as_str()])
}

/// The audits of the calls that led to a proposal, oldest first.
pub(crate) fn audits(conn: &Connection, id: &ProposalId) -> Result<Vec<QueryAudit>, Error> {
    all(conn, "SELECT document FROM query_audit WHERE proposal_id = ?1 ORDER BY at, rowid", [id.as_str()])
}

/// The audits of refused calls whose row had been read, oldest first.
pub(crate) fn refusals(conn: &Connection) -> Result<Vec<QueryAudit>, Error> {
    let sql = "SELECT document FROM query_audit
               WHERE document ->> '$.refused' IS NOT NULL AND document ->> '$.evidence_id' IS NOT NULL
               ORDER BY at, rowid";
    all(conn, sql, [])
}

/// The decision of that kind.
pub(crate) fn decision(
    conn: &Connection,
    id: &ProposalId,
    verdict: Verdict,
) -> Result<Option<Decision>, Error> {
    one(
        conn,
        "SELECT document FROM approvals WHERE proposal_id = ?1 AND verdict = ?2",
        [id.as_str(), verdict_name(verdict)],
    )
}

/// Every decision about a proposal, oldest first.
pub(crate) fn decisions(conn: &Connection, id: &ProposalId) -> Result<Vec<Decision>, Error> {
    all(conn, "SELECT document FROM approvals WHERE proposal_id = ?1 ORDER BY at, verdict", [id.as_str()])
}

/// Every receipt of a proposal, oldest first.
pub(crate) fn receipts(conn: &Connection, id: &ProposalId) -> Result<Vec<Receipt>, Error> {
    all(conn, "SELECT document FROM receipts WHERE proposal_id = ?1 ORDER BY at, rowid", [id.as_str()])
}

/// The audit of that id, provided it is linked to that proposal, or to none.
pub(crate) fn audit(
    conn: &Connection,
    id: &str,
    proposal_id: Option<&ProposalId>,
) -> Result<Option<QueryAudit>, Error> {
    let sql = "SELECT document FROM query_audit WHERE audit_id = ?1 AND proposal_id IS ?2";
    one(conn, sql, (id, proposal_id.map(ProposalId::as_str)))
}

/// The receipt of that id.
pub(crate) fn receipt(conn: &Connection, id: &str) -> Result<Option<Receipt>, Error> {
    one(conn, "SELECT document FROM receipts WHERE receipt_id = ?1", [id])
}

fn one<T: Sealed>(conn: &Connection, sql: &str, params: impl Params) -> Result<Option<T>, Error> {
    let text: Option<String> = conn
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_one(params, |row| row.get(0)).optional())
        .map_err(Error::storage("read the ledger"))?;
    text.map(|text| parse(&text)).transpose()
}

fn all<T: Sealed>(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<T>, Error> {
    let failed = || Error::storage("read the ledger");
    let mut statement = conn.prepare_cached(sql).map_err(failed())?;
    let mut rows = statement.query(params).map_err(failed())?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next().map_err(failed())? {
        let text: String = row.get(0).map_err(failed())?;
        documents.push(parse(&text)?);
    }
    Ok(documents)
}

fn parse<T: Sealed>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(Error::unreadable(|| format!("a record of kind `{}`", T::NAME)))
}

fn execute(conn: &Connection, sql: &'static str, params: impl Params) -> Result<(), Error> {
    conn.prepare_cached(sql)
        .and_then(|mut statement| statement.execute(params))
        .map_err(Error::storage("write to the ledger"))?;
    Ok(())
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approved => "approved",
        Verdict::Rejected => "rejected",
    }
}
