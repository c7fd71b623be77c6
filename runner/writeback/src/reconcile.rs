//! Reconcile: what became of an apply that never said how it ended.
//!
//! Nothing new is needed for that. The same job runs again under the same key: it finds the source's receipt, or it
//! carries out what was approved. Looking first tells a person which of the two it will be.

use serde::Serialize;
use synapsor_ledger::StoredProposal;
use synapsor_protocol::{Code, ProposalId, ProposalState, Refusal};

use crate::apply::obstructed;
use crate::desk::Desk;
use crate::ending::Ending;
use crate::engine;
use crate::error::Error;
use crate::points::point;
use crate::receipts::Settlement;
use crate::report::{ApplyReport, Check, DryRun};
use crate::resolve::Attempt;

/// What the ledger and the source each say about one apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The proposal.
    pub proposal_id: ProposalId,
    /// Where the ledger says it stands.
    pub ledger: ProposalState,
    /// Whether an attempt has started whose outcome the ledger does not know.
    pub unsettled: bool,
    /// Attempts so far.
    pub attempts: u32,
    /// What the source says.
    pub source: SourceSays,
    /// What follows.
    pub conclusion: Conclusion,
}

/// What the source says when it is asked, without being changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum SourceSays {
    /// It holds the receipt of the change.
    Applied,
    /// It holds the receipt of a conflict.
    Conflict,
    /// It holds a receipt with this key for other content.
    Foreign,
    /// It holds no receipt, and this is what an apply would do now.
    NoReceipt {
        /// What it would do.
        would: DryRun,
    },
    /// It cannot be asked.
    Silent {
        /// Why not.
        code: Code,
    },
}

/// What follows from both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Ledger and source say the same; nothing is to be done.
    Agreed,
    /// The source knows the outcome and resolving records it.
    ResolveRecords,
    /// Nothing happened in the source, and resolving carries the job out.
    ResolveApplies,
    /// The ledger says applied and the source knows nothing of it: it was restored, or lost a commit.
    SourceRegressed,
    /// The source holds more than the ledger says: the ledger is an older copy, or somebody else wrote the receipt.
    LedgerBehind,
    /// The source cannot be asked now.
    AskAgain,
}

impl Desk {
    /// The applies whose outcome the ledger does not know, oldest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn unsettled(&self) -> Result<Vec<StoredProposal>, Refusal> {
        let unsettled = async { self.record.ledger()?.unsettled().await };
        unsettled.await.map_err(|error| error.refusal())
    }

    /// Asks ledger and source, and changes neither.
    ///
    /// # Errors
    /// When the ledger cannot be read, or there is no write credential to ask the source with.
    pub async fn inspect(&self, id: &ProposalId) -> Result<Inspection, Refusal> {
        self.look(id).await.map_err(|error| error.refusal())
    }

    /// Finds out how an unsettled apply ended, or ends it; `None` where there is nothing to settle.
    ///
    /// # Errors
    /// As [`Desk::apply`]: the outcome is then as unknown as before.
    pub async fn settle(&self, id: &ProposalId) -> Result<Option<ApplyReport>, Refusal> {
        point!("recover.resolve", Refusal::new(Code::TransactionFailed, "a failpoint"));
        self.settle_one(id).await.map_err(|error| error.refusal())
    }

    async fn settle_one(&self, id: &ProposalId) -> Result<Option<ApplyReport>, Error> {
        let stored = self.record.proposal(id).await?;
        // An applied one is compared with the source once more, which is how a restored source is noticed.
        if stored.state != ProposalState::Applied && !self.is_unsettled(id).await? {
            return Ok(None);
        }
        match self.carry_out(id, false).await {
            Err(Error::Denied(denied)) => match self.record_what_the_source_says(&stored).await? {
                Some(report) => Ok(Some(report)),
                None => Err(denied.into()),
            },
            ended => ended.map(Some),
        }
    }

    /// The config no longer allows the change; but if it has happened, that is the record. Nothing is applied here.
    async fn record_what_the_source_says(
        &self,
        stored: &StoredProposal,
    ) -> Result<Option<ApplyReport>, Error> {
        let id = &stored.proposal.proposal_id;
        if stored.proposal.change_set.app_executor().is_some() {
            let Some(job) = self.record.ledger()?.replay(id).await?.jobs.pop() else { return Ok(None) };
            return self.record_what_the_executor_says(stored, &job).await;
        }
        let writer = self.writer(&stored.proposal.change_set.target)?;
        let Some(job) = self.record.ledger()?.replay(id).await?.jobs.pop() else { return Ok(None) };
        let recorded = engine::recorded(writer, &job).await.map_err(|obstacle| obstructed(&job, obstacle))?;
        let Some(settlement) = recorded else { return Ok(None) };
        let mut checks: Vec<Check> = Vec::new();
        let ending =
            Ending::settled(settlement, &mut checks).map_err(|obstacle| obstructed(&job, obstacle))?;
        self.record(&job, Attempt { ending, checks }).await.map(Some)
    }

    async fn look(&self, id: &ProposalId) -> Result<Inspection, Error> {
        let stored = self.record.proposal(id).await?;
        let source = if stored.proposal.change_set.app_executor().is_none() {
            self.ask_the_source(&stored).await?
        } else {
            self.look_up(&stored).await?
        };
        let unsettled = self.is_unsettled(id).await?;
        let attempts = self.record.ledger()?.replay(id).await?.jobs.pop().map_or(0, |job| job.attempt);
        let conclusion = conclude(stored.state, unsettled, &source);
        let proposal_id = id.clone();
        Ok(Inspection { proposal_id, ledger: stored.state, unsettled, attempts, source, conclusion })
    }

    async fn ask_the_source(&self, stored: &StoredProposal) -> Result<SourceSays, Error> {
        let writer = self.writer(&stored.proposal.change_set.target)?;
        let job = self.rehearsal_job(stored)?;
        let reviewed = self.reviewed(stored).await?;
        Ok(match engine::recorded(writer, &job).await {
            Ok(Some(Settlement::Applied)) => SourceSays::Applied,
            Ok(Some(Settlement::Conflict)) => SourceSays::Conflict,
            Ok(Some(Settlement::Foreign)) => SourceSays::Foreign,
            Ok(None) => match engine::rehearse(writer, &job, &reviewed).await {
                Ok((would, _)) => SourceSays::NoReceipt { would },
                Err(obstacle) => SourceSays::Silent { code: obstacle.code() },
            },
            Err(obstacle) => SourceSays::Silent { code: obstacle.code() },
        })
    }

    async fn is_unsettled(&self, id: &ProposalId) -> Result<bool, Error> {
        let unsettled = self.record.ledger()?.unsettled().await?;
        Ok(unsettled.iter().any(|stored| stored.proposal.proposal_id == *id))
    }
}

