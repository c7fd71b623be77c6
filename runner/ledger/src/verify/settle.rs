//! The accounts of proposals, followed along the walk: each one's seal, its legal moves, and that its state and its job are
//! what its events come to.
//!
//! An account is opened at the event of its making, with what is stored of the proposal, and each event about it is followed
//! as the walk passes it. What it has come to is held against what is stored when the walk is over.
//!
//! Invariant: memory does not grow with the ledger. When there is no room for one more account all of them are closed: one
//! that has come to what is stored is let go, and of one that has not the events further on are asked for. An event about a
//! proposal that was let go has its whole account looked at again.

use std::collections::HashMap;
use std::ops::ControlFlow;

use synapsor_protocol::{EventKind, ProposalState};

use super::{Stop, Walk, misfit};
use crate::account::Account;
use crate::error::Error;
use crate::jobs::{self, StoredJob};
use crate::link::{self, Link, Payload};
use crate::parts::Parts;
use crate::report::{Misfit, MisfitKind};
use crate::statements::{Statements, cells};

/// Accounts a walk follows at a time.
const FOLLOWED_MAX: usize = 1024;

/// The accounts a walk follows.
pub(super) struct Accounts {
    by_proposal: HashMap<String, Standing>,
    questions: Questions,
    /// What did not come to what is stored, by the event that made the proposal; of several the earliest.
    misfit: Option<(i64, Misfit)>,
}

enum Standing {
    /// As far as the walk is.
    Followed(Box<Followed>),
    /// Followed to the end already.
    Settled,
}

/// A proposal's account so far, and what it has to come to.
struct Followed {
    account: Account,
    stored: Stored,
}

/// What is stored of a proposal beside its document.
struct Stored {
    /// The event of its making.
    made_seq: i64,
    state: Option<ProposalState>,
    moved_at_micros: i64,
    is_sealed: bool,
    /// The job of its apply, where one ever started; none inside where a column holds what no job can.
    job: Option<Option<StoredJob>>,
}

/// The statements an account is opened and settled by, put together once for a walk.
struct Questions {
    /// What is stored of it, and of its job.
    proposal: String,
    /// The first of the job's columns there.
    job: usize,
    events: String,
}

impl Accounts {
    pub(super) fn new() -> Self {
        let columns = ["state", "updated_at", "content_digest", "created_seq", "document"];
        let ours = columns.iter().map(|column| format!("p.{column}"));
        let jobs = jobs::COLUMNS.iter().map(|column| format!("j.{column}"));
        let all: Vec<_> = ours.chain(jobs).collect();
        let questions = Questions {
            proposal: format!(
                "SELECT {} FROM proposals p LEFT JOIN writeback_jobs j ON j.proposal_id = p.proposal_id
                 WHERE p.proposal_id = ?1",
                all.join(", ")
            ),
            job: columns.len(),
            events: format!("SELECT {} FROM events WHERE proposal_id = ?1 ORDER BY seq", link::COLUMNS),
        };
        Self { by_proposal: HashMap::new(), questions, misfit: None }
    }

    /// Follows an event about a proposal whose account is open, and answers whether the account is known.
    pub(super) fn follow(&mut self, event: &Link<'_>, kind: EventKind) -> Result<bool, Stop> {
        let Some(id) = event.proposal_id else { return Ok(false) };
        let Some(standing) = self.by_proposal.get_mut(id) else { return Ok(false) };
        let Standing::Followed(followed) = standing else { return Ok(true) };
        let is_legal = kind != EventKind::ProposalCreated && followed.account.follow(event, kind).is_some();
        if is_legal { Ok(true) } else { Err(illegal(event.seq, id)) }
    }

    /// What did not come to what is stored, now that there are no more events.
    pub(super) fn end(&mut self) -> Option<Misfit> {
        for (id, standing) in std::mem::take(&mut self.by_proposal) {
            if let Standing::Followed(followed) = standing {
                self.compare(&id, &followed.account, &followed.stored);
            }
        }
        self.misfit.take().map(|(_, misfit)| misfit)
    }

    /// Holds what an account has come to in the end against what is stored.
    fn compare(&mut self, id: &str, account: &Account, stored: &Stored) {
        if let Some(misfit) = stored.misfit(id, account)
            && self.misfit.as_ref().is_none_or(|(made_seq, _)| stored.made_seq < *made_seq)
        {
            self.misfit = Some((stored.made_seq, misfit));
        }
    }
}

impl Stored {
    /// What of it is not what the events come to.
    fn misfit(&self, id: &str, account: &Account) -> Option<Misfit> {
        if self.state != Some(account.state) || account.moved_at.micros() != self.moved_at_micros {
            let record = Some(format!("proposal `{id}`"));
            return Some(Misfit { kind: MisfitKind::StateEdited, seq: None, record });
        }
        let kind = match (&self.job, &account.job) {
            (None, None) => return None,
            (Some(Some(found)), Some(expected)) if found == expected => return None,
            (None, Some(_)) => MisfitKind::RecordMissing,
            (Some(_), _) => MisfitKind::RecordEdited,
        };
        Some(Misfit { kind, seq: None, record: Some(format!("writeback job of proposal `{id}`")) })
    }
}

