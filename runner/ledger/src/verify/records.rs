//! The documents an event vouches for: each is there, and its stored text has the digest the event carries.

use synapsor_protocol::{Decision, Digest, EventKind, EvidenceBundle, QueryAudit, Receipt, Verdict};

use super::ahead::{Ahead, Seen};
use super::{Stop, misfit};
use crate::documents::{Sealed, verdict_name};
use crate::link::{Link, Payload};
use crate::report::MisfitKind;
use crate::search::{self, RecordKind};
use crate::statements::{Cell, Statements, cells};

/// How many records of each kind the events so far vouch for.
pub(super) struct Witnessed {
    /// Whether the ledger's tables hold copies for records to be found by.
    with_copies: bool,
    evidence_ahead: Ahead,
    audits_ahead: Ahead,
    evidence: u64,
    audits: u64,
    decisions: u64,
    receipts: u64,
    pub(super) proposals: u64,
    pub(super) jobs: u64,
}

impl Witnessed {
    pub(super) fn new(conn: &dyn Statements, with_copies: bool) -> Self {
        Self {
            with_copies,
            evidence_ahead: Ahead::evidence(conn, with_copies),
            audits_ahead: Ahead::audits(conn, with_copies),
            evidence: 0,
            audits: 0,
            decisions: 0,
            receipts: 0,
            proposals: 0,
            jobs: 0,
        }
    }

    /// The documents among them.
    pub(super) fn total(&self) -> u64 {
        self.evidence + self.audits + self.decisions + self.receipts + self.proposals
    }

    /// Every document the event vouches for is there and unchanged, and so is what it is found by.
    pub(super) fn documents(
        &mut self,
        conn: &dyn Statements,
        event: &Link<'_>,
        kind: EventKind,
        payload: &Payload<'_>,
    ) -> Result<(), Stop> {
        self.call(conn, event, payload)?;
        if let Some(id) = payload.receipt_id {
            let sql = "SELECT document FROM receipts WHERE receipt_id = ?1";
            vouch::<Receipt>(conn, event, id, payload.receipt_digest, sql, cells![id])?;
            self.receipts += 1;
            self.found_by(conn, event, RecordKind::Receipt, id)?;
        }
        if let (Some(verdict), Some(id)) = (verdict(kind), event.proposal_id) {
            let sql = "SELECT document FROM approvals WHERE proposal_id = ?1 AND verdict = ?2";
            let key = cells![id, verdict_name(verdict)];
            vouch::<Decision>(conn, event, id, payload.decision_digest, sql, key)?;
            self.decisions += 1;
        }
        Ok(())
    }

    /// The records of a call: its evidence and its audit, and what each holds of the other.
    fn call(&mut self, conn: &dyn Statements, event: &Link<'_>, payload: &Payload<'_>) -> Result<(), Stop> {
        let (mut evidence, mut audit) = (None, None);
        if let Some(id) = payload.evidence_id {
            let seen = self.evidence_ahead.take(conn, id)?;
            evidence = Some(sealed::<EvidenceBundle>(event, id, payload.evidence_digest, seen)?);
            self.evidence += 1;
        }
        if let Some(id) = payload.audit_id {
            let seen = self.audits_ahead.take(conn, id)?;
            let of_it = seen.filter(|seen| seen.proposal_id.as_deref() == event.proposal_id);
            audit = Some(sealed::<QueryAudit>(event, id, payload.audit_digest, of_it)?);
            self.audits += 1;
        }
        let parts = |seen: Option<Seen>| seen.map_or((None, None), |seen| (seen.said, seen.copied));
        let ((key, fingerprint_copied), (fingerprint, key_copied)) = (parts(evidence), parts(audit));
        if key == key_copied && fingerprint == fingerprint_copied {
            return Ok(());
        }
        let ids = [(RecordKind::Evidence, payload.evidence_id), (RecordKind::QueryAudit, payload.audit_id)];
        ids.into_iter()
            .filter_map(|(kind, id)| Some((kind, id?)))
            .try_for_each(|(kind, id)| self.found_by(conn, event, kind, id))
    }

    /// The record is found by nothing it is not about.
    fn found_by(
        &self,
        conn: &dyn Statements,
        event: &Link<'_>,
        kind: RecordKind,
        id: &str,
    ) -> Result<(), Stop> {
        if !self.with_copies || !search::is_miscopied(conn, kind, id)? {
            return Ok(());
        }
        let record = format!("what {} `{id}` is found by", kind.name());
        Err(misfit(MisfitKind::RecordEdited, Some(event.seq), Some(record)))
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

/// The document a statement finds is there, and it is the one whose digest the event carries.
fn vouch<T: Sealed>(
    conn: &dyn Statements,
    event: &Link<'_>,
    id: &str,
    expected: Option<&str>,
    sql: &str,
    key: &[Cell<'_>],
) -> Result<(), Stop> {
    let seal = conn.one("read a record of the chain", sql, key, |row| {
        Ok(Digest::of_canonical(T::DOMAIN, row.text(0)?))
    })?;
    fits::<T>(event, id, expected, seal.as_ref())
}

/// The same of one that was seen already.
fn sealed<T: Sealed>(
    event: &Link<'_>,
    id: &str,
    expected: Option<&str>,
    seen: Option<Seen>,
) -> Result<Seen, Stop> {
    fits::<T>(event, id, expected, seen.as_ref().map(|seen| &seen.seal))?;
    seen.ok_or_else(|| misfit(MisfitKind::RecordMissing, Some(event.seq), None))
}

fn fits<T: Sealed>(
    event: &Link<'_>,
    id: &str,
    expected: Option<&str>,
    seal: Option<&Digest>,
) -> Result<(), Stop> {
    let kind = match seal {
        Some(seal) if expected == Some(seal.as_str()) => return Ok(()),
        Some(_) => MisfitKind::RecordEdited,
        None => MisfitKind::RecordMissing,
    };
    Err(misfit(kind, Some(event.seq), Some(format!("{} `{id}`", T::NAME))))
}

/// The verdict an event records.
fn verdict(kind: EventKind) -> Option<Verdict> {
    match kind {
        EventKind::ProposalApproved => Some(Verdict::Approved),
        EventKind::ProposalRejected => Some(Verdict::Rejected),
        _ => None,
    }
}
