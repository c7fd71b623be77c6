//! The writeback job: the only document allowed to cause an UPDATE.

use serde::{Deserialize, Serialize};

use crate::change_set::{Guard, Target};
use crate::digest::{CanonicalError, Digest};
use crate::ids::{JobId, ProposalId};
use crate::value::Columns;

/// Schema version of [`WritebackJob`].
pub const JOB_SCHEMA: &str = "synapsor.writeback-job.v2";

/// One approved change, ready to be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The columns to change.
    pub patch: Columns,
    /// The version guard.
    pub guard: Guard,
    /// 64 hex digits; the receipt's key in the source.
    pub idempotency_key: String,
    /// 1 for the first try.
    pub attempt: u32,
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
