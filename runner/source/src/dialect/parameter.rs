//! From an exact value to what is bound for it: the column's own type decides, never the value's.

use synapsor_protocol::{Engine, Value};

use crate::accept::ColumnMismatch;
use crate::shape::{ColumnKind, ColumnShape};

/// A bound value, before it meets a driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// SQL NULL.
    Null,
    /// Text, or anything whose placeholder casts from text.
    Text(String),
    /// A signed integer.
    Signed(i64),
    /// An unsigned integer above `i64::MAX`.
    Unsigned(u64),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// What is bound for `value` beside `column`.
pub(super) fn bound(
    engine: Engine,
    column: &ColumnShape,
    value: &Value,
) -> Result<Parameter, ColumnMismatch> {
    if value.is_null() {
        return Ok(Parameter::Null);
    }
    let parameter = match engine {
        Engine::Postgres => as_postgres_text(&column.kind, value),
        Engine::Mysql => as_mysql(&column.kind, value),
        Engine::Sqlite => Some(as_storage_class(value)),
    };
    parameter.ok_or_else(|| ColumnMismatch::other_type(column, value))
}

/// Everything travels as text and is cast by the server, so that nothing passes through a driver's number types.
fn as_postgres_text(kind: &ColumnKind, value: &Value) -> Option<Parameter> {
    let text = match (kind, value) {
        (ColumnKind::Bytes { .. }, Value::Bytes(bytes)) => format!("\\x{}", hex::encode(bytes)),
        // Postgres has no NUL in text; a driver would report it as a broken statement.
        (_, Value::Text(text)) if text.contains('\0') => return None,
        (kind, value) if agree(kind, value) => value.to_string(),
        _ => return None,
    };
    Some(Parameter::Text(text))
}

fn as_mysql(kind: &ColumnKind, value: &Value) -> Option<Parameter> {
    Some(match (kind, value) {
        (ColumnKind::Integer { .. }, Value::Integer(integer)) => Parameter::Signed(*integer),
        (ColumnKind::Integer { .. }, Value::Boolean(boolean)) => Parameter::Signed((*boolean).into()),
        (ColumnKind::Integer { .. }, Value::Decimal(decimal)) => Parameter::Unsigned(decimal.parse().ok()?),
        (ColumnKind::Bytes { .. }, Value::Bytes(bytes)) => Parameter::Bytes(bytes.clone()),
        // MySQL reads `2026-01-02 03:04:05.000000`; the session's time zone is UTC.
        (ColumnKind::Timestamp { .. }, Value::Timestamp(timestamp)) => {
            Parameter::Text(timestamp.trim_end_matches('Z').replace('T', " "))
        }
        (kind, value) if agree(kind, value) => Parameter::Text(value.to_string()),
        _ => return None,
    })
}

fn as_storage_class(value: &Value) -> Parameter {
    match value {
        Value::Null => Parameter::Null,
        Value::Boolean(boolean) => Parameter::Signed((*boolean).into()),
        Value::Integer(integer) => Parameter::Signed(*integer),
        Value::Bytes(bytes) => Parameter::Bytes(bytes.clone()),
        other => Parameter::Text(other.to_string()),
    }
}

/// Whether a value of this type is at home in a column of this kind.
fn agree(kind: &ColumnKind, value: &Value) -> bool {
    matches!(
        (kind, value),
        (ColumnKind::Boolean, Value::Boolean(_))
            | (
                ColumnKind::Integer { .. } | ColumnKind::Decimal { .. },
                Value::Integer(_) | Value::Decimal(_)
            )
            | (ColumnKind::Text { .. } | ColumnKind::Enum { .. }, Value::Text(_))
            | (ColumnKind::Date, Value::Date(_))
            | (ColumnKind::Timestamp { .. }, Value::Timestamp(_))
            | (ColumnKind::Uuid { .. }, Value::Uuid(_))
            | (ColumnKind::Json(_), Value::Json(_))
    )
}
