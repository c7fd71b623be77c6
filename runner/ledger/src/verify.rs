//! Walks the chain and every record bound to it, and names the first that does not fit.
//!
//! Invariant: one snapshot is walked, so that appending goes on meanwhile and does not confuse it.
//! Invariant: memory does not grow with the ledger. What is known to be wrong further on is kept until the walk gets there, so
//! that the first misfit is the one that is named.

mod anchors;
mod beside;
mod export;
mod records;
mod settle;

use std::ops::ControlFlow;

use synapsor_protocol::EventKind;

use crate::chain;
use crate::error::Error;
use crate::keeping::Gone;
use crate::link::{Link, Payload};
use crate::progress::Progress;
use crate::report::{ChainReport, Misfit, MisfitKind};
use crate::schema;
use crate::statements::{Row, Statements, cells};

use anchors::Anchors;
pub use anchors::{Trust, Verification};
pub use export::{ExportReport, verify_export};
use records::Witnessed;
use settle::Accounts;

/// Events between two looks of the progress.
const PROGRESS_EVERY: i64 = 1024;

/// Stops a walk: something does not fit, or the file cannot be read.
pub(crate) enum Stop {
    Misfit(Misfit),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Walks the whole ledger.
pub(crate) fn verify(
    conn: &dyn Statements,
    ledger_id: &str,
    against: &Verification,
) -> Result<ChainReport, Error> {
    let last = "SELECT seq FROM events ORDER BY seq DESC LIMIT 1";
    let last = conn.one("walk the chain", last, cells![], |row| row.integer(0))?;
    against.progress.begin(last.unwrap_or_default().unsigned_abs());
    // A copy of a file is verified as it was made; a server's tables were brought up to date.
    let version = conn.file().map_or_else(|| Ok(schema::newest()), schema::version)?;
    let mut walk = Walk {
        conn,
        ledger_id,
        anchors: Anchors::new(ledger_id, against),
        progress: &against.progress,
        fitting: 0,
        head: chain::genesis().as_str().to_owned(),
        ahead: None,
        gone: Gone::load(conn)?,
        witnessed: Witnessed::new(conn, version)?,
        accounts: Accounts::new(),
        room: String::new(),
    };
    let misfit = match walk.whole() {
        Ok(()) => None,
        Err(Stop::Misfit(misfit)) => Some(misfit),
        Err(Stop::Failed(error)) => return Err(error),
    };
    Ok(ChainReport {
        ledger_id: ledger_id.to_owned(),
        events: walk.fitting.unsigned_abs(),
        records: walk.witnessed.total(),
        checkpoints: walk.anchors.passed(),
        head: walk.head.try_into().map_err(Error::unreadable(|| "the head of the chain".into()))?,
        misfit,
    })
}

pub(crate) struct Walk<'a> {
    conn: &'a dyn Statements,
    ledger_id: &'a str,
    anchors: Anchors<'a>,
    progress: &'a Progress,
    /// The number and digest of the last event that fits.
    fitting: i64,
    head: String,
    /// The first event further on that is known not to fit.
    ahead: Option<Misfit>,
    /// The events whose records were pruned, as the tombstones say; each of those is an event of the walk itself.
    gone: Gone,
    witnessed: Witnessed,
    /// Of the proposals the walk came by lately.
    accounts: Accounts,
    /// Room in which an event is put together to be hashed.
    room: String,
}

impl Walk<'_> {
    fn whole(&mut self) -> Result<(), Stop> {
        let (conn, sql) = (self.conn, self.witnessed.walk());
        let mut stopped = Ok(());
        conn.each("walk the chain", &sql, cells![], &mut |row| {
            stopped = match Link::of(row) {
                Some(event) => self.event(&event, row),
                None => Err(self.unreadable(row.integer(0)?)),
            };
            Ok(if stopped.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        stopped?;
        if self.fitting == 0 {
            return Err(misfit(MisfitKind::BeginningReplaced, Some(1), None));
        }
        self.anchors.end(self.fitting)?;
        self.progress.moved_to(self.fitting.unsigned_abs());
        self.accounts.end().map_or(Ok(()), |found| Err(Stop::Misfit(found)))?;
        self.witnessed.are_all(self.conn, self.fitting)
    }

    /// An event, and what stands beside it in its row.
    fn event(&mut self, event: &Link<'_>, row: &dyn Row) -> Result<(), Stop> {
        let seq = event.seq;
        if seq != self.fitting + 1 {
            return Err(misfit(MisfitKind::EventMissing, Some(self.fitting + 1), None));
        }
        let edited = || misfit(MisfitKind::EventEdited, Some(seq), None);
        if !event.is_sealed(&mut self.room) {
            return Err(edited());
        }
        let kind = event.kind().ok_or_else(edited)?;
        if event.previous_digest != self.head {
            return Err(misfit(MisfitKind::EventOutOfPlace, Some(seq), None));
        }
        let payload = event.payload().ok_or_else(edited)?;
        let founding = kind == EventKind::LedgerCreated && payload.ledger_id == Some(self.ledger_id);
        if (seq == 1) != founding {
            return Err(misfit(MisfitKind::BeginningReplaced, Some(seq), None));
        }
        if self.ahead.as_ref().is_some_and(|found| found.seq == Some(seq)) {
            return self.ahead.take().map_or(Ok(()), |found| Err(Stop::Misfit(found)));
        }
        let is_known = self.accounts.follow(event, kind)?;
        self.anchors.pass(seq, event.digest)?;
        self.bound(event, (kind, is_known), &payload, row)?;
        self.fitting = seq;
        self.head.clear();
        self.head.push_str(event.digest);
        if seq % PROGRESS_EVERY == 0 {
            self.progress.moved_to(seq.unsigned_abs());
        }
        Ok(())
    }

    /// What the event vouches for, and the account of its proposal, unless that is known.
    fn bound(
        &mut self,
        event: &Link<'_>,
        (kind, is_known): (EventKind, bool),
        payload: &Payload<'_>,
        row: &dyn Row,
    ) -> Result<(), Stop> {
        let documents = self.witnessed.documents(row)?;
        if kind == EventKind::RecordsPruned {
            return self.anchors.buried(event, self.ledger_id);
        }
        if self.gone.holds(event.seq) {
            return Ok(());
        }
        self.witnessed.fit(self.conn, event, kind, payload, (row, documents))?;
        match event.proposal_id {
            Some(id) if kind == EventKind::ProposalCreated => self.open(event, id, payload),
            Some(id) if !is_known => self.look_back(event, id),
            _ => Ok(()),
        }
    }

    fn unreadable(&self, seq: i64) -> Stop {
        let expected = self.fitting + 1;
        let kind = if seq == expected { MisfitKind::EventEdited } else { MisfitKind::EventMissing };
        misfit(kind, Some(expected), None)
    }
}

pub(crate) fn misfit(kind: MisfitKind, seq: Option<i64>, record: Option<String>) -> Stop {
    Stop::Misfit(Misfit { kind, seq, record })
}
