//! Evidence: what was read for a call, kept beside what came of it; and the audit of each query, which holds no values.

use serde::{Deserialize, Serialize};

use crate::delegated::DelegatedTrace;
use crate::digest::{CanonicalError, Digest};
use crate::ids::{AuditId, EvidenceId};
use crate::moment::Moment;
use crate::redaction::RedactedColumns;
use crate::refusal::Code;
use crate::trace::TraceId;
use crate::value::{Columns, Value};

/// Schema version of [`EvidenceBundle`].
pub const EVIDENCE_SCHEMA: &str = "synapsor.evidence.v2";

/// Domain tag of a [`QueryAudit`]'s digest.
pub const QUERY_AUDIT_SCHEMA: &str = "synapsor.query-audit.v2";

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

/// The limits a handler call ran under, as far as they are worth a share: what [`Usage`] is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Fuel.
    pub fuel: u64,
    /// Bytes of linear memory, summed over memories.
    pub memory_bytes: u64,
    /// Bytes of the answer.
    pub output_bytes: u64,
    /// Wall-clock milliseconds of the whole call.
    pub timeout_ms: u64,
}

/// What of its limits a call used, in whole percent, rounded up: 100 is the limit, and 0 is nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Of the fuel.
    pub fuel_percent: u64,
    /// Of the memory.
    pub memory_percent: u64,
    /// Of the answer's size.
    pub output_percent: u64,
    /// Of the time, which differs from run to run.
    pub timeout_percent: u64,
}

impl Share {
    /// What a call used, of the limits it ran under.
    pub fn of(usage: &Usage, budget: &Budget) -> Self {
        let percent = |used: u64, limit: u64| used.saturating_mul(100).div_ceil(limit.max(1));
        Self {
            fuel_percent: percent(usage.fuel, budget.fuel),
            memory_percent: percent(usage.memory_bytes, budget.memory_bytes),
            output_percent: percent(usage.output_bytes, budget.output_bytes),
            timeout_percent: percent(usage.wall_us, budget.timeout_ms.saturating_mul(1000)),
        }
    }
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
    /// The captured columns, but for the redacted ones.
    pub row: Columns,
    /// What stands for the captured columns whose values are not kept.
    #[serde(default, skip_serializing_if = "RedactedColumns::is_empty")]
    pub redacted: RedactedColumns,
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
    /// That budget; none where bindings decide, and in records from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
}

impl EvidenceBundle {
    /// What the handler used of its budget, in percent; none where either was not kept.
    pub fn share(&self) -> Option<Share> {
        Some(Share::of(&self.usage?, &self.budget?))
    }

    /// The digest of the bundle.
    ///
    /// # Errors
    /// Never for values built here; see [`Digest::of`].
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Digest::of(EVIDENCE_SCHEMA, self)
    }
}

/// One query, one refused call, or one that a hosted service carried out: who, which capability, what came of it; never a value of an argument or a row.
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
    /// The caller's trace, where the call named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
    /// What is kept of a call that a hosted service carried out, or was to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegated: Option<DelegatedTrace>,
    /// When.
    pub at: Moment,
}

impl QueryAudit {
    /// The digest of the entry, which its event carries.
    ///
    /// # Errors
    /// Never for values built here; see [`Digest::of`].
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Digest::of(QUERY_AUDIT_SCHEMA, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_up() {
        let budget = Budget { fuel: 1000, memory_bytes: 1, output_bytes: 1, timeout_ms: 1 };
        let share = |fuel| Share::of(&Usage { fuel, ..Usage::default() }, &budget).fuel_percent;
        assert_eq!([0, 1, 10, 11, 1000, 1001].map(share), [0, 1, 1, 2, 100, 101]);
    }
}
