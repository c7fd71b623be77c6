//! Between the contract's values and Rust's types, both ways and without loss.

pub(crate) use crate::bindings::synapsor::handler::types::Value;
use crate::day::Day;

pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Boolean(_) => "boolean",
        Value::Integer(_) => "integer",
        Value::Decimal(_) => "decimal",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::Date(_) => "date",
        Value::Timestamp(_) => "timestamp",
        Value::Uuid(_) => "uuid",
        Value::Json(_) => "json",
    }
}

pub(crate) fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) | Value::Uuid(text) => Some(text),
        _ => None,
    }
}

pub(crate) fn as_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(integer) => Some(*integer),
        Value::Decimal(text) => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok())?
        }
        _ => None,
    }
}

pub(crate) fn as_boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Boolean(boolean) => Some(*boolean),
        Value::Integer(0) => Some(false),
        Value::Integer(1) => Some(true),
        _ => None,
    }
}

pub(crate) fn as_day(value: &Value) -> Option<Day> {
    match value {
        Value::Date(text) | Value::Timestamp(text) | Value::Text(text) => Day::parse(text),
        _ => None,
    }
}

#[cfg(feature = "decimal")]
pub(crate) fn as_decimal(value: &Value) -> Option<crate::Decimal> {
    match value {
        Value::Integer(integer) => Some((*integer).into()),
        Value::Decimal(text) => text.parse().ok(),
        _ => None,
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<i32> for Value {
    fn from(integer: i32) -> Self {
        Self::Integer(integer.into())
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Day> for Value {
    fn from(day: Day) -> Self {
        Self::Date(day.to_string())
    }
}

/// Plain notation, never an exponent.
#[cfg(feature = "decimal")]
impl From<crate::Decimal> for Value {
    fn from(decimal: crate::Decimal) -> Self {
        Self::Decimal(decimal.to_plain_string())
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Self {
        value.clone()
    }
}

/// `None` is SQL NULL.
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(optional: Option<T>) -> Self {
        optional.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_an_integer_only_when_nothing_is_lost() {
        let cases = [
            ("0", Some(0)),
            ("-12.000", Some(-12)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("1.5", None),
            ("", None),
        ];
        for (text, integer) in cases {
            assert_eq!(as_integer(&Value::Decimal(text.into())), integer, "{text}");
        }
        assert_eq!(as_integer(&Value::Text("5".into())), None);
    }

    #[cfg(feature = "decimal")]
    #[test]
    fn decimals_are_exact_and_print_plainly() {
        let third: crate::Decimal = "0.10".parse().unwrap_or_default();
        let sum = &third + &third + &third;
        assert_eq!(Value::from(sum), Value::Decimal("0.30".into()));
        let small: crate::Decimal = "1e-20".parse().unwrap_or_default();
        assert_eq!(Value::from(small), Value::Decimal("0.00000000000000000001".into()));
        assert_eq!(as_decimal(&Value::Text("1".into())), None);
    }
}
