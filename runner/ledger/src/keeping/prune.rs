//! Prunes what is old and over: reads, refused calls, and proposals that are final, each with everything that belongs to it.
//!
//! Invariant: the chain keeps every event. A step archives, deletes and buries in one transaction, and is short, so that
//! servers go on writing in between.
//! Absent on purpose: pruning what may still move. An open or unsettled proposal stays, however old; a shadow proposal never
//! moves, so it goes by its age alone.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::value::RawValue;
use synapsor_protocol::{EventKind, Moment, Signer};

use super::archive::{Archive, Line};
use super::guards::Guards;
use super::tombstone::{Gone, Tombstone, runs};
use crate::chain;
use crate::error::Error;
use crate::link::{self, Link};
use crate::search;
use crate::statements::{Cell, Statements, cells};
use crate::writer::Write;

/// Proposals one step prunes at most.
const PROPOSALS_A_STEP: i64 = 200;
/// Reads and refused calls one step prunes at most.
const READS_A_STEP: usize = 1000;

pub(super) const PRUNING: &str = "prune the ledger";

/// What holds of a proposal of which nothing can come any more.
const OVER: &str = "(state IN ('applied', 'conflict', 'failed', 'rejected', 'canceled') OR mode = 'shadow')";

/// What to prune: what was over before then; nothing of a kind that names no instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PruneFilter {
    /// Reads, refused and delegated calls, and runs of candidates.
    pub calls_before: Option<Moment>,
    /// Proposals that are final or for comparison only, each with everything that belongs to it.
    pub proposals_before: Option<Moment>,
}

impl PruneFilter {
    /// Both kinds, over before one instant.
    pub fn before(moment: Moment) -> Self {
        Self { calls_before: Some(moment), proposals_before: Some(moment) }
    }

    fn calls_micros(&self) -> i64 {
        self.calls_before.map_or(i64::MIN, Moment::micros)
    }

    fn proposals_micros(&self) -> i64 {
        self.proposals_before.map_or(i64::MIN, Moment::micros)
    }
}

/// What a step can begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Final proposals.
    Proposals,
    /// Reads and refused calls, from this event on.
    Calls(i64),
}

/// What a prune would remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Prunable {
    /// Reads, refused and delegated calls, and runs of candidates.
    pub calls: u64,
    /// Final and shadow proposals, each with its evidence, audits, decisions, job, receipts and what people did.
    pub proposals: u64,
}

/// What a prune, or one step of it, removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Events whose records are gone. The events stay.
    pub events: u64,
    /// Records that are gone, all of them in the archive.
    pub records: u64,
}

/// Counts what a prune would remove.
pub(crate) fn prunable(conn: &dyn Statements, filter: PruneFilter) -> Result<Prunable, Error> {
    let gone = Gone::load(conn)?;
    let mut calls = 0;
    walk_calls(conn, filter, (0, &gone), &mut |_| {
        calls += 1;
        Ok(true)
    })?;
    let sql = format!("SELECT count(*) FROM proposals WHERE {OVER} AND updated_at < ?1");
    let proposals = conn.one(PRUNING, &sql, cells![filter.proposals_micros()], |row| row.integer(0))?;
    Ok(Prunable { calls, proposals: proposals.unwrap_or_default().unsigned_abs() })
}

/// What the next step finds, looked for where nobody who writes has to wait; events before `from` were looked at.
pub(crate) fn due(conn: &dyn Statements, filter: PruneFilter, from: i64) -> Result<Option<Due>, Error> {
    let sql = format!("SELECT created_seq FROM proposals WHERE {OVER} AND updated_at < ?1 LIMIT 1");
    if conn.one(PRUNING, &sql, cells![filter.proposals_micros()], |row| row.integer(0))?.is_some() {
        return Ok(Some(Due::Proposals));
    }
    let mut first = None;
    walk_calls(conn, filter, (from, &Gone::load(conn)?), &mut |event| {
        first = Some(Due::Calls(event.seq));
        Ok(false)
    })?;
    Ok(first)
}

