//! The rules that can answer no: what a proposal, a decision or an apply has to be before it is recorded.
//!
//! Invariant: no message holds a value of a record.

use synapsor_protocol::{Code, Moment, ProposalState};

use crate::search::RecordKind;

/// Which rule answered no. Asking again changes nothing; nothing was recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// No record has that id, prefix or position.
    #[error("no {} matches `{reference}`", kind.name())]
    RecordNotFound {
        /// Of which kind.
        kind: RecordKind,
        /// What was asked for.
        reference: String,
    },
    /// Several records start with that prefix.
    #[error("more than one {} starts with `{reference}`", kind.name())]
    Ambiguous {
        /// Of which kind.
        kind: RecordKind,
        /// What was asked for.
        reference: String,
        /// Some of the records it could be.
        candidates: Vec<String>,
    },
    /// The stored proposal is not the content that was sealed, shown or approved.
    #[error("the stored content of proposal `{proposal}` is not the one that was {was}")]
    HashMismatch {
        /// The proposal.
        proposal: String,
        /// Which earlier digest it no longer matches: `sealed`, `shown` or `approved`.
        was: &'static str,
    },
    /// Only a proposal that waits for review can be approved.
    #[error("proposal `{proposal}` is `{state}`, expected `pending_review`")]
    NotPendingReview {
        /// The proposal.
        proposal: String,
        /// Where it stands.
        state: ProposalState,
    },
    /// Only a proposal that waits for review or for its apply can be rejected.
    #[error("proposal `{proposal}` is `{state}` and can no longer be rejected")]
    NotRejectable {
        /// The proposal.
        proposal: String,
        /// Where it stands.
        state: ProposalState,
    },
    /// An apply has started whose outcome the ledger does not know; the source may have changed.
    #[error("an apply of proposal `{proposal}` is not settled, so it cannot be rejected")]
    ApplyUnsettled {
        /// The proposal.
        proposal: String,
    },
    /// A runner holds its job under a lease that still runs.
    #[error("the job of proposal `{proposal}` is handed over until {until}, so it cannot be rejected before")]
    HandedOver {
        /// The proposal.
        proposal: String,
        /// When the lease is over.
        until: Moment,
    },
    /// Only an approved proposal can be applied or given a receipt.
    #[error("proposal `{proposal}` is `{state}`, expected `approved`")]
    NotApproved {
        /// The proposal.
        proposal: String,
        /// Where it stands.
        state: ProposalState,
    },
    /// The state says approved, but no decision in the chain does.
    #[error("proposal `{proposal}` has no approval in the ledger's chain")]
    ApprovalMissing {
        /// The proposal.
        proposal: String,
    },
    /// A rejection, and trying again, says why.
    #[error("this decision about proposal `{proposal}` needs a reason")]
    ReasonRequired {
        /// The proposal.
        proposal: String,
    },
    /// Only what an executor of the application did not carry out is tried again.
    #[error("proposal `{proposal}` cannot be tried again: {why}")]
    NotReopenable {
        /// The proposal.
        proposal: String,
        /// What it is instead.
        why: String,
    },
    /// Somebody else has the job now, or nobody has.
    #[error("the lease is not the latest one of job `{job}`, or is another runner's")]
    LeaseLost {
        /// The job.
        job: String,
    },
    /// A result that is for something else.
    #[error("the receipt is not one of job `{job}`")]
    OtherJob {
        /// The job.
        job: String,
    },
    /// No runner token has that id.
    #[error("no runner token has the id `{token}`")]
    NoSuchToken {
        /// What was asked for.
        token: String,
    },
    /// Shadow proposals are for comparison only.
    #[error("proposal `{proposal}` is a shadow proposal and is never applied")]
    Shadow {
        /// The proposal.
        proposal: String,
    },
    /// What a person did is compared with shadow proposals only.
    #[error("proposal `{proposal}` is not a shadow proposal")]
    NotShadow {
        /// The proposal.
        proposal: String,
    },
    /// The record would keep something that looks like a secret.
    #[error("`{place}` holds what looks like a secret and is not recorded")]
    Secret {
        /// Which field: a name, never the value.
        place: String,
    },
}

impl Rule {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::RecordNotFound { kind: RecordKind::Proposal, .. } => Code::ProposalNotFound,
            Self::RecordNotFound { .. } => Code::RecordNotFound,
            Self::Ambiguous { kind: RecordKind::Proposal, .. } => Code::ProposalIdAmbiguous,
            Self::Ambiguous { .. } => Code::RecordIdAmbiguous,
            Self::HashMismatch { .. } => Code::ProposalHashMismatch,
            Self::NotPendingReview { .. } => Code::ProposalNotPendingReview,
            Self::NotRejectable { .. } | Self::ApplyUnsettled { .. } | Self::HandedOver { .. } => {
                Code::ProposalNotRejectable
            }
            Self::NotApproved { .. } | Self::ApprovalMissing { .. } => Code::ProposalNotApproved,
            Self::NotReopenable { .. } => Code::ProposalNotReopenable,
            Self::LeaseLost { .. } => Code::WritebackLeaseExpired,
            Self::OtherJob { .. } => Code::WritebackJobMismatch,
            Self::NoSuchToken { .. } => Code::RecordNotFound,
            Self::ReasonRequired { .. } => Code::ReasonRequired,
            Self::Shadow { .. } => Code::ShadowWritebackDisabled,
            Self::NotShadow { .. } => Code::NotShadowProposal,
            Self::Secret { .. } => Code::SecretMaterialRejected,
        }
    }

    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::RecordNotFound { kind, .. } => {
                return Some(format!("`synapsor {}` shows which there are", kind.list_command()));
            }
            Self::Ambiguous { candidates, .. } => return Some(format!("one of: {}", candidates.join(", "))),
            Self::HashMismatch { was: "shown", .. } => "look at the proposal as it is now, then decide",
            Self::HashMismatch { .. } | Self::ApprovalMissing { .. } => {
                "the ledger file was edited or damaged; verify it before trusting anything in it"
            }
            Self::ApplyUnsettled { .. } => {
                "apply the proposal again: that settles whether the earlier try changed the source"
            }
            Self::HandedOver { .. } => {
                "repeat once the lease is over; what its runner does until then is recorded"
            }
            Self::Secret { .. } => "take the column or argument out of the capability",
            Self::NotApproved { state: ProposalState::PendingReview, .. } => {
                "`synapsor proposals approve` records a person's yes"
            }
            Self::NotApproved { .. } | Self::NotPendingReview { .. } | Self::NotRejectable { .. } => {
                "`synapsor replay show` tells what became of it"
            }
            Self::NotReopenable { .. } => {
                "a source's own receipt of a conflict or a failure is final; propose the change again"
            }
            Self::LeaseLost { .. } | Self::OtherJob { .. } => {
                "claim again: how the job ended is found out from the source's own receipt"
            }
            Self::NoSuchToken { .. } => "`synapsor control-plane token list` shows which there are",
            Self::ReasonRequired { .. } => "say why; the reason is kept with the decision",
            Self::Shadow { .. } => {
                "it is kept for comparison only; propose again with `mode` set to `review`"
            }
            Self::NotShadow { .. } => "`synapsor shadow list` shows which there are",
        };
        Some(hint.to_owned())
    }
}
