//! A proposal: a change set waiting for a person, sealed by a digest; its states, and the one table of legal moves.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::change_set::ChangeSet;
use crate::digest::{CanonicalError, Digest};
use crate::ids::{EvidenceId, ProposalId};
use crate::moment::Moment;
use crate::receipt::Outcome;

/// Schema version of [`Proposal`].
pub const PROPOSAL_SCHEMA: &str = "synapsor.proposal.v2";

/// Whether a proposal can ever be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalMode {
    /// Waits for a person and can be applied.
    Review,
    /// Recorded for comparison only.
    Shadow,
}

impl ProposalMode {
    /// The mode's name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Shadow => "shadow",
        }
    }
}

/// A change set under an id. Everything but `digest` is sealed by `digest`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// [`PROPOSAL_SCHEMA`].
    pub schema_version: String,
    /// Its id.
    pub proposal_id: ProposalId,
    /// Review or shadow.
    pub mode: ProposalMode,
    /// What would change.
    pub change_set: ChangeSet,
    /// What was read for it.
    pub evidence_id: EvidenceId,
    /// Digest of that evidence.
    pub evidence_digest: Digest,
    /// When it was made.
    pub created_at: Moment,
    /// The seal: what a person approves and what apply checks.
    pub digest: Digest,
}

impl Proposal {
    /// Seals a change set.
    ///
    /// # Errors
    /// Never for values built here; see [`Digest::of`].
    pub fn seal(
        proposal_id: ProposalId,
        mode: ProposalMode,
        change_set: ChangeSet,
        evidence_id: EvidenceId,
        evidence_digest: Digest,
        created_at: Moment,
    ) -> Result<Self, CanonicalError> {
        let mut proposal = Self {
            schema_version: PROPOSAL_SCHEMA.into(),
            proposal_id,
            mode,
            change_set,
            evidence_id,
            evidence_digest,
            created_at,
            digest: Digest::of_bytes(b""),
        };
        proposal.digest = proposal.recompute_digest()?;
        Ok(proposal)
    }

    /// The digest of the content as it is now. Equal to [`Proposal::digest`] unless somebody edited the record.
    ///
    /// # Errors
    /// Never for values built here; see [`Digest::of`].
    pub fn recompute_digest(&self) -> Result<Digest, CanonicalError> {
        #[derive(Serialize)]
        struct Sealed<'a> {
            schema_version: &'a str,
            proposal_id: &'a ProposalId,
            mode: ProposalMode,
            change_set: &'a ChangeSet,
            evidence_id: &'a EvidenceId,
            evidence_digest: &'a Digest,
            created_at: Moment,
        }
        let Self {
            schema_version,
            proposal_id,
            mode,
            change_set,
            evidence_id,
            evidence_digest,
            created_at,
            digest: _,
        } = self;
        Digest::of(
            PROPOSAL_SCHEMA,
            &Sealed {
                schema_version,
                proposal_id,
                mode: *mode,
                change_set,
                evidence_id,
                evidence_digest,
                created_at: *created_at,
            },
        )
    }
}

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// Waits for a person.
    PendingReview,
    /// A person said yes; not applied yet.
    Approved,
    /// Handed to a worker.
    PendingWorker,
    /// The source changed as shown. Final.
    Applied,
    /// A guard did not hold; nothing changed. Final, but for an operator who has an executor of the application try again.
    Conflict,
    /// The change was refused for good; nothing changed. Final, with the same exception.
    Failed,
    /// A person said no. Final.
    Rejected,
    /// Withdrawn. Final.
    Canceled,
    /// The outcome is not known and the source stays away; a person settles it.
    ReconciliationRequired,
}

/// What can happen to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// A person approves.
    Approve,
    /// A person rejects.
    Reject,
    /// It is handed to a worker.
    Queue,
    /// An apply ended.
    Finish(Outcome),
    /// An operator has an executor of the application try again what came to nothing.
    Reopen,
}

impl ProposalState {
    /// Every state.
    pub const ALL: &'static [Self] = &[
        Self::PendingReview,
        Self::Approved,
        Self::PendingWorker,
        Self::Applied,
        Self::Conflict,
        Self::Failed,
        Self::Rejected,
        Self::Canceled,
        Self::ReconciliationRequired,
    ];

    /// All legal moves; everything else is `None`.
    pub fn next(self, step: Move) -> Option<Self> {
        use ProposalState as S;
        match (self, step) {
            (S::PendingReview, Move::Approve) => Some(S::Approved),
            // A job that was handed over is taken back once its lease is over, which the ledger sees to.
            (S::PendingReview | S::Approved | S::PendingWorker, Move::Reject) => Some(S::Rejected),
            // Again, under a new lease.
            (S::Approved | S::PendingWorker, Move::Queue) => Some(S::PendingWorker),
            // A worker settles it; until then the outcome is as unknown as before.
            (S::ReconciliationRequired, Move::Queue) => Some(S::ReconciliationRequired),
            (S::Approved | S::PendingWorker | S::ReconciliationRequired, Move::Finish(outcome)) => {
                Some(match outcome {
                    Outcome::Applied | Outcome::AlreadyApplied => S::Applied,
                    Outcome::Conflict => S::Conflict,
                    Outcome::Failed => S::Failed,
                    Outcome::Unknown => S::ReconciliationRequired,
                })
            }
            // The approval stands: it is for content, and the content is the same.
            (S::Conflict | S::Failed, Move::Reopen) => Some(S::Approved),
            _ => None,
        }
    }

    /// The state's name in documents and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PendingReview => "pending_review",
            Self::Approved => "approved",
            Self::PendingWorker => "pending_worker",
            Self::Applied => "applied",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Canceled => "canceled",
            Self::ReconciliationRequired => "reconciliation_required",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == name)
    }
}

impl fmt::Display for ProposalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes.
    Approved,
    /// No.
    Rejected,
}

/// A person's decision about exactly one content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The proposal.
    pub proposal_id: ProposalId,
    /// The digest that was on the screen.
    pub proposal_digest: Digest,
    /// Yes or no.
    pub verdict: Verdict,
    /// Who decided.
    pub actor: String,
    /// Why; mandatory for a no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub at: Moment,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_states_never_move_by_themselves() {
        use ProposalState as S;
        let outcomes =
            [Outcome::Applied, Outcome::AlreadyApplied, Outcome::Conflict, Outcome::Failed, Outcome::Unknown];
        let moves = [Move::Approve, Move::Reject, Move::Queue].into_iter().chain(outcomes.map(Move::Finish));
        for step in moves {
            for state in [S::Applied, S::Conflict, S::Failed, S::Rejected, S::Canceled] {
                assert_eq!(state.next(step), None, "{state} {step:?}");
            }
            if matches!(step, Move::Finish(_)) {
                assert_eq!(S::PendingReview.next(step), None);
            }
        }
    }

    #[test]
    fn only_what_came_to_nothing_is_reopened() {
        for state in ProposalState::ALL.iter().copied() {
            let came_to_nothing = matches!(state, ProposalState::Conflict | ProposalState::Failed);
            let reopened = came_to_nothing.then_some(ProposalState::Approved);
            assert_eq!(state.next(Move::Reopen), reopened, "{state}");
        }
    }
}
