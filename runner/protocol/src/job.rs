//! The writeback job: the only document allowed to cause an UPDATE.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::change_set::{Guard, Target};
use crate::digest::{CanonicalError, Digest};
use crate::ids::{JobId, ProposalId};
use crate::moment::Moment;
use crate::redaction::RedactedColumns;
use crate::value::Columns;

/// Schema version of [`WritebackJob`].
pub const JOB_SCHEMA: &str = "synapsor.writeback-job.v2";

/// Schema version of [`Handover`], which grows by itself: a job that never left its ledger has none.
pub const HANDOVER_SCHEMA: &str = "synapsor.writeback-handover.v1";

/// One approved change, ready to be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WritebackJob {
    /// [`JOB_SCHEMA`].
    pub schema_version: String,
    /// Its id.
    pub job_id: JobId,
    /// The proposal.
    pub proposal_id: ProposalId,
    /// The approved digest.
    pub proposal_digest: Digest,
    /// Which row.
    pub target: Target,
    /// Whose row; compared byte for byte with the locked row.
    pub tenant: String,
    /// Every captured column; each must still hold this value under the lock.
    pub before: Columns,
    /// What stands for the captured columns whose values are not kept; each must still be unchanged under the lock.
    #[serde(default, skip_serializing_if = "RedactedColumns::is_empty")]
    pub redacted: RedactedColumns,
    /// The columns to change.
    pub patch: Columns,
    /// The version guard.
    pub guard: Guard,
    /// 64 hex digits; the receipt's key in the source.
    pub idempotency_key: String,
    /// 1 for the first try.
    pub attempt: u32,
    /// For whom and until when, where the job was handed to a runner as a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Handover>,
}

/// The project of everything that belongs to no hosted one.
pub const LOCAL_PROJECT: &str = "local";

/// What makes a job a document somebody may carry out: it names its runner, and it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// [`HANDOVER_SCHEMA`].
    pub schema_version: String,
    /// The project it belongs to.
    pub project_id: String,
    /// The only runner that may carry it out.
    pub runner_id: String,
    /// The columns the capability may ever change; the patch is within them.
    pub allowed_columns: Vec<String>,
    /// Until when.
    pub lease: Lease,
}

/// The time a job document may be carried out in. A later lease of the same proposal ends an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Its id.
    pub lease_id: String,
    /// The instant from which it is over.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub expires_at: Moment,
}

/// The receipt key: the same for every try of one content in one ledger, different for anything else.
///
/// # Errors
/// Never for values built here; see [`Digest::of`].
pub fn idempotency_key(
    ledger_id: &str,
    proposal_id: &ProposalId,
    proposal_digest: &Digest,
) -> Result<String, CanonicalError> {
    let key = Digest::of("synapsor.receipt-key.v1", &(ledger_id, proposal_id, proposal_digest))?;
    Ok(key.hex().to_owned())
}
