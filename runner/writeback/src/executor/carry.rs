//! An approved change in the hands of an executor: from the intent in the ledger to the receipt, on one screen.

use std::time::Duration;

use synapsor_ledger::{Start, StoredProposal};
use synapsor_protocol::executor::{AnswerStatus, ExecutorRequest, Purpose};
use synapsor_protocol::receipt::RECEIPT_SCHEMA;
use synapsor_protocol::{
    Clock, Code, Guard, Ids, Outcome, ProposalId, Receipt, ReceiptId, Refusal, SourceChanged, WritebackJob,
};

use super::answer::{Known, Said, known};
use super::delivery::{Delivery, Manner, NotDone};
use super::request::{self, Approved, Brief, Envelope};
use super::{ExecutorSettings, Reach, command, http};
use crate::authority::Denied;
use crate::desk::Desk;
use crate::error::Error;
use crate::history::earlier_attempts_came_to_nothing;
use crate::reconcile::SourceSays;
use crate::report::{ApplyReport, Check, DryRun};

/// Pauses before a request that certainly did not arrive is sent again.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

impl Desk {
    /// Has an executor carry out an approved proposal, and says what happened. A dry run only asks.
    pub(crate) async fn hand_to_executor(
        &self,
        stored: &StoredProposal,
        dry_run: bool,
    ) -> Result<ApplyReport, Error> {
        let executor = self.executor(&stored.proposal.change_set.executor)?;
        let id = &stored.proposal.proposal_id;
        let approved = self.approved(stored).await?;
        if dry_run {
            return self.rehearse_at(executor, &approved, self.rehearsal_job(stored)?).await;
        }
        if self.stop.is_requested() {
            return Err(Error::Executor { executor: executor.name.clone(), not_done: NotDone::Stopped });
        }
        let job = match self.record.start_writeback(id, &self.runner_id).await? {
            Start::Run(job) => job,
            Start::Settled { job, receipt } => return Ok(settled(job, receipt)),
        };
        match self.ask(executor, &approved, &job, Purpose::Execute).await? {
            Known::Said(said) => self.conclude(&job, ended(&said), said).await,
            Known::Unclear(code) => {
                let unclear = Ended { outcome: Outcome::Unknown, changed: SourceChanged::Unknown, code };
                self.conclude(&job, unclear, Said::nothing()).await
            }
            Known::Nothing(not_done) => Err(self.came_to_nothing(executor, &job, not_done).await?),
        }
    }

    /// What the application says became of a proposal's idempotency key.
    pub(crate) async fn look_up(&self, stored: &StoredProposal) -> Result<SourceSays, Error> {
        let executor = self.executor(&stored.proposal.change_set.executor)?;
        let approved = self.approved(stored).await?;
        let replay = self.record.ledger()?.replay(&stored.proposal.proposal_id).await?;
        let job = replay.jobs.first().cloned().map_or_else(|| self.rehearsal_job(stored), Ok)?;
        match self.ask(executor, &approved, &job, Purpose::LookUp).await? {
            Known::Said(Said { status: AnswerStatus::AlreadyApplied, .. }) => return Ok(SourceSays::Applied),
            Known::Said(_) => {}
            Known::Nothing(not_done) => return Ok(SourceSays::Silent { code: not_done.code() }),
            Known::Unclear(code) => return Ok(SourceSays::Silent { code }),
        }
        Ok(match self.ask(executor, &approved, &job, Purpose::DryRun).await? {
            Known::Said(said) => SourceSays::NoReceipt { would: would(said) },
            Known::Nothing(not_done) => SourceSays::Silent { code: not_done.code() },
            Known::Unclear(code) => SourceSays::Silent { code },
        })
    }

