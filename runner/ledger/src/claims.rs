//! Claims: workers of a fleet take approved proposals of one source, under a lease each, and say what came of them.
//!
//! Invariant: lease and intent are recorded in one transaction, before the worker hears of the job.
//! Invariant: only the holder of the latest lease is heard. A worker that was overtaken cannot say how the job ended; what it
//! did is in the source's own receipt, which the next attempt finds.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use synapsor_protocol::fleet::{ASSIGNMENT_SCHEMA, Assignment, AttemptEnd, JobResult, Renewal};
use synapsor_protocol::{
    ChangeSet, Handover, JobId, Lease, Moment, ProposalId, ProposalState, RowKey, Verdict, WritebackJob,
};

use crate::chain;
use crate::documents;
use crate::error::Error;
use crate::handover::{self, Recipient};
use crate::jobs::{self, StoredJob};
use crate::proposals::{self, StoredProposal};
use crate::redaction;
use crate::rule::Rule;
use crate::statements::{Statements, cells};
use crate::writeback::{self, Start};
use crate::writer::Write;

/// How many proposals one claim looks at: what cannot be given out, or is held, is not asked for without end.
pub(crate) const PASSED_OVER_MAX: usize = 256;

/// What is given out: first what may have happened already, then what somebody began, then what nobody has touched.
const STATES: [ProposalState; 3] =
    [ProposalState::ReconciliationRequired, ProposalState::PendingWorker, ProposalState::Approved];

/// The proposals of a source that a worker may have now, oldest first, without those that were `passed_over` before.
///
/// Not among them: those whose lease still runs, and those with redacted columns where the key of this ledger is gone.
pub(crate) fn claimable(
    conn: &dyn Statements,
    source: &str,
    now: Moment,
    passed_over: &BTreeSet<ProposalId>,
    rows_max: usize,
) -> Result<Vec<ProposalId>, Error> {
    let sql =
        "SELECT proposal_id FROM proposals WHERE state = ?1 AND source = ?2 ORDER BY created_at, proposal_id";
    let mut found = Vec::new();
    for state in STATES {
        conn.each("look for approved proposals", sql, cells![state.as_str(), source], &mut |row| {
            let id = ProposalId::from_stored(row.text(0)?);
            if !passed_over.contains(&id) && is_free(conn, &id, now)? {
                found.push(id);
            }
            Ok(if found.len() < rows_max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        if found.len() >= rows_max {
            break;
        }
    }
    Ok(found)
}

fn is_free(conn: &dyn Statements, id: &ProposalId, now: Moment) -> Result<bool, Error> {
    let leased = handover::latest(conn, id)?.is_some_and(|handover| now < handover.lease.expires_at);
    let is_comparable = || -> Result<bool, Error> {
        let stored = proposals::get(conn, id)?;
        Ok(stored.proposal.change_set.redacted.is_empty() || redaction::find(conn)?.is_some())
    };
    Ok(!leased && is_comparable()?)
}

/// The key of the one row a change is about; none where nothing of it is redacted. The ledger's own key stays here.
fn row_key(conn: &dyn Statements, change: &ChangeSet) -> Result<Option<RowKey>, Error> {
    if change.redacted.is_empty() {
        return Ok(None);
    }
    let key = redaction::find(conn)?.ok_or_else(redaction::unreadable)?;
    let row = change.target.redacted_row(&change.tenant);
    key.of_row(&row).map(Some).map_err(|_| redaction::unreadable())
}

/// Gives one proposal to a worker; `None` where another worker was quicker, or somebody holds its row: an operator at the
/// server's own prompt, a repair. It is passed over then, and given out once it is free.
pub(crate) fn claim(
    write: &Write<'_>,
    id: &ProposalId,
    recipient: &Recipient,
) -> Result<Option<Assignment>, Error> {
    if !proposals::take(write.conn, id)? || handover::leased_until(write, id)?.is_some() {
        return Ok(None);
    }
    let handed_over = handover::hand_over(write, id, recipient)?;
    let Start::Run(started) = writeback::start(write, id, &recipient.runner_id)? else { return Ok(None) };
    let approval = documents::decision(write.conn, id, Verdict::Approved)?
        .ok_or_else(|| Rule::ApprovalMissing { proposal: id.to_string() })?;
    let proposal = proposals::get_intact(write.conn, id)?.proposal;
    Ok(Some(Assignment {
        schema_version: ASSIGNMENT_SCHEMA.into(),
        job: WritebackJob { handover: handed_over.handover, ..started },
        row_key: row_key(write.conn, &proposal.change_set)?,
        proposal,
        approval,
        events: chain::of_proposal(write.conn, id)?,
    }))
}

/// Lets a lease run longer, from now.
pub(crate) fn renew(
    write: &Write<'_>,
    job_id: &JobId,
    renewal: &Renewal,
    runner_id: &str,
) -> Result<Lease, Error> {
    let held = held(write.conn, job_id, &renewal.lease_id, runner_id)?;
    handover::take(write.conn, &held.stored.proposal.proposal_id)?;
    let expires_at = handover::later(write.clock.now(), renewal.lease_seconds);
    let lease = Lease { lease_id: renewal.lease_id.clone(), expires_at };
    let handover = Handover { lease: lease.clone(), ..held.handover };
    handover::record(write, &held.stored, &held.job, &handover)?;
    Ok(lease)
}

/// Records how an attempt ended, and answers where its proposal stands. Repeating it answers the same.
pub(crate) fn end(
    write: &Write<'_>,
    job_id: &JobId,
    runner_id: &str,
    result: &JobResult,
) -> Result<StoredProposal, Error> {
    let held = held(write.conn, job_id, &result.lease_id, runner_id)?;
    match &result.end {
        AttemptEnd::Receipt(receipt) => {
            let fits = receipt.job_id == held.job.job_id
                && receipt.idempotency_key == held.job.idempotency_key
                && receipt.proposal_digest == held.stored.proposal.digest
                && receipt.runner_id == runner_id;
            if !fits || receipt.proposal_id != held.stored.proposal.proposal_id {
                return Err(Rule::OtherJob { job: job_id.to_string() }.into());
            }
            Ok(writeback::finish(write, receipt)?.proposal)
        }
        AttemptEnd::CameToNothing { code } => {
            let id = held.stored.proposal.proposal_id.clone();
            writeback::interrupt(write, &writeback::whole(held.job, &held.stored), *code)?;
            proposals::get(write.conn, &id)
        }
    }
}

/// A job in the hands of the worker that asks.
struct Held {
    stored: StoredProposal,
    job: StoredJob,
    handover: Handover,
}

/// The job, provided this worker holds its latest lease. That it is over does no harm as long as nobody else has one.
fn held(conn: &dyn Statements, job_id: &JobId, lease_id: &str, runner_id: &str) -> Result<Held, Error> {
    let lost = || Error::from(Rule::LeaseLost { job: job_id.to_string() });
    let job = jobs::find_by_id(conn, job_id)?.ok_or_else(lost)?;
    let handover = handover::latest(conn, &job.proposal_id)?.ok_or_else(lost)?;
    if handover.lease.lease_id != lease_id || handover.runner_id != runner_id {
        return Err(lost());
    }
    Ok(Held { stored: proposals::get_intact(conn, &job.proposal_id)?, job, handover })
}
