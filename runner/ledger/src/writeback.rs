//! The ledger's side of an apply: the durable intent before the source is touched, the receipt after.
//!
//! Invariant: every attempt at one proposal has the same job id and idempotency key, so the source can tell a repeat.
//! Invariant: a final state never changes; a late or repeated answer of another runner cannot contradict it.

use serde_json::json;
use synapsor_protocol::job::{JOB_SCHEMA, idempotency_key};
use synapsor_protocol::proposal::{Move, ProposalMode};
use synapsor_protocol::{
    Code, EventKind, JobId, Outcome, ProposalId, ProposalState, Receipt, Verdict, WritebackJob,
};

use crate::chain;
use crate::documents::{self, Sealed};
use crate::error::Error;
use crate::jobs::{self, Status, StoredJob};
use crate::proposals::{self, StoredProposal};
use crate::rule::Rule;
use crate::statements::Statements;
use crate::writer::Write;

/// What an apply may do next.
#[expect(clippy::large_enum_variant, reason = "one is made per apply, which costs a network round trip")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// Carry the job out; the intent is on disk.
    Run(WritebackJob),
    /// The ledger already says applied: compare with the receipt in the source, change nothing.
    Settled {
        /// The job as it was carried out.
        job: WritebackJob,
        /// What the ledger holds about it.
        receipt: Receipt,
    },
}

/// What stands on record once an apply has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The proposal, where it stands now.
    pub proposal: StoredProposal,
    /// The receipt on record: the one handed in, or that of another run which had said the same before.
    pub receipt: Receipt,
}

const NEVER_STARTED: Error = Error::Invariant { what: "an apply ended that the ledger never saw start" };

/// Records the intent to apply and answers the job.
pub(crate) fn start(write: &Write<'_>, id: &ProposalId, runner_id: &str) -> Result<Start, Error> {
    let stored = proposals::get_intact(write.conn, id)?;
    refuse_shadow(&stored)?;
    if stored.state == ProposalState::Applied {
        return settled(write.conn, &stored);
    }
    check_approved(write.conn, &stored)?;
    let attempt = next_attempt(write, &stored, runner_id)?;
    jobs::save(write, &attempt)?;
    let payload = json!({
        "job_id": attempt.job_id,
        "attempt": attempt.attempt,
        "idempotency_key": attempt.idempotency_key,
        "proposal_digest": stored.proposal.digest,
    });
    chain::append(write, EventKind::WritebackStarted, Some(id), runner_id, payload)?;
    Ok(Start::Run(whole(attempt, &stored)))
}

/// The proposal, provided it may be carried out: intact, approved by a person, and not over.
pub(crate) fn approved(conn: &dyn Statements, id: &ProposalId) -> Result<StoredProposal, Error> {
    let stored = proposals::get_intact(conn, id)?;
    refuse_shadow(&stored)?;
    check_approved(conn, &stored)?;
    Ok(stored)
}

/// Records how an apply ended and moves the proposal. An equal ending again changes nothing.
pub(crate) fn finish(write: &Write<'_>, receipt: &Receipt) -> Result<Finished, Error> {
    let id = &receipt.proposal_id;
    let stored = proposals::get_intact(write.conn, id)?;
    let next = stored.state.next(Move::Finish(receipt.outcome));
    let refused = Rule::NotApproved { proposal: id.to_string(), state: stored.state };
    let Some(job) = jobs::find(write.conn, id)? else {
        return Err(if next.is_some() { NEVER_STARTED } else { refused.into() });
    };
    check_receipt(&job, &stored, receipt)?;
    if let Some(standing) = standing(write.conn, &stored, receipt)? {
        return Ok(Finished { proposal: stored, receipt: standing });
    }
    let state = next.ok_or(refused)?;
    let seal = documents::insert_receipt(write.conn, receipt)?;
    jobs::save(write, &StoredJob { status: Status::Finished, ..job })?;
    let payload = json!({
        "job_id": receipt.job_id,
        "receipt_id": receipt.receipt_id,
        "receipt_digest": seal,
        "code": receipt.code,
        "source_changed": receipt.source_changed,
    });
    let event = chain::append(write, ended(receipt.outcome), Some(id), &receipt.runner_id, payload)?;
    let proposal = proposals::set_state(write, stored, state, event)?;
    Ok(Finished { proposal, receipt: receipt.clone() })
}

