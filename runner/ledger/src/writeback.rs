//! The ledger's side of an apply: the durable intent before the source is touched, the receipt after.
//!
//! Invariant: every attempt at one proposal has the same job id and idempotency key, so the source can tell a repeat.
//! Invariant: a final state never changes; a late or repeated answer of another runner cannot contradict it.

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;
use synapsor_protocol::job::{JOB_SCHEMA, idempotency_key};
use synapsor_protocol::proposal::{Move, ProposalMode};
use synapsor_protocol::{
    Code, EventKind, JobId, Outcome, ProposalId, ProposalState, Receipt, Verdict, WritebackJob,
};

use crate::chain;
use crate::documents::{self, Sealed};
use crate::error::Error;
use crate::proposals::{self, StoredProposal};
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

/// The stored half of a job; the other half is the proposal's change set.
struct StoredJob {
    job_id: JobId,
    attempt: u32,
    /// Who made the latest attempt.
    runner_id: String,
    open: bool,
}

const NEVER_STARTED: Error = Error::Invariant { what: "an apply ended that the ledger never saw start" };

/// Records the intent to apply and answers the job.
pub(crate) fn start(write: &Write<'_>, id: &ProposalId, runner_id: &str) -> Result<Start, Error> {
    let stored = proposals::get_intact(write.conn, id)?;
    if stored.proposal.mode == ProposalMode::Shadow {
        return Err(Error::Shadow { proposal: id.to_string() });
    }
    if stored.state == ProposalState::Applied {
        return settled(write.conn, write.ledger_id, &stored);
    }
    // What may end may start: the table of moves is the only list of states there is.
    if stored.state.next(Move::Finish(Outcome::Applied)).is_none() {
        return Err(Error::NotApproved { proposal: id.to_string(), state: stored.state });
    }
    check_approval(write.conn, &stored)?;
    let job = next_attempt(write, &stored, runner_id)?;
    let payload = json!({
        "job_id": job.job_id,
        "attempt": job.attempt,
        "idempotency_key": job.idempotency_key,
        "proposal_digest": job.proposal_digest,
    });
    chain::append(write, EventKind::WritebackStarted, Some(id), runner_id, payload)?;
    Ok(Start::Run(job))
}

/// Records how an apply ended and moves the proposal. An equal ending again changes nothing.
pub(crate) fn finish(write: &Write<'_>, receipt: &Receipt) -> Result<StoredProposal, Error> {
    let id = &receipt.proposal_id;
    let stored = proposals::get_intact(write.conn, id)?;
    let next = stored.state.next(Move::Finish(receipt.outcome));
    let refused = Error::NotApproved { proposal: id.to_string(), state: stored.state };
    let Some(job) = job(write.conn, write.ledger_id, &stored)? else {
        return Err(if next.is_some() { NEVER_STARTED } else { refused });
    };
    check_receipt(&job, receipt)?;
    if is_repeat(write.conn, &stored, receipt)? {
        return Ok(stored);
    }
    let state = next.ok_or(refused)?;
    documents::insert_receipt(write.conn, receipt)?;
    set_status(write, id, "finished")?;
    let payload = json!({
        "job_id": receipt.job_id,
        "receipt_id": receipt.receipt_id,
        "receipt_digest": receipt.seal()?,
        "code": receipt.code,
        "source_changed": receipt.source_changed,
    });
    chain::append(write, ended(receipt.outcome), Some(id), &receipt.runner_id, payload)?;
    proposals::set_state(write, stored, state)
}

/// Records that an attempt came to nothing for a passing reason; the proposal stays where it was.
pub(crate) fn interrupt(write: &Write<'_>, job: &WritebackJob, code: Code) -> Result<(), Error> {
    let id = &job.proposal_id;
    let stored = proposals::get(write.conn, id)?;
    if stored.state.next(Move::Finish(Outcome::Applied)).is_none() {
        return Ok(());
    }
    let latest = stored_job(write.conn, id)?.ok_or(NEVER_STARTED)?;
    // Only the latest attempt's interruption says that nothing is under way any more.
    if latest.open && latest.attempt == job.attempt {
        set_status(write, id, "interrupted")?;
    }
    let payload = json!({ "job_id": job.job_id, "attempt": job.attempt, "code": code });
    chain::append(write, EventKind::WritebackInterrupted, Some(id), &latest.runner_id, payload)?;
    Ok(())
}

/// Whether an apply has started whose outcome the ledger does not know.
pub(crate) fn is_open(conn: &Connection, id: &ProposalId) -> Result<bool, Error> {
    Ok(stored_job(conn, id)?.is_some_and(|job| job.open))
}

/// The job of a proposal as of its latest attempt, where there was one.
pub(crate) fn job(
    conn: &Connection,
    ledger_id: &str,
    stored: &StoredProposal,
) -> Result<Option<WritebackJob>, Error> {
    let Some(StoredJob { job_id, attempt, .. }) = stored_job(conn, &stored.proposal.proposal_id)? else {
        return Ok(None);
    };
    build(ledger_id, stored, job_id, attempt).map(Some)
}

