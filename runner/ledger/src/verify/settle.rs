//! A proposal's whole account, settled at the event of its making: its seal, its legal moves, its state and its job.

use std::ops::ControlFlow;

use serde::Deserialize;
use serde_json::value::RawValue;
use synapsor_protocol::proposal::PROPOSAL_SCHEMA;
use synapsor_protocol::{Digest, EventKind, ProposalState};

use super::{Stop, Walk, misfit};
use crate::account::Account;
use crate::error::Error;
use crate::jobs::{self, StoredJob};
use crate::link::{self, Link, Payload};
use crate::report::{Misfit, MisfitKind};
use crate::statements::{Statements, cells};

/// Proposals a walk remembers to have settled; events about others are looked up.
const SETTLED_MAX: usize = 1024;

/// What is stored of a proposal beside its document.
struct Stored {
    state: Option<ProposalState>,
    moved_at_micros: i64,
    is_sealed: bool,
    /// The job of its apply, where one ever started; none inside where a column holds what no job can.
    job: Option<Option<StoredJob>>,
}

/// The statements a proposal is settled by, put together once for a walk.
pub(super) struct Questions {
    /// What is stored of it, and of its job.
    proposal: String,
    /// The first of the job's columns there.
    job: usize,
    events: String,
}

impl Questions {
    pub(super) fn new() -> Self {
        let columns = ["state", "updated_at", "content_digest", "created_seq", "document"];
        let ours = columns.iter().map(|column| format!("p.{column}"));
        let jobs = jobs::COLUMNS.iter().map(|column| format!("j.{column}"));
        let all: Vec<_> = ours.chain(jobs).collect();
        Self {
            proposal: format!(
                "SELECT {} FROM proposals p LEFT JOIN writeback_jobs j ON j.proposal_id = p.proposal_id
                 WHERE p.proposal_id = ?1",
                all.join(", ")
            ),
            job: columns.len(),
            events: format!("SELECT {} FROM events WHERE proposal_id = ?1 ORDER BY seq", link::COLUMNS),
        }
    }
}

/// A proposal's document in its parts, each as it is stored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts<'d> {
    #[serde(borrow)]
    change_set: &'d RawValue,
    #[serde(borrow)]
    created_at: &'d RawValue,
    digest: &'d str,
    #[serde(borrow)]
    evidence_digest: &'d RawValue,
    #[serde(borrow)]
    evidence_id: &'d RawValue,
    #[serde(borrow)]
    mode: &'d RawValue,
    proposal_id: &'d str,
    #[serde(borrow)]
    schema_version: &'d RawValue,
}

impl Walk<'_> {
    /// Settles the account of the proposal this event made.
    pub(super) fn settle(&mut self, event: &Link<'_>, id: &str, payload: &Payload<'_>) -> Result<(), Stop> {
        let named = || Some(format!("proposal `{id}`"));
        let stored = stored(self.conn, &self.questions, event.seq, id, payload)?
            .ok_or_else(|| misfit(MisfitKind::RecordMissing, Some(event.seq), named()))?;
        let (Some(state), true) = (stored.state, stored.is_sealed) else {
            return Err(misfit(MisfitKind::RecordEdited, Some(event.seq), named()));
        };
        self.witnessed.proposals += 1;
        if self.settled.len() == SETTLED_MAX {
            self.settled.clear();
        }
        self.settled.insert(id.to_owned());
        match follow(self.conn, &self.questions.events, event.seq, id)? {
            Followed::To(account) => {
                if account.state != state || account.moved_at.micros() != stored.moved_at_micros {
                    self.afterwards(Misfit { kind: MisfitKind::StateEdited, seq: None, record: named() });
                }
                self.job(id, stored.job.as_ref(), &account);
                Ok(())
            }
            Followed::Until(seq) if seq <= event.seq => {
                Err(misfit(MisfitKind::MoveIllegal, Some(seq), named()))
            }
            Followed::Until(seq) => {
                self.ahead(Misfit { kind: MisfitKind::MoveIllegal, seq: Some(seq), record: named() });
                Ok(())
            }
        }
    }

    /// An event about a proposal comes after the one of its making, which settles it.
    pub(super) fn is_of_a_known_one(&self, event: &Link<'_>, id: &str) -> Result<(), Stop> {
        if self.settled.contains(id) {
            return Ok(());
        }
        let sql = "SELECT created_seq FROM proposals WHERE proposal_id = ?1";
        let made = self.conn.one("read the proposal", sql, cells![id], |row| row.integer(0))?;
        if made.is_some_and(|made| made < event.seq) {
            return Ok(());
        }
        Err(misfit(MisfitKind::MoveIllegal, Some(event.seq), Some(format!("proposal `{id}`"))))
    }

    /// The stored job is the one the events lead to.
    fn job(&mut self, id: &str, stored: Option<&Option<StoredJob>>, account: &Account) {
        let kind = match (stored, &account.job) {
            (None, None) => return,
            (Some(Some(found)), Some(expected)) if found == expected => {
                self.witnessed.jobs += 1;
                return;
            }
            (None, Some(_)) => MisfitKind::RecordMissing,
            (Some(_), _) => MisfitKind::RecordEdited,
        };
        let record = Some(format!("writeback job of proposal `{id}`"));
        self.afterwards(Misfit { kind, seq: None, record });
    }

    /// Keeps what does not fit further on, where nothing nearer is known.
    fn ahead(&mut self, found: Misfit) {
        if self.ahead.as_ref().is_none_or(|known| found.seq < known.seq) {
            self.ahead = Some(found);
        }
    }

    fn afterwards(&mut self, found: Misfit) {
        self.afterwards.get_or_insert(found);
    }
}

