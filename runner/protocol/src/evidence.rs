//! Evidence: what was read for a call, kept beside what came of it; and the audit of each query, which holds no values.

use serde::{Deserialize, Serialize};

use crate::digest::{CanonicalError, Digest};
use crate::ids::{AuditId, EvidenceId};
use crate::moment::Moment;
use crate::refusal::Code;
use crate::value::{Columns, Value};

/// Schema version of [`EvidenceBundle`].
pub const EVIDENCE_SCHEMA: &str = "synapsor.evidence.v2";

/// What a handler call used of its budget.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Fuel consumed; the same on every machine for the same inputs.
    pub fuel: u64,
    /// Largest linear memory in bytes, summed over memories.
    pub memory_bytes: u64,
    /// Declared reads asked for.
    pub reads: u32,
    /// Rows those reads returned.
    pub rows: u32,
    /// Bytes of the answer.
    pub output_bytes: u64,
    /// Wall-clock microseconds; the one figure that differs from run to run.
    pub wall_us: u64,
}

/// One declared read a handler asked for, with its answer, so that a rerun sees the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum RecordedRead {
    /// One row by its key.
    Get {
        /// The read's name in the config.
        read: String,
        /// The key asked for.
        key: Value,
        /// The scoped row, or none.
        row: Option<Columns>,
    },
    /// Rows by equality filters.
    Find {
        /// The read's name in the config.
        read: String,
        /// The filters asked for.
        filters: Columns,
        /// The scoped rows.
        rows: Vec<Columns>,
    },
}

/// The handler of a call, and what it was given that stands nowhere else, so that a rerun gives it the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandlerInputs {
    /// The bundle's name.
    pub name: String,
    /// The bundle's version.
    pub version: String,
    /// Digest of the component.
    pub component: Digest,
    /// The capability's settings, as the config had them.
    pub settings: Columns,
    /// The columns of the row that it was shown.
    pub shown: Vec<String>,
    /// Its own code, where it answered no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// What was read for one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceBundle {
    /// [`EVIDENCE_SCHEMA`].
    pub schema_version: String,
    /// Its id.
    pub evidence_id: EvidenceId,
    /// The capability that was called.
    pub capability: String,
    /// Whose row.
    pub tenant: String,
    /// Who asked.
    pub principal: String,
    /// The source's name in the config.
    pub source: String,
    /// Schema of the target.
    pub schema: String,
    /// Table of the target.
    pub table: String,
    /// The row's key.
    pub key: Value,
    /// The captured columns.
    pub row: Columns,
    /// The call's arguments, typed; what a rerun starts from.
    pub arguments: Columns,
    /// When the call was received; the `now` a handler saw.
    pub received_at: Moment,
    /// The handler that was asked; none where bindings decide, and in records from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<HandlerInputs>,
    /// The handler's declared reads and their answers, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<RecordedRead>,
    /// What the handler logged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// What the handler used of its budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

impl EvidenceBundle {
    /// The digest of the bundle.
    ///
    /// # Errors
    /// Never for values built here; see [`Digest::of`].
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Digest::of(EVIDENCE_SCHEMA, self)
    }
}

/// One query, or one refused call: who, which capability, what came of it; never a value of an argument or a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryAudit {
    /// Its id.
    pub audit_id: AuditId,
    /// The capability, or the name that was asked for where there is none.
    pub capability: String,
    /// Whose data; absent when the call was refused before the context was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Who asked; absent likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The source's name; absent when nothing was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `schema.table`; absent likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Digest over source, table and column names: the same for the same kind of query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Digest>,
    /// Rows returned.
    pub row_count: u32,
    /// Why the call was refused, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Code>,
    /// The evidence recorded for the call, where there is some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_id: Option<EvidenceId>,
    /// When.
    pub at: Moment,
}