fn settled(conn: &Connection, ledger_id: &str, stored: &StoredProposal) -> Result<Start, Error> {
    let receipt = documents::receipts(conn, &stored.proposal.proposal_id)?
        .into_iter()
        .rfind(|receipt| matches!(receipt.outcome, Outcome::Applied | Outcome::AlreadyApplied));
    match (job(conn, ledger_id, stored)?, receipt) {
        (Some(job), Some(receipt)) => Ok(Start::Settled { job, receipt }),
        _ => Err(Error::Unreadable {
            record: format!("the receipt of proposal `{}`", stored.proposal.proposal_id),
        }),
    }
}

/// The state column alone is no approval: the decision must be there, be for this content, and be in the chain.
fn check_approval(conn: &Connection, stored: &StoredProposal) -> Result<(), Error> {
    let id = &stored.proposal.proposal_id;
    let missing = || Error::ApprovalMissing { proposal: id.to_string() };
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

fn next_attempt(write: &Write<'_>, stored: &StoredProposal, runner_id: &str) -> Result<WritebackJob, Error> {
    let id = &stored.proposal.proposal_id;
    let (job_id, attempt) = match stored_job(write.conn, id)? {
        Some(earlier) => (earlier.job_id, earlier.attempt.saturating_add(1)),
        None => (JobId::mint(write.ids), 1),
    };
    let job = build(write.ledger_id, stored, job_id, attempt)?;
    write
        .conn
        .prepare_cached(
            "INSERT INTO writeback_jobs (job_id, proposal_id, proposal_digest, idempotency_key, attempt, runner_id,
                 status, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?7, ?7)
             ON CONFLICT (job_id) DO UPDATE
             SET attempt = excluded.attempt, runner_id = excluded.runner_id, status = 'open', updated_at = ?7",
        )
        .and_then(|mut statement| {
            statement.execute((
                job.job_id.as_str(),
                id.as_str(),
                job.proposal_digest.as_str(),
                &job.idempotency_key,
                job.attempt,
                runner_id,
                write.clock.now().micros(),
            ))
        })
        .map_err(Error::storage("record the intent to apply"))?;
    Ok(job)
}

fn build(
    ledger_id: &str,
    stored: &StoredProposal,
    job_id: JobId,
    attempt: u32,
) -> Result<WritebackJob, Error> {
    let proposal = &stored.proposal;
    let change = &proposal.change_set;
    let idempotency_key = idempotency_key(ledger_id, &proposal.proposal_id, &proposal.digest)
        .map_err(chain::no_canonical_form)?;
    Ok(WritebackJob {
        schema_version: JOB_SCHEMA.into(),
        job_id,
        proposal_id: proposal.proposal_id.clone(),
        proposal_digest: proposal.digest.clone(),
        target: change.target.clone(),
        tenant: change.tenant.clone(),
        before: change.before.clone(),
        patch: change.patch.clone(),
        guard: change.guard.clone(),
        idempotency_key,
        attempt,
    })
}

fn check_receipt(job: &WritebackJob, receipt: &Receipt) -> Result<(), Error> {
    let fits = receipt.job_id == job.job_id
        && receipt.idempotency_key == job.idempotency_key
        && receipt.proposal_digest == job.proposal_digest;
    if fits { Ok(()) } else { Err(Error::Invariant { what: "a receipt names another job than the ledger" }) }
}

/// The same receipt again, or another run's receipt that says what the final state already says.
fn is_repeat(conn: &Connection, stored: &StoredProposal, receipt: &Receipt) -> Result<bool, Error> {
    let agrees = match stored.state {
        ProposalState::Applied => matches!(receipt.outcome, Outcome::Applied | Outcome::AlreadyApplied),
        ProposalState::Conflict => receipt.outcome == Outcome::Conflict,
        ProposalState::Failed => receipt.outcome == Outcome::Failed,
        _ => false,
    };
    Ok(agrees || documents::receipts(conn, &receipt.proposal_id)?.contains(receipt))
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

fn stored_job(conn: &Connection, id: &ProposalId) -> Result<Option<StoredJob>, Error> {
    conn.prepare_cached(
        "SELECT job_id, attempt, runner_id, status FROM writeback_jobs WHERE proposal_id = ?1",
    )
    .and_then(|mut statement| {
        statement
            .query_one([id.as_str()], |row| {
                Ok(StoredJob {
                    job_id: JobId::from_stored(row.get::<_, String>(0)?),
                    attempt: row.get(1)?,
                    runner_id: row.get(2)?,
                    open: row.get::<_, String>(3)? == "open",
                })
            })
            .optional()
    })
    .map_err(Error::storage("read the writeback job"))
}

fn set_status(write: &Write<'_>, id: &ProposalId, status: &'static str) -> Result<(), Error> {
    write
        .conn
        .prepare_cached("UPDATE writeback_jobs SET status = ?2, updated_at = ?3 WHERE proposal_id = ?1")
        .and_then(|mut statement| statement.execute((id.as_str(), status, write.clock.now().micros())))
        .map_err(Error::storage("move the writeback job"))?;
    Ok(())
}
