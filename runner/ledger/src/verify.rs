//! Walks the chain and every record bound to it, and names the first that does not fit.
//!
//! Invariant: one snapshot is walked, so that appending goes on meanwhile and does not confuse it.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rusqlite::Connection;
use synapsor_protocol::proposal::Move;
use synapsor_protocol::{
    Decision, Digest, Event, EventKind, EvidenceBundle, Outcome, ProposalId, ProposalState, QueryAudit,
    Receipt,
};

use crate::chain;
use crate::documents::{self, Sealed};
use crate::error::Error;
use crate::proposals;
use crate::report::{ChainReport, Misfit, MisfitKind};

/// Stops a walk: something does not fit, or the file cannot be read.
enum Stop {
    Misfit(Misfit),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Walks the whole ledger.
pub(crate) fn verify(conn: &Connection, ledger_id: &str) -> Result<ChainReport, Error> {
    let mut walk = Walk::new(conn, ledger_id);
    let walked = walk.events().and_then(|()| walk.leftovers());
    let misfit = match walked {
        Ok(()) => None,
        Err(Stop::Misfit(misfit)) => Some(misfit),
        Err(Stop::Failed(error)) => return Err(error),
    };
    let Walk { fitting, head, witnessed, .. } = walk;
    let records = witnessed.total();
    Ok(ChainReport { ledger_id: ledger_id.to_owned(), events: fitting.unsigned_abs(), records, head, misfit })
}

/// What the events so far say about one proposal.
struct Account {
    state: ProposalState,
    started: bool,
}

/// Documents the events so far vouch for.
#[derive(Default)]
struct Witnessed {
    evidence: u64,
    audits: u64,
    decisions: u64,
    receipts: u64,
    proposals: u64,
}

impl Witnessed {
    fn total(&self) -> u64 {
        self.evidence + self.audits + self.decisions + self.receipts + self.proposals
    }
}

struct Walk<'a> {
    conn: &'a Connection,
    ledger_id: &'a str,
    /// The number and digest of the last event that fits.
    fitting: i64,
    head: Digest,
    accounts: HashMap<ProposalId, Account>,
    witnessed: Witnessed,
}

impl<'a> Walk<'a> {
    fn new(conn: &'a Connection, ledger_id: &'a str) -> Self {
        Self {
            conn,
            ledger_id,
            fitting: 0,
            head: chain::genesis(),
            accounts: HashMap::new(),
            witnessed: Witnessed::default(),
        }
    }

    fn events(&mut self) -> Result<(), Stop> {
        let mut stopped = None;
        chain::walk(self.conn, |seq, event| {
            Ok(match self.event(seq, event) {
                Ok(()) => ControlFlow::Continue(()),
                Err(stop) => {
                    stopped = Some(stop);
                    ControlFlow::Break(())
                }
            })
        })?;
        match stopped {
            Some(stop) => Err(stop),
            None if self.fitting == 0 => Err(misfit(MisfitKind::BeginningReplaced, Some(1), None)),
            None => Ok(()),
        }
    }

    fn event(&mut self, seq: i64, event: Result<Event, Error>) -> Result<(), Stop> {
        let expected = self.fitting + 1;
        if seq != expected {
            return Err(misfit(MisfitKind::EventMissing, Some(expected), None));
        }
        let edited = || misfit(MisfitKind::EventEdited, Some(seq), None);
        let event = event.map_err(|_| edited())?;
        if !event.recompute_digest().is_ok_and(|digest| digest == event.digest) {
            return Err(edited());
        }
        if event.previous_digest != self.head {
            return Err(misfit(MisfitKind::EventOutOfPlace, Some(seq), None));
        }
        let founding =
            event.kind == EventKind::LedgerCreated && field(&event, "ledger_id") == Some(self.ledger_id);
        if (seq == 1) != founding {
            return Err(misfit(MisfitKind::BeginningReplaced, Some(seq), None));
        }
        self.documents(&event)?;
        self.account(&event)?;
        self.fitting = seq;
        self.head = event.digest;
        Ok(())
    }

    /// Every document the event vouches for is there and unchanged.
    fn documents(&mut self, event: &Event) -> Result<(), Stop> {
        let conn = self.conn;
        if let Some(id) = field(event, "evidence_id") {
            let found = documents::one::<EvidenceBundle>(
                conn,
                "SELECT document FROM evidence WHERE evidence_id = ?1",
                [id],
            );
            vouch(event, id, found, "evidence_digest")?;
            self.witnessed.evidence += 1;
        }
        if let Some(id) = field(event, "audit_id") {
            let found = documents::one::<QueryAudit>(
                conn,
                "SELECT document FROM query_audit WHERE audit_id = ?1",
                [id],
            );
            vouch(event, id, found, "audit_digest")?;
            self.witnessed.audits += 1;
        }
        if let Some(id) = field(event, "receipt_id") {
            let found =
                documents::one::<Receipt>(conn, "SELECT document FROM receipts WHERE receipt_id = ?1", [id]);
            vouch(event, id, found, "receipt_digest")?;
            self.witnessed.receipts += 1;
        }
        if let (Some(_), Some(id)) = (field(event, "decision_digest"), &event.proposal_id) {
            let verdict = if event.kind == EventKind::ProposalApproved { "approved" } else { "rejected" };
            let sql = "SELECT document FROM approvals WHERE proposal_id = ?1 AND verdict = ?2";
            let found = documents::one::<Decision>(conn, sql, [id.as_str(), verdict]);
            vouch(event, id.as_str(), found, "decision_digest")?;
            self.witnessed.decisions += 1;
        }
        Ok(())
    }

