//! Whether a value a guest handed over has the form the contract gives its type.
//!
//! Form only: whether a column takes the value, and whether the rules allow it, is for the caller to say.

use std::collections::btree_map::Entry;

use serde::de::IgnoredAny;
use synapsor_protocol::{Columns, Value};

use crate::notes::printable;
use crate::stop::Stop;

/// Digits of a decimal. The widest database type has 131,072 + 16,383 of them; no business rule has.
const DECIMAL_DIGITS_MAX: usize = 1_000;
/// Bytes of a column's or a read's name. Databases stop at 64 to 128.
const NAME_BYTES_MAX: usize = 256;
/// Bytes of a refusal's code.
const CODE_BYTES_MAX: usize = 64;
/// Characters kept of a summary or a message for people.
pub(crate) const SENTENCE_CHARS_MAX: usize = 500;

/// The columns by name, each value in its form and each name once.
pub(crate) fn columns(list: impl IntoIterator<Item = (String, Value)>) -> Result<Columns, Stop> {
    let mut columns = Columns::new();
    for (name, given) in list {
        let name = self::name(name)?;
        let given = value(given).map_err(|stop| Stop::abi(format!("column `{name}`: {stop}")))?;
        match columns.entry(name) {
            Entry::Vacant(free) => free.insert(given),
            Entry::Occupied(taken) => {
                return Err(Stop::abi(format!("column `{}` is named twice", taken.key())));
            }
        };
    }
    Ok(columns)
}

/// A name that can be shown.
pub(crate) fn name(name: String) -> Result<String, Stop> {
    let shown = printable(&name, NAME_BYTES_MAX);
    if name.is_empty() || shown != name {
        return Err(Stop::abi(format!(
            "expected a name of 1 to {NAME_BYTES_MAX} bytes without control characters, found `{shown}`"
        )));
    }
    Ok(name)
}

/// The value, when it has the form of its type.
pub(crate) fn value(value: Value) -> Result<Value, Stop> {
    let wanted = match &value {
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Bytes(_) => None,
        Value::Decimal(text) => {
            (!is_decimal(text)).then_some("plain decimal notation of at most 1,000 digits")
        }
        Value::Text(text) => text.contains('\0').then_some("text without a NUL character"),
        Value::Date(text) => (!is_date(text)).then_some("a day of the calendar as `YYYY-MM-DD`"),
        Value::Timestamp(text) => {
            (!is_timestamp(text)).then_some("an instant as `YYYY-MM-DDThh:mm:ss.ffffff`, with or without `Z`")
        }
        Value::Uuid(text) => (!is_uuid(text)).then_some("a lower-case hyphenated uuid"),
        Value::Json(text) => (!is_json(text)).then_some("JSON text without a NUL character"),
    };
    match wanted {
        None => Ok(value),
        // The value itself stays out of the message: it may be a row's.
        Some(wanted) => {
            Err(Stop::abi(format!("expected {wanted}, found a `{}` of another form", value.type_name())))
        }
    }
}

/// A handler's refusal code.
pub(crate) fn code(code: String) -> Result<String, Stop> {
    let screaming = code.starts_with(|c: char| c.is_ascii_uppercase())
        && code.split('_').all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        });
    if screaming && code.len() <= CODE_BYTES_MAX {
        return Ok(code);
    }
    let found = printable(&code, CODE_BYTES_MAX);
    Err(Stop::abi(format!(
        "expected a refusal code in `SCREAMING_SNAKE`, at most {CODE_BYTES_MAX} bytes, found `{found}`"
    )))
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let count = whole.len().saturating_add(fraction.map_or(0, str::len));
    is_digits(whole) && fraction.is_none_or(is_digits) && count <= DECIMAL_DIGITS_MAX
}

fn is_date(text: &str) -> bool {
    has_shape(text, "0000-00-00") && text.parse::<jiff::civil::Date>().is_ok()
}

fn is_timestamp(text: &str) -> bool {
    let local = text.strip_suffix('Z').unwrap_or(text);
    // The parser reads second 60 as 59; no database has it.
    has_shape(local, "0000-00-00T00:00:00.000000")
        && local.get(17..19) != Some("60")
        && local.parse::<jiff::civil::DateTime>().is_ok()
}

