//! One database scalar, exact: nothing passes through a float, nothing is shortened.
//!
//! Two JSON forms exist. The *typed* form (serde) names the type and is what is stored and hashed, so that the text
//! `"5500"` and the integer `5500` never share a digest. The *plain* form ([`Value::to_plain`]) is what a model or a
//! person reads; in it an integer beyond ±2^53 and every decimal is a string.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use bigdecimal::BigDecimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Columns by name, in name order, which is also the canonical order.
pub type Columns = BTreeMap<String, Value>;

/// The largest integer a JSON reader that uses doubles keeps exact (2^53, RFC 8259 section 6).
const JSON_INTEGER_MAX: u64 = 1 << 53;

/// Which database a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// An embedded SQLite file.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
}

impl Engine {
    /// The name used in the config and in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One database scalar.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// SQL NULL.
    Null,
    /// True or false, for columns the database itself calls boolean.
    Boolean(bool),
    /// A signed 64-bit integer. An unsigned value above `i64::MAX` is a [`Value::Decimal`].
    Integer(
        #[serde(with = "typed_integer")]
        #[schemars(schema_with = "typed_integer::schema")]
        i64,
    ),
    /// Plain decimal notation, as the database printed it: no exponent, trailing zeros kept.
    Decimal(String),
    /// Text.
    Text(String),
    /// Bytes; base64 in JSON.
    Bytes(
        #[serde(with = "typed_bytes")]
        #[schemars(with = "String")]
        Vec<u8>,
    ),
    /// `YYYY-MM-DD`.
    Date(String),
    /// RFC 3339 with six fractional digits; no offset where the column has none, `Z` where it has one.
    Timestamp(String),
    /// Lower-case hyphenated uuid.
    Uuid(String),
    /// JSON text as the database printed it.
    Json(String),
}

impl Value {
    /// The type's name, as in the WIT contract and the typed JSON form.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Decimal(_) => "decimal",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Date(_) => "date",
            Self::Timestamp(_) => "timestamp",
            Self::Uuid(_) => "uuid",
            Self::Json(_) => "json",
        }
    }

    /// Whether this is SQL NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The plain JSON scalar a model or a person reads.
    pub fn to_plain(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Boolean(b) => (*b).into(),
            Self::Integer(i) if i.unsigned_abs() <= JSON_INTEGER_MAX => (*i).into(),
            other => other.to_string().into(),
        }
    }

    /// The exact number, for an integer or a decimal.
    pub fn as_number(&self) -> Option<BigDecimal> {
        match self {
            Self::Integer(i) => Some(BigDecimal::from(*i)),
            Self::Decimal(d) => d.parse().ok(),
            _ => None,
        }
    }

    /// How many bytes the content takes, for limits.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Null | Self::Boolean(_) => 1,
            Self::Integer(_) => 8,
            Self::Bytes(b) => b.len(),
            Self::Decimal(s)
            | Self::Text(s)
            | Self::Date(s)
            | Self::Timestamp(s)
            | Self::Uuid(s)
            | Self::Json(s) => s.len(),
        }
    }
}

/// The content without its type: text as it is, bytes as base64, NULL as `null`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(b) => b.fmt(f),
            Self::Integer(i) => i.fmt(f),
            Self::Bytes(b) => f.write_str(&base64::prelude::BASE64_STANDARD.encode(b)),
            Self::Decimal(s)
            | Self::Text(s)
            | Self::Date(s)
            | Self::Timestamp(s)
            | Self::Uuid(s)
            | Self::Json(s) => f.write_str(s),
        }
    }
}

/// The plain JSON object of some columns.
pub fn plain_object(columns: &Columns) -> serde_json::Map<String, serde_json::Value> {
    columns.iter().map(|(name, value)| (name.clone(), value.to_plain())).collect()
}

mod typed_integer {
    use super::JSON_INTEGER_MAX;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.unsigned_abs() <= JSON_INTEGER_MAX {
            serializer.serialize_i64(*value)
        } else {
            serializer.collect_str(value)
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(i64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(number) => Ok(number),
            Form::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }

    pub(super) fn schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["integer", "string"], "pattern": "^-?[0-9]+$" })
    }
}

mod typed_bytes {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(value))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(value: &Value) -> String {
        serde_json::to_string(value).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn the_typed_form_names_the_type_and_reads_back() {
        let cases = [
            (Value::Null, r#""null""#),
            (Value::Boolean(true), r#"{"boolean":true}"#),
            (Value::Integer(5500), r#"{"integer":5500}"#),
            (Value::Integer(i64::MIN), r#"{"integer":"-9223372036854775808"}"#),
            (Value::Integer((1 << 53) + 1), r#"{"integer":"9007199254740993"}"#),
            (Value::Decimal("10.00".into()), r#"{"decimal":"10.00"}"#),
            (Value::Text("5500".into()), r#"{"text":"5500"}"#),
            (Value::Bytes(vec![0, 255]), r#"{"bytes":"AP8="}"#),
        ];
        for (value, text) in cases {
            assert_eq!(typed(&value), text);
            assert_eq!(serde_json::from_str::<Value>(text).ok(), Some(value));
        }
    }

    #[test]
    fn the_plain_form_keeps_big_integers_and_decimals_as_strings() {
        assert_eq!(Value::Integer(1 << 53).to_plain(), serde_json::json!(9_007_199_254_740_992_i64));
        assert_eq!(Value::Integer(i64::MAX).to_plain(), serde_json::json!("9223372036854775807"));
        assert_eq!(Value::Decimal("1.10".into()).to_plain(), serde_json::json!("1.10"));
    }
}
