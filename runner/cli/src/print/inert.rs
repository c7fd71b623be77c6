//! Row values and names are hostile text: shown, but never able to steer the terminal or fake another line.

use std::fmt::Write as _;

use synapsor_protocol::Value;

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

/// A value: text in quotes, so that `null` and `"null"` differ on the screen as they do in the database.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::Text(content) | Value::Json(content) => format!("\"{}\"", text(content)),
        Value::Bytes(bytes) => format!("{} bytes, base64 {value}", bytes.len()),
        other => text(&other.to_string()),
    }
}

/// Controls (C0, C1), bidirectional formatting (Unicode UAX #9) and characters without a width of their own.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
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

    #[test]
    fn null_and_the_text_null_differ() {
        assert_ne!(value(&Value::Null), value(&Value::Text("null".into())));
    }
}
