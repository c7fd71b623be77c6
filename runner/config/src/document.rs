//! Text to a document: exact numbers, keys in the order they were written, and nothing read twice.
//!
//! serde_json's own tree forgets key order, keeps the last of two equal keys and turns decimals into floats. So the text
//! is taken apart level by level with serde_json's raw values, which keep the source text of every number.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use synapsor_protocol::Value;
use synapsor_protocol::members::Members;

use crate::code::ProblemCode;
use crate::form::{CONFIG_BYTES_MAX, CONFIG_DEPTH_MAX, NUMBER_DIGITS_MAX};
use crate::place::member_path;
use crate::problem::Problems;

/// A JSON document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// `null`, a boolean, text, or a number: [`Value::Integer`] where it is one, else [`Value::Decimal`].
    Scalar(Value),
    /// A list.
    List(Vec<Self>),
    /// An object, in the order it was written.
    Object(Vec<(String, Self)>),
}

/// Reads a whole text. Answers `None` where there is no document to look at; `problems` says why.
pub(crate) fn parse(text: &str, problems: &mut Problems) -> Option<Node> {
    if text.len() > CONFIG_BYTES_MAX {
        let message = format!("expected at most `{CONFIG_BYTES_MAX}` bytes, found `{}`", text.len());
        problems.add("$", ProblemCode::ConfigTooLarge, message);
        return None;
    }
    if text.starts_with('\u{feff}') {
        problems
            .add("$", ProblemCode::ByteOrderMark, "the text starts with a byte order mark")
            .hint("save the file as UTF-8 without a byte order mark");
        return None;
    }
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let raw = match documents.next() {
        Some(Ok(raw)) => raw,
        Some(Err(error)) => {
            problems.add("$", ProblemCode::InvalidJson, format!("the text is not JSON: {error}"));
            return None;
        }
        None => {
            problems.add("$", ProblemCode::InvalidJson, "the text is empty");
            return None;
        }
    };
    let rest = text.get(documents.byte_offset()..).unwrap_or_default();
    if !rest.trim_matches([' ', '\t', '\n', '\r']).is_empty() {
        problems.add("$", ProblemCode::TrailingData, "something follows the JSON document");
        return None;
    }
    Reader { text, problems }.node(raw, "$", 1)
}

/// The exact value of a JSON scalar's text; `None` where it is no scalar or a number too long to keep.
pub(crate) fn scalar(raw: &str) -> Option<Value> {
    match raw.as_bytes().first()? {
        b'n' => Some(Value::Null),
        b't' => Some(Value::Boolean(true)),
        b'f' => Some(Value::Boolean(false)),
        b'"' => serde_json::from_str(raw).ok().map(Value::Text),
        b'-' | b'0'..=b'9' => number(raw),
        _ => None,
    }
}

/// A JSON number without a float in between: an integer stays one, anything else is written out as a plain decimal.
fn number(raw: &str) -> Option<Value> {
    if let Ok(integer) = raw.parse::<i64>() {
        return Some(Value::Integer(integer));
    }
    let (sign, magnitude) = raw.strip_prefix('-').map_or(("", raw), |rest| ("-", rest));
    let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (magnitude, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let shift = usize::try_from(exponent.unsigned_abs()).ok()?;
    if whole.len().checked_add(fraction.len())?.checked_add(shift)? > NUMBER_DIGITS_MAX {
        return None;
    }
    let (whole, fraction) = if exponent >= 0 {
        let fraction = format!("{fraction:0<shift$}");
        let (moved, rest) = fraction.split_at_checked(shift)?;
        (format!("{whole}{moved}"), rest.to_owned())
    } else {
        let whole = format!("{whole:0>shift$}");
        let (rest, moved) = whole.split_at_checked(whole.len().checked_sub(shift)?)?;
        (rest.to_owned(), format!("{moved}{fraction}"))
    };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        trimmed => trimmed,
    };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(Value::Decimal(format!("{sign}{whole}{point}{fraction}")))
}

struct Reader<'p> {
    /// The whole text, which every part is a part of.
    text: &'p str,
    problems: &'p mut Problems,
}

