//! What is said to an executor of the application, and what it answers: the documents of `http_handler` and
//! `command_handler`.
//!
//! One request is the whole of an approved change: what was read, what shall change, who asked and who said yes. An answer
//! counts only for the request it repeats the ids of, so that an answer for something else is never taken for this one's.
//!
//! Invariant: values are in their plain form ([`crate::Value::to_plain`]), in which nothing passes through a float: an integer
//! beyond ±2^53 and every decimal is a string.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::change_set::Advance;
use crate::digest::Digest;
use crate::ids::{EvidenceId, JobId, ProposalId};
use crate::moment::Moment;
use crate::value::Engine;

/// Schema version of [`ExecutorRequest`].
pub const EXECUTOR_REQUEST_SCHEMA: &str = "synapsor.executor-request.v1";
/// Schema version of [`ExecutorAnswer`].
pub const EXECUTOR_ANSWER_SCHEMA: &str = "synapsor.executor-answer.v1";
/// Schema version of [`ExecutorCheck`].
pub const EXECUTOR_CHECK_SCHEMA: &str = "synapsor.executor-check.v1";
/// Longest answer that is read, in bytes.
pub const EXECUTOR_ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Longest code of the application that is kept, in characters.
pub const EXECUTOR_CODE_LENGTH_MAX: usize = 64;

/// What the application is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Carry the change out, at most once per idempotency key.
    Execute,
    /// Say what executing would come to now; change nothing and keep nothing.
    DryRun,
    /// Say what became of this idempotency key; change nothing.
    LookUp,
}

/// One approved change for an executor of the application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecutorRequest {
    /// [`EXECUTOR_REQUEST_SCHEMA`].
    pub schema_version: String,
    /// What is asked for.
    pub purpose: Purpose,
    /// When this request was made; a signature covers it.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub issued_at: Moment,
    /// The instant from which the runner no longer waits: nothing may be begun for this request any more.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub not_after: Moment,
    /// The executor's name in the config.
    pub executor: String,
    /// Which runner asks.
    pub runner_id: String,
    /// The job; the same for every attempt.
    pub job_id: JobId,
    /// 1 for the first try.
    pub attempt: u32,
    /// 64 hex digits, the same for every try of one approved content. A success under it happens at most once.
    pub idempotency_key: String,
    /// The proposal.
    pub proposal_id: ProposalId,
    /// The approved digest.
    pub proposal_digest: Digest,
    /// What was read for the proposal, by its id in the runner's ledger.
    pub evidence_id: EvidenceId,
    /// The capability that was called.
    pub action: String,
    /// Whose row.
    pub tenant: String,
    /// Who asked.
    pub principal: String,
    /// Who said yes.
    pub approval: RequestApproval,
    /// Which row.
    pub target: RequestTarget,
    /// Every captured column as it was read, but for the redacted ones.
    pub before: Map<String, Json>,
    /// The captured columns whose values the runner does not keep.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redacted_columns: Vec<String>,
    /// The columns to change.
    pub patch: Map<String, Json>,
    /// `before` with `patch` over it.
    pub after: Map<String, Json>,
    /// What must still be true of the row.
    pub guard: RequestGuard,
    /// The columns the capability may ever change.
    pub allowed_columns: Vec<String>,
}

/// A person's yes, for exactly the content of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestApproval {
    /// Who approved.
    pub approved_by: String,
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub approved_at: Moment,
    /// Why, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The one row a request is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestTarget {
    /// The source's name in the config.
    pub source: String,
    /// The source's engine.
    pub engine: Engine,
    /// Schema (Postgres), database (MySQL) or `main` (SQLite).
    pub schema: String,
    /// Table.
    pub table: String,
    /// Primary key column.
    pub key_column: String,
    /// The row's key.
    pub key: Json,
    /// Tenant column; absent for targets of one tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_column: Option<String>,
}

/// What must still be true of the row, besides every value of `before`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum RequestGuard {
    /// A version column holds the value that was reviewed.
    Version {
        /// The column.
        column: String,
        /// The reviewed value.
        expected: Json,
        /// Whether the application moves it.
        advance: Advance,
    },
    /// The captured columns alone.
    Row,
}

/// How the application says a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerStatus {
    /// This request changed it, and that is committed.
    Applied,
    /// An earlier request with this idempotency key had changed it.
    AlreadyApplied,
    /// The row is not the one that was reviewed; nothing changed.
    Conflict,
    /// A rule of the application said no; nothing changed.
    Failed,
    /// To a dry run: executing would change it now.
    WouldApply,
    /// To a look-up: nothing was done under this idempotency key.
    NotFound,
}

/// What an executor answers. What it says beyond these fields is not read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExecutorAnswer {
    /// [`EXECUTOR_ANSWER_SCHEMA`].
    pub schema_version: String,
    /// The request's.
    pub proposal_id: ProposalId,
    /// The request's.
    pub proposal_digest: Digest,
    /// The request's.
    pub idempotency_key: String,
    /// How it ended.
    pub status: AnswerStatus,
    /// How many rows changed; none unless it is `applied`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_affected: Option<u32>,
    /// The version after the change, where there is a version column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_version: Option<Json>,
    /// Why nothing changed: a code of the application's own that is safe to show, in capitals, digits and `_`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe_error_code: Option<String>,
    /// Columns that are not as they were reviewed; names only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_columns: Vec<String>,
}

/// Asks whether an executor is there and would believe this runner. Sent back as it came, with `ready: true`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExecutorCheck {
    /// [`EXECUTOR_CHECK_SCHEMA`].
    pub schema_version: String,
    /// When it was asked.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub issued_at: Moment,
    /// What an answer has to repeat.
    pub nonce: String,
    /// Whether the application is ready to execute; `false` in a question.
    pub ready: bool,
}

/// The schema of a request.
pub fn request_schema() -> Json {
    schemars::schema_for!(ExecutorRequest).into()
}

/// The schema of an answer.
pub fn answer_schema() -> Json {
    schemars::schema_for!(ExecutorAnswer).into()
}

/// The schema of a check, which is question and answer.
pub fn check_schema() -> Json {
    schemars::schema_for!(ExecutorCheck).into()
}
