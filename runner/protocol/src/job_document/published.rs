//! The two published job forms, read into one shape. The reader is as strict as their schema: what it does not know it
//! could not honour.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::scalar::Scalar;
use super::{JobInvalid, malformed};
use crate::ids::ProposalId;
use crate::moment::Moment;
use crate::value::Engine;

/// The published form's schema version.
pub(super) const V1: &str = "synapsor.writeback-job.v1";
/// The older form's protocol version.
pub(super) const LEGACY: &str = "1.0";
/// The one operation there is.
const OPERATION: &str = "single_row_update";

/// A job of either published form. Its job id and idempotency key are its writer's own; ours come from the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedJob {
    /// Which form it had.
    pub format: &'static str,
    /// The proposal.
    pub proposal_id: ProposalId,
    /// The approved digest; the older form calls it the approval.
    pub proposal_hash: String,
    /// The project; the older form has none.
    pub project_id: Option<String>,
    /// The source's name.
    pub source_id: String,
    /// The source's engine.
    pub engine: Engine,
    /// Schema.
    pub schema: String,
    /// Table.
    pub table: String,
    /// Primary key column and value.
    pub primary_key: (String, Scalar),
    /// Tenant column and value.
    pub tenant_guard: (String, Scalar),
    /// The columns the capability may change.
    pub allowed_columns: Vec<String>,
    /// The columns to change.
    pub patch: BTreeMap<String, Scalar>,
    /// The version guard.
    pub guard: PublishedGuard,
    /// The instant from which the lease is over.
    pub expires_at: Moment,
}

