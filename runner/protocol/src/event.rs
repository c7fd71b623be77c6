//! Events: the chained history of the ledger. Each carries the digest of the one before.

use serde::{Deserialize, Serialize};

use crate::digest::{CanonicalError, Digest};
use crate::ids::ProposalId;
use crate::moment::Moment;

/// Domain tag of an event's digest.
pub const EVENT_SCHEMA: &str = "synapsor.event.v1";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The ledger was made; the first link.
    LedgerCreated,
    /// Evidence of a read or a proposal was recorded.
    EvidenceRecorded,
    /// A call was refused.
    CallRefused,
    /// A call was handed on to a hosted service, whatever came of it.
    CallDelegated,
    /// A proposal was made.
    ProposalCreated,
    /// A person approved.
    ProposalApproved,
    /// A person rejected.
    ProposalRejected,
    /// The job was handed to a runner as a document, under a lease.
    WritebackQueued,
    /// An apply is about to touch the source: the durable intent.
    WritebackStarted,
    /// The row was changed.
    WritebackApplied,
    /// It had been changed before.
    WritebackAlreadyApplied,
    /// A guard did not hold.
    WritebackConflict,
    /// The source refused for good.
    WritebackFailed,
    /// A transient failure; the proposal stays approved.
    WritebackInterrupted,
    /// The outcome is not known.
    WritebackUnknown,
    /// An operator has an executor of the application try again what came to nothing.
    WritebackReopened,
    /// A token was made that a worker may drain sources with.
    RunnerTokenMade,
    /// Such a token was ended.
    RunnerTokenRevoked,
    /// A person said what they did to the row of a shadow proposal.
    ShadowHumanActionRecorded,
    /// A handler's candidate was shown a call that the live handler had answered.
    ShadowCandidateRan,
    /// Records of earlier events were archived and removed; the events stay.
    RecordsPruned,
}

impl EventKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::LedgerCreated,
        Self::EvidenceRecorded,
        Self::CallRefused,
        Self::CallDelegated,
        Self::ProposalCreated,
        Self::ProposalApproved,
        Self::ProposalRejected,
        Self::WritebackQueued,
        Self::WritebackStarted,
        Self::WritebackApplied,
        Self::WritebackAlreadyApplied,
        Self::WritebackConflict,
        Self::WritebackFailed,
        Self::WritebackInterrupted,
        Self::WritebackUnknown,
        Self::WritebackReopened,
        Self::RunnerTokenMade,
        Self::RunnerTokenRevoked,
        Self::ShadowHumanActionRecorded,
        Self::ShadowCandidateRan,
        Self::RecordsPruned,
    ];

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// The kind's name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LedgerCreated => "ledger_created",
            Self::EvidenceRecorded => "evidence_recorded",
            Self::CallRefused => "call_refused",
            Self::CallDelegated => "call_delegated",
            Self::ProposalCreated => "proposal_created",
            Self::ProposalApproved => "proposal_approved",
            Self::ProposalRejected => "proposal_rejected",
            Self::WritebackQueued => "writeback_queued",
            Self::WritebackStarted => "writeback_started",
            Self::WritebackApplied => "writeback_applied",
            Self::WritebackAlreadyApplied => "writeback_already_applied",
            Self::WritebackConflict => "writeback_conflict",
            Self::WritebackFailed => "writeback_failed",
            Self::WritebackInterrupted => "writeback_interrupted",
            Self::WritebackUnknown => "writeback_unknown",
            Self::WritebackReopened => "writeback_reopened",
            Self::RunnerTokenMade => "runner_token_made",
            Self::RunnerTokenRevoked => "runner_token_revoked",
            Self::ShadowHumanActionRecorded => "shadow_human_action_recorded",
            Self::ShadowCandidateRan => "shadow_candidate_ran",
            Self::RecordsPruned => "records_pruned",
        }
    }
}

/// One link of the chain. Everything but `digest` is covered by `digest`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// 1, 2, 3 … without a hole.
    pub seq: i64,
    /// What happened.
    pub kind: EventKind,
    /// To which proposal, where it was about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<ProposalId>,
    /// Who did it: a principal, an operator or a runner.
    pub actor: String,
    /// The rest, by kind: ids and digests, never row values.
    pub payload: serde_json::Value,
    /// When.
    pub at: Moment,
    /// The digest of the event before; 64 zeros for the first.
    pub previous_digest: Digest,
    /// This event's digest.
    pub digest: Digest,
}

impl Event {
    /// The digest of the content as it is now.
    ///
    /// # Errors
    /// When the payload holds a float.
    pub fn recompute_digest(&self) -> Result<Digest, CanonicalError> {
        let Self { seq, kind, proposal_id, actor, payload, at, previous_digest, digest: _ } = self;
        Digest::of(EVENT_SCHEMA, &(seq, kind, proposal_id, actor, payload, at, previous_digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_name() {
        for kind in EventKind::ALL {
            assert_eq!(serde_json::to_value(kind).ok(), Some(kind.as_str().into()));
            assert_eq!(EventKind::parse(kind.as_str()), Some(*kind));
        }
        assert_eq!(EventKind::parse("nonsense"), None);
    }
}
