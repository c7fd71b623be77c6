//! A capability as it is written, and everything below it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use synapsor_protocol::Digest;
use synapsor_protocol::members::Members;

use super::exact::{ExactNumber, Identifier, Scalar, present};
use crate::compiled::{ArgumentType, EffectKind, WasiGrant};
use crate::form::{CAPABILITY_NAME_PATTERN, DIGEST_PATTERN};

/// One reviewed, named thing a model may ask for.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Capability")]
pub(crate) struct RawCapability {
    /// `domain.verb_object`.
    #[schemars(regex(pattern = CAPABILITY_NAME_PATTERN))]
    pub(crate) name: String,
    /// A read, or a proposal that a person decides about.
    pub(crate) kind: CapabilityKind,
    /// For the model.
    #[schemars(length(min = 1))]
    pub(crate) description: Option<String>,
    /// What the result is good for, for the model.
    #[schemars(length(min = 1))]
    pub(crate) returns_hint: Option<String>,
    /// One of `sources`.
    pub(crate) source: String,
    /// One of `contexts`. Default: `trusted_context`.
    pub(crate) context: Option<String>,
    /// `sql_update` or one of `executors`. Default: `sql_update`.
    pub(crate) executor: Option<String>,
    /// Scopes that a signed token needs for it, besides those of every capability.
    #[schemars(length(min = 1))]
    pub(crate) scopes: Option<Vec<String>>,
    /// Which table.
    pub(crate) target: RawTarget,
    /// What the model gives, by name.
    #[schemars(extend("minProperties" = 1))]
    pub(crate) args: Members<RawArgument>,
    /// How the row is found.
    pub(crate) lookup: RawLookup,
    /// Columns a read returns and a proposal captures.
    #[schemars(length(min = 1))]
    pub(crate) visible_columns: Vec<Identifier>,
    /// Visible columns whose values the ledger does not keep: it holds keyed digests of them.
    #[serde(default)]
    pub(crate) redact: Vec<Identifier>,
    /// Accepted for older configs; a lookup is by primary key and finds one row.
    #[schemars(range(min = 1))]
    #[expect(dead_code, reason = "accepted, without effect")]
    max_rows: Option<u64>,
    /// Accepted for older configs; evidence is always recorded.
    #[expect(dead_code, reason = "accepted, without effect")]
    evidence: Option<String>,
    /// Accepted for older configs.
    #[serde(default)]
    #[schemars(with = "serde_json::Value")]
    #[expect(dead_code, reason = "accepted, without effect")]
    single_tenant_dev_ack: serde::de::IgnoredAny,
    /// The columns a proposal sets, each to a fixed value or an argument.
    #[schemars(extend("minProperties" = 1))]
    pub(crate) patch: Option<BTreeMap<String, RawBinding>>,
    /// Guest logic that computes the patch, in place of `patch`.
    pub(crate) handler: Option<RawHandler>,
    /// Named, scoped reads the handler may ask for.
    #[serde(default)]
    pub(crate) reads: BTreeMap<String, RawRead>,
    /// The columns a proposal may ever change.
    #[schemars(length(min = 1))]
    pub(crate) allowed_columns: Option<Vec<Identifier>>,
    /// Bounds of patched numbers, by column.
    #[serde(default)]
    pub(crate) numeric_bounds: BTreeMap<String, RawBounds>,
    /// Allowed state changes, by column.
    #[serde(default)]
    pub(crate) transition_guards: BTreeMap<String, RawTransition>,
    /// What guards the change against a row that moved.
    pub(crate) conflict_guard: Option<RawConflictGuard>,
    /// Triggers, rules, row-level security and cascades that act on this change, each read and accepted.
    #[serde(default)]
    pub(crate) target_acknowledgements: Vec<RawAcknowledgement>,
    /// What the reviewer is told.
    pub(crate) approval: Option<RawApproval>,
}

/// The kind of a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CapabilityKind {
    /// Reads one row.
    Read,
    /// Proposes a change of one row.
    Proposal,
}

/// A table and the columns that scope it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Target")]
pub(crate) struct RawTarget {
    /// Schema (Postgres), database (MySQL) or `main` (SQLite).
    pub(crate) schema: Identifier,
    /// Table.
    pub(crate) table: Identifier,
    /// Primary key column.
    pub(crate) primary_key: Identifier,
    /// Tenant column.
    pub(crate) tenant_key: Option<Identifier>,
    /// Acknowledges that there is no tenant column; for development.
    #[expect(dead_code, reason = "only the check for a tenant column asks")]
    single_tenant_dev: Option<bool>,
}

/// One argument.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Argument")]
pub(crate) struct RawArgument {
    /// Its type.
    #[serde(rename = "type")]
    pub(crate) kind: ArgumentType,
    /// Whether it must be given. Default: true.
    pub(crate) required: Option<bool>,
    /// Longest text, in Unicode scalar values.
    #[schemars(range(min = 1))]
    pub(crate) max_length: Option<u64>,
    /// Smallest number.
    pub(crate) minimum: Option<ExactNumber>,
    /// Largest number.
    pub(crate) maximum: Option<ExactNumber>,
    /// The only values allowed.
    #[serde(rename = "enum")]
    #[schemars(length(min = 1))]
    pub(crate) allowed: Option<Vec<Scalar>>,
    /// For the model.
    #[schemars(length(min = 1))]
    pub(crate) description: Option<String>,
}