/// Records that an attempt came to nothing for a passing reason; the proposal stays where it was.
pub(crate) fn interrupt(write: &Write<'_>, job: &WritebackJob, code: Code) -> Result<(), Error> {
    let id = &job.proposal_id;
    if !may_end(proposals::get(write.conn, id)?.state) {
        return Ok(());
    }
    let latest = jobs::find(write.conn, id)?.ok_or(NEVER_STARTED)?;
    let payload = json!({ "job_id": job.job_id, "attempt": job.attempt, "code": code });
    chain::append(write, EventKind::WritebackInterrupted, Some(id), &latest.runner_id, payload)?;
    // Only the latest attempt's interruption says that nothing is under way any more.
    if latest.status == Status::Open && latest.attempt == job.attempt {
        jobs::save(write, &StoredJob { status: Status::Interrupted, ..latest })?;
    }
    Ok(())
}

/// Whether an apply has started whose outcome the ledger does not know.
pub(crate) fn is_open(conn: &dyn Statements, id: &ProposalId) -> Result<bool, Error> {
    Ok(jobs::find(conn, id)?.is_some_and(|job| job.status == Status::Open))
}

/// The job of a proposal as of its latest attempt, where there was one.
pub(crate) fn job(conn: &dyn Statements, stored: &StoredProposal) -> Result<Option<WritebackJob>, Error> {
    let found = jobs::find(conn, &stored.proposal.proposal_id)?;
    Ok(found.map(|job| whole(job, stored)))
}

/// The proposals an apply has started for whose outcome the ledger does not know, oldest first.
pub(crate) fn unsettled(conn: &dyn Statements) -> Result<Vec<StoredProposal>, Error> {
    jobs::unsettled(conn)?.iter().map(|id| proposals::get(conn, id)).collect()
}

fn may_end(state: ProposalState) -> bool {
    state.next(Move::Finish(Outcome::Applied)).is_some()
}

fn settled(conn: &dyn Statements, stored: &StoredProposal) -> Result<Start, Error> {
    let id = &stored.proposal.proposal_id;
    let receipt = documents::receipts(conn, id)?
        .into_iter()
        .rfind(|receipt| matches!(receipt.outcome, Outcome::Applied | Outcome::AlreadyApplied));
    match (job(conn, stored)?, receipt) {
        (Some(job), Some(receipt)) => Ok(Start::Settled { job, receipt }),
        _ => Err(Error::Unreadable { record: format!("the receipt of proposal `{id}`") }),
    }
}

fn refuse_shadow(stored: &StoredProposal) -> Result<(), Error> {
    match stored.proposal.mode {
        ProposalMode::Review => Ok(()),
        ProposalMode::Shadow => {
            Err(Rule::Shadow { proposal: stored.proposal.proposal_id.to_string() }.into())
        }
    }
}

fn check_approved(conn: &dyn Statements, stored: &StoredProposal) -> Result<(), Error> {
    let proposal = stored.proposal.proposal_id.to_string();
    // What may end may start: the table of moves is the only list of states there is.
    if may_end(stored.state) {
        check_approval(conn, stored)
    } else {
        Err(Rule::NotApproved { proposal, state: stored.state }.into())
    }
}

/// The state column alone is no approval: the decision must be there, be for this content, and be in the chain.
fn check_approval(conn: &dyn Statements, stored: &StoredProposal) -> Result<(), Error> {
    let id = &stored.proposal.proposal_id;
    let missing = || Error::from(Rule::ApprovalMissing { proposal: id.to_string() });
    let decision = documents::decision(conn, id, Verdict::Approved)?.ok_or_else(missing)?;
    if decision.proposal_id != *id || decision.proposal_digest != stored.proposal.digest {
        return Err(proposals::mismatch(id, "approved"));
    }
    let sealed = json!(decision.seal()?);
    let witnessed = chain::of_proposal(conn, id)?.into_iter().any(|event| {
        event.kind == EventKind::ProposalApproved
            && event.payload.get("decision_digest") == Some(&sealed)
            && event.recompute_digest().is_ok_and(|digest| digest == event.digest)
    });
    if witnessed { Ok(()) } else { Err(missing()) }
}

