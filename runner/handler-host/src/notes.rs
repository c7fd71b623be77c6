//! Text a guest wrote, made safe to keep and to print: no control characters, no more than its limit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::Limits;

/// Cuts to `bytes_max` bytes and escapes every control character, so that a line stays one line on every screen.
pub(crate) fn printable(text: &str, bytes_max: usize) -> String {
    let mut safe = String::with_capacity(text.len().min(bytes_max));
    for c in text.chars() {
        let before = safe.len();
        if c.is_control() || misleads(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
        if safe.len() > bytes_max {
            safe.truncate(before);
            safe.push('…');
            break;
        }
    }
    safe
}

/// The same for text people read, whose limit is in characters.
pub(crate) fn sentence(text: &str, chars_max: usize) -> String {
    let kept = text.char_indices().nth(chars_max).and_then(|(end, _)| text.get(..end));
    match kept {
        None => printable(text, usize::MAX),
        Some(kept) => printable(kept, usize::MAX) + "…",
    }
}

/// Line separators, and the marks that make a reader see another order than the program does.
fn misleads(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The lines of one call. A clone is the same lines: what a guest logs and what it prints are kept in one order.
#[derive(Clone)]
pub(crate) struct Notes(Arc<Mutex<Lines>>);

struct Lines {
    lines: Vec<String>,
    lines_max: usize,
    line_bytes_max: usize,
    dropped: u64,
}

impl Notes {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self(Arc::new(Mutex::new(Lines {
            lines: Vec::new(),
            lines_max: limits.log_lines.try_into().unwrap_or(usize::MAX),
            line_bytes_max: limits.log_line_bytes.try_into().unwrap_or(usize::MAX),
            dropped: 0,
        })))
    }

    pub(crate) fn write(&self, level: &str, message: &str) {
        let mut kept = self.lock();
        if kept.lines.len() < kept.lines_max {
            let line = format!("{level}: {}", printable(message, kept.line_bytes_max));
            kept.lines.push(line);
        } else {
            kept.dropped = kept.dropped.saturating_add(1);
        }
    }

    /// The lines, and a last one that says how many more there were.
    pub(crate) fn into_lines(self) -> Vec<String> {
        let mut kept = self.lock();
        let mut lines = std::mem::take(&mut kept.lines);
        if kept.dropped > 0 {
            lines.push(format!("warn: {} more lines were dropped", kept.dropped));
        }
        lines
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_long_text_is_cut() {
        assert_eq!(printable("a\n\u{1b}[31mb", 100), r"a\u{a}\u{1b}[31mb");
        assert_eq!(printable("\u{202e}x", 100), r"\u{202e}x");
        assert_eq!(printable("naïve", 100), "naïve");
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable("\n\n", 3), "…");
        assert_eq!(sentence("é\nabc", 2), r"é\u{a}…");
        assert_eq!(sentence("é\n", 2), r"é\u{a}");
    }

    #[test]
    fn lines_past_the_limit_are_counted_not_kept() {
        let notes = Notes::new(&Limits { log_lines: 1, ..Limits::default() });
        notes.write("info", "one");
        notes.write("info", "two");
        notes.write("info", "three");
        assert_eq!(notes.into_lines(), ["info: one", "warn: 2 more lines were dropped"]);
    }
}