/// What a published job guards with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishedGuard {
    /// A version column and the reviewed value.
    Column(String, Scalar),
    /// A hash of the row, whose making was never published: it cannot be checked.
    RowHash,
    /// Nothing.
    None,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct JobV1 {
    #[schemars(extend("const" = V1))]
    #[serde(rename = "schema_version")]
    _schema_version: String,
    writeback_job_id: String,
    proposal_id: String,
    #[schemars(range(min = 1))]
    proposal_version: u32,
    proposal_hash: String,
    runner_scope: ScopeV1,
    engine: Engine,
    #[schemars(extend("const" = OPERATION))]
    operation: String,
    target: TargetV1,
    tenant_guard: ColumnScalar,
    allowed_columns: Vec<String>,
    patch: BTreeMap<String, Scalar>,
    conflict_guard: GuardForm,
    idempotency_key: String,
    lease: LeaseV1,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ScopeV1 {
    project_id: String,
    source_id: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TargetV1 {
    schema: String,
    table: String,
    primary_key: ColumnScalar,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ColumnScalar {
    column: String,
    value: Scalar,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LeaseV1 {
    lease_id: String,
    #[schemars(range(min = 1))]
    attempt: u32,
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Moment,
}

/// `column` and `version_column` are the same guard under its newer and its older name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GuardForm {
    #[schemars(extend("enum" = ["column", "version_column", "row_hash", "none"]))]
    kind: String,
    column: Option<String>,
    #[serde(default, deserialize_with = "given")]
    expected_value: Option<Scalar>,
    expected_hash: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LegacyJob {
    #[schemars(extend("const" = LEGACY))]
    #[serde(rename = "protocol_version")]
    _protocol_version: String,
    job_id: String,
    proposal_id: String,
    approval_id: String,
    source_id: String,
    engine: Engine,
    target: LegacyTarget,
    allowed_columns: Vec<String>,
    patch: BTreeMap<String, Scalar>,
    conflict_guard: GuardForm,
    idempotency_key: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    lease_expires_at: Moment,
    #[schemars(range(min = 1))]
    attempt_count: Option<u32>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LegacyTarget {
    schema: String,
    table: String,
    primary_key: ColumnScalar,
    tenant_guard: ColumnScalar,
}

/// The schema of the published form.
pub fn job_v1_schema() -> serde_json::Value {
    schemars::schema_for!(JobV1).into()
}

/// The schema of the older form.
pub fn legacy_job_schema() -> serde_json::Value {
    schemars::schema_for!(LegacyJob).into()
}

pub(super) fn v1(text: &str) -> Result<PublishedJob, JobInvalid> {
    let job: JobV1 = serde_json::from_str(text).map_err(|error| malformed(V1, &error))?;
    let rules = [
        ("operation", job.operation == OPERATION, "expected `single_row_update`"),
        (
            "proposal_version",
            job.proposal_version == 1,
            "expected `1`: a changed proposal is another proposal",
        ),
        ("lease.attempt", job.lease.attempt >= 1, "expected 1 or more"),
        ("lease.lease_id", !job.lease.lease_id.is_empty(), "expected a text"),
    ];
    check(&rules, &[&job.writeback_job_id, &job.idempotency_key], &job.patch)?;
    Ok(PublishedJob {
        format: V1,
        proposal_id: ProposalId::from_stored(job.proposal_id),
        proposal_hash: job.proposal_hash,
        project_id: Some(job.runner_scope.project_id),
        source_id: job.runner_scope.source_id,
        engine: job.engine,
        schema: job.target.schema,
        table: job.target.table,
        primary_key: job.target.primary_key.pair(),
        tenant_guard: job.tenant_guard.pair(),
        allowed_columns: job.allowed_columns,
        patch: job.patch,
        guard: job.conflict_guard.guard("column")?,
        expires_at: job.lease.expires_at,
    })
}

pub(super) fn legacy(text: &str) -> Result<PublishedJob, JobInvalid> {
    let job: LegacyJob =
        serde_json::from_str(text).map_err(|error| malformed("protocol_version 1.0", &error))?;
    let rules = [("attempt_count", job.attempt_count != Some(0), "expected 1 or more")];
    check(&rules, &[&job.job_id, &job.idempotency_key], &job.patch)?;
    Ok(PublishedJob {
        format: "protocol_version 1.0",
        proposal_id: ProposalId::from_stored(job.proposal_id),
        proposal_hash: job.approval_id,
        project_id: None,
        source_id: job.source_id,
        engine: job.engine,
        schema: job.target.schema,
        table: job.target.table,
        primary_key: job.target.primary_key.pair(),
        tenant_guard: job.target.tenant_guard.pair(),
        allowed_columns: job.allowed_columns,
        patch: job.patch,
        guard: job.conflict_guard.guard("version_column")?,
        expires_at: job.lease_expires_at,
    })
}

type Rule = (&'static str, bool, &'static str);

fn check(rules: &[Rule], ids: &[&String], patch: &BTreeMap<String, Scalar>) -> Result<(), JobInvalid> {
    let shared = [
        ("patch", !patch.is_empty(), "expected at least one column"),
        ("job id and idempotency key", ids.iter().all(|id| !id.is_empty()), "expected a text"),
    ];
    match rules.iter().chain(&shared).find(|(_, holds, _)| !holds) {
        Some((field, _, what)) => Err(JobInvalid::Field { field, what }),
        None => Ok(()),
    }
}

impl ColumnScalar {
    fn pair(self) -> (String, Scalar) {
        (self.column, self.value)
    }
}

impl GuardForm {
    fn guard(self, column_kind: &str) -> Result<PublishedGuard, JobInvalid> {
        match (self.kind.as_str(), self.column, self.expected_value, self.expected_hash) {
            (kind, Some(column), Some(expected), None) if kind == column_kind => {
                Ok(PublishedGuard::Column(column, expected))
            }
            ("row_hash", None, None, Some(_)) => Ok(PublishedGuard::RowHash),
            ("none", None, None, None) => Ok(PublishedGuard::None),
            _ => Err(JobInvalid::Field {
                field: "conflict_guard",
                what: "its kind and its other fields do not fit",
            }),
        }
    }
}

/// A `null` that is there is a value; only an absent field is none.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Scalar>, D::Error> {
    Scalar::deserialize(deserializer).map(Some)
}
