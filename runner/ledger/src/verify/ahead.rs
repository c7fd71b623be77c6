//! What stands in the tables beside each event, read ahead of the walk: its evidence, its audit, and what they are found by.
//!
//! They are stored under the event's number, so that a block of events is one statement in place of hundreds.
//!
//! Invariant: memory is one block, however long the ledger.

use std::collections::VecDeque;

use synapsor_protocol::{Digest, EventKind, EvidenceBundle, HumanAction, QueryAudit};

use crate::documents::Sealed;
use crate::error::Error;
use crate::link::Payload;
use crate::search::{FOUND_COLUMNS, Found, Matching};
use crate::statements::{Row, Statements, cells};

/// Events that are read at once.
const BLOCK_EVENTS: usize = 256;

/// What stands beside one event, as far as a walk compares it.
pub(super) struct Beside {
    seq: i64,
    /// The digests over the stored texts.
    pub(super) evidence: Option<Digest>,
    pub(super) action: Option<Digest>,
    pub(super) audit: Option<Digest>,
    /// Whether they are found by what they say, and by nothing else.
    pub(super) is_found: bool,
}

/// What stands beside the events, as they come.
pub(super) enum Ahead {
    ByEvent {
        block: String,
        matching: Matching,
        read: VecDeque<Beside>,
    },
    /// In a copy of an earlier release's ledger documents are stored under their own ids.
    ById,
}

impl Ahead {
    pub(super) fn new(conn: &dyn Statements, is_older: bool) -> Result<Self, Error> {
        if is_older {
            return Ok(Self::ById);
        }
        let found = FOUND_COLUMNS.map(|column| format!("f.{column}"));
        let block = format!(
            "SELECT e.seq, e.kind, e.actor, q.document, v.document, {} FROM events e
             LEFT JOIN query_audit q ON q.seq = e.seq LEFT JOIN evidence v ON v.seq = e.seq
             LEFT JOIN found_by f ON f.seq = e.seq
             WHERE e.seq >= ?1 ORDER BY e.seq LIMIT {BLOCK_EVENTS}",
            found.join(", ")
        );
        Ok(Self::ByEvent {
            block,
            matching: Matching::new(conn)?,
            read: VecDeque::with_capacity(BLOCK_EVENTS),
        })
    }

    /// What stands beside an event; asked for in the order of the chain.
    pub(super) fn beside(
        &mut self,
        conn: &dyn Statements,
        seq: i64,
        payload: &Payload<'_>,
    ) -> Result<Beside, Error> {
        let Self::ByEvent { block, matching, read } = self else { return by_id(conn, seq, payload) };
        while read.front().is_some_and(|beside| beside.seq < seq) {
            read.pop_front();
        }
        if read.is_empty() {
            let next = conn.all("read the records of the chain", block, cells![seq], |row| {
                beside(conn, row, matching)
            })?;
            read.extend(next);
        }
        let nothing = Beside { seq, evidence: None, action: None, audit: None, is_found: false };
        Ok(read.pop_front().filter(|beside| beside.seq == seq).unwrap_or(nothing))
    }
}

fn beside(conn: &dyn Statements, row: &dyn Row, matching: &mut Matching) -> Result<Beside, Error> {
    let (audit, evidence) = (row.optional_text(3)?, row.optional_text(4)?);
    let expected = Found::of(row.integer(0)?, row.text(1)?, row.text(2)?, audit, evidence);
    let is_action = row.text(1)? == EventKind::ShadowHumanActionRecorded.as_str();
    let (action, evidence) = if is_action { (evidence, None) } else { (None, evidence) };
    Ok(Beside {
        seq: expected.seq(),
        evidence: evidence.map(|text| Digest::of_canonical(EvidenceBundle::DOMAIN, text)),
        action: action.map(|text| Digest::of_canonical(HumanAction::DOMAIN, text)),
        audit: audit.map(|text| Digest::of_canonical(QueryAudit::DOMAIN, text)),
        is_found: matching.is(conn, &expected, row, 5)?,
    })
}

fn by_id(conn: &dyn Statements, seq: i64, payload: &Payload<'_>) -> Result<Beside, Error> {
    let seal = |sql: &str, id: Option<&str>, domain: &str| -> Result<Option<Digest>, Error> {
        let Some(id) = id else { return Ok(None) };
        conn.one("read a record of the chain", sql, cells![id], |row| {
            Ok(Digest::of_canonical(domain, row.text(0)?))
        })
    };
    let evidence = "SELECT document FROM evidence WHERE evidence_id = ?1";
    let audit = "SELECT document FROM query_audit WHERE audit_id = ?1";
    Ok(Beside {
        seq,
        evidence: seal(evidence, payload.evidence_id, EvidenceBundle::DOMAIN)?,
        // Recorded by later releases alone.
        action: None,
        audit: seal(audit, payload.audit_id, QueryAudit::DOMAIN)?,
        is_found: true,
    })
}
