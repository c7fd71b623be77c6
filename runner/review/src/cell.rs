//! One database value on a page: exact, inert, told apart from every other kind of value, and never longer than one can read.

use synapsor_ledger::{REDACTED, looks_secret};
use synapsor_protocol::{Columns, Value};

use crate::html::{self, Html};

/// How much of a long value a page shows, in characters; the raw view has the rest.
pub(crate) const SHOWN_CHARS_MAX: usize = 4_096;

/// A name beside a value.
pub(crate) struct Named {
    pub(crate) name: Html,
    pub(crate) kind: &'static str,
    pub(crate) value: Html,
}

/// Columns in name order.
pub(crate) fn columns(columns: &Columns) -> Vec<Named> {
    let named = |(name, value): (&String, &Value)| Named {
        name: html::line(name),
        kind: value.type_name(),
        value: cell(name, value),
    };
    columns.iter().map(named).collect()
}

/// The value of a column of that name.
pub(crate) fn cell(name: &str, value: &Value) -> Html {
    if looks_secret(name, value) {
        return note(REDACTED);
    }
    match value {
        Value::Null => note("null"),
        Value::Text(text) | Value::Json(text) => excerpt_or_note(text),
        Value::Bytes(bytes) => {
            let mut shown = note(&format!("{} bytes", bytes.len()));
            shown.push(&html::line(" "));
            shown.push(&excerpt(&value.to_string()));
            shown
        }
        other => html::line(&other.to_string()),
    }
}

/// What is said about a value in place of the value.
pub(crate) fn note(words: &str) -> Html {
    html::line(words).wrapped("span", "note")
}

/// A text, or that it is empty.
pub(crate) fn excerpt_or_note(text: &str) -> Html {
    if text.is_empty() { note("empty text") } else { excerpt(text) }
}

/// A text, blanks at its ends marked, cut where nobody reads on.
fn excerpt(text: &str) -> Html {
    let (start, rest) = cut(text, SHOWN_CHARS_MAX);
    let mut shown = ends_marked(start, rest.is_empty());
    if !rest.is_empty() {
        let more = format!("… {} more bytes of {}", rest.len(), text.len());
        shown.push(&note(&more));
    }
    shown.wrapped("bdi", "")
}

/// A blank at an end of a text is part of the value, and nobody sees it.
fn ends_marked(text: &str, whole: bool) -> Html {
    let from_left = text.trim_start_matches(' ');
    let inner = if whole { from_left.trim_end_matches(' ') } else { from_left };
    let before = text.len() - from_left.len();
    let after = from_left.len() - inner.len();
    let mut shown = blanks(before);
    shown.push(&html::block(inner));
    shown.push(&blanks(after));
    shown
}

fn blanks(count: usize) -> Html {
    if count == 0 { Html::default() } else { html::line(&"␣".repeat(count)).wrapped("span", "mark") }
}

/// The first characters, and the rest.
pub(crate) fn cut(text: &str, chars_max: usize) -> (&str, &str) {
    let at = text.char_indices().nth(chars_max).map_or(text.len(), |(at, _)| at);
    text.split_at_checked(at).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: Value) -> String {
        cell("note", &value).to_string()
    }

    #[test]
    fn kinds_that_print_alike_look_different() {
        let text = |text: &str| Value::Text(text.to_owned());
        let all = [
            Value::Null,
            text("null"),
            text(""),
            text("empty text"),
            text(" "),
            text("[redacted]"),
            text("Bearer abcdefgh.ijkl"),
        ];
        let shown: std::collections::BTreeSet<String> = all.into_iter().map(shown).collect();
        assert_eq!(shown.len(), 7, "{shown:?}");
    }

    #[test]
    fn a_megabyte_is_cut_and_says_so() {
        let shown = shown(Value::Text("é".repeat(1 << 20)));
        assert!(shown.len() < 3 * SHOWN_CHARS_MAX, "{}", shown.len());
        assert!(shown.contains("more bytes of 2097152"));
    }

    #[test]
    fn a_secret_in_an_edited_file_is_not_shown() {
        assert!(cell("api_key", &Value::Text("hunter2".into())).to_string().contains(REDACTED));
    }
}