/// Prunes the next few; nothing where somebody else has by now.
pub(crate) fn prune_step(
    write: &Write<'_>,
    (filter, due): (PruneFilter, Due),
    actor: &str,
    archive: &Arc<Mutex<Archive>>,
    signer: &dyn Signer,
) -> Result<Pruned, Error> {
    let mut archive = archive.lock().unwrap_or_else(PoisonError::into_inner);
    let mut step = Step::into(&mut archive);
    let before = match due {
        Due::Proposals => {
            step.proposals(write.conn, filter)?;
            filter.proposals_before
        }
        Due::Calls(from) => {
            step.calls(write.conn, filter, from)?;
            filter.calls_before
        }
    };
    let Some(before) = before.filter(|_| !step.events.is_empty()) else {
        return Ok(Pruned::default());
    };
    // First, because a role that may not do this is to leave no archive behind.
    let guards = Guards::of(write.conn)?;
    guards.set_aside(write.conn)?;
    let archive_digest = step.archive.finish_step()?;
    step.delete(write.conn)?;
    guards.put_back(write.conn)?;
    step.events.sort_unstable();
    let pruned = Pruned { events: count(step.events.len()), records: step.records };
    let ranges = runs(step.events);
    let tombstone = Tombstone::sign(write.ledger_id, before, ranges, step.records, archive_digest, signer)?;
    let payload = serde_json::to_value(tombstone)
        .map_err(|_| Error::Invariant { what: "a tombstone does not serialize" })?;
    chain::append(write, EventKind::RecordsPruned, None, actor, payload)?;
    Ok(pruned)
}

/// What one step has archived and is about to delete.
struct Step<'a> {
    archive: &'a mut Archive,
    events: Vec<i64>,
    proposals: Vec<String>,
    records: u64,
}

impl<'a> Step<'a> {
    fn into(archive: &'a mut Archive) -> Self {
        Self { archive, events: vec![], proposals: vec![], records: 0 }
    }

