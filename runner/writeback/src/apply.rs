//! Apply: carries out one approved proposal. The product's second half, on one screen.
//!
//! What comes after what, and what follows from every failure, is in `machine.rs`.

use synapsor_ledger::StoredProposal;
use synapsor_protocol::job::{JOB_SCHEMA, idempotency_key};
use synapsor_protocol::receipt::RECEIPT_SCHEMA;
use synapsor_protocol::{
    Guard, JobId, Outcome, ProposalId, Receipt, ReceiptId, Refusal, SourceChanged, WritebackJob,
};

use crate::action::Action;
use crate::authority;
use crate::desk::{Desk, WriteSettings};
use crate::effects::Reviewed;
use crate::ending::Ending;
use crate::engine;
use crate::errand::Errand;
use crate::error::{Error, Obstacle};
use crate::machine::Apply;
use crate::report::{ApplyReport, Check, DryRun};
use crate::resolve::Attempt;

impl Desk {
    /// Carries out an approved proposal, at most once, and says what happened. A dry run only looks.
    ///
    /// An `Ok` report is an ended apply, also one that ended in a conflict or a failure; see its outcome.
    ///
    /// # Errors
    /// When nothing was carried out: the ledger or the config says no, or the source cannot take the change now. The
    /// proposal is then where it was.
    pub async fn apply(&self, id: &ProposalId, dry_run: bool) -> Result<ApplyReport, Refusal> {
        self.carry_out(id, dry_run).await.map_err(|error| error.refusal())
    }

    pub(crate) async fn carry_out(&self, id: &ProposalId, dry_run: bool) -> Result<ApplyReport, Error> {
        let stored = self.record.proposal(id).await?;
        authority::check(&self.config, &stored)?;
        if stored.proposal.change_set.app_executor().is_some() {
            return self.hand_to_executor(&stored, dry_run).await;
        }
        let writer = self.writer(&stored.proposal.change_set.target)?;
        let reviewed = self.reviewed(&stored).await?;
        if dry_run {
            return self.rehearse(writer, &stored, &reviewed).await;
        }
        if self.stop.is_requested() {
            return Err(stopped(writer));
        }
        let mut errand = Errand::new(self, id, writer, &reviewed);
        let (mut apply, mut action) = Apply::begin();
        loop {
            (apply, action) = match action {
                Action::Ledger(entry) => apply.step(errand.at_the_ledger(entry).await),
                Action::Source(step) => errand.at_the_source(apply, step).await,
                Action::End(verdict) => return errand.answer(verdict),
            };
        }
    }

    /// What the change is held against, with the row's key where something of it is redacted. Without the key
    /// nothing is tried: every redacted column would look changed.
    pub(crate) async fn reviewed(&self, stored: &StoredProposal) -> Result<Reviewed, Error> {
        let change = &stored.proposal.change_set;
        let reviewed = Reviewed::of(&self.config, change);
        if change.redacted.is_empty() {
            return Ok(reviewed);
        }
        Ok(reviewed.under(self.record.row_key(change).await?))
    }

    /// The end of the job: the sealed receipt, its event and the new state in one ledger transaction.
    pub(crate) async fn record(&self, job: &WritebackJob, attempt: Attempt) -> Result<ApplyReport, Error> {
        let Attempt { ending, checks } = attempt;
        self.record_receipt(self.receipt(job, ending), checks).await
    }

    pub(crate) async fn record_receipt(
        &self,
        receipt: Receipt,
        checks: Vec<Check>,
    ) -> Result<ApplyReport, Error> {
        let (mut outcome, mut changed) = (receipt.outcome, receipt.source_changed);
        let recorded = self.record.finish_writeback(&receipt).await;
        let standing = recorded.map_err(|source| Error::Unrecorded { changed, source })?.receipt;
        // After an unclear COMMIT the source's receipt does not tell which of two runs wrote it. The first to say so on
        // record is believed, so that one change is never claimed twice.
        if standing.receipt_id != receipt.receipt_id && standing.source_changed == SourceChanged::Yes {
            (outcome, changed) = (Outcome::AlreadyApplied, SourceChanged::No);
        }
        Ok(ApplyReport {
            proposal_id: receipt.proposal_id,
            outcome: Some(outcome),
            dry_run: false,
            would: None,
            receipt: Some(standing),
            checks: with_allowed(checks),
            source_changed: changed,
        })
    }