fn stored(
    conn: &dyn Statements,
    questions: &Questions,
    seq: i64,
    id: &str,
    payload: &Payload<'_>,
) -> Result<Option<Stored>, Error> {
    conn.one("read the proposal", &questions.proposal, cells![id], |row| {
        let is_sealed = Some(row.text(2)?) == payload.content_digest
            && row.integer(3)? == seq
            && is_sealed(row.text(4)?, id, payload);
        let job = row.optional_text(questions.job)?.map(|_| jobs::stored(row, questions.job)).transpose()?;
        Ok(Stored {
            state: ProposalState::parse(row.text(0)?),
            moved_at_micros: row.integer(1)?,
            is_sealed,
            job,
        })
    })
}

/// Whether the document is the one that was sealed, by its own digest and by the event of its making.
fn is_sealed(document: &str, id: &str, payload: &Payload<'_>) -> bool {
    let Ok(parts) = serde_json::from_str::<Parts<'_>>(document) else { return false };
    let Parts {
        change_set,
        created_at,
        digest,
        evidence_digest,
        evidence_id,
        mode,
        proposal_id,
        schema_version,
    } = parts;
    let sealed = format!(
        "{{\"change_set\":{change_set},\"created_at\":{created_at},\"evidence_digest\":{evidence_digest},\
         \"evidence_id\":{evidence_id},\"mode\":{mode},\"proposal_id\":\"{proposal_id}\",\
         \"schema_version\":{schema_version}}}"
    );
    proposal_id == id
        && payload.proposal_digest == Some(digest)
        && Digest::is_of_canonical(digest, PROPOSAL_SCHEMA, &sealed)
}

/// What the events of a proposal add up to, or the first that cannot follow on the ones before it.
enum Followed {
    To(Account),
    Until(i64),
}

fn follow(conn: &dyn Statements, sql: &str, made_seq: i64, id: &str) -> Result<Followed, Error> {
    let mut account = None;
    let mut until = None;
    conn.few("read the proposal's events", sql, cells![id], &mut |row| {
        let seq = row.integer(0)?;
        let next = Link::of(row).and_then(|event| match (account.as_mut(), event.kind()?) {
            (None, EventKind::ProposalCreated) if seq == made_seq => {
                account = Some(Account::opened(event.at()?));
                Some(())
            }
            (None, _) | (Some(_), EventKind::ProposalCreated) => None,
            (Some(account), _) => account.follow(&event),
        });
        until = next.is_none().then_some(seq);
        Ok(if next.is_some() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(match (until, account) {
        (Some(seq), _) => Followed::Until(seq),
        (None, None) => Followed::Until(made_seq),
        (None, Some(account)) => Followed::To(account),
    })
}