fn next_attempt(write: &Write<'_>, stored: &StoredProposal, runner_id: &str) -> Result<StoredJob, Error> {
    let job = job_to_hand_over(write, stored, runner_id)?;
    let attempt = job.attempt.saturating_add(1);
    Ok(StoredJob { attempt, runner_id: runner_id.to_owned(), status: Status::Open, ..job })
}

/// The job as it stands; before the first attempt, one that came to nothing yet.
pub(crate) fn job_to_hand_over(
    write: &Write<'_>,
    stored: &StoredProposal,
    runner_id: &str,
) -> Result<StoredJob, Error> {
    let proposal = &stored.proposal;
    if let Some(job) = jobs::find(write.conn, &proposal.proposal_id)? {
        return Ok(job);
    }
    let key = idempotency_key(write.ledger_id, &proposal.proposal_id, &proposal.digest);
    Ok(StoredJob {
        proposal_id: proposal.proposal_id.clone(),
        job_id: JobId::mint(write.ids),
        idempotency_key: key.map_err(chain::no_canonical_form)?,
        attempt: 0,
        runner_id: runner_id.to_owned(),
        status: Status::Interrupted,
    })
}

/// A stored job together with the change it carries out.
pub(crate) fn whole(job: StoredJob, stored: &StoredProposal) -> WritebackJob {
    let change = &stored.proposal.change_set;
    WritebackJob {
        schema_version: JOB_SCHEMA.into(),
        job_id: job.job_id,
        proposal_id: job.proposal_id,
        proposal_digest: stored.proposal.digest.clone(),
        target: change.target.clone(),
        tenant: change.tenant.clone(),
        before: change.before.clone(),
        redacted: change.redacted.clone(),
        patch: change.patch.clone(),
        guard: change.guard.clone(),
        idempotency_key: job.idempotency_key,
        attempt: job.attempt,
        handover: None,
    }
}

fn check_receipt(job: &StoredJob, stored: &StoredProposal, receipt: &Receipt) -> Result<(), Error> {
    let fits = receipt.job_id == job.job_id
        && receipt.idempotency_key == job.idempotency_key
        && receipt.proposal_digest == stored.proposal.digest;
    if fits { Ok(()) } else { Err(Error::Invariant { what: "a receipt names another job than the ledger" }) }
}

/// The same receipt again, or another run's receipt that says what the final state already says; `None` for news.
fn standing(
    conn: &dyn Statements,
    stored: &StoredProposal,
    receipt: &Receipt,
) -> Result<Option<Receipt>, Error> {
    let agrees = |earlier: &Receipt| match stored.state {
        ProposalState::Applied => matches!(
            (earlier.outcome, receipt.outcome),
            (Outcome::Applied | Outcome::AlreadyApplied, Outcome::Applied | Outcome::AlreadyApplied)
        ),
        ProposalState::Conflict | ProposalState::Failed => earlier.outcome == receipt.outcome,
        _ => false,
    };
    let mut earlier = documents::receipts(conn, &receipt.proposal_id)?;
    if earlier.contains(receipt) {
        return Ok(Some(receipt.clone()));
    }
    Ok(earlier.iter().rposition(agrees).map(|at| earlier.swap_remove(at)))
}

fn ended(outcome: Outcome) -> EventKind {
    match outcome {
        Outcome::Applied => EventKind::WritebackApplied,
        Outcome::AlreadyApplied => EventKind::WritebackAlreadyApplied,
        Outcome::Conflict => EventKind::WritebackConflict,
        Outcome::Failed => EventKind::WritebackFailed,
        Outcome::Unknown => EventKind::WritebackUnknown,
    }
}