    fn receipt(&self, job: &WritebackJob, ending: Ending) -> Receipt {
        let (outcome, source_changed) = ending.outcome();
        let previous_version = match &job.guard {
            Guard::Version { expected, .. } => Some(expected.clone()),
            Guard::Row => None,
        };
        let (new_version, code, changed_columns) = ending.into_details();
        Receipt {
            schema_version: RECEIPT_SCHEMA.into(),
            receipt_id: ReceiptId::mint(&*self.ids),
            job_id: job.job_id.clone(),
            proposal_id: job.proposal_id.clone(),
            proposal_digest: job.proposal_digest.clone(),
            idempotency_key: job.idempotency_key.clone(),
            runner_id: self.runner_id.clone(),
            outcome,
            rows_affected: u32::from(outcome == Outcome::Applied),
            previous_version,
            new_version,
            source_changed,
            code,
            executor_code: None,
            changed_columns,
            executed_at: self.clock.now(),
        }
    }

    /// Looks at what an apply would do. Nothing is recorded, here or in the source, and no table is made.
    async fn rehearse(
        &self,
        writer: &WriteSettings,
        stored: &StoredProposal,
        reviewed: &Reviewed,
    ) -> Result<ApplyReport, Error> {
        let job = self.rehearsal_job(stored)?;
        let looked = self.stop.unless_requested(engine::rehearse(writer, &job, reviewed)).await;
        let (would, checks): (DryRun, Vec<Check>) =
            looked.ok_or_else(|| stopped(writer))?.map_err(|obstacle| obstructed(&job, obstacle))?;
        Ok(ApplyReport {
            proposal_id: job.proposal_id,
            outcome: None,
            dry_run: true,
            would: Some(would),
            receipt: None,
            checks: with_allowed(checks),
            source_changed: SourceChanged::No,
        })
    }

    /// The job as the ledger would build it, without the ledger knowing.
    pub(crate) fn rehearsal_job(&self, stored: &StoredProposal) -> Result<WritebackJob, Error> {
        let proposal = &stored.proposal;
        let change = &proposal.change_set;
        // A proposal that was sealed has a canonical form, so its id and digest have one too.
        let key = idempotency_key(self.record.ledger()?.ledger_id(), &proposal.proposal_id, &proposal.digest)
            .map_err(|_| authority::Denied::Tampered)?;
        Ok(WritebackJob {
            schema_version: JOB_SCHEMA.into(),
            job_id: JobId::mint(&*self.ids),
            proposal_id: proposal.proposal_id.clone(),
            proposal_digest: proposal.digest.clone(),
            target: change.target.clone(),
            tenant: change.tenant.clone(),
            before: change.before.clone(),
            redacted: change.redacted.clone(),
            patch: change.patch.clone(),
            guard: change.guard.clone(),
            idempotency_key: key,
            attempt: 1,
            handover: None,
        })
    }
}

pub(crate) fn obstructed(job: &WritebackJob, obstacle: Obstacle) -> Error {
    Error::Obstacle { source_name: job.target.source.clone(), obstacle }
}

fn stopped(writer: &WriteSettings) -> Error {
    Error::Obstacle { source_name: writer.name.clone(), obstacle: Obstacle::Stopped }
}

/// The first condition was looked at by [`authority::check`], before the source was touched.
fn with_allowed(checks: Vec<Check>) -> Vec<Check> {
    std::iter::once(Check::held(Check::ALLOWED)).chain(checks).collect()
}
