//! The documents an event vouches for: each is there, and its stored text has the digest the event carries.

use synapsor_protocol::{
    Decision, Digest, EventKind, EvidenceBundle, HumanAction, QueryAudit, Receipt, Verdict,
};

use super::ahead::Ahead;
use super::{Stop, misfit};
use crate::documents::{Sealed, verdict_name};
use crate::error::Error;
use crate::link::{Link, Payload};
use crate::report::MisfitKind;
use crate::search;
use crate::statements::{Cell, Statements, cells};

/// How many records of each kind the events so far vouch for.
pub(super) struct Witnessed {
    /// Whether the tables are those of an earlier release.
    is_older: bool,
    ahead: Ahead,
    evidence: u64,
    actions: u64,
    audits: u64,
    decisions: u64,
    receipts: u64,
    pub(super) proposals: u64,
    pub(super) jobs: u64,
}

impl Witnessed {
    pub(super) fn new(conn: &dyn Statements, is_older: bool) -> Result<Self, Error> {
        Ok(Self {
            is_older,
            ahead: Ahead::new(conn, is_older)?,
            evidence: 0,
            actions: 0,
            audits: 0,
            decisions: 0,
            receipts: 0,
            proposals: 0,
            jobs: 0,
        })
    }

    /// The documents among them.
    pub(super) fn total(&self) -> u64 {
        self.evidence + self.actions + self.audits + self.decisions + self.receipts + self.proposals
    }

    /// Every document the event vouches for is there and unchanged, and so is what it is found by.
    pub(super) fn documents(
        &mut self,
        conn: &dyn Statements,
        event: &Link<'_>,
        kind: EventKind,
        payload: &Payload<'_>,
    ) -> Result<(), Stop> {
        self.beside(conn, event, kind, payload)?;
        if let Some(id) = payload.receipt_id {
            let sql = "SELECT document FROM receipts WHERE receipt_id = ?1";
            vouch::<Receipt>(conn, event, id, payload.receipt_digest, sql, cells![id])?;
            self.receipts += 1;
            self.receipt(conn, event, id)?;
        }
        if let (Some(verdict), Some(id)) = (verdict(kind), event.proposal_id) {
            let sql = "SELECT document FROM approvals WHERE proposal_id = ?1 AND verdict = ?2";
            let key = cells![id, verdict_name(verdict)];
            vouch::<Decision>(conn, event, id, payload.decision_digest, sql, key)?;
            self.decisions += 1;
        }
        Ok(())
    }

    /// The records beside an event: the evidence and the audit of a call, or a person's action, and what they are found by.
    fn beside(
        &mut self,
        conn: &dyn Statements,
        event: &Link<'_>,
        kind: EventKind,
        payload: &Payload<'_>,
    ) -> Result<(), Stop> {
        let beside = self.ahead.beside(conn, event.seq, payload)?;
        let mut found = (event.seq.to_string(), "event");
        if let Some(id) = payload.audit_id {
            fits::<QueryAudit>(event, id, payload.audit_digest, beside.audit.as_ref())?;
            self.audits += 1;
            found = (id.to_owned(), QueryAudit::NAME);
        }
        if let Some(id) = payload.evidence_id {
            fits::<EvidenceBundle>(event, id, payload.evidence_digest, beside.evidence.as_ref())?;
            self.evidence += 1;
            found = (id.to_owned(), EvidenceBundle::NAME);
        }
        if kind == EventKind::ShadowHumanActionRecorded {
            let id = event.proposal_id.unwrap_or_default();
            fits::<HumanAction>(event, id, payload.action_digest, beside.action.as_ref())?;
            self.actions += 1;
        }
        if beside.is_found {
            return Ok(());
        }
        let (id, name) = found;
        Err(misfit(
            MisfitKind::RecordEdited,
            Some(event.seq),
            Some(format!("what {name} `{id}` is found by")),
        ))
    }

    /// The receipt is found by what its proposal is about.
    fn receipt(&self, conn: &dyn Statements, event: &Link<'_>, id: &str) -> Result<(), Stop> {
        if self.is_older || !search::is_miscopied(conn, id)? {
            return Ok(());
        }
        let record = format!("what receipt `{id}` is found by");
        Err(misfit(MisfitKind::RecordEdited, Some(event.seq), Some(record)))
    }

    /// Nothing stands in the tables that no event vouches for.
    pub(super) fn are_all(&self, conn: &dyn Statements, last: i64) -> Result<(), Stop> {
        self.nothing_else_is_found(conn, last)?;
        let tables = [
            ("evidence", "SELECT count(*) FROM evidence", self.evidence + self.actions),
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

    /// A row for each event was compared with it; there is none for anything else.
    fn nothing_else_is_found(&self, conn: &dyn Statements, last: i64) -> Result<(), Stop> {
        if self.is_older {
            return Ok(());
        }
        let sql = "SELECT count(*) FROM found_by WHERE seq < 1 OR seq > ?1";
        match conn.one("count the records", sql, cells![last], |row| row.integer(0))? {
            Some(0) | None => Ok(()),
            Some(_) => {
                let record = "what events are found by that are not there".to_owned();
                Err(misfit(MisfitKind::RecordUnwitnessed, None, Some(record)))
            }
        }
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
