//! Jobs as documents: one is made of an approved proposal, and one is carried out after it was compared with it.

use synapsor_ledger::Recipient;
use synapsor_protocol::job::idempotency_key;
use synapsor_protocol::{JobDocument, ProposalId, Refusal, WritebackJob};

use crate::admit::{self, KnownJob, Place};
use crate::authority::{self, Denied};
use crate::desk::Desk;
use crate::error::Error;
use crate::report::ApplyReport;

impl Desk {
    /// Hands the job of an approved proposal to a runner, as a document it may carry out until the lease is over.
    ///
    /// # Errors
    /// When the config or the ledger does not allow the proposal to be applied.
    pub async fn hand_over(&self, id: &ProposalId, recipient: &Recipient) -> Result<WritebackJob, Refusal> {
        let handed_over = async {
            authority::check(&self.config, &self.record.proposal(id).await?)?;
            Ok::<_, Error>(self.record.ledger()?.hand_over(id, recipient).await?)
        };
        handed_over.await.map_err(|error| error.refusal())
    }

    /// Carries out the proposal a document is for, provided the document says nothing else than the ledger.
    ///
    /// # Errors
    /// As [`Desk::apply`]; and when the document differs from the approved proposal, is for another project, runner or
    /// source, or its lease is over.
    pub async fn apply_job(
        &self,
        document: &JobDocument,
        project_id: &str,
        dry_run: bool,
    ) -> Result<ApplyReport, Refusal> {
        let carried_out = async {
            self.admit(document, project_id).await?;
            self.carry_out(document.proposal_id(), dry_run).await
        };
        carried_out.await.map_err(|error| error.refusal())
    }

    async fn admit(&self, document: &JobDocument, project_id: &str) -> Result<(), Error> {
        let id = document.proposal_id();
        let (ledger, stored) = (self.record.ledger()?, self.record.proposal(id).await?);
        if !stored.intact {
            return Err(Denied::Tampered.into());
        }
        let key = idempotency_key(ledger.ledger_id(), id, &stored.proposal.digest);
        let known = KnownJob {
            job_id: ledger.replay(id).await?.jobs.pop().map(|job| job.job_id),
            idempotency_key: key.map_err(|_| Denied::Tampered)?,
            handover: ledger.handover(id).await?,
        };
        let place = Place { project_id, runner_id: &self.runner_id, now: self.clock.now() };
        Ok(admit::check(document, &stored, &known, &place)?)
    }
}
