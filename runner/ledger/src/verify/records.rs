//! The documents an event vouches for: each is there, and its stored text has the digest the event carries.

use synapsor_protocol::{Decision, Digest, EventKind, EvidenceBundle, QueryAudit, Receipt, Verdict};

use super::{Stop, misfit};
use crate::documents::{Sealed, verdict_name};
use crate::error::Error;
use crate::link::{Link, Payload};
use crate::report::MisfitKind;
use crate::search::{self, Copies, RecordKind};
use crate::statements::{Cell, Row, Statements, cells};

/// How many records of each kind the events so far vouch for.
#[derive(Default)]
pub(super) struct Witnessed {
    /// Whether the ledger's tables hold copies for records to be found by.
    with_copies: bool,
    evidence: u64,
    audits: u64,
    decisions: u64,
    receipts: u64,
    pub(super) proposals: u64,
    pub(super) jobs: u64,
}

impl Witnessed {
    pub(super) fn new(with_copies: bool) -> Self {
        Self { with_copies, ..Self::default() }
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
            vouch::<Receipt>(conn, event, id, payload.receipt_digest, sql, cells![id], &mut |_| Ok(()))?;
            self.receipts += 1;
            self.found_by(conn, event, RecordKind::Receipt, id)?;
        }
        if let (Some(verdict), Some(id)) = (verdict(kind), event.proposal_id) {
            let sql = "SELECT document FROM approvals WHERE proposal_id = ?1 AND verdict = ?2";
            let key = cells![id, verdict_name(verdict)];
            vouch::<Decision>(conn, event, id, payload.decision_digest, sql, key, &mut |_| Ok(()))?;
            self.decisions += 1;
        }
        Ok(())
    }

    /// The records of a call: its evidence and its audit, and what each holds of the other.
    fn call(&mut self, conn: &dyn Statements, event: &Link<'_>, payload: &Payload<'_>) -> Result<(), Stop> {
        let with_copies = self.with_copies;
        let mut copies = Copies::default();
        if let Some(id) = payload.evidence_id {
            let sql = match with_copies {
                true => "SELECT document, fingerprint FROM evidence WHERE evidence_id = ?1",
                false => "SELECT document FROM evidence WHERE evidence_id = ?1",
            };
            let look = &mut |row: &dyn Row| if with_copies { copies.evidence(row) } else { Ok(()) };
            vouch::<EvidenceBundle>(conn, event, id, payload.evidence_digest, sql, cells![id], look)?;
            self.evidence += 1;
        }
        if let Some(id) = payload.audit_id {
            let sql = match with_copies {
                true => {
                    "SELECT document, object_key_text FROM query_audit
                     WHERE audit_id = ?1 AND proposal_id IS NOT DISTINCT FROM ?2"
                }
                false => {
                    "SELECT document FROM query_audit WHERE audit_id = ?1 AND proposal_id IS NOT DISTINCT FROM ?2"
                }
            };
            let key = cells![id, event.proposal_id];
            let look = &mut |row: &dyn Row| if with_copies { copies.audit(row) } else { Ok(()) };
            vouch::<QueryAudit>(conn, event, id, payload.audit_digest, sql, key, look)?;
            self.audits += 1;
        }
        if copies.agree() {
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

/// The document is there, and it is the one whose digest the event carries. Of such a one `look` takes what else it needs.
fn vouch<T: Sealed>(
    conn: &dyn Statements,
    event: &Link<'_>,
    id: &str,
    expected: Option<&str>,
    sql: &str,
    key: &[Cell<'_>],
    look: &mut dyn FnMut(&dyn Row) -> Result<(), Error>,
) -> Result<(), Stop> {
    let wrong = |kind| Err(misfit(kind, Some(event.seq), Some(format!("{} `{id}`", T::NAME))));
    let seal = |text: &str| Digest::of_canonical(T::DOMAIN, text);
    let is_sealed = |text: &str| expected.is_some_and(|expected| seal(text).as_str() == expected);
    let fits = conn.one("read a record of the chain", sql, key, |row| {
        let fits = is_sealed(row.text(0)?);
        if fits {
            look(row)?;
        }
        Ok(fits)
    })?;
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