impl Walk<'_> {
    /// Opens the account of the proposal this event made.
    pub(super) fn open(&mut self, event: &Link<'_>, id: &str, payload: &Payload<'_>) -> Result<(), Stop> {
        let named = || Some(format!("proposal `{id}`"));
        let stored = stored(self.conn, &self.accounts.questions, id, Some((event.seq, payload)))?
            .ok_or_else(|| misfit(MisfitKind::RecordMissing, Some(event.seq), named()))?;
        if stored.state.is_none() || !stored.is_sealed {
            return Err(misfit(MisfitKind::RecordEdited, Some(event.seq), named()));
        }
        let account = Account::opened(event.at().ok_or_else(|| illegal(event.seq, id))?);
        self.witnessed.proposals += 1;
        self.witnessed.jobs += u64::from(stored.job.is_some());
        self.make_room(event.seq)?;
        let followed = Box::new(Followed { account, stored });
        self.accounts.by_proposal.insert(id.to_owned(), Standing::Followed(followed));
        Ok(())
    }

    /// An event about a proposal whose account is not open comes after the one of its making, and belongs there.
    pub(super) fn look_back(&mut self, event: &Link<'_>, id: &str) -> Result<(), Stop> {
        let stored = stored(self.conn, &self.accounts.questions, id, None)?
            .filter(|stored| stored.made_seq < event.seq)
            .ok_or_else(|| illegal(event.seq, id))?;
        self.make_room(event.seq)?;
        self.settle(event.seq, id, &stored)?;
        self.accounts.by_proposal.insert(id.to_owned(), Standing::Settled);
        Ok(())
    }

    /// Closes every account when no other has room.
    fn make_room(&mut self, seq: i64) -> Result<(), Stop> {
        if self.accounts.by_proposal.len() < FOLLOWED_MAX {
            return Ok(());
        }
        for (id, standing) in std::mem::take(&mut self.accounts.by_proposal) {
            if let Standing::Followed(followed) = standing
                && followed.stored.misfit(&id, &followed.account).is_some()
            {
                self.settle(seq, &id, &followed.stored)?;
            }
        }
        Ok(())
    }

    /// Follows an account to its end, ahead of the walk, which is at the event of that number.
    fn settle(&mut self, seq: i64, id: &str, stored: &Stored) -> Result<(), Stop> {
        match follow(self.conn, &self.accounts.questions.events, stored.made_seq, id)? {
            Ending::Comes(account) => self.accounts.compare(id, &account, stored),
            Ending::Breaks(at) if at <= seq => return Err(illegal(at, id)),
            Ending::Breaks(at) => {
                if self.ahead.as_ref().is_none_or(|known| Some(at) < known.seq) {
                    let record = Some(format!("proposal `{id}`"));
                    self.ahead = Some(Misfit { kind: MisfitKind::MoveIllegal, seq: Some(at), record });
                }
            }
        }
        Ok(())
    }
}

fn illegal(seq: i64, id: &str) -> Stop {
    misfit(MisfitKind::MoveIllegal, Some(seq), Some(format!("proposal `{id}`")))
}

/// What is stored of a proposal, and whether it was sealed by the event of that number, where one is named.
fn stored(
    conn: &dyn Statements,
    questions: &Questions,
    id: &str,
    sealed_by: Option<(i64, &Payload<'_>)>,
) -> Result<Option<Stored>, Error> {
    conn.one("read the proposal", &questions.proposal, cells![id], |row| {
        let made_seq = row.integer(3)?;
        let is_sealed = match sealed_by {
            None => true,
            Some((seq, payload)) => {
                Some(row.text(2)?) == payload.content_digest
                    && made_seq == seq
                    && is_sealed(row.text(4)?, id, payload)
            }
        };
        let job = row.optional_text(questions.job)?.map(|_| jobs::stored(row, questions.job)).transpose()?;
        let state = ProposalState::parse(row.text(0)?);
        Ok(Stored { made_seq, state, moved_at_micros: row.integer(1)?, is_sealed, job })
    })
}

/// Whether the document is the one that was sealed, by its own digest and by the event of its making.
fn is_sealed(document: &str, id: &str, payload: &Payload<'_>) -> bool {
    Parts::of(document).is_some_and(|parts| {
        parts.proposal_id == id && payload.proposal_digest == Some(parts.digest) && parts.is_sealed()
    })
}

/// What the events of a proposal add up to, or the first that cannot follow on the ones before it.
enum Ending {
    Comes(Account),
    Breaks(i64),
}

fn follow(conn: &dyn Statements, sql: &str, made_seq: i64, id: &str) -> Result<Ending, Error> {
    let mut account = None;
    let mut breaks = None;
    conn.few("read the proposal's events", sql, cells![id], &mut |row| {
        let seq = row.integer(0)?;
        let next = Link::of(row).and_then(|event| match (account.as_mut(), event.kind()?) {
            (None, EventKind::ProposalCreated) if seq == made_seq => {
                account = Some(Account::opened(event.at()?));
                Some(())
            }
            (None, _) | (Some(_), EventKind::ProposalCreated) => None,
            (Some(account), kind) => account.follow(&event, kind),
        });
        breaks = next.is_none().then_some(seq);
        Ok(if next.is_some() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(match (breaks, account) {
        (Some(seq), _) => Ending::Breaks(seq),
        (None, None) => Ending::Breaks(made_seq),
        (None, Some(account)) => Ending::Comes(account),
    })
}