fn conclude(ledger: ProposalState, unsettled: bool, source: &SourceSays) -> Conclusion {
    use Conclusion as C;
    match (source, ledger) {
        (SourceSays::Silent { .. }, _) => C::AskAgain,
        (SourceSays::Foreign, _) => C::LedgerBehind,
        (SourceSays::Applied, ProposalState::Applied) | (SourceSays::Conflict, ProposalState::Conflict) => {
            C::Agreed
        }
        (SourceSays::Applied | SourceSays::Conflict, _) if unsettled => C::ResolveRecords,
        (SourceSays::Applied | SourceSays::Conflict, _) => C::LedgerBehind,
        (SourceSays::NoReceipt { .. }, ProposalState::Applied) => C::SourceRegressed,
        (SourceSays::NoReceipt { .. }, _) if unsettled => C::ResolveApplies,
        (SourceSays::NoReceipt { .. }, _) => C::Agreed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_is_decided_by_both_and_a_silent_source_decides_nothing() {
        use Conclusion as C;
        use ProposalState as S;
        let absent = SourceSays::NoReceipt { would: DryRun::Apply };
        let silent = SourceSays::Silent { code: Code::DatabaseUnavailable };
        for (ledger, unsettled, source, expected) in [
            (S::Applied, false, SourceSays::Applied, C::Agreed),
            (S::Applied, false, absent.clone(), C::SourceRegressed),
            (S::Conflict, false, SourceSays::Conflict, C::Agreed),
            (S::Approved, false, absent.clone(), C::Agreed),
            (S::Approved, true, absent.clone(), C::ResolveApplies),
            (S::Approved, true, SourceSays::Applied, C::ResolveRecords),
            (S::ReconciliationRequired, true, SourceSays::Conflict, C::ResolveRecords),
            (S::ReconciliationRequired, true, absent, C::ResolveApplies),
            (S::Approved, false, SourceSays::Applied, C::LedgerBehind),
            (S::Rejected, false, SourceSays::Applied, C::LedgerBehind),
            (S::Failed, false, SourceSays::Conflict, C::LedgerBehind),
            (S::Approved, true, SourceSays::Foreign, C::LedgerBehind),
        ] {
            assert_eq!(conclude(ledger, unsettled, &source), expected, "{ledger} {unsettled} {source:?}");
            assert_eq!(conclude(ledger, unsettled, &silent), C::AskAgain);
        }
    }
}
