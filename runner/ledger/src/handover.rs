//! Handing a job to a runner as a document: the lease is recorded in the chain before the document exists.
//!
//! Invariant: only the latest lease of a proposal counts, and what it said is read from the chain, not from a document.

use std::sync::Arc;

use serde_json::json;
use synapsor_protocol::job::HANDOVER_SCHEMA;
use synapsor_protocol::proposal::Move;
use synapsor_protocol::{EventKind, Handover, Lease, Moment, ProposalId, WritebackJob};

use crate::chain;
use crate::error::{Error, Fault};
use crate::jobs::{self, StoredJob};
use crate::proposals::{self, StoredProposal};
use crate::rule::Rule;
use crate::statements::Statements;
use crate::writeback;
use crate::writer::Write;

/// To whom, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The project.
    pub project_id: String,
    /// The only runner that may carry the job out.
    pub runner_id: String,
    /// How long, in seconds.
    pub lease_seconds: u32,
}

/// Records the lease and answers the job with it. A lease that runs already is over with that.
pub(crate) fn hand_over(
    write: &Write<'_>,
    id: &ProposalId,
    recipient: &Recipient,
) -> Result<WritebackJob, Error> {
    let stored = writeback::approved(write.conn, id)?;
    take(write.conn, id)?;
    let job = writeback::job_to_hand_over(write, &stored, &recipient.runner_id)?;
    let handover = Handover {
        schema_version: HANDOVER_SCHEMA.into(),
        project_id: recipient.project_id.clone(),
        runner_id: recipient.runner_id.clone(),
        allowed_columns: stored.proposal.change_set.allowed_columns.clone(),
        lease: Lease {
            lease_id: format!("lse_{}", write.ids.token()),
            expires_at: later(write.clock.now(), recipient.lease_seconds),
        },
    };
    jobs::save(write, &job)?;
    record(write, &stored, &job, &handover)?;
    Ok(WritebackJob { handover: Some(handover), ..writeback::whole(job, &stored) })
}

/// Takes the proposal for this transaction. Whoever waited for it here would have every writer wait at the chain's head.
pub(crate) fn take(conn: &dyn Statements, id: &ProposalId) -> Result<(), Error> {
    if proposals::take(conn, id)? {
        return Ok(());
    }
    let cause = std::io::Error::other("somebody else's transaction holds the proposal's row");
    Err(Error::Storage { doing: "record a lease", fault: Fault::Busy, cause: Arc::new(cause) })
}

/// Records a lease, also one that lasts longer now.
pub(crate) fn record(
    write: &Write<'_>,
    stored: &StoredProposal,
    job: &StoredJob,
    handover: &Handover,
) -> Result<(), Error> {
    let id = &stored.proposal.proposal_id;
    let refused = Rule::NotApproved { proposal: id.to_string(), state: stored.state };
    let state = stored.state.next(Move::Queue).ok_or(refused)?;
    let payload = json!({
        "job_id": job.job_id,
        "idempotency_key": job.idempotency_key,
        "proposal_digest": stored.proposal.digest,
        "handover": handover,
    });
    let event = chain::append(write, EventKind::WritebackQueued, Some(id), &handover.runner_id, payload)?;
    proposals::set_state(write, stored.clone(), state, event).map(drop)
}

/// The latest lease of a proposal, where its job was ever handed over.
pub(crate) fn latest(conn: &dyn Statements, id: &ProposalId) -> Result<Option<Handover>, Error> {
    let events = chain::of_proposal(conn, id)?;
    let Some(event) = events.into_iter().rfind(|event| event.kind == EventKind::WritebackQueued) else {
        return Ok(None);
    };
    let unreadable = || Error::Unreadable { record: format!("event `{}`", event.seq) };
    if !event.recompute_digest().is_ok_and(|digest| digest == event.digest) {
        return Err(unreadable());
    }
    let handover = event.payload.get("handover").cloned().unwrap_or_default();
    serde_json::from_value(handover).map(Some).map_err(|_| unreadable())
}

/// Until when the latest lease of a proposal runs; `None` where none does.
pub(crate) fn leased_until(write: &Write<'_>, id: &ProposalId) -> Result<Option<Moment>, Error> {
    let until = latest(write.conn, id)?.map(|handover| handover.lease.expires_at);
    Ok(until.filter(|until| write.clock.now() < *until))
}

/// So many seconds after an instant.
pub(crate) fn later(now: Moment, seconds: u32) -> Moment {
    Moment::from_micros(now.micros().saturating_add(i64::from(seconds) * 1_000_000)).unwrap_or(now)
}
