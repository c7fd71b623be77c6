//! JSON text to a tree that says what the text says, or the reason why no tree does.
//!
//! serde_json keeps the last of two equal keys and reads `99.99999999999999999999` as `100.0`. Either would carry out
//! something else than was asked, so a text with one of them is refused before anybody looks at its arguments.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value as Json};
use synapsor_protocol::members::Members;
use synapsor_protocol::{Code, Refusal};

/// Deepest nesting of arrays and objects.
const NESTING_MAX: usize = 64;

/// Why a text has no tree that says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfaithful {
    /// It is not JSON, or an escape in it names no character.
    #[error("the text is not valid JSON")]
    Malformed,
    /// Arrays and objects stand in each other too deep.
    #[error("the JSON is nested more than {NESTING_MAX} levels deep")]
    TooDeep,
    /// Of two equal keys only one would be heard.
    #[error("a key stands twice in one object")]
    KeyTwice,
    /// A double would hold another number.
    #[error("a number has more digits than a JSON reader keeps")]
    NumberRounded,
}

impl Unfaithful {
    /// As the answer to a call that never came to be one.
    pub fn refusal(self) -> Refusal {
        let refusal = Refusal::new(Code::InvalidInput, self.to_string());
        match self {
            Self::NumberRounded => refusal.hint("send the number as a string of decimal digits"),
            Self::Malformed | Self::TooDeep | Self::KeyTwice => refusal,
        }
    }
}

/// The tree of a JSON text.
///
/// # Errors
/// [`Unfaithful`] where the tree would say something else than the text.
pub fn read_json(text: &[u8]) -> Result<Json, Unfaithful> {
    tree(serde_json::from_slice(text).map_err(|_| Unfaithful::Malformed)?, 1)
}

fn tree(raw: &RawValue, depth: usize) -> Result<Json, Unfaithful> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{' | b'[') if depth > NESTING_MAX => Err(Unfaithful::TooDeep),
        Some(b'{') => object(level(text)?, depth),
        Some(b'[') => {
            let items: Vec<&RawValue> = level(text)?;
            items.into_iter().map(|item| tree(item, depth + 1)).collect::<Result<_, _>>().map(Json::Array)
        }
        Some(b'-' | b'0'..=b'9') => number(text).map(Json::Number).ok_or(Unfaithful::NumberRounded),
        _ => level(text),
    }
}

fn object(members: Members<&RawValue>, depth: usize) -> Result<Json, Unfaithful> {
    let mut object = Map::new();
    for (key, value) in members.0 {
        if object.insert(key, tree(value, depth + 1)?).is_some() {
            return Err(Unfaithful::KeyTwice);
        }
    }
    Ok(Json::Object(object))
}

/// One level of the text, the levels below it unread.
fn level<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Unfaithful> {
    serde_json::from_str(text).map_err(|_| Unfaithful::Malformed)
}

/// A number that a double or a 64-bit integer holds as it was written.
fn number(text: &str) -> Option<Number> {
    if let Ok(integer) = text.parse::<i64>() {
        // Only a float has a negative zero.
        return if text == "-0" { Number::from_f64(-0.0) } else { Some(integer.into()) };
    }
    if let Ok(integer) = text.parse::<u64>() {
        return Some(integer.into());
    }
    let number = Number::from_f64(text.parse().ok()?)?;
    // As it goes out again: of two shortest texts of one double, each formatter has its own.
    let same = Significant::of(text)? == Significant::of(&number.to_string())?;
    same.then_some(number)
}

/// A number without the freedom of writing it: its digits from the first to the last that is not zero, and their place.
#[derive(Debug, PartialEq, Eq)]
struct Significant {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Significant {
    fn of(text: &str) -> Option<Self> {
        let magnitude = text.trim_start_matches('-');
        let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (magnitude, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let written = format!("{whole}{fraction}");
        let kept = written.trim_end_matches('0');
        let moved = i64::try_from(written.len() - kept.len()).ok()?;
        let fraction_digits = i64::try_from(fraction.len()).ok()?;
        let digits = kept.trim_start_matches('0').to_owned();
        let exponent = match digits.is_empty() {
            true => 0,
            false => exponent.checked_add(moved)?.checked_sub(fraction_digits)?,
        };
        Some(Self { negative: text.starts_with('-'), digits, exponent })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Json, Unfaithful> {
        read_json(text.as_bytes())
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth_and_in_any_spelling() {
        for text in
            [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"[{"b":{"a":1,"a":2}}]"#, r#"{"":1,"":1}"#]
        {
            assert_eq!(read(text), Err(Unfaithful::KeyTwice), "{text}");
        }
        assert_eq!(read(r#" {"a":{"a":[null,{"a":true}]},"A":"\u0061"} "#), {
            Ok(json!({ "a": { "a": [null, { "a": true }] }, "A": "a" }))
        });
    }

    #[test]
    fn a_number_that_would_be_rounded_is_refused() {
        for text in [
            "99.99999999999999999999",
            "0.30000000000000001",
            "1.00000000000000001",
            "18446744073709551616",
            "-9223372036854775809",
            "1e400",
            "-1e400",
            "1e-400",
            "1e99999999999999999999",
            "9007199254740993.0",
        ] {
            assert_eq!(read(text), Err(Unfaithful::NumberRounded), "{text}");
        }
        for text in [
            "0.1",
            "0.30000000000000004",
            "100.0",
            "1e2",
            "1E+2",
            "1.50",
            "-0.0",
            "-0",
            "0e5",
            "1e-7",
            "948954855934218.2",
        ] {
            let expected: f64 = text.parse().expect("a number");
            assert_eq!(
                read(text).expect("kept").as_f64().map(f64::to_bits),
                Some(expected.to_bits()),
                "{text}"
            );
        }
        assert_eq!(read("18446744073709551615"), Ok(json!(u64::MAX)));
        assert_eq!(read("-9223372036854775808"), Ok(json!(i64::MIN)));
    }

    #[test]
    fn what_is_not_one_json_text_is_malformed_and_depth_is_bounded() {
        for text in ["", "{", "{} {}", "01", "nul", r#""\ud800""#, r#"{"\ud800":1}"#, "{\"a\":1,}"] {
            assert_eq!(read(text), Err(Unfaithful::Malformed), "{text}");
        }
        assert_eq!(read_json(b"\"\xff\""), Err(Unfaithful::Malformed));
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&deep(64)).is_ok());
        assert_eq!(read(&deep(65)), Err(Unfaithful::TooDeep));
        assert_eq!(read(&deep(5_000)), Err(Unfaithful::TooDeep));
    }

    proptest! {
        #[test]
        fn every_double_and_every_integer_that_was_printed_is_read_back(double: f64, integer: i64, big: u64) {
            prop_assume!(double.is_finite());
            for number in [json!(double), json!(integer), json!(big)] {
                prop_assert_eq!(read(&number.to_string()), Ok(number));
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in r#"[{}\[\]",:0-9eE.+\-\\ua ]{0,60}"#) {
            if read(&text).is_ok() {
                prop_assert!(serde_json::from_str::<Json>(&text).is_ok());
            }
        }
    }
}
