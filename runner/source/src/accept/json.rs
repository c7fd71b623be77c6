//! JSON: whether a column's form of it keeps a text, and how the text then comes back.
//!
//! Invariant: no number passes through a float, and no member of an object is lost.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::value::RawValue;
use synapsor_protocol::members::Members;

use crate::shape::JsonForm;

/// What Postgres and the parser here take without running out of stack.
const DEPTH_MAX: usize = 100;
/// MariaDB's check finds anything deeper not valid.
const SHALLOW_DEPTH_MAX: usize = 31;
/// Digits a double keeps for certain.
const FLOAT_DIGITS_MAX: usize = 15;
/// Digits after the point, and powers of ten, that Postgres' `numeric` has.
const SCALE_MAX: usize = 16_383;
/// Digits before the point that Postgres' `numeric` has.
const WHOLE_DIGITS_MAX: usize = 131_072;

const NO_JSON: &str = "text that is no json";
const NUL: &str = "json with a NUL character";
const UNPAIRED: &str = "json with half a surrogate pair";

/// The text as it comes back from a column of this form, or what it has that the column cannot keep.
pub(super) fn stored(form: JsonForm, text: &str) -> Result<String, &'static str> {
    let depth_max = if form == JsonForm::ShallowText { SHALLOW_DEPTH_MAX } else { DEPTH_MAX };
    if depth(text) > depth_max {
        return Err("json nested too deep");
    }
    let whole: &RawValue = serde_json::from_str(text).map_err(|_| NO_JSON)?;
    match form {
        JsonForm::ShallowText if !surrogates_paired(text) => Err(UNPAIRED),
        JsonForm::Text | JsonForm::ShallowText => Ok(text.to_owned()),
        JsonForm::Jsonb => {
            let mut printed = String::with_capacity(text.len());
            print(whole, &mut printed)?;
            Ok(printed)
        }
        JsonForm::Binary => require_plain(whole).map(|()| text.to_owned()),
    }
}

/// How deep brackets stand in one another, outside strings; counted before anything recurses.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth = depth.saturating_add(1),
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Whether every escaped half of a surrogate pair has its other half. The text is JSON.
fn surrogates_paired(text: &str) -> bool {
    let unit = |digits: &str| u16::from_str_radix(digits.get(..4)?, 16).ok();
    let mut rest = text;
    while let Some((_, escape)) = rest.split_once('\\') {
        let after = escape.get(1..).unwrap_or_default();
        let unit_here = escape.strip_prefix('u').and_then(unit);
        let next = after.get(4..).unwrap_or_default();
        rest = match unit_here {
            None => after,
            Some(0xd800..=0xdbff) => match next.strip_prefix("\\u") {
                Some(low) if unit(low).is_some_and(|low| (0xdc00..=0xdfff).contains(&low)) => {
                    low.get(4..).unwrap_or_default()
                }
                _ => return false,
            },
            Some(0xdc00..=0xdfff) => return false,
            Some(_) => next,
        };
    }
    true
}

/// One value, its parts still text.
enum Node<'a> {
    Object(BTreeMap<Name, &'a RawValue>),
    Array(Vec<&'a RawValue>),
    String(String),
    Number(&'a str),
    /// `true`, `false` or `null`.
    Word(&'a str),
}

fn node(value: &RawValue) -> Result<Node<'_>, &'static str> {
    let text = value.get();
    Ok(match text.bytes().next() {
        Some(b'{') => Node::Object(object(text)?),
        Some(b'[') => Node::Array(serde_json::from_str(text).map_err(|_| NO_JSON)?),
        Some(b'"') => {
            let string: String = serde_json::from_str(text).map_err(|_| UNPAIRED)?;
            Node::String(Some(string).filter(|string| !string.contains('\0')).ok_or(NUL)?)
        }
        Some(b't' | b'f' | b'n') => Node::Word(text),
        _ => Node::Number(text),
    })
}

fn object(text: &str) -> Result<BTreeMap<Name, &RawValue>, &'static str> {
    let Members(members): Members<&RawValue> = serde_json::from_str(text).map_err(|_| UNPAIRED)?;
    let count = members.len();
    let members: BTreeMap<Name, &RawValue> =
        members.into_iter().map(|(name, value)| (Name(name), value)).collect();
    if members.len() < count {
        return Err("json with one name twice in an object");
    }
    if members.keys().any(|name| name.0.contains('\0')) {
        return Err(NUL);
    }
    Ok(members)
}

/// A member's name in the order in which `jsonb` keeps them: shorter first, then by byte.
#[derive(PartialEq, Eq)]
struct Name(String);

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Prints a value as `jsonb` does.
fn print(value: &RawValue, out: &mut String) -> Result<(), &'static str> {
    match node(value)? {
        Node::Object(members) => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                print_string(&name.0, out);
                out.push_str(": ");
                print(value, out)?;
            }
            out.push('}');
        }
        Node::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                print(item, out)?;
            }
            out.push(']');
        }
        Node::String(string) => print_string(&string, out),
        Node::Number(number) => {
            out.push_str(&plain_number(number).ok_or("json with a number `numeric` cannot hold")?);
        }
        Node::Word(word) => out.push_str(word),
    }
    Ok(())
}

