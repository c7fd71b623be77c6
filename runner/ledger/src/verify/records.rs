//! The documents an event vouches for: each is there, and its stored text has the digest the event carries.

use synapsor_protocol::{Decision, Digest, EventKind, EvidenceBundle, QueryAudit, Receipt, Verdict};

use super::{Stop, misfit};
use crate::documents::{Sealed, verdict_name};
use crate::link::{Link, Payload};
use crate::report::MisfitKind;
use crate::statements::{Cell, Statements, cells};

/// How many records of each kind the events so far vouch for.
#[derive(Default)]
pub(super) struct Witnessed {
    evidence: u64,
    audits: u64,
    decisions: u64,
    receipts: u64,
    pub(super) proposals: u64,
    pub(super) jobs: u64,
}

impl Witnessed {
    /// The documents among them.
    pub(super) fn total(&self) -> u64 {
        self.evidence + self.audits + self.decisions + self.receipts + self.proposals
    }

    /// Every document the event vouches for is there and unchanged.
    pub(super) fn documents(
        &mut self,
        conn: &dyn Statements,
        event: &Link<'_>,
        kind: EventKind,
        payload: &Payload<'_>,
    ) -> Result<(), Stop> {
        if let Some(id) = payload.evidence_id {
            let sql = "SELECT document FROM evidence WHERE evidence_id = ?1";
            vouch::<EvidenceBundle>(conn, event, id, payload.evidence_digest, sql, cells![id])?;
            self.evidence += 1;
        }
        if let Some(id) = payload.audit_id {
            let sql = "SELECT document FROM query_audit WHERE audit_id = ?1 AND proposal_id IS NOT DISTINCT FROM ?2";
            vouch::<QueryAudit>(conn, event, id, payload.audit_digest, sql, cells![id, event.proposal_id])?;
            self.audits += 1;
        }
        if let Some(id) = payload.receipt_id {
            let sql = "SELECT document FROM receipts WHERE receipt_id = ?1";
            vouch::<Receipt>(conn, event, id, payload.receipt_digest, sql, cells![id])?;
            self.receipts += 1;
        }
        if let (Some(verdict), Some(id)) = (verdict(kind), event.proposal_id) {
            let sql = "SELECT document FROM approvals WHERE proposal_id = ?1 AND verdict = ?2";
            let key = cells![id, verdict_name(verdict)];
            vouch::<Decision>(conn, event, id, payload.decision_digest, sql, key)?;
            self.decisions += 1;
        }
        Ok(())
    }

    /// Nothing stands in the tables that no event vouches for.
    pub(super) fn are_all(&self, conn: &dyn Statements) -> Result<(), Stop> {
        let tables = [
            ("evidence", "SELECT count(*) FROM evidence", self.evidence),
            ("query audit", "SELECT count(*) FROM query_audit", self.audits),
            ("decision", "SELECT count(*) FROM approvals", self.decisions),
            ("receipt", "SELECT count(*) FROM receipts", self.receipts),
            ("proposal", "SELECT count(*) FROM proposals", self.proposals),
            ("writeback job", "SELECT count(*) FROM writeback_jobs", self.jobs),
        ];
        for (name, sql, witnessed) in tables {
            let stored = conn.one("count the records", sql, cells![], |row| row.integer(0))?;
            let stored = stored.unwrap_or_default().unsigned_abs();
            if stored != witnessed {
                let record = format!("{name}: `{witnessed}` in the chain, `{stored}` stored");
                return Err(misfit(MisfitKind::RecordUnwitnessed, None, Some(record)));
            }
        }
        Ok(())
    }
}

/// The document is there, and it is the one whose digest the event carries.
fn vouch<T: Sealed>(
    conn: &dyn Statements,
    event: &Link<'_>,
    id: &str,
    expected: Option<&str>,
    sql: &str,
    key: &[Cell<'_>],
) -> Result<(), Stop> {
    let wrong = |kind| Err(misfit(kind, Some(event.seq), Some(format!("{} `{id}`", T::NAME))));
    let seal = |text: &str| Digest::of_canonical(T::DOMAIN, text);
    let is_sealed = |text: &str| expected.is_some_and(|expected| seal(text).as_str() == expected);
    let fits = conn.one("read a record of the chain", sql, key, |row| Ok(is_sealed(row.text(0)?)))?;
    match fits {
        Some(true) => Ok(()),
        Some(false) => wrong(MisfitKind::RecordEdited),
        None => wrong(MisfitKind::RecordMissing),
    }
}

/// The verdict an event records.
fn verdict(kind: EventKind) -> Option<Verdict> {
    match kind {
        EventKind::ProposalApproved => Some(Verdict::Approved),
        EventKind::ProposalRejected => Some(Verdict::Rejected),
        _ => None,
    }
}