    /// Follows the proposal's state along the table of legal moves.
    fn account(&mut self, event: &Event) -> Result<(), Stop> {
        let Some(id) = &event.proposal_id else { return Ok(()) };
        let illegal = || misfit(MisfitKind::MoveIllegal, Some(event.seq), Some(format!("proposal `{id}`")));
        if event.kind == EventKind::ProposalCreated {
            self.proposal(event, id)?;
            let made = Account { state: ProposalState::PendingReview, started: false };
            return match self.accounts.insert(id.clone(), made) {
                None => Ok(()),
                Some(_) => Err(illegal()),
            };
        }
        let account = self.accounts.get_mut(id).ok_or_else(illegal)?;
        account.started |= event.kind == EventKind::WritebackStarted;
        if let Some(step) = step(event.kind) {
            account.state = account.state.next(step).ok_or_else(illegal)?;
        }
        Ok(())
    }

    fn proposal(&mut self, event: &Event, id: &ProposalId) -> Result<(), Stop> {
        let found = |kind| misfit(kind, Some(event.seq), Some(format!("proposal `{id}`")));
        match proposals::find(self.conn, id) {
            Ok(Some(stored)) if stored.intact => {
                self.witnessed.proposals += 1;
                Ok(())
            }
            Ok(Some(_)) | Err(Error::Unreadable { .. }) => Err(found(MisfitKind::RecordEdited)),
            Ok(None) => Err(found(MisfitKind::RecordMissing)),
            Err(error) => Err(error.into()),
        }
    }

    /// What is in the tables and not in the chain.
    fn leftovers(&self) -> Result<(), Stop> {
        let mut wrong = None;
        proposals::walk(self.conn, |id, state| {
            let account = self.accounts.get(&ProposalId::from_stored(id));
            let kind = match account {
                None => MisfitKind::RecordUnwitnessed,
                Some(account) if account.state.as_str() != state => MisfitKind::StateEdited,
                Some(_) => return Ok(()),
            };
            wrong.get_or_insert_with(|| misfit(kind, None, Some(format!("proposal `{id}`"))));
            Ok(())
        })?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let started = self.accounts.values().filter(|account| account.started).count();
        let tables = [
            ("evidence", "SELECT count(*) FROM evidence", self.witnessed.evidence),
            ("query audit", "SELECT count(*) FROM query_audit", self.witnessed.audits),
            ("decision", "SELECT count(*) FROM approvals", self.witnessed.decisions),
            ("receipt", "SELECT count(*) FROM receipts", self.witnessed.receipts),
            (
                "writeback job",
                "SELECT count(*) FROM writeback_jobs",
                u64::try_from(started).unwrap_or(u64::MAX),
            ),
        ];
        for (name, sql, witnessed) in tables {
            let stored: i64 = self
                .conn
                .query_one(sql, [], |row| row.get(0))
                .map_err(Error::storage("count the records"))?;
            let stored = stored.unsigned_abs();
            if stored != witnessed {
                let kind = if stored > witnessed {
                    MisfitKind::RecordUnwitnessed
                } else {
                    MisfitKind::RecordMissing
                };
                let record = format!("{name}: `{witnessed}` in the chain, `{stored}` stored");
                return Err(misfit(kind, None, Some(record)));
            }
        }
        Ok(())
    }
}

/// The document is there, and its digest is the one the event carries.
fn vouch<T: Sealed>(
    event: &Event,
    id: &str,
    found: Result<Option<T>, Error>,
    digest_field: &str,
) -> Result<(), Stop> {
    let wrong = |kind| Err(misfit(kind, Some(event.seq), Some(format!("{} `{id}`", T::NAME))));
    match found {
        Ok(None) => wrong(MisfitKind::RecordMissing),
        Ok(Some(document)) if field(event, digest_field) == Some(document.seal()?.as_str()) => Ok(()),
        Ok(Some(_)) | Err(Error::Unreadable { .. }) => wrong(MisfitKind::RecordEdited),
        Err(error) => Err(error.into()),
    }
}

fn field<'e>(event: &'e Event, name: &str) -> Option<&'e str> {
    event.payload.get(name)?.as_str()
}

fn misfit(kind: MisfitKind, seq: Option<i64>, record: Option<String>) -> Stop {
    Stop::Misfit(Misfit { kind, seq, record })
}

/// What an event does to its proposal's state; none for those that only tell.
fn step(kind: EventKind) -> Option<Move> {
    match kind {
        EventKind::ProposalApproved => Some(Move::Approve),
        EventKind::ProposalRejected => Some(Move::Reject),
        EventKind::WritebackApplied => Some(Move::Finish(Outcome::Applied)),
        EventKind::WritebackAlreadyApplied => Some(Move::Finish(Outcome::AlreadyApplied)),
        EventKind::WritebackConflict => Some(Move::Finish(Outcome::Conflict)),
        EventKind::WritebackFailed => Some(Move::Finish(Outcome::Failed)),
        EventKind::WritebackUnknown => Some(Move::Finish(Outcome::Unknown)),
        EventKind::LedgerCreated
        | EventKind::EvidenceRecorded
        | EventKind::CallRefused
        | EventKind::ProposalCreated
        | EventKind::WritebackStarted
        | EventKind::WritebackInterrupted => None,
    }
}