fn print_string(string: &str, out: &mut String) {
    out.push('"');
    for c in string.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A JSON number as `numeric` prints it: no exponent, and the fractional digits that mantissa and exponent together have.
fn plain_number(number: &str) -> Option<String> {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (number, 0),
    };
    let shift = usize::try_from(exponent.unsigned_abs()).ok().filter(|shift| *shift <= SCALE_MAX)?;
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |mantissa| ("-", mantissa));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = [whole, fraction].concat();
    let scale = if exponent < 0 {
        fraction.len().checked_add(shift)?
    } else {
        digits.push_str(&"0".repeat(shift.saturating_sub(fraction.len())));
        fraction.len().saturating_sub(shift)
    };
    let padded = format!("{}{digits}", "0".repeat(scale.saturating_sub(digits.len())));
    let (whole, fraction) = padded.split_at_checked(padded.len().checked_sub(scale)?)?;
    let whole = whole.trim_start_matches('0');
    if scale > SCALE_MAX || whole.len() > WHOLE_DIGITS_MAX {
        return None;
    }
    let is_zero = whole.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    let sign = if is_zero { "" } else { sign };
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if scale == 0 { "" } else { "." };
    Some([sign, whole, point, fraction].concat())
}

/// MySQL keeps an integer of 64 bits and makes a double of every other number.
fn require_plain(value: &RawValue) -> Result<(), &'static str> {
    match node(value)? {
        Node::Object(members) => members.into_values().try_for_each(require_plain),
        Node::Array(items) => items.into_iter().try_for_each(require_plain),
        Node::Number(number) => {
            let is_integer = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
            let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
            let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
            let in_reach = number.parse::<f64>().is_ok_and(f64::is_normal);
            let is_zero = mantissa.bytes().all(|byte| matches!(byte, b'-' | b'.' | b'0'));
            let kept = is_integer || is_zero || (digits <= FLOAT_DIGITS_MAX && in_reach);
            if kept { Ok(()) } else { Err("json with a number a double cannot hold") }
        }
        Node::String(_) | Node::Word(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_postgres_prints_them() {
        let cases = [
            ("0", Some("0")),
            ("-0", Some("0")),
            ("-0.0", Some("0.0")),
            ("1.10", Some("1.10")),
            ("1e5", Some("100000")),
            ("1.50E-3", Some("0.00150")),
            ("12.340e1", Some("123.40")),
            ("1.5e+1", Some("15")),
            ("0e10", Some("0")),
            ("-12e-1", Some("-1.2")),
            ("0.0e-2", Some("0.000")),
            ("12345678901234567890.123456789", Some("12345678901234567890.123456789")),
            ("1e16384", None),
            ("1e-16384", None),
            ("1e99999999999", None),
        ];
        for (number, expected) in cases {
            assert_eq!(plain_number(number).as_deref(), expected, "{number}");
        }
    }

    #[test]
    fn depth_is_counted_outside_strings() {
        for (text, expected) in [("1", 0), ("[]", 1), (r#"{"[[":["\"[["]}"#, 2), ("[[],[[]]]", 3), ("]]", 0)]
        {
            assert_eq!(depth(text), expected, "{text}");
        }
        for form in [JsonForm::Text, JsonForm::ShallowText, JsonForm::Jsonb, JsonForm::Binary] {
            let bomb = "[".repeat(200_000);
            assert_eq!(stored(form, &bomb), Err("json nested too deep"), "{form:?}");
        }
    }

    #[test]
    fn a_lone_surrogate_is_found_behind_any_escape() {
        for (text, paired) in [
            (r#""\\ud800""#, true),
            (r#""\ud83e\udd80\n""#, true),
            (r#""\u00e9\"é\u0041""#, true),
            (r#""\\\ud800""#, false),
            (r#""\ud800\ud800""#, false),
            (r#""\n\udc00""#, false),
            (r#""\ud800x""#, false),
        ] {
            assert_eq!(surrogates_paired(text), paired, "{text}");
            assert_eq!(serde_json::from_str::<String>(text).is_ok(), paired, "{text}");
        }
    }

    #[test]
    fn a_form_that_parses_refuses_what_it_would_lose() {
        for text in
            [r#"{"a":1,"\u0061":2}"#, r#""\u0000""#, r#"{"\u0000":1}"#, r#""\ud800""#, r#"[{"\udc00":1}]"#]
        {
            for form in [JsonForm::Jsonb, JsonForm::Binary] {
                assert!(stored(form, text).is_err(), "{form:?} {text}");
            }
            assert_eq!(stored(JsonForm::Text, text).as_deref(), Ok(text));
        }
        for number in ["1e400", "0.1234567890123456", "18446744073709551616"] {
            assert!(stored(JsonForm::Binary, number).is_err(), "{number}");
        }
        for number in ["18446744073709551615", "-9223372036854775808", "1.5", "0.0", "1e300"] {
            assert_eq!(stored(JsonForm::Binary, number).as_deref(), Ok(number));
        }
    }
}