/// Whether `text` equals `shape` with any digit where the shape has a `0`.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(b, s)| if s == b'0' { b.is_ascii_digit() } else { b == s })
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => matches!(b, b'0'..=b'9' | b'a'..=b'f'),
        })
}

fn is_json(text: &str) -> bool {
    !text.contains('\0') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use synapsor_protocol::Code;

    fn takes(value: &Value) -> bool {
        super::value(value.clone()).is_ok()
    }

    #[test]
    fn a_value_in_its_form_is_taken() {
        for value in [
            Value::Null,
            Value::Integer(i64::MIN),
            Value::Decimal("0".into()),
            Value::Decimal("-0.50".into()),
            Value::Decimal(format!("0.{}", "9".repeat(999))),
            Value::Decimal("123456789012345678901234567890.10".into()),
            Value::Text(String::new()),
            Value::Text("zero width \u{200b} is text too".into()),
            Value::Date("2024-02-29".into()),
            Value::Timestamp("2026-01-31T23:59:59.999999".into()),
            Value::Timestamp("2026-01-31T00:00:00.000000Z".into()),
            Value::Uuid("01234567-89ab-cdef-0123-456789abcdef".into()),
            Value::Json(r#"{"a":[1e5,null]}"#.into()),
        ] {
            assert!(takes(&value), "{value:?}");
        }
    }

    #[test]
    fn a_value_of_another_form_breaks_the_contract() {
        let decimals =
            ["", "-", "+1", ".5", "5.", "1e3", "NaN", "Infinity", "1,5", " 1", "٣", "1.2.3", "--1"];
        let dates =
            ["2023-02-29", "2026-13-01", "2026-1-1", "2026-01-01T00:00:00", "-026-01-01", "10000-01-01"];
        let timestamps = [
            "2026-01-31",
            "2026-01-31T23:59:59",
            "2026-01-31T23:59:59.999",
            "2026-01-31 23:59:59.999999",
            "2026-01-31T23:59:60.000000Z",
            "2026-01-31T24:00:00.000000Z",
            "2026-01-31T00:00:00.000000+01:00",
        ];
        let uuids = ["", "01234567-89AB-cdef-0123-456789abcdef", "0123456789abcdef0123456789abcdef"];
        let jsons = ["", "{", "nul", "1 2", "\"a\0b\""];
        let deep = "[".repeat(100_000);
        let values = (decimals.iter().map(|s| Value::Decimal((*s).into())))
            .chain(dates.iter().map(|s| Value::Date((*s).into())))
            .chain(timestamps.iter().map(|s| Value::Timestamp((*s).into())))
            .chain(uuids.iter().map(|s| Value::Uuid((*s).into())))
            .chain(jsons.iter().map(|s| Value::Json((*s).into())))
            .chain([Value::Text("a\0b".into()), Value::Decimal("9".repeat(1_001)), Value::Json(deep)]);
        for value in values {
            assert!(!takes(&value), "{value:?}");
        }
    }

    #[test]
    fn a_column_named_twice_breaks_the_contract() {
        let stop =
            columns([("a".to_owned(), Value::Null), ("a".to_owned(), Value::Null)]).expect_err("twice");
        assert_eq!((stop.code, stop.message.as_str()), (Code::GuestAbi, "column `a` is named twice"));
        assert!(columns([(String::new(), Value::Null)]).is_err());
        assert!(columns([("a\nb".to_owned(), Value::Null)]).is_err());
    }

    #[test]
    fn a_refusal_code_is_screaming_snake() {
        for good in ["NO", "WAIVER_CAP_REACHED", "RULE_7", "A1"] {
            assert!(code(good.into()).is_ok(), "{good}");
        }
        for bad in ["", "no", "No", "A__B", "_A", "A_", "7A", "A B", "É", &"A".repeat(65)] {
            assert!(code(bad.into()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_checks_and_what_they_take_can_be_read(text in ".{0,40}") {
            if is_decimal(&text) {
                prop_assert!(Value::Decimal(text.clone()).as_number().is_some());
            }
            let _ = (is_date(&text), is_timestamp(&text), is_uuid(&text), is_json(&text));
            let _ = (name(text.clone()), code(text));
        }
    }
}