impl Reader<'_> {
    fn node(&mut self, raw: &RawValue, path: &str, depth: usize) -> Option<Node> {
        let is_nested = raw.get().starts_with(['{', '[']);
        if is_nested && depth > CONFIG_DEPTH_MAX {
            let message = format!("nested more than `{CONFIG_DEPTH_MAX}` deep");
            self.problems.add(path, ProblemCode::ConfigTooDeep, message);
            return None;
        }
        match raw.get().as_bytes().first() {
            Some(b'{') => self.object(raw, path, depth),
            Some(b'[') => self.list(raw, path, depth),
            _ => self.scalar(raw, path),
        }
    }

    fn object(&mut self, raw: &RawValue, path: &str, depth: usize) -> Option<Node> {
        let members: Members<&RawValue> = self.level(raw, path)?;
        let mut seen: BTreeMap<String, &RawValue> = BTreeMap::new();
        let mut fields = Vec::with_capacity(members.0.len());
        for (key, value) in members.0 {
            let path = member_path(path, &key);
            if let Some(first) = seen.get(&key) {
                let (first, again) = (self.line(first), self.line(value));
                let message = format!(
                    "the key `{}` stands here twice, in line {first} and in line {again}",
                    key.escape_debug()
                );
                self.problems.add(path, ProblemCode::DuplicateKey, message);
                continue;
            }
            seen.insert(key.clone(), value);
            if let Some(node) = self.node(value, &path, depth + 1) {
                fields.push((key, node));
            }
        }
        Some(Node::Object(fields))
    }

    /// The line of the text in which a part of it begins, from 1.
    fn line(&self, part: &RawValue) -> usize {
        let at = part.get().as_ptr().addr().checked_sub(self.text.as_ptr().addr());
        let before = at.and_then(|at| self.text.get(..at)).unwrap_or_default();
        before.matches('\n').count() + 1
    }

    fn list(&mut self, raw: &RawValue, path: &str, depth: usize) -> Option<Node> {
        let items: Vec<&RawValue> = self.level(raw, path)?;
        let nodes = items
            .into_iter()
            .enumerate()
            .filter_map(|(index, item)| self.node(item, &format!("{path}[{index}]"), depth + 1));
        Some(Node::List(nodes.collect()))
    }

    fn scalar(&mut self, raw: &RawValue, path: &str) -> Option<Node> {
        let value = scalar(raw.get());
        if value.is_none() {
            let (code, message) = if raw.get().starts_with('"') {
                (
                    ProblemCode::InvalidJson,
                    "the text is not well formed: an escape names no character".to_owned(),
                )
            } else {
                let message =
                    format!("the number has more than `{NUMBER_DIGITS_MAX}` digits when written out");
                (ProblemCode::NumberTooLong, message)
            };
            self.problems.add(path, code, message);
        }
        value.map(Node::Scalar)
    }

    /// One level of an object or a list. The syntax was checked as a whole; an escape that is no character was not.
    fn level<'a, T: Deserialize<'a>>(&mut self, raw: &'a RawValue, path: &str) -> Option<T> {
        match serde_json::from_str(raw.get()) {
            Ok(level) => Some(level),
            Err(_) => {
                let message = "a key is not well formed: an escape names no character";
                self.problems.add(path, ProblemCode::InvalidJson, message);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, String> {
        let mut problems = Problems::default();
        let node = parse(text, &mut problems);
        let problems = problems.into_sorted();
        match (node, problems.is_empty()) {
            (Some(node), true) => Ok(node),
            _ => Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        }
    }

    #[test]
    fn numbers_are_kept_exactly() {
        let cases = [
            ("0", Value::Integer(0)),
            ("-7", Value::Integer(-7)),
            ("9223372036854775807", Value::Integer(i64::MAX)),
            ("9223372036854775808", Value::Decimal("9223372036854775808".into())),
            ("0.10", Value::Decimal("0.10".into())),
            ("-0.5", Value::Decimal("-0.5".into())),
            ("0.12345678901234567890123", Value::Decimal("0.12345678901234567890123".into())),
            ("1e3", Value::Decimal("1000".into())),
            ("1.25E1", Value::Decimal("12.5".into())),
            ("12.5e-3", Value::Decimal("0.0125".into())),
            ("125e-2", Value::Decimal("1.25".into())),
        ];
        for (text, value) in cases {
            assert_eq!(read(text), Ok(Node::Scalar(value)), "{text}");
        }
    }

    #[test]
    fn keys_keep_their_order() {
        let Ok(Node::Object(fields)) = read(r#"{"b": 1, "a": {"z": [], "y": null}}"#) else {
            panic!("expected an object");
        };
        assert_eq!(fields.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn what_is_not_one_json_document_is_refused_by_name() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let cases = [
            ("", "INVALID_JSON"),
            ("  \n", "INVALID_JSON"),
            ("{", "INVALID_JSON"),
            ("{\"a\": 1,}", "INVALID_JSON"),
            ("// no\n{}", "INVALID_JSON"),
            ("{\"a\": NaN}", "INVALID_JSON"),
            ("{\"a\": 01}", "INVALID_JSON"),
            ("{\"a\": \"\\ud800\"}", "INVALID_JSON"),
            ("{\"\\ud800\": 1}", "INVALID_JSON"),
            ("\u{feff}{}", "BYTE_ORDER_MARK"),
            ("{} {}", "TRAILING_DATA"),
            ("{}]", "TRAILING_DATA"),
            ("{}\u{a0}", "TRAILING_DATA"),
            ("\u{a0}{}", "INVALID_JSON"),
            ("{\"a\": 1, \"a\": 1}", "DUPLICATE_KEY"),
            ("{\"a\": 1, \"\\u0061\": 1}", "DUPLICATE_KEY"),
            ("{\"a\": 1e400}", "NUMBER_TOO_LONG"),
            ("{\"a\": 1e-99999999999}", "NUMBER_TOO_LONG"),
            (&deep(65), "CONFIG_TOO_DEEP"),
            (&deep(100_000), "CONFIG_TOO_DEEP"),
            (&" ".repeat(CONFIG_BYTES_MAX + 1), "CONFIG_TOO_LARGE"),
        ];
        for (text, code) in cases {
            let found = read(text).unwrap_err();
            assert!(found.starts_with(code), "{found}");
        }
        assert!(read(&deep(64)).is_ok());
    }
}
