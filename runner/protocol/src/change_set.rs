//! The change set: exactly what would change in which row, and what must still be true of that row.
//!
//! It is content only: no id, no time. Two equal calls on an equal row give an equal change set, which is how a repeated
//! proposal is recognised and how a rerun is compared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::{CanonicalError, Digest};
use crate::redaction::{RedactedColumns, RedactedRow};
use crate::value::{Columns, Engine, Value};

/// Schema version of [`ChangeSet`]; version 1 is the published one, whose values were not exact.
pub const CHANGE_SET_SCHEMA: &str = "synapsor.change-set.v2";

/// [`ChangeSet::executor`] where the runner makes the change itself.
pub const SQL_UPDATE: &str = "sql_update";

/// The one row a proposal is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
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
    /// The row's key, as the database printed it.
    pub key: Value,
    /// Tenant column; absent for `single_tenant_dev` targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_column: Option<String>,
}

impl Target {
    /// The row as its redacted columns are digested.
    pub fn redacted_row<'a>(&'a self, tenant: &'a str) -> RedactedRow<'a> {
        let Self { source, schema, table, key, .. } = self;
        RedactedRow { tenant, source, schema, table, key }
    }
}

/// Who moves the version column when the change is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Advance {
    /// Nobody here: the table does it itself, or it stays.
    None,
    /// The applying statement adds one.
    Increment,
    /// The applying statement writes the source's own clock.
    Now,
}

/// What must still be true of the row, besides every captured column being unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Guard {
    /// A version column holds the value that was reviewed.
    Version {
        /// The column.
        column: String,
        /// The reviewed value.
        expected: Value,
        /// Whether the apply moves it.
        advance: Advance,
    },
    /// The captured columns alone; acknowledged in the config by `weak_guard_ack`.
    Row,
}

/// What turned the row and the arguments into the patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Logic {
    /// Bindings in the config.
    Declarative,
    /// A handler.
    Handler {
        /// The bundle's name.
        name: String,
        /// The bundle's version.
        version: String,
        /// Digest of the component that ran.
        component: Digest,
    },
}

/// What would change. See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeSet {
    /// [`CHANGE_SET_SCHEMA`].
    pub schema_version: String,
    /// The capability that was called.
    pub capability: String,
    /// Digest of the capability as it was reviewed: its config, with the handler's grants and settings.
    pub capability_digest: Digest,
    /// Whose row.
    pub tenant: String,
    /// Who asked.
    pub principal: String,
    /// Which row.
    pub target: Target,
    /// Every captured column of the row as it was read, but for the redacted ones.
    pub before: Columns,
    /// What stands for the captured columns whose values are not kept; each must be unchanged too.
    #[serde(default, skip_serializing_if = "RedactedColumns::is_empty")]
    pub redacted: RedactedColumns,
    /// The columns to change.
    pub patch: Columns,
    /// `before` with `patch` over it. A version column that the apply advances keeps its old value here.
    pub after: Columns,
    /// What must still hold.
    pub guard: Guard,
    /// The columns this capability may ever change.
    pub allowed_columns: Vec<String>,
    /// Who performs the write: `sql_update` or an executor's name.
    pub executor: String,
    /// What computed the patch.
    pub logic: Logic,
    /// The handler's one-line account, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

impl ChangeSet {
    /// The digest of the content.
    ///
    /// # Errors
    /// Never for values built here; the type says so because canonical JSON can refuse floats.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Digest::of(CHANGE_SET_SCHEMA, self)
    }

    /// The executor of the application that makes the change; none where the runner does.
    pub fn app_executor(&self) -> Option<&str> {
        Some(self.executor.as_str()).filter(|name| *name != SQL_UPDATE)
    }
}
