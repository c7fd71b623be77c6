//! The receipt: the sealed record of what an apply did.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::{CanonicalError, Digest};
use crate::ids::{JobId, ProposalId, ReceiptId};
use crate::moment::Moment;
use crate::refusal::{Code, SourceChanged};
use crate::value::Value;

/// Schema version of [`Receipt`].
pub const RECEIPT_SCHEMA: &str = "synapsor.execution-receipt.v2";

/// How an apply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// This run changed the row, and the source's receipt was read back.
    Applied,
    /// An earlier run had changed it; its receipt was found.
    AlreadyApplied,
    /// A guard did not hold; nothing changed.
    Conflict,
    /// The source refused for good; nothing changed.
    Failed,
    /// The connection was lost at commit and the source stays away.
    Unknown,
}

impl Outcome {
    /// The outcome's name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::AlreadyApplied => "already_applied",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happened, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// [`RECEIPT_SCHEMA`].
    pub schema_version: String,
    /// Its id.
    pub receipt_id: ReceiptId,
    /// The job.
    pub job_id: JobId,
    /// The proposal.
    pub proposal_id: ProposalId,
    /// The content it was for.
    pub proposal_digest: Digest,
    /// The key of the receipt in the source.
    pub idempotency_key: String,
    /// Which runner.
    pub runner_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Rows this run changed: 0 or 1; as many as the application says where an executor of its own ran.
    pub rows_affected: u32,
    /// The version before, where there is a version column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_version: Option<Value>,
    /// The version after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_version: Option<Value>,
    /// Whether the source changed in this run.
    pub source_changed: SourceChanged,
    /// Why not, where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The application's own word for it, where an executor of its own answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor_code: Option<String>,
    /// Which columns differed from what was reviewed; names only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_columns: Vec<String>,
    /// When.
    pub executed_at: Moment,
}

impl Receipt {
    /// The digest of the receipt.
    ///
    /// # Errors
    /// Never for values built here; see [`Digest::of`].
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Digest::of(RECEIPT_SCHEMA, self)
    }
}
