//! SQLite: which value comes back unchanged from a column of a declared type.
//!
//! A declared type gives a column an affinity, and the affinity may turn one storage class into another on the way in
//! (section 3 of SQLite's "Datatypes"). What would be turned is refused, or already written in the form it takes.

use synapsor_protocol::Value;

use super::{ColumnMismatch, whole};
use crate::shape::ColumnShape;

/// What a declared type does to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affinity {
    /// Whole numbers; text stays text in a loose table and fails in a strict one.
    Integer,
    /// Text; numbers become text.
    Text,
    /// Nothing changes.
    Blob,
    /// Whole numbers become floats.
    Real,
    /// Text that looks like a number becomes one.
    Numeric,
    /// Bytes and nothing else.
    StrictBlob,
}

/// SQLite's own rules, in their order. A strict table knows six types: its `ANY` changes nothing, where a loose table
/// takes the word for a number, and its `BLOB` is bytes.
fn affinity(type_name: &str, strict: bool) -> Affinity {
    match type_name.to_ascii_uppercase().as_str() {
        "ANY" if strict => Affinity::Blob,
        "BLOB" if strict => Affinity::StrictBlob,
        _ => loose_affinity(type_name),
    }
}

fn loose_affinity(type_name: &str) -> Affinity {
    let declared = type_name.to_ascii_uppercase();
    let says = |word: &str| declared.contains(word);
    if says("INT") {
        Affinity::Integer
    } else if says("CHAR") || says("CLOB") || says("TEXT") {
        Affinity::Text
    } else if says("BLOB") || declared.is_empty() {
        Affinity::Blob
    } else if says("REAL") || says("FLOA") || says("DOUB") {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

pub(super) fn accept(column: &ColumnShape, strict: bool, proposed: &Value) -> Result<Value, ColumnMismatch> {
    let other_type = || Err(ColumnMismatch::other_type(column, proposed));
    if matches!(proposed, Value::Text(text) if text.contains('\0')) {
        return Err(ColumnMismatch::new(column, "text with a NUL character"));
    }
    let affinity = affinity(&column.type_name, strict);
    match (affinity, proposed) {
        (Affinity::Real, _) => other_type(),
        (Affinity::Blob, Value::Integer(_) | Value::Bytes(_))
        | (Affinity::StrictBlob, Value::Bytes(_))
        | (Affinity::Integer | Affinity::Numeric, Value::Integer(_)) => Ok(proposed.clone()),
        (Affinity::Integer | Affinity::Numeric | Affinity::Blob, Value::Boolean(boolean)) => {
            Ok(Value::Integer((*boolean).into()))
        }
        (Affinity::Integer | Affinity::Numeric, Value::Decimal(decimal)) => {
            let number = whole(decimal)
                .ok_or_else(|| ColumnMismatch::new(column, "a fraction, which would become a float"))?;
            i64::try_from(number).map(Value::Integer).map_err(|_| {
                ColumnMismatch::new(column, "a whole number beyond 64 bits, which would become a float")
            })
        }
        (Affinity::Text, Value::Integer(_) | Value::Decimal(_)) => Ok(Value::Text(proposed.to_string())),
        (Affinity::Blob, Value::Decimal(_)) => Ok(Value::Text(proposed.to_string())),
        (
            Affinity::Text | Affinity::Blob,
            Value::Text(_) | Value::Date(_) | Value::Timestamp(_) | Value::Uuid(_) | Value::Json(_),
        ) => Ok(Value::Text(proposed.to_string())),
        // `DATE`, `DATETIME` and their like have numeric affinity and hold text by convention.
        (Affinity::Numeric, Value::Text(_) | Value::Date(_) | Value::Timestamp(_) | Value::Uuid(_)) => {
            let text = proposed.to_string();
            if looks_numeric(&text) {
                return Err(ColumnMismatch::new(column, "text that would become a number"));
            }
            Ok(Value::Text(text))
        }
        _ => other_type(),
    }
}

/// Whether SQLite could take the text for a number: a wider net than its own rule, on purpose.
fn looks_numeric(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && text.parse::<f64>().is_ok()
}

pub(super) fn expected(type_name: &str, strict: bool) -> String {
    let takes = match affinity(type_name, strict) {
        Affinity::Integer => "a whole number",
        Affinity::Text => "text",
        Affinity::Blob => "text, a whole number or bytes",
        Affinity::StrictBlob => "bytes",
        Affinity::Real => "nothing, because it turns every number into a float",
        Affinity::Numeric => "a whole number, or text that does not look like a number",
    };
    if type_name.is_empty() { takes.to_owned() } else { format!("{takes} (declared `{type_name}`)") }
}
