//! The screen a person looks at: how wide it is, how wide a text is on it, and long lines broken between words.

use std::io::IsTerminal;

use textwrap::{Options, WordSeparator, WordSplitter};

/// Where a broken line goes on: under the text beside a label, or a little to the right of a line without one.
const UNDER_TEXT: &str = "            ";
const UNDER_LINE: &str = "  ";

/// The columns of the terminal that a stream is; `None` in a pipe, where lines stay as long as they are.
pub(crate) fn columns(stream: &impl IsTerminal) -> Option<usize> {
    let (width, _) = stream.is_terminal().then(terminal_size::terminal_size)??;
    Some(usize::from(width.0)).filter(|columns| *columns > 0)
}

/// The columns a text takes, its styles aside.
pub(crate) fn width(text: &str) -> usize {
    textwrap::core::display_width(text)
}

/// The text with its long lines broken between words. A word is never broken: an id can always be copied whole.
pub(crate) fn fitted(text: &str, columns: Option<usize>) -> String {
    let Some(columns) = columns else { return text.to_owned() };
    let fit = |line: &str| {
        if width(line) <= columns {
            return line.to_owned();
        }
        let under = if line.starts_with(UNDER_LINE) { UNDER_TEXT } else { UNDER_LINE };
        let options = Options::new(columns)
            .break_words(false)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .subsequent_indent(under);
        textwrap::fill(line, options)
    };
    text.lines().map(fit).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_long_line_goes_on_under_its_text_and_no_word_is_broken() {
        let text = "  guard     updated_at is still what it was, and so is every other column\n\nnext: synapsor apply wrp_570665eee57502fe9b3ee7197fa0049c";
        expect![[r"
              guard     updated_at is still what
                        it was, and so is every
                        other column

            next: synapsor apply
              wrp_570665eee57502fe9b3ee7197fa0049c"]]
        .assert_eq(&fitted(text, Some(36)));
        assert_eq!(fitted(text, None), text);
    }

    #[test]
    fn styles_take_no_room() {
        let styled = crate::print::style::bad("合計 x");
        assert_eq!((width(&styled), fitted(&styled, Some(6))), (6, styled));
    }
}