    /// Records what the application says it did earlier, where the config no longer allows asking for it; `None` where it did
    /// nothing.
    pub(crate) async fn record_what_the_executor_says(
        &self,
        stored: &StoredProposal,
        job: &WritebackJob,
    ) -> Result<Option<ApplyReport>, Error> {
        match self.look_up(stored).await? {
            SourceSays::Applied => {
                let already = Said { status: AnswerStatus::AlreadyApplied, ..Said::nothing() };
                self.conclude(job, ended(&already), already).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Has an executor of the application try again what came to nothing: approves it once more, by the approval it has.
    ///
    /// # Errors
    /// `PROPOSAL_NOT_REOPENABLE`, `REASON_REQUIRED`, or what the ledger cannot do.
    pub async fn reopen(
        &self,
        id: &ProposalId,
        actor: &str,
        reason: &str,
    ) -> Result<StoredProposal, Refusal> {
        let reopened = async { self.record.ledger()?.reopen(id, actor, reason).await };
        reopened.await.map_err(|error| error.refusal())
    }

    /// The proposal with what people decided about it.
    async fn approved(&self, stored: &StoredProposal) -> Result<Approved, Error> {
        let decisions = self.record.decisions(&stored.proposal.proposal_id).await?;
        Ok(Approved { proposal: stored.proposal.clone(), decisions })
    }

    fn executor(&self, name: &str) -> Result<&ExecutorSettings, Denied> {
        let found = self.executors.iter().find(|executor| executor.name == name);
        found.ok_or_else(|| Denied::Executor { executor: name.to_owned() })
    }

    /// Asks, and asks again a few times what certainly did not arrive. Told to stop, it asks no more.
    async fn ask(
        &self,
        executor: &ExecutorSettings,
        approved: &Approved,
        job: &WritebackJob,
        purpose: Purpose,
    ) -> Result<Known, Error> {
        let brief = Brief { job, approved, runner_id: &self.runner_id, timeout_ms: executor.timeout_ms };
        let mut pauses = PAUSES.into_iter();
        loop {
            let request = brief.request(purpose, self.clock.now()).ok_or(NO_FORM)?;
            let known = executor.ask(&request).await?;
            if known != Known::Nothing(NotDone::Unreachable) {
                return Ok(known);
            }
            let Some(pause) = pauses.next() else { return Ok(known) };
            if self.stop.unless_requested(tokio::time::sleep(pause)).await.is_none() {
                return Ok(known);
            }
        }
    }

    async fn rehearse_at(
        &self,
        executor: &ExecutorSettings,
        approved: &Approved,
        job: WritebackJob,
    ) -> Result<ApplyReport, Error> {
        let refused = |not_done| Error::Executor { executor: executor.name.clone(), not_done };
        let would = match self.ask(executor, approved, &job, Purpose::DryRun).await? {
            Known::Said(said) => would(said),
            Known::Nothing(not_done) => return Err(refused(not_done)),
            Known::Unclear(_) => return Err(refused(NotDone::NoForecast)),
        };
        Ok(ApplyReport {
            proposal_id: job.proposal_id,
            outcome: None,
            dry_run: true,
            would: Some(would),
            receipt: None,
            checks: vec![Check::held(Check::ALLOWED), Check::held(Check::ANSWER)],
            source_changed: SourceChanged::No,
        })
    }

    /// The request was not carried out. If that is certain of every earlier one too, the proposal is where it was.
    async fn came_to_nothing(
        &self,
        executor: &ExecutorSettings,
        job: &WritebackJob,
        not_done: NotDone,
    ) -> Result<Error, Error> {
        let executor = executor.name.clone();
        let events = self.record.events(&job.proposal_id).await?;
        if !earlier_attempts_came_to_nothing(&events, job.attempt) {
            return Ok(Error::ExecutorUnsettled { executor, not_done });
        }
        self.record.interrupt_writeback(job, not_done.code()).await?;
        Ok(Error::Executor { executor, not_done })
    }

    async fn conclude(&self, job: &WritebackJob, ended: Ended, said: Said) -> Result<ApplyReport, Error> {
        let Ended { outcome, changed, code } = ended;
        let previous_version = match &job.guard {
            Guard::Version { expected, .. } => Some(expected.clone()),
            Guard::Row => None,
        };
        let receipt = Receipt {
            schema_version: RECEIPT_SCHEMA.into(),
            receipt_id: ReceiptId::mint(&*self.ids),
            job_id: job.job_id.clone(),
            proposal_id: job.proposal_id.clone(),
            proposal_digest: job.proposal_digest.clone(),
            idempotency_key: job.idempotency_key.clone(),
            runner_id: self.runner_id.clone(),
            outcome,
            rows_affected: said.rows_affected,
            previous_version,
            new_version: said.new_version,
            source_changed: changed,
            code: (changed != SourceChanged::Yes && outcome != Outcome::AlreadyApplied).then_some(code),
            executor_code: said.code,
            changed_columns: said.changed_columns,
            executed_at: self.clock.now(),
        };
        let answered = Check::new(Check::ANSWER, outcome != Outcome::Unknown);
        self.record_receipt(receipt, vec![answered]).await
    }
}

impl ExecutorSettings {
    /// Whether it is there, believes this runner, and says that it is ready. Nothing is carried out or recorded anywhere.
    ///
    /// # Errors
    /// When it cannot be asked, is not there, turns the question away, or answers anything but that it is ready.
    pub async fn check(&self, ids: &dyn Ids, clock: &dyn Clock) -> Result<(), Refusal> {
        let (envelope, expected) =
            request::check(ids.token(), clock.now()).ok_or_else(|| NO_FORM.refusal())?;
        let not_done = match self.deliver(&envelope).await {
            Delivery::Undelivered(not_done) => not_done,
            Delivery::Answered { manner: Manner::TurnedAway { status }, .. } => {
                NotDone::TurnedAway { status }
            }
            Delivery::Answered { body, .. } if serde_json::from_slice(&body).ok() == Some(expected) => {
                return Ok(());
            }
            Delivery::Answered { .. } | Delivery::Silent(_) => NotDone::NotReady,
        };
        Err(Error::Executor { executor: self.name.clone(), not_done }.refusal())
    }

    async fn ask(&self, request: &ExecutorRequest) -> Result<Known, Error> {
        let envelope = request::envelope(request).ok_or(NO_FORM)?;
        Ok(known(request, self.deliver(&envelope).await))
    }

    async fn deliver(&self, envelope: &Envelope) -> Delivery {
        let timeout = Duration::from_millis(self.timeout_ms);
        match &self.reach {
            Reach::Http(reach) => http::deliver(reach, timeout, envelope).await,
            Reach::Command(reach) => command::deliver(reach, timeout, envelope).await,
            Reach::Missing { why } => Delivery::Undelivered(NotDone::NotConfigured { why: why.clone() }),
        }
    }
}

impl Said {
    fn nothing() -> Self {
        Self {
            status: AnswerStatus::NotFound,
            rows_affected: 0,
            new_version: None,
            code: None,
            changed_columns: Vec::new(),
        }
    }
}

/// How an attempt ended. The code is for a receipt that says why nothing changed, or why nobody knows.
struct Ended {
    outcome: Outcome,
    changed: SourceChanged,
    code: Code,
}

fn ended(said: &Said) -> Ended {
    let (outcome, changed, code) = match said.status {
        AnswerStatus::Applied => (Outcome::Applied, SourceChanged::Yes, Code::OutcomeUnknown),
        AnswerStatus::AlreadyApplied => (Outcome::AlreadyApplied, SourceChanged::No, Code::OutcomeUnknown),
        AnswerStatus::Conflict => (Outcome::Conflict, SourceChanged::No, Code::ExecutorConflict),
        AnswerStatus::Failed => (Outcome::Failed, SourceChanged::No, Code::ExecutorFailed),
        // No answer to an order; `answer` lets none through.
        AnswerStatus::WouldApply | AnswerStatus::NotFound => {
            (Outcome::Unknown, SourceChanged::Unknown, Code::ExecutorAnswerInvalid)
        }
    };
    Ended { outcome, changed, code }
}

fn would(said: Said) -> DryRun {
    let code = match said.status {
        AnswerStatus::WouldApply => return DryRun::Apply,
        AnswerStatus::AlreadyApplied | AnswerStatus::Applied => return DryRun::AlreadyApplied,
        AnswerStatus::Conflict => Code::ExecutorConflict,
        AnswerStatus::Failed | AnswerStatus::NotFound => Code::ExecutorFailed,
    };
    DryRun::Conflict { code, changed_columns: said.changed_columns }
}

/// A success is final: nobody is asked again.
fn settled(job: WritebackJob, receipt: Receipt) -> ApplyReport {
    ApplyReport {
        proposal_id: job.proposal_id,
        outcome: Some(Outcome::AlreadyApplied),
        dry_run: false,
        would: None,
        receipt: Some(receipt),
        checks: vec![Check::held(Check::IDEMPOTENCY_KEY)],
        source_changed: SourceChanged::No,
    }
}

const NO_FORM: Error = Error::Ledger(synapsor_ledger::Error::Invariant {
    what: "an approved proposal without an approval, or a request without a form",
});
