//! Before and after of one column, so that a person sees what differs: numbers aligned at their point with the difference
//! beside them, text by word, everything else whole.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};
use synapsor_ledger::looks_secret;
use synapsor_protocol::{ChangeSet, Value};

use crate::cell::{self, SHOWN_CHARS_MAX};
use crate::html::{self, Html};

/// How long a comparison by word may take; past that, what is left counts as changed, which is never wrong.
const COMPARE_WITHIN: Duration = Duration::from_millis(50);

/// One changed column.
pub(crate) struct Changed {
    pub(crate) column: Html,
    pub(crate) kind: &'static str,
    /// Whether the values are numbers, to be set one under the other.
    pub(crate) number: bool,
    pub(crate) before: Html,
    pub(crate) after: Html,
    /// How much a number moves.
    pub(crate) moves: String,
    /// Whether both are the same, which a patch may say.
    pub(crate) same: bool,
    /// Whether a page shows a part of them only.
    pub(crate) long: bool,
}

/// The changed columns of a change set, in name order.
pub(crate) fn changes(change: &ChangeSet) -> Vec<Changed> {
    change.patch.iter().map(|(name, after)| changed(name, change.before.get(name), after)).collect()
}

fn changed(name: &str, before: Option<&Value>, after: &Value) -> Changed {
    let column = html::line(name);
    let kind = after.type_name();
    let Some(before) = before else {
        let before = cell::note("not recorded");
        return Changed {
            column,
            kind,
            number: false,
            before,
            after: cell::cell(name, after),
            moves: String::new(),
            same: false,
            long: false,
        };
    };
    let kind = if after.is_null() { before.type_name() } else { kind };
    let number = before.as_number().is_some() && after.as_number().is_some();
    let secret = looks_secret(name, before) || looks_secret(name, after);
    let (left, right) = match (before, after) {
        _ if secret => (cell::cell(name, before), cell::cell(name, after)),
        (Value::Text(old), Value::Text(new)) | (Value::Json(old), Value::Json(new)) => words(old, new),
        _ if number => points(before, after),
        _ => (cell::cell(name, before), cell::cell(name, after)),
    };
    Changed {
        column,
        kind,
        number,
        before: left,
        after: right,
        moves: if secret { String::new() } else { difference(before, after) },
        same: before == after,
        long: !secret && (is_long(before) || is_long(after)),
    }
}

fn is_long(value: &Value) -> bool {
    match value {
        Value::Text(text) | Value::Json(text) => !cell::cut(text, SHOWN_CHARS_MAX).1.is_empty(),
        Value::Bytes(bytes) => bytes.len() > SHOWN_CHARS_MAX / 2,
        _ => false,
    }
}

/// `-4500`, `+0.50`; nothing where one of them is no number.
fn difference(before: &Value, after: &Value) -> String {
    let (Some(before), Some(after)) = (before.as_number(), after.as_number()) else { return String::new() };
    let moved = (after - before).to_plain_string();
    match moved.strip_prefix('-') {
        Some(size) => format!("−{size}"),
        None => format!("+{moved}"),
    }
}

/// Two numbers whose points stand one under the other: the shorter fraction is filled up with digits that are there for the
/// eye alone.
fn points(before: &Value, after: &Value) -> (Html, Html) {
    let (before, after) = (before.to_string(), after.to_string());
    let places = |number: &str| number.split_once('.').map_or(0, |(_, fraction)| fraction.len() + 1);
    let (of_before, of_after) = (places(&before), places(&after));
    let filled = |number: &str, missing: usize| {
        let mut shown = html::line(number);
        if missing > 0 {
            shown.push(&html::line(&"0".repeat(missing)).wrapped("span", "filler"));
        }
        shown
    };
    (filled(&before, of_after.saturating_sub(of_before)), filled(&after, of_before.saturating_sub(of_after)))
}

/// Two texts with the words marked that are in one of them only.
fn words(old: &str, new: &str) -> (Html, Html) {
    if old.is_empty() || new.is_empty() || old.trim() != old || new.trim() != new {
        return (cell::excerpt_or_note(old), cell::excerpt_or_note(new));
    }
    let whole = |text: &str| cell::cut(text, SHOWN_CHARS_MAX).1.is_empty();
    if !whole(old) || !whole(new) {
        return from_the_first_difference(old, new);
    }
    let diff = TextDiff::configure().timeout(COMPARE_WITHIN).diff_words(old, new);
    let (mut left, mut right) = (Html::default(), Html::default());
    for change in diff.iter_all_changes() {
        let text = html::block(change.value());
        match change.tag() {
            ChangeTag::Equal => {
                left.push(&text);
                right.push(&text);
            }
            ChangeTag::Delete => left.push(&text.wrapped("del", "")),
            ChangeTag::Insert => right.push(&text.wrapped("ins", "")),
        }
    }
    (left.wrapped("bdi", ""), right.wrapped("bdi", ""))
}

/// Long texts: what they begin with alike is counted, not shown.
fn from_the_first_difference(old: &str, new: &str) -> (Html, Html) {
    let pairs = old.char_indices().zip(new.chars());
    let alike = pairs.take_while(|((_, a), b)| a == b).last().map_or(0, |((at, c), _)| at + c.len_utf8());
    let side = |text: &str| {
        let rest = text.get(alike..).unwrap_or(text);
        let mut shown = Html::default();
        if alike > 0 {
            shown.push(&cell::note(&format!("… {alike} bytes alike …")));
        }
        shown.push(&cell::excerpt_or_note(rest));
        shown
    };
    (side(old), side(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(before: Value, after: Value) -> (String, String, String) {
        let shown = changed("column", Some(&before), &after);
        (shown.before.to_string(), shown.after.to_string(), shown.moves)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn numbers_keep_their_digits_and_stand_point_under_point() {
        let decimal = |text: &str| Value::Decimal(text.to_owned());
        assert_eq!(
            pair(decimal("55.00"), decimal("5")),
            ("55.00".into(), "5<span class=\"filler\">000</span>".into(), "−50.00".into())
        );
        let big = pair(Value::Integer(i64::MAX), decimal("9223372036854775808"));
        assert_eq!(big.2, "+1");
    }

    #[test]
    fn text_is_compared_by_word_and_stays_inert() {
        let (before, after, moves) = pair(text("pay <b>late</b> fee"), text("pay <b>no</b> fee"));
        assert_eq!(before, "<bdi>pay <del>&lt;b&gt;late&lt;/b&gt;</del> fee</bdi>");
        assert_eq!(after, "<bdi>pay <ins>&lt;b&gt;no&lt;/b&gt;</ins> fee</bdi>");
        assert_eq!(moves, "");
    }

    #[test]
    fn a_megabyte_that_differs_at_its_end_shows_its_end() {
        let long = "word ".repeat(200_000);
        let (before, after, _) = pair(text(&format!("{long}old")), text(&format!("{long}new")));
        assert!(before.contains("1000000 bytes alike") && before.contains("old") && before.len() < 1000);
        assert!(after.contains("new"));
    }

    #[test]
    fn null_and_the_text_null_never_look_alike() {
        let (before, after, _) = pair(Value::Null, text("null"));
        assert_ne!(before, after);
    }
}