/// How the row is found.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Lookup")]
pub(crate) struct RawLookup {
    /// The argument that carries the primary key.
    pub(crate) id_from_arg: String,
}

/// Where a patched column's value comes from: exactly one of the two.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Binding", extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct RawBinding {
    /// Always this scalar.
    #[serde(default, deserialize_with = "present")]
    pub(crate) fixed: Option<Scalar>,
    /// The argument of that name.
    pub(crate) from_arg: Option<String>,
}

/// A handler and what it is granted.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Handler")]
pub(crate) struct RawHandler {
    /// Bundle folder, below the config's own.
    #[schemars(length(min = 1))]
    pub(crate) bundle: String,
    /// Digest of the component; `synapsor validate --write-digest` writes it.
    #[schemars(with = "String", regex(pattern = DIGEST_PATTERN))]
    pub(crate) digest: Digest,
    /// Non-secret settings handed to every call.
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, Scalar>,
    /// Lets a component link WASI 0.2 that gives it nothing; without it a component that imports WASI is refused.
    pub(crate) wasi: Option<WasiGrant>,
    /// Limits of one call; absent ones are the runner's defaults.
    #[serde(default)]
    pub(crate) limits: RawHandlerLimits,
    /// Another version of the handler, run beside it on the same inputs, recorded, and compared in `synapsor shadow report`.
    pub(crate) shadow: Option<RawShadow>,
}

/// A candidate of a handler. It has the settings, the limits and the reads of the live one, and decides nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "HandlerShadow")]
pub(crate) struct RawShadow {
    /// Bundle folder, below the config's own.
    #[schemars(length(min = 1))]
    pub(crate) bundle: String,
    /// Digest of its component; `synapsor validate --write-digest` writes it.
    #[schemars(with = "String", regex(pattern = DIGEST_PATTERN))]
    pub(crate) digest: Digest,
}

/// Limits of one handler call.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "HandlerLimits")]
pub(crate) struct RawHandlerLimits {
    /// Fuel.
    #[schemars(range(min = 1))]
    pub(crate) fuel: Option<u64>,
    /// Linear memory, in bytes.
    #[schemars(range(min = 1))]
    pub(crate) memory_bytes: Option<u64>,
    /// Wall clock, in milliseconds.
    #[schemars(range(min = 1))]
    pub(crate) timeout_ms: Option<u64>,
    /// Declared reads.
    #[schemars(range(min = 1))]
    pub(crate) reads_max: Option<u32>,
    /// Bytes of the answer.
    #[schemars(range(min = 1))]
    pub(crate) output_bytes: Option<u64>,
}

/// A named, scoped read a handler may ask for, in the capability's own source.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Read")]
pub(crate) struct RawRead {
    /// Which table.
    pub(crate) target: RawTarget,
    /// Columns handed over.
    #[schemars(length(min = 1))]
    pub(crate) columns: Vec<Identifier>,
    /// Columns that may be filtered by equality; none means by key only.
    #[serde(default)]
    pub(crate) filters: Vec<Identifier>,
    /// Most rows of one answer. Default: 20.
    #[schemars(range(min = 1))]
    pub(crate) rows_max: Option<u32>,
}

/// Bounds of a number: at least one of the two.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Bounds", extend("minProperties" = 1))]
pub(crate) struct RawBounds {
    /// Smallest.
    pub(crate) minimum: Option<ExactNumber>,
    /// Largest.
    pub(crate) maximum: Option<ExactNumber>,
}

/// Allowed state changes.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Transition")]
pub(crate) struct RawTransition {
    /// Column that holds the present state. Default: the guarded column.
    pub(crate) from_column: Option<Identifier>,
    /// Present state to allowed next states.
    #[schemars(extend("minProperties" = 1))]
    pub(crate) allowed: BTreeMap<String, Vec<String>>,
}

/// What guards a change: a version column, or the acknowledgement that there is none.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "ConflictGuard")]
pub(crate) struct RawConflictGuard {
    /// The version column.
    pub(crate) column: Option<Identifier>,
    /// Who moves it: the applying statement adds one, or writes the source's clock. Default: the table itself.
    pub(crate) advance: Option<RawAdvance>,
    /// Acknowledges that only the captured columns are compared.
    #[expect(dead_code, reason = "without a column there is nothing else it could be")]
    weak_guard_ack: Option<bool>,
}

/// Something of the source that acts when the change is made; `synapsor writeback doctor` prints it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Acknowledgement")]
pub(crate) struct RawAcknowledgement {
    /// What it is.
    pub(crate) kind: EffectKind,
    /// Its name.
    #[schemars(length(min = 1))]
    pub(crate) name: String,
    /// Digest of the definition that was read.
    #[schemars(with = "String", regex(pattern = DIGEST_PATTERN))]
    pub(crate) digest: Digest,
}

/// Who moves a version column.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Advance")]
pub(crate) enum RawAdvance {
    /// The applying statement adds one.
    Increment,
    /// The applying statement writes the source's own clock.
    Now,
}

/// What the reviewer is told.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Approval")]
pub(crate) struct RawApproval {
    /// Accepted for older configs; a person decides.
    #[expect(dead_code, reason = "accepted, without effect")]
    mode: Option<String>,
    /// Shown to the reviewer.
    pub(crate) required_role: Option<String>,
}
