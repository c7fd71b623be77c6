//! The desk: what a person needs at hand to decide and to apply; and the two decisions.

use std::sync::Arc;

use synapsor_config::Config;
use synapsor_ledger::{Ledger, StoredProposal};
use synapsor_protocol::{Clock, Decision, Digest, Engine, Ids, ProposalId, Refusal, Target, Verdict};
use synapsor_source::Connect;

use crate::authority::Denied;
use crate::executor::ExecutorSettings;
use crate::record::Record;
use crate::stop::StopSignal;

/// How one source is written to. The credential is another one than the reads use.
#[derive(Debug, Clone)]
pub struct WriteSettings {
    /// The source's name in the config.
    pub name: String,
    /// Its engine.
    pub engine: Engine,
    /// Where it is, with the write credential.
    pub connect: Connect,
    /// Time limit of one statement, in milliseconds.
    pub statement_timeout_ms: u64,
}

/// A person's side: the ledger, the checked config, the write credentials.
///
/// Invariant: no room the model talks to can name this type; `tests/tidy` holds the dependency graph to it.
pub struct Desk {
    pub(crate) record: Record,
    pub(crate) config: Arc<Config>,
    pub(crate) writers: Vec<WriteSettings>,
    pub(crate) executors: Vec<ExecutorSettings>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) runner_id: String,
    pub(crate) stop: StopSignal,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("runner_id", &self.runner_id).finish_non_exhaustive()
    }
}

impl Desk {
    /// A desk. Connects to nothing.
    pub fn new(
        ledger: Ledger,
        config: Arc<Config>,
        writers: Vec<WriteSettings>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        runner_id: String,
    ) -> Self {
        Self {
            record: Record::Ledger(ledger),
            config,
            writers,
            executors: Vec::new(),
            clock,
            ids,
            runner_id,
            stop: StopSignal::never(),
        }
    }

    /// A desk that can also hand changes to the application's own executors.
    #[must_use]
    pub fn with_executors(self, executors: Vec<ExecutorSettings>) -> Self {
        Self { executors, ..self }
    }

    /// A desk whose applies end early when they are told to: rolled back before their COMMIT, finished after it.
    #[must_use]
    pub fn stopping_on(self, stop: StopSignal) -> Self {
        Self { stop, ..self }
    }

    /// Says yes to exactly the content whose digest was on the screen.
    ///
    /// # Errors
    /// `PROPOSAL_NOT_FOUND`, `PROPOSAL_HASH_MISMATCH`, `PROPOSAL_NOT_PENDING_REVIEW`, or what the ledger cannot do.
    pub async fn approve(
        &self,
        id: &ProposalId,
        shown: &Digest,
        actor: &str,
        reason: Option<&str>,
    ) -> Result<StoredProposal, Refusal> {
        self.decide(id, shown, Verdict::Approved, actor, reason).await
    }

    /// Says no, with a reason.
    ///
    /// # Errors
    /// As [`Desk::approve`], and `REASON_REQUIRED`, `PROPOSAL_NOT_REJECTABLE`.
    pub async fn reject(
        &self,
        id: &ProposalId,
        shown: &Digest,
        actor: &str,
        reason: &str,
    ) -> Result<StoredProposal, Refusal> {
        self.decide(id, shown, Verdict::Rejected, actor, Some(reason)).await
    }

    /// The ledger alone decides whether the decision may be recorded; there is no side door.
    async fn decide(
        &self,
        id: &ProposalId,
        shown: &Digest,
        verdict: Verdict,
        actor: &str,
        reason: Option<&str>,
    ) -> Result<StoredProposal, Refusal> {
        let decision = Decision {
            proposal_id: id.clone(),
            proposal_digest: shown.clone(),
            verdict,
            actor: actor.to_owned(),
            reason: reason.map(str::to_owned),
            at: self.clock.now(),
        };
        let decided = async { self.record.ledger()?.decide(&decision).await };
        decided.await.map_err(|error| error.refusal())
    }

    /// The write credential of the target's source.
    pub(crate) fn writer(&self, target: &Target) -> Result<&WriteSettings, Denied> {
        let none = |why: String| Denied::NoCredential { source_name: target.source.clone(), why };
        let found =
            self.writers.iter().find(|writer| writer.name == target.source && writer.engine == target.engine);
        let writer = found.ok_or_else(|| none("the config names none".into()))?;
        match &writer.connect {
            Connect::Missing { env } => Err(none(format!("`{env}` is not set"))),
            Connect::Url(_) | Connect::File(_) => Ok(writer),
        }
    }
}
