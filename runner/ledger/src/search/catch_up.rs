//! Brings what records are found by up to date with the chain, for many events at once.
//!
//! A call writes its event and its documents, and is answered; a row of `found_by` and its dozen indexes for each call alone
//! would be most of what a commit writes. Here they are written for a thousand events together: by the writer now and then,
//! and always before a list looks, so that no list misses what was answered before it.
//!
//! Invariant: `found_by` has a row for every event up to its last one and for none after. It is its own mark, so a step that
//! is broken off leaves nothing, and one that is made twice at once is made once: steps are taken by writers, in turn.
//! Absent on purpose: anything that a proof rests on. All of it can be deleted and is made anew.

use std::ops::ControlFlow;

use super::found::{Found, NAMED, Noted};
use super::names::{Meanings, Names};
use crate::error::Error;
use crate::link::Payload;
use crate::statements::{Cell, Row, Statements, cells};

/// Events of a step between two commits of the writer: short, because callers wait for it.
pub(crate) const STEP_EVENTS: u32 = 1_024;

/// Events of a step that a list waits for.
pub(crate) const STEP_EVENTS_MAX: u32 = 8_192;

const CATCHING_UP: &str = "bring up to date what records are found by";

/// The number of the last event.
const HEAD: &str = "SELECT seq FROM events ORDER BY seq DESC LIMIT 1";

/// The last event with a row.
fn reached(conn: &dyn Statements) -> Result<i64, Error> {
    last(conn, "SELECT seq FROM found_by ORDER BY seq DESC LIMIT 1")
}

/// The events after the first number and up to the second, where their records cannot be found yet.
pub(crate) fn missing(conn: &dyn Statements) -> Result<Option<(i64, i64)>, Error> {
    let (reached, head) = (reached(conn)?, last(conn, HEAD)?);
    Ok((reached < head).then_some((reached, head)))
}

/// How many events have no row yet.
pub(crate) fn behind(conn: &dyn Statements) -> Result<i64, Error> {
    let head = last(conn, HEAD)?;
    Ok(head.saturating_sub(reached(conn)?))
}

/// Writes the rows of the next few events, and answers up to which there are rows now.
pub(crate) fn step(conn: &dyn Statements, events_max: u32) -> Result<i64, Error> {
    let from = reached(conn)?;
    let sql = "SELECT e.seq, e.kind, e.actor, e.proposal_id, q.document, v.document FROM events e
               LEFT JOIN query_audit q ON q.seq = e.seq LEFT JOIN evidence v ON v.seq = e.seq
               WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2";
    let (mut names, mut until) = (Names::default(), from);
    conn.each(CATCHING_UP, sql, cells![from, events_max], &mut |row| {
        until = row.integer(0)?;
        let (kind, actor, proposal_id) = (row.text(1)?, row.text(2)?, row.optional_text(3)?);
        let event = Noted { seq: until, kind, actor, proposal_id };
        Found::of(event, row.optional_text(4)?, row.optional_text(5)?).insert(conn, &mut names)?;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(until)
}

/// The latest event without a row yet whose payload is the one that is looked for.
pub(crate) fn among_latest(
    conn: &dyn Statements,
    is_it: impl Fn(&Payload<'_>) -> bool,
) -> Result<Option<i64>, Error> {
    let (mut found, from) = (None, reached(conn)?);
    let sql = "SELECT seq, payload FROM events WHERE seq > ?1 ORDER BY seq DESC";
    conn.each(CATCHING_UP, sql, cells![from], &mut |row| {
        let payload = serde_json::from_str::<Payload<'_>>(row.text(1)?).ok();
        if !payload.is_some_and(|payload| is_it(&payload)) {
            return Ok(ControlFlow::Continue(()));
        }
        found = Some(row.integer(0)?);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// The call an event records is not found any more: its records are gone.
pub(crate) fn forget(conn: &dyn Statements, seq: i64) -> Result<(), Error> {
    let sql = "UPDATE found_by SET at = NULL, audit_id = NULL, evidence_id = NULL, tenant = NULL, principal = NULL,
                   capability = NULL, source = NULL, schema_name = NULL, table_name = NULL, object_type = NULL,
                   object_key = NULL, fingerprint = NULL, code = NULL, proposal_id = NULL
               WHERE seq = ?1";
    conn.execute(CATCHING_UP, sql, cells![seq]).map(drop)
}

/// Forgets the names by which nothing is found any more. It looks at every row, so once after a prune, not in each step.
pub(crate) fn forget_names(conn: &dyn Statements) -> Result<(), Error> {
    let used = NAMED.map(|column| format!("SELECT {column} FROM found_by WHERE {column} IS NOT NULL"));
    let sql = format!("DELETE FROM names WHERE name_id NOT IN ({})", used.join(" UNION "));
    conn.execute(CATCHING_UP, &sql, cells![]).map(drop)
}

fn last(conn: &dyn Statements, sql: &'static str) -> Result<i64, Error> {
    Ok(conn.one(CATCHING_UP, sql, cells![], |row| row.integer(0))?.unwrap_or_default())
}

/// Holds rows of `found_by` against what they are computed from.
pub(crate) struct Matching {
    names: Meanings,
    reached: i64,
}

impl Matching {
    pub(crate) fn new(conn: &dyn Statements) -> Result<Self, Error> {
        Ok(Self { names: Meanings::default(), reached: reached(conn)? })
    }

    /// Whether a row of [`super::FOUND_COLUMNS`], of which the first has that number, is the one of an event. One that was not
    /// brought up to date yet has none.
    pub(crate) fn is(
        &mut self,
        conn: &dyn Statements,
        expected: &Found<'_>,
        row: &dyn Row,
        first: usize,
    ) -> Result<bool, Error> {
        match row.cell(first)? {
            Cell::Null => Ok(expected.seq() > self.reached),
            _ => expected.is(conn, &mut self.names, row, first),
        }
    }
}
