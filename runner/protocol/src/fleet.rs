//! What a worker and its control plane say to each other about approved changes.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::job::{Lease, WritebackJob};
use crate::proposal::{Decision, Proposal, ProposalState};
use crate::receipt::Receipt;
use crate::redaction::RowKey;
use crate::refusal::Code;

/// Schema version of [`Assignment`].
pub const ASSIGNMENT_SCHEMA: &str = "synapsor.writeback-assignment.v1";

/// Schema version of [`JobResult`].
pub const RESULT_SCHEMA: &str = "synapsor.writeback-result.v1";

/// The shortest and the longest lease, in seconds.
pub const LEASE_SECONDS: std::ops::RangeInclusive<u32> = 15..=3600;

/// Most jobs in one claim.
pub const CLAIM_JOBS_MAX: u32 = 32;

/// A worker asks for approved changes of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The source, as the config names it.
    pub source_id: String,
    /// The worker; the one its token was made for.
    pub runner_id: String,
    /// At most so many.
    pub limit: u32,
    /// How long each is its own, in [`LEASE_SECONDS`].
    pub lease_seconds: u32,
}

/// One approved change in the hands of one worker, with everything it is judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// [`ASSIGNMENT_SCHEMA`].
    pub schema_version: String,
    /// The job, with its lease.
    pub job: WritebackJob,
    /// What it was made of. Its seal can be computed again.
    pub proposal: Proposal,
    /// A person's yes to exactly that.
    pub approval: Decision,
    /// What happened to it so far, so that an earlier attempt without an end is known.
    pub events: Vec<Event>,
    /// What its redacted columns are compared under; there where it has some, and good for this row alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_key: Option<RowKey>,
}

/// A worker says that it is still at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// The lease that is to last longer.
    pub lease_id: String,
    /// How long from now, in [`LEASE_SECONDS`].
    pub lease_seconds: u32,
}

/// A worker says how its attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobResult {
    /// [`RESULT_SCHEMA`].
    pub schema_version: String,
    /// Under which lease.
    pub lease_id: String,
    /// How.
    pub end: AttemptEnd,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AttemptEnd {
    /// With a receipt.
    Receipt(Box<Receipt>),
    /// The source certainly did not change in any attempt, and the job may be tried again.
    CameToNothing {
        /// Why.
        code: Code,
    },
}

/// A worker says who it is when it starts, and when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// The worker; the one its token was made for.
    pub runner_id: String,
    /// The source it drains.
    pub source_id: String,
    /// `online`, `draining` or `offline`.
    pub status: String,
    /// The release it runs.
    pub version: String,
}

/// To a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// `true`.
    pub ok: bool,
    /// The jobs; none where nothing waits.
    pub jobs: Vec<Assignment>,
}

/// To a renewal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewed {
    /// `true`.
    pub ok: bool,
    /// The lease as it runs now.
    pub lease: Lease,
}

/// To a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultRecorded {
    /// `true`.
    pub ok: bool,
    /// Where the proposal stands now.
    pub state: ProposalState,
}

/// To a worker that asks what its token is good for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenKnown {
    /// `true`.
    pub ok: bool,
    /// For whom the token was made.
    pub runner_id: String,
    /// The sources it may drain.
    pub sources: Vec<String>,
}
