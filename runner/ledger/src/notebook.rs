//! The part of the book the model's side holds: it can record and look up, and nothing else.
//!
//! Invariant: every look-up is by tenant, compared byte for byte with the tenant inside the document as well.
//! Invariant: a proposal is on the disk before it is answered. Reads, refusals and traces are committed before they are answered, and
//! on the disk some milliseconds later, unless [`Notebook::on_disk`] says otherwise.
//! Absent on purpose: any way from here to [`crate::Ledger`], a decision or a writeback.

use std::sync::Arc;

use synapsor_protocol::{
    CandidateRun, EventKind, EvidenceBundle, EvidenceId, Proposal, ProposalId, QueryAudit, RedactionKey,
};

use crate::book::Book;
use crate::chain;
use crate::documents::{self, Written};
use crate::error::Error;
use crate::points::point;
use crate::proposals::{self, StoredProposal};
use crate::propose::{self, Call, Draft, Reading, Recorded, Refused};
use crate::replay::{self, Replay};
use crate::secrets;
use crate::writer::{Promise, Write};

/// Records reads, refusals and proposals; looks them up for one tenant. Clones share the ledger.
#[derive(Clone)]
pub struct Notebook {
    book: Arc<Book>,
    /// What is promised of anything but a proposal.
    promise: Promise,
    /// Whether reads are forgotten.
    #[cfg(feature = "forgetful")]
    forgets: bool,
}

impl Notebook {
    pub(crate) fn new(book: Arc<Book>) -> Self {
        Self {
            book,
            promise: Promise::Committed,
            #[cfg(feature = "forgetful")]
            forgets: false,
        }
    }

    /// The same notebook, which brings every record to the disk before it answers, so that no loss of power takes it back.
    #[must_use]
    pub fn on_disk(self) -> Self {
        Self { promise: Promise::OnDisk, ..self }
    }

    /// The same notebook, which answers that a read is recorded and forgets it.
    #[cfg(feature = "forgetful")]
    #[must_use]
    pub fn forgetful(self) -> Self {
        Self { forgets: true, ..self }
    }

    /// The key under which values that may not be kept are redacted; made with the first of them.
    ///
    /// # Errors
    /// When the ledger cannot be read or written.
    pub async fn redaction_key(&self) -> Result<RedactionKey, Error> {
        self.book.redaction_key(true).await
    }

    /// Records a read: committed when this returns. Concurrent calls share one commit.
    ///
    /// # Errors
    /// When something in it looks like a secret, or the ledger cannot be written; nothing was recorded.
    pub async fn record_read(&self, evidence: EvidenceBundle, audit: QueryAudit) -> Result<(), Error> {
        #[cfg(feature = "forgetful")]
        if self.forgets {
            return Ok(());
        }
        let reading = Reading::of(evidence, audit)?;
        let payload = reading.payload_text()?;
        self.book.writer.keep(self.promise, move |write| propose::read(write, &reading, &payload)).await
    }

    /// Records that a call was refused, with what had been read by then.
    ///
    /// # Errors
    /// As for [`Notebook::record_read`].
    pub async fn record_refusal(
        &self,
        audit: QueryAudit,
        evidence: Option<EvidenceBundle>,
    ) -> Result<(), Error> {
        let refused = Refused::of(audit, evidence)?;
        self.book.writer.keep(self.promise, move |write| propose::refusal(write, &refused)).await
    }

    /// Records that a call was handed on to a hosted service, and how that ended. An id of the service's that looks like a secret is
    /// left out.
    ///
    /// # Errors
    /// When the ledger cannot be written; nothing was recorded.
    pub async fn record_delegated(&self, mut audit: QueryAudit) -> Result<(), Error> {
        if let Some(trace) = &mut audit.delegated {
            trace.service_ids.retain(|name, id| secrets::refuse_in_text(name, id).is_ok());
        }
        let call = Call::of(audit)?;
        self.book.writer.keep(self.promise, move |write| propose::delegated(write, &call)).await
    }

    /// Records a proposal. Where one with equal content is still open for the tenant, answers that one instead.
    ///
    /// # Errors
    /// As for [`Notebook::record_read`]; and when the open proposal with equal content was edited.
    pub async fn record_proposal(
        &self,
        proposal: Proposal,
        evidence: EvidenceBundle,
        audit: QueryAudit,
    ) -> Result<Recorded, Error> {
        point!("l.proposal.pre");
        let draft = Draft::of(proposal, evidence, audit)?;
        let recorded = self.book.writer.write(move |write| propose::proposal(write, &draft)).await?;
        point!("l.proposal.post");
        Ok(recorded)
    }

    /// Records what a candidate answered. Nothing of the call it was shown is touched.
    ///
    /// # Errors
    /// As for [`Notebook::record_read`].
    pub async fn record_candidate_run(&self, run: &CandidateRun) -> Result<(), Error> {
        secrets::refuse_in_candidate_run(run)?;
        let (actor, written) = (run.principal.clone(), Written::of(run)?);
        let payload = serde_json::json!({ "capability": run.capability, "shown": run.evidence_id,
            "run_digest": written.seal });
        let payload = chain::canonical_text(&payload)?;
        let record = move |write: &Write<'_>| {
            let event = chain::append_written(write, EventKind::ShadowCandidateRan, None, &actor, &payload)?;
            documents::insert_evidence(write.conn, event.seq, &written)
        };
        self.book.writer.keep(self.promise, record).await
    }

    /// How many changes wait for the writer to take them up.
    pub fn waiting(&self) -> usize {
        self.book.writer.waiting()
    }

    /// How far the ledger is: the number of its last event. One look at the end of an index.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn position(&self) -> Result<i64, Error> {
        self.book.readers.read(|conn| chain::head(conn).map(|(seq, _)| seq)).await
    }

    /// The tenant's proposal of that id; another tenant's is none.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn proposal(&self, id: &str, tenant: &str) -> Result<Option<StoredProposal>, Error> {
        let (id, tenant) = (ProposalId::from_stored(id), tenant.to_owned());
        let found = self.book.readers.read(move |conn| proposals::find(conn, &id)).await?;
        Ok(found.filter(|found| found.proposal.change_set.tenant == tenant))
    }

    /// The tenant's evidence of that id; another tenant's is none.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn evidence(&self, id: &str, tenant: &str) -> Result<Option<EvidenceBundle>, Error> {
        let (id, tenant) = (EvidenceId::from_stored(id), tenant.to_owned());
        let found = self.book.readers.read(move |conn| documents::evidence(conn, &id)).await?;
        Ok(found.filter(|found| found.tenant == tenant))
    }

    /// The record of the tenant's proposal of that id; another tenant's is none.
    ///
    /// # Errors
    /// When a part of the record cannot be read back.
    pub async fn replay(&self, id: &str, tenant: &str) -> Result<Option<Replay>, Error> {
        let (id, tenant) = (ProposalId::from_stored(id), tenant.to_owned());
        let ledger_id = self.book.ledger_id.clone();
        let found = self
            .book
            .readers
            .read(move |conn| match proposals::find(conn, &id)? {
                Some(_) => replay::of(conn, &ledger_id, &id).map(Some),
                None => Ok(None),
            })
            .await?;
        Ok(found.filter(|found| {
            found.proposal.proposal.change_set.tenant == tenant && found.evidence.tenant == tenant
        }))
    }
}

impl std::fmt::Debug for Notebook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notebook").finish_non_exhaustive()
    }
}
