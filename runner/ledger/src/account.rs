//! What the events of one proposal add up to: its state and its job, told without looking at the tables.

use synapsor_protocol::proposal::Move;
use synapsor_protocol::{EventKind, JobId, Moment, Outcome, ProposalId, ProposalState};

use crate::jobs::{Status, StoredJob};
use crate::link::Link;

/// Where a proposal stands after the events so far.
pub(crate) struct Account {
    pub(crate) state: ProposalState,
    /// When its state last changed.
    pub(crate) moved_at: Moment,
    /// Its job as of the latest attempt.
    pub(crate) job: Option<StoredJob>,
}

impl Account {
    /// A proposal that was just made.
    pub(crate) fn opened(at: Moment) -> Self {
        Self { state: ProposalState::PendingReview, moved_at: at, job: None }
    }

    /// Follows the next event, of that kind; none when it cannot come after the ones before.
    pub(crate) fn follow(&mut self, event: &Link<'_>, kind: EventKind) -> Option<()> {
        if let Some(step) = step(kind) {
            self.state = self.state.next(step)?;
            self.moved_at = event.at()?;
        }
        match kind {
            EventKind::WritebackQueued => self.queue(event),
            EventKind::WritebackStarted => self.start(event),
            EventKind::WritebackInterrupted => self.interrupt(event),
            EventKind::WritebackReopened => {
                self.job.as_mut()?.status = Status::Interrupted;
                Some(())
            }
            kind if matches!(step(kind), Some(Move::Finish(_))) => {
                self.job.as_mut()?.status = Status::Finished;
                Some(())
            }
            _ => Some(()),
        }
    }

    /// A job that was handed over before its first attempt has come to nothing yet.
    fn queue(&mut self, event: &Link<'_>) -> Option<()> {
        if self.job.is_none() {
            self.job = Some(job_of(event, 0, Status::Interrupted)?);
        }
        Some(())
    }

    fn start(&mut self, event: &Link<'_>) -> Option<()> {
        let attempt = self.job.as_ref().map_or(1, |earlier| earlier.attempt.saturating_add(1));
        self.job = Some(job_of(event, attempt, Status::Open)?);
        (attempt_of(event)? == attempt).then_some(())
    }

    fn interrupt(&mut self, event: &Link<'_>) -> Option<()> {
        let job = self.job.as_mut()?;
        if job.status == Status::Open && attempt_of(event)? == job.attempt {
            job.status = Status::Interrupted;
        }
        Some(())
    }
}

fn job_of(event: &Link<'_>, attempt: u32, status: Status) -> Option<StoredJob> {
    let payload = event.payload()?;
    Some(StoredJob {
        proposal_id: ProposalId::from_stored(event.proposal_id?),
        job_id: JobId::from_stored(payload.job_id?),
        idempotency_key: payload.idempotency_key?.to_owned(),
        attempt,
        runner_id: event.actor.to_owned(),
        status,
    })
}

fn attempt_of(event: &Link<'_>) -> Option<u32> {
    event.payload()?.attempt
}

/// What an event does to its proposal's state; none for those that only tell.
fn step(kind: EventKind) -> Option<Move> {
    match kind {
        EventKind::ProposalApproved => Some(Move::Approve),
        EventKind::ProposalRejected => Some(Move::Reject),
        EventKind::WritebackQueued => Some(Move::Queue),
        EventKind::WritebackApplied => Some(Move::Finish(Outcome::Applied)),
        EventKind::WritebackAlreadyApplied => Some(Move::Finish(Outcome::AlreadyApplied)),
        EventKind::WritebackConflict => Some(Move::Finish(Outcome::Conflict)),
        EventKind::WritebackFailed => Some(Move::Finish(Outcome::Failed)),
        EventKind::WritebackUnknown => Some(Move::Finish(Outcome::Unknown)),
        EventKind::WritebackReopened => Some(Move::Reopen),
        EventKind::LedgerCreated
        | EventKind::EvidenceRecorded
        | EventKind::CallRefused
        | EventKind::CallDelegated
        | EventKind::ProposalCreated
        | EventKind::WritebackStarted
        | EventKind::WritebackInterrupted
        | EventKind::RunnerTokenMade
        | EventKind::RunnerTokenRevoked
        | EventKind::ShadowHumanActionRecorded
        | EventKind::ShadowCandidateRan
        | EventKind::RecordsPruned => None,
    }
}
