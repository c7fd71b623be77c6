//! Row values and names are hostile text: shown, but never able to steer the terminal or fake another line.

use std::fmt::Write as _;

use synapsor_protocol::inert::steers;
use synapsor_protocol::{Value, words};

/// The text with every control, bidirectional and invisible character written as its code point.
pub(crate) fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            let _ = write!(shown, "\\u{{{:04x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A value, harmless: text in quotes.
pub(crate) fn value(value: &Value) -> String {
    text(&words::value(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        for hostile in ["\u{1b}[2J", "a\nb", "\u{202e}cod.exe", "x\u{200b}y", "\r", "\u{9b}31m", "\u{e0041}"]
        {
            let shown = text(hostile);
            assert!(shown.contains("\\u{"), "{shown}");
            assert!(!shown.chars().any(steers), "{shown}");
        }
        assert_eq!(text("Ærø 合計 🙂"), "Ærø 合計 🙂");
    }
}
