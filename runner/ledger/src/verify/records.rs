//! The documents an event vouches for: each is there, and its stored text has the digest the event carries.

use synapsor_protocol::{Decision, EventKind, Receipt, Verdict};

use super::beside::{Beside, Documents, fits};
use super::{Stop, misfit};
use crate::documents::verdict_name;
use crate::error::Error;
use crate::link::{Link, Payload};
use crate::report::MisfitKind;
use crate::schema;
use crate::search;
use crate::statements::{Cell, Row, Statements, cells};

const READING: &str = "read a record of the chain";

/// How many records of each kind the events so far vouch for, and how many stand beside them.
pub(super) struct Witnessed {
    /// Whether the tables are those of an early release, which were found by other columns.
    is_early: bool,
    beside: Beside,
    /// Rows beside the events, whether these vouch for them or not.
    stored: Stored,
    evidence: u64,
    actions: u64,
    runs: u64,
    audits: u64,
    decisions: u64,
    receipts: u64,
    pub(super) proposals: u64,
    pub(super) jobs: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Stored {
    evidence: u64,
    audits: u64,
}

impl Witnessed {
    /// Of a ledger whose tables are of that version.
    pub(super) fn new(conn: &dyn Statements, version: i64) -> Result<Self, Error> {
        Ok(Self {
            is_early: version < schema::DOCUMENTS_BY_EVENT,
            beside: Beside::new(conn, version)?,
            stored: Stored::default(),
            evidence: 0,
            actions: 0,
            runs: 0,
            audits: 0,
            decisions: 0,
            receipts: 0,
            proposals: 0,
            jobs: 0,
        })
    }

    /// The documents among them.
    pub(super) fn total(&self) -> u64 {
        let beside = self.evidence + self.actions + self.runs + self.audits;
        beside + self.decisions + self.receipts + self.proposals
    }

    /// The statement that walks over the chain, with what stands beside each event.
    pub(super) fn walk(&self) -> String {
        self.beside.walk()
    }

