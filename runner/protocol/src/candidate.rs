//! A handler's candidate in shadow: what another version answers to the inputs of a call, beside what the live one did.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::{EvidenceId, ProposalId};
use crate::moment::Moment;
use crate::refusal::Code;
use crate::value::{Columns, Value};

/// Schema version of [`CandidateRun`].
pub const CANDIDATE_RUN_SCHEMA: &str = "synapsor.candidate-run.v1";

/// How one ending compares with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// The same change, or refused again with the same code.
    Same,
    /// Another change, or refused with another code.
    Different,
    /// A change then, a refusal now.
    NewlyRefused,
    /// A refusal then, a change now.
    NewlyAllowed,
    /// The record does not hold the reads it asks for now.
    NeedsOtherReads,
}

impl Likeness {
    /// All of them, in the order of a table.
    pub const ALL: &'static [Self] =
        &[Self::Same, Self::Different, Self::NewlyRefused, Self::NewlyAllowed, Self::NeedsOtherReads];

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::NewlyRefused => "newly refused",
            Self::NewlyAllowed => "newly allowed",
            Self::NeedsOtherReads => "needs other reads",
        }
    }
}

/// How a candidate's run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CandidateEnding {
    /// It would have proposed a change.
    Proposed {
        /// The columns.
        patch: Columns,
        /// Its account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
    },
    /// It would have refused, or a rule would have refused its answer.
    Refused {
        /// Its own code, else the runner's.
        code: String,
    },
    /// It asked for reads that the live one did not.
    OtherReads {
        /// How many.
        reads: u32,
    },
    /// It gave no answer: it was not loaded, or was stopped.
    Failed {
        /// Why.
        code: Code,
    },
    /// It was not shown the call: too many waited, or the server stopped before its turn.
    NotShown,
}

/// One run of a candidate beside the call it was shown, or a call that it was not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidateRun {
    /// [`CANDIDATE_RUN_SCHEMA`].
    pub schema_version: String,
    /// The evidence of the call, which holds its inputs.
    pub evidence_id: EvidenceId,
    /// What the live handler proposed; none where it refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<ProposalId>,
    /// The capability that was called.
    pub capability: String,
    /// Whose data.
    pub tenant: String,
    /// Who asked.
    pub principal: String,
    /// Of which source.
    pub source: String,
    /// The row's schema.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// Its key.
    pub key: Value,
    /// The component that answered the call.
    pub live: Digest,
    /// The component that was tried, as the config pins it.
    pub candidate: Digest,
    /// How it ended.
    pub ending: CandidateEnding,
    /// How that compares with the live one; none where it gave no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likeness: Option<Likeness>,
    /// The columns that two changes do not agree on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differing_columns: Vec<String>,
    /// What the live one used; none where nobody measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_used: Option<Used>,
    /// What the candidate used; none where it never began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_used: Option<Used>,
    /// Calls the candidate was not shown since its last run, besides this one.
    pub dropped_before: u64,
    /// When the call was received.
    pub at: Moment,
}

/// What one of the two used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// Fuel; the same on every machine.
    pub fuel: u64,
    /// Wall-clock microseconds.
    pub wall_us: u64,
}
