//! A plain JSON scalar as it was written, and whether it is exactly a typed value.
//!
//! Invariant: no number passes through a float; the digits are compared.

use std::str::FromStr as _;

use bigdecimal::BigDecimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::value::Value;

/// Longest number that is compared, in characters; MySQL's longest decimal has 65 digits, PostgreSQL's more than a
/// person reviews.
const NUMBER_CHARS_MAX: usize = 4096;

/// A scalar of a published document, which does not say its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as it was written.
    Number(String),
    /// A string.
    Text(String),
}

impl Scalar {
    /// Whether this is exactly that value, read as the value's type: the same number, the same instant, the same text.
    pub fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Boolean(found), Value::Boolean(expected)) => found == expected,
            (Self::Number(found) | Self::Text(found), Value::Integer(_) | Value::Decimal(_)) => {
                number(found).is_some_and(|found| value.as_number() == Some(found))
            }
            (Self::Text(found), Value::Timestamp(expected)) => {
                found == expected || same_instant(found, expected)
            }
            (Self::Text(found), Value::Bytes(_)) => *found == value.to_string(),
            (
                Self::Text(found),
                Value::Text(expected) | Value::Date(expected) | Value::Uuid(expected) | Value::Json(expected),
            ) => found == expected,
            _ => false,
        }
    }
}

/// Plain notation only: an exponent can stand for more digits than there is memory.
fn number(text: &str) -> Option<BigDecimal> {
    let plain =
        text.len() <= NUMBER_CHARS_MAX && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
    plain.then(|| BigDecimal::from_str(text).ok()).flatten()
}

/// Both with an offset: the same instant. Both without: the same reading of a clock. Else not the same.
fn same_instant(found: &str, expected: &str) -> bool {
    match (found.parse::<jiff::Timestamp>(), expected.parse::<jiff::Timestamp>()) {
        (Ok(found), Ok(expected)) => found == expected,
        (Err(_), Err(_)) => {
            let clock = |text: &str| text.parse::<jiff::civil::DateTime>().ok();
            clock(found).is_some_and(|found| clock(expected) == Some(found))
        }
        _ => false,
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: Box<RawValue> = Box::deserialize(deserializer)?;
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'n') => Ok(Self::Null),
            Some(b't') => Ok(Self::Boolean(true)),
            Some(b'f') => Ok(Self::Boolean(false)),
            Some(b'"') => serde_json::from_str(text).map(Self::Text).map_err(D::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Self::Number(text.to_owned())),
            _ => Err(D::Error::custom("expected a scalar")),
        }
    }
}

impl JsonSchema for Scalar {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean", "null"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, value: &Value, expected: bool) {
        let scalar: Scalar = serde_json::from_str(json).expect("a scalar");
        assert_eq!(scalar.is(value), expected, "{json} {value:?}");
    }

    #[test]
    fn a_scalar_is_a_value_only_when_it_is_exactly_that_value() {
        let text = |text: &str| Value::Text(text.into());
        let decimal = |text: &str| Value::Decimal(text.into());
        let timestamp = |text: &str| Value::Timestamp(text.into());
        let cases = [
            ("null", Value::Null, true),
            ("null", text(""), false),
            ("null", Value::Integer(0), false),
            ("0", Value::Integer(0), true),
            ("-0", Value::Integer(0), true),
            ("0", Value::Boolean(false), false),
            ("false", Value::Boolean(false), true),
            ("5500", text("5500"), false),
            ("\"5500\"", Value::Integer(5500), true),
            ("9007199254740993", Value::Integer(9_007_199_254_740_993), true),
            ("9007199254740992", Value::Integer(9_007_199_254_740_993), false),
            ("10.5", decimal("10.50"), true),
            ("10.500000000000000001", decimal("10.50"), false),
            ("\"10.50\"", decimal("10.50"), true),
            ("1e1", Value::Integer(10), false),
            ("1e999999999", decimal("1"), false),
            ("\"x\"", text("x"), true),
            ("\"x \"", text("x"), false),
            ("\"\\u0078\"", text("x"), true),
            ("\"2026-06-20T14:31:08.123456Z\"", timestamp("2026-06-20T14:31:08.123456Z"), true),
            ("\"2026-06-20T16:31:08.123456+02:00\"", timestamp("2026-06-20T14:31:08.123456Z"), true),
            ("\"2026-06-20T14:31:08.123Z\"", timestamp("2026-06-20T14:31:08.123456Z"), false),
            ("\"2026-06-20T14:31:08\"", timestamp("2026-06-20T14:31:08.000000"), true),
            ("\"2026-06-20T14:31:08Z\"", timestamp("2026-06-20T14:31:08.000000"), false),
            ("\"AP8=\"", Value::Bytes(vec![0, 255]), true),
        ];
        for (json, value, expected) in cases {
            check(json, &value, expected);
        }
    }

    #[test]
    fn what_is_no_scalar_is_refused() {
        for json in ["[]", "{}", "[1]", "{\"a\":1}"] {
            assert!(serde_json::from_str::<Scalar>(json).is_err(), "{json}");
        }
    }
}
