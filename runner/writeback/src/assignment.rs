//! Assignments: a worker carries out what a control plane gave it, with its own config and its own credentials, and no ledger.
//!
//! Invariant: the worker's own config says what may change. What the control plane sends can only be narrower.
//! Invariant: an attempt is said to have come to nothing only where no attempt before it is in doubt.

use std::sync::Arc;

use synapsor_config::Config;
use synapsor_ledger::StoredProposal;
use synapsor_protocol::fleet::{ASSIGNMENT_SCHEMA, Assignment, AttemptEnd};
use synapsor_protocol::{Clock, Code, Ids, JobDocument, LOCAL_PROJECT, ProposalState, Refusal, Verdict};

use crate::admit::{self, KnownJob, NotAdmitted, Place};
use crate::authority::Denied;
use crate::desk::{Desk, WriteSettings};
use crate::error::Error;
use crate::executor::ExecutorSettings;
use crate::history::earlier_attempts_came_to_nothing;
use crate::record::{Assigned, Record};
use crate::stop::StopSignal;

/// A worker's side: a checked config and write credentials.
pub struct WorkerDesk {
    config: Arc<Config>,
    writers: Vec<WriteSettings>,
    executors: Vec<ExecutorSettings>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    runner_id: String,
    source_id: String,
}

impl std::fmt::Debug for WorkerDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerDesk").field("runner_id", &self.runner_id).finish_non_exhaustive()
    }
}

/// What a worker made of an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// It ended; the control plane is to be told.
    Ended(AttemptEnd),
    /// How it ended is not known, so nothing is said: the next attempt finds the source's own receipt.
    InDoubt(Refusal),
}

impl Carried {
    /// What came of it in a word: an outcome, or the code where it came to nothing.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Ended(AttemptEnd::Receipt(receipt)) => receipt.outcome.as_str(),
            Self::Ended(AttemptEnd::CameToNothing { code }) => code.as_str(),
            Self::InDoubt(_) => "in_doubt",
        }
    }
}

impl WorkerDesk {
    /// A desk for the jobs of one source. Connects to nothing.
    pub fn new(
        config: Arc<Config>,
        writers: Vec<WriteSettings>,
        executors: Vec<ExecutorSettings>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        runner_id: String,
        source_id: String,
    ) -> Self {
        Self { config, writers, executors, clock, ids, runner_id, source_id }
    }

    /// The name under which this desk works.
    pub fn runner_id(&self) -> &str {
        &self.runner_id
    }

    /// The source it drains.
    pub fn source_id(&self) -> &str {
        &self.source_id
    }

    /// Carries an assignment out, at most once, and says what is to be reported. Told to stop, it is rolled back before its
    /// COMMIT and finished after it.
    pub async fn carry_out(&self, assignment: &Assignment, stop: StopSignal) -> Carried {
        let stored = match self.admitted(assignment) {
            Ok(stored) => stored,
            Err(error) => return not_begun(assignment, &error),
        };
        let id = stored.proposal.proposal_id.clone();
        let assigned = Arc::new(Assigned::new(assignment.clone(), stored));
        let desk = Desk {
            record: Record::Assigned(Arc::clone(&assigned)),
            config: Arc::clone(&self.config),
            writers: self.writers.clone(),
            executors: self.executors.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            runner_id: self.runner_id.clone(),
            stop,
        };
        let carried_out = desk.carry_out(&id, false).await;
        let progress = assigned.progress();
        match (progress.end, carried_out) {
            (Some(end), _) => Carried::Ended(end),
            (None, Err(error)) if !progress.started => not_begun(assignment, &error),
            (None, Err(error)) => Carried::InDoubt(error.refusal()),
            (None, Ok(_)) => Carried::InDoubt(Refusal::bug("an apply ended without a receipt")),
        }
    }

    /// The proposal, provided the assignment is whole: its seal, a yes to exactly that, and a job that says nothing else.
    fn admitted(&self, assignment: &Assignment) -> Result<StoredProposal, Error> {
        let Assignment { schema_version, job, proposal, approval, events, row_key } = assignment;
        let differs = |what: &str| NotAdmitted::Differs { what: what.to_owned() };
        if schema_version != ASSIGNMENT_SCHEMA {
            return Err(differs("form").into());
        }
        if !proposal.recompute_digest().is_ok_and(|digest| digest == proposal.digest) {
            return Err(Denied::Tampered.into());
        }
        // Without the key each redacted column would look changed, and no other assignment has one.
        if proposal.change_set.redacted.is_empty() != row_key.is_none() {
            return Err(differs("row key").into());
        }
        // Other credentials may be at hand here; it was not for them that this worker was started.
        if proposal.change_set.target.source != self.source_id {
            return Err(NotAdmitted::Scope { what: "source" }.into());
        }
        let approved = approval.verdict == Verdict::Approved
            && approval.proposal_id == proposal.proposal_id
            && approval.proposal_digest == proposal.digest;
        let now = events.last().map(|event| event.at).filter(|_| approved && job.attempt > 0);
        let stored = StoredProposal {
            proposal: proposal.clone(),
            // What else it may be is the control plane's to know; an unknown outcome is settled the same way.
            state: ProposalState::PendingWorker,
            updated_at: approval.at,
            intact: true,
        };
        let known = KnownJob {
            job_id: Some(job.job_id.clone()),
            idempotency_key: job.idempotency_key.clone(),
            handover: job.handover.clone(),
        };
        // The lease is judged by the clock it was made by; how long it lasts here is the caller's to measure.
        let now = now.ok_or_else(|| differs("approval"))?;
        let place = Place { project_id: LOCAL_PROJECT, runner_id: &self.runner_id, now };
        admit::check(&JobDocument::Ours(job.clone()), &stored, &known, &place)?;
        Ok(stored)
    }
}

/// Nothing was tried. That is an end only where no earlier attempt may have changed the source.
fn not_begun(assignment: &Assignment, error: &Error) -> Carried {
    let refusal = error.refusal();
    if earlier_attempts_came_to_nothing(&assignment.events, assignment.job.attempt) {
        return Carried::Ended(AttemptEnd::CameToNothing { code: refusal.code });
    }
    Carried::InDoubt(Refusal { code: Code::OutcomeUnknown, ..refusal })
}