    /// Takes a few proposals, each with every event about it.
    fn proposals(&mut self, conn: &dyn Statements, filter: PruneFilter) -> Result<(), Error> {
        let sql = format!(
            "SELECT proposal_id FROM proposals WHERE {OVER} AND updated_at < ?1
             ORDER BY created_seq LIMIT {PROPOSALS_A_STEP}"
        );
        let before = cells![filter.proposals_micros()];
        self.proposals = conn.all(PRUNING, &sql, before, |row| Ok(row.text(0)?.to_owned()))?;
        let sql = format!("SELECT {} FROM events WHERE proposal_id = ?1 ORDER BY seq", link::COLUMNS);
        for id in self.proposals.clone() {
            conn.each(PRUNING, &sql, cells![&id], &mut |row| {
                let event = Link::of(row).ok_or_else(|| unreadable(&format!("proposal `{id}`")))?;
                self.take(conn, &event)?;
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(())
    }

    /// Takes a few reads and refused calls.
    fn calls(&mut self, conn: &dyn Statements, filter: PruneFilter, from: i64) -> Result<(), Error> {
        let gone = Gone::load(conn)?;
        walk_calls(conn, filter, (from, &gone), &mut |event| {
            self.take(conn, event)?;
            Ok(self.events.len() < READS_A_STEP)
        })
    }

    /// Archives every record an event vouches for.
    fn take(&mut self, conn: &dyn Statements, event: &Link<'_>) -> Result<(), Error> {
        let payload = event.payload().ok_or_else(|| unreadable(&format!("event `{}`", event.seq)))?;
        self.events.push(event.seq);
        if let Some(id) = payload.evidence_id {
            let sql = "SELECT document FROM evidence WHERE seq = ?1";
            let digest = payload.evidence_digest;
            self.record(conn, event.seq, ("evidence", id, digest), sql, cells![event.seq])?;
        }
        if let Some(id) = payload.audit_id {
            let sql = "SELECT document FROM query_audit WHERE seq = ?1";
            let digest = payload.audit_digest;
            self.record(conn, event.seq, ("query_audit", id, digest), sql, cells![event.seq])?;
        }
        if let Some(id) = payload.receipt_id {
            let sql = "SELECT document FROM receipts WHERE receipt_id = ?1";
            self.record(conn, event.seq, ("receipt", id, payload.receipt_digest), sql, cells![id])?;
        }
        if let Some(digest) = payload.run_digest {
            let sql = "SELECT document FROM evidence WHERE seq = ?1";
            let id = event.seq.to_string();
            self.record(conn, event.seq, ("candidate_run", &id, Some(digest)), sql, cells![event.seq])?;
        }
        let Some(id) = event.proposal_id else { return Ok(()) };
        match event.kind() {
            Some(EventKind::ProposalCreated) => {
                let sql = "SELECT document FROM proposals WHERE proposal_id = ?1";
                self.record(conn, event.seq, ("proposal", id, payload.proposal_digest), sql, cells![id])
            }
            Some(EventKind::ProposalApproved | EventKind::ProposalRejected) => {
                let sql = "SELECT document FROM approvals WHERE proposal_id = ?1 AND verdict = ?2";
                let verdict = match event.kind() {
                    Some(EventKind::ProposalApproved) => "approved",
                    _ => "rejected",
                };
                let key = cells![id, verdict];
                self.record(conn, event.seq, ("decision", id, payload.decision_digest), sql, key)
            }
            Some(EventKind::ShadowHumanActionRecorded) => {
                let sql = "SELECT document FROM evidence WHERE seq = ?1";
                let action = ("human_action", id, payload.action_digest);
                self.record(conn, event.seq, action, sql, cells![event.seq])
            }
            _ => Ok(()),
        }
    }

    fn record(
        &mut self,
        conn: &dyn Statements,
        seq: i64,
        (kind, id, digest): (&str, &str, Option<&str>),
        sql: &str,
        key: &[Cell<'_>],
    ) -> Result<(), Error> {
        let text = conn.one(PRUNING, sql, key, |row| Ok(row.text(0)?.to_owned()))?;
        // A record that is missing already is what `verify` names; a prune must not bury that.
        let text = text.ok_or_else(|| unreadable(&format!("{kind} `{id}`")))?;
        let document: &RawValue =
            serde_json::from_str(&text).map_err(|_| unreadable(&format!("{kind} `{id}`")))?;
        self.records += 1;
        self.archive.add(&Line { seq, kind, id, digest, document })
    }

    /// Deletes what was taken, while the triggers that forbid it are set aside.
    fn delete(&self, conn: &dyn Statements) -> Result<(), Error> {
        for table in ["receipts", "approvals", "writeback_jobs", "proposals"] {
            delete(conn, table, "proposal_id", &self.proposals)?;
        }
        for seq in &self.events {
            conn.execute(PRUNING, "DELETE FROM query_audit WHERE seq = ?1", cells![*seq])?;
            conn.execute(PRUNING, "DELETE FROM evidence WHERE seq = ?1", cells![*seq])?;
            search::forget(conn, *seq)?;
        }
        Ok(())
    }
}

/// Hands reads, refused calls and delegated ones that may go to `look`, oldest first, until it has enough.
fn walk_calls(
    conn: &dyn Statements,
    filter: PruneFilter,
    (from, gone): (i64, &Gone),
    look: &mut dyn FnMut(&Link<'_>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let sql = format!(
        "SELECT {} FROM events WHERE seq >= ?2 AND proposal_id IS NULL AND at < ?1
         AND kind IN ('evidence_recorded', 'call_refused', 'call_delegated', 'shadow_candidate_ran') ORDER BY seq",
        link::COLUMNS
    );
    conn.each(PRUNING, &sql, cells![filter.calls_micros(), from], &mut |row| {
        let event = Link::of(row).ok_or_else(|| unreadable("an event"))?;
        let enough = !gone.holds(event.seq) && !look(&event)?;
        Ok(if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
}

fn delete(conn: &dyn Statements, table: &str, column: &str, keys: &[String]) -> Result<(), Error> {
    let sql = format!("DELETE FROM {table} WHERE {column} = ?1");
    keys.iter().try_for_each(|key| conn.execute(PRUNING, &sql, cells![key]).map(drop))
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn unreadable(record: &str) -> Error {
    Error::Unreadable { record: record.to_owned() }
}