    /// The documents in a row of the walk. Each counts, whether its event vouches for it or not.
    pub(super) fn documents<'r>(&mut self, row: &'r dyn Row) -> Result<Documents<'r>, Error> {
        let documents = self.beside.documents(row)?;
        self.stored.evidence += u64::from(documents.about.is_some());
        self.stored.audits += u64::from(documents.audit.is_some());
        Ok(documents)
    }

    /// Every document the event vouches for is there and unchanged, and so is what it is found by.
    pub(super) fn fit(
        &mut self,
        conn: &dyn Statements,
        event: &Link<'_>,
        kind: EventKind,
        payload: &Payload<'_>,
        beside: (&dyn Row, Documents<'_>),
    ) -> Result<(), Stop> {
        self.beside.fit(conn, (event, kind), payload, beside)?;
        self.evidence += u64::from(payload.evidence_id.is_some());
        self.actions += u64::from(kind == EventKind::ShadowHumanActionRecorded);
        self.runs += u64::from(kind == EventKind::ShadowCandidateRan);
        self.audits += u64::from(payload.audit_id.is_some());
        if let Some(id) = payload.receipt_id {
            self.receipt(conn, event, id, payload.receipt_digest)?;
            self.receipts += 1;
        }
        if let (Some(verdict), Some(id)) = (verdict(kind), event.proposal_id) {
            decision(conn, event, id, payload.decision_digest, verdict)?;
            self.decisions += 1;
        }
        Ok(())
    }

    /// The receipt is unchanged, and found by what its proposal is about.
    fn receipt(
        &self,
        conn: &dyn Statements,
        event: &Link<'_>,
        id: &str,
        expected: Option<&str>,
    ) -> Result<(), Stop> {
        let found = if self.is_early {
            let sql = "SELECT document FROM receipts WHERE receipt_id = ?1";
            conn.one(READING, sql, cells![id], |row| {
                Ok((fits::<Receipt>(event, id, expected, Some(row.text(0)?)), true))
            })
        } else {
            let sql = "SELECT r.document, p.document, r.tenant, r.principal, r.capability, r.source, r.schema_name,
                              r.table_name, r.object_type, r.object_key_text
                       FROM receipts r LEFT JOIN proposals p ON p.proposal_id = r.proposal_id WHERE r.receipt_id = ?1";
            conn.one(READING, sql, cells![id], |row| {
                let unchanged = fits::<Receipt>(event, id, expected, Some(row.text(0)?));
                Ok((unchanged, search::is_copied(row.optional_text(1)?, row, 2)?))
            })
        };
        let (unchanged, is_copied) =
            found?.unwrap_or_else(|| (fits::<Receipt>(event, id, expected, None), true));
        unchanged?;
        if is_copied {
            return Ok(());
        }
        let record = format!("what receipt `{id}` is found by");
        Err(misfit(MisfitKind::RecordEdited, Some(event.seq), Some(record)))
    }

    /// Nothing stands in the tables that no event vouches for.
    pub(super) fn are_all(&self, conn: &dyn Statements, last: i64) -> Result<(), Stop> {
        self.nothing_else_is_found(conn, last)?;
        let Stored { evidence, audits } = self.stored;
        let vouched = self.evidence + self.actions + self.runs;
        let tables = [
            ("evidence", self.elsewhere(conn, "evidence", last)? + evidence, vouched),
            ("query audit", self.elsewhere(conn, "query_audit", last)? + audits, self.audits),
            ("decision", counted(conn, "SELECT count(*) FROM approvals", cells![])?, self.decisions),
            ("receipt", counted(conn, "SELECT count(*) FROM receipts", cells![])?, self.receipts),
            ("proposal", counted(conn, "SELECT count(*) FROM proposals", cells![])?, self.proposals),
            ("writeback job", counted(conn, "SELECT count(*) FROM writeback_jobs", cells![])?, self.jobs),
        ];
        for (name, stored, witnessed) in tables {
            if stored != witnessed {
                let record = format!("{name}: `{witnessed}` in the chain, `{stored}` stored");
                return Err(misfit(MisfitKind::RecordUnwitnessed, None, Some(record)));
            }
        }
        Ok(())
    }

    /// How many documents of a call the walk did not come by. Counting them all would read them all once more.
    fn elsewhere(&self, conn: &dyn Statements, table: &str, last: i64) -> Result<u64, Error> {
        if self.is_early {
            return counted(conn, &format!("SELECT count(*) FROM {table}"), cells![]);
        }
        let sql = format!("SELECT count(*) FROM {table} WHERE seq < 1 OR seq > ?1");
        counted(conn, &sql, cells![last])
    }

    /// A row for each event was compared with it; there is none for anything else.
    fn nothing_else_is_found(&self, conn: &dyn Statements, last: i64) -> Result<(), Stop> {
        if self.is_early {
            return Ok(());
        }
        let sql = "SELECT count(*) FROM found_by WHERE seq < 1 OR seq > ?1";
        match counted(conn, sql, cells![last])? {
            0 => Ok(()),
            _ => {
                let record = "what events are found by that are not there".to_owned();
                Err(misfit(MisfitKind::RecordUnwitnessed, None, Some(record)))
            }
        }
    }
}

fn counted(conn: &dyn Statements, sql: &str, cells: &[Cell<'_>]) -> Result<u64, Error> {
    let count = conn.one("count the records", sql, cells, |row| row.integer(0))?;
    Ok(count.unwrap_or_default().unsigned_abs())
}

/// The decision is there and unchanged.
fn decision(
    conn: &dyn Statements,
    event: &Link<'_>,
    id: &str,
    expected: Option<&str>,
    verdict: Verdict,
) -> Result<(), Stop> {
    let sql = "SELECT document FROM approvals WHERE proposal_id = ?1 AND verdict = ?2";
    let found = conn.one(READING, sql, cells![id, verdict_name(verdict)], |row| {
        Ok(fits::<Decision>(event, id, expected, Some(row.text(0)?)))
    })?;
    found.unwrap_or_else(|| fits::<Decision>(event, id, expected, None))
}

/// The verdict an event records.
fn verdict(kind: EventKind) -> Option<Verdict> {
    match kind {
        EventKind::ProposalApproved => Some(Verdict::Approved),
        EventKind::ProposalRejected => Some(Verdict::Rejected),
        _ => None,
    }
}
