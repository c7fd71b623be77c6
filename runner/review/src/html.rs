//! Text as markup: escaped, and every character that could steer or hide shown as its code point.
//!
//! Invariant: the only place where markup is made outside the templates. Nothing is marked safe in a template, which a test
//! holds them to.

use std::fmt::{self, Write as _};

use synapsor_protocol::inert::steers;

/// Markup that was made here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Html(String);

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

impl Html {
    pub(crate) fn push(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    /// Other markup inside an element of that name and class, both literals.
    pub(crate) fn wrapped(&self, element: &'static str, class: &'static str) -> Self {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        Self(format!("<{element}{class}>{}</{element}>", self.0))
    }
}

/// Whether a text may be broken into lines where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Many,
    /// Where the line ends are the layout's own, as in indented JSON.
    Laid,
}

/// Longest name or sentence that is shown whole, in characters.
const LINE_CHARS_MAX: usize = 4_096;

/// A name or a sentence, on one line whatever it holds; one that nobody would read to its end is cut and says so.
///
/// For the text of an element. In an attribute stands plain text, which the template escapes.
pub(crate) fn line(text: &str) -> Html {
    let Some((cut, _)) = text.char_indices().nth(LINE_CHARS_MAX) else { return render(text, Lines::One) };
    let (shown, rest) = text.split_at_checked(cut).unwrap_or((text, ""));
    let mut line = render(shown, Lines::One);
    line.push(&render(&format!("… {} more bytes", rest.len()), Lines::One).wrapped("span", "note"));
    line
}

/// An id or a name to be copied, in letters that are told apart.
pub(crate) fn code(text: &str) -> Html {
    line(text).wrapped("code", "")
}

/// A text of several lines: line ends and tabs are marked, and kept.
pub(crate) fn block(text: &str) -> Html {
    render(text, Lines::Many)
}

/// A document that was laid out in lines here.
pub(crate) fn laid(text: &str) -> Html {
    render(text, Lines::Laid)
}

fn render(text: &str, lines: Lines) -> Html {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' if lines == Lines::Laid => html.push('\n'),
            '\n' if lines == Lines::Many => html.push_str("<span class=\"mark\">↵</span>\n"),
            '\t' if lines == Lines::Many => html.push_str("<span class=\"mark\">⇥</span>\t"),
            c if steers(c) => {
                let _ = write!(html, "<span class=\"mark\">U+{:04X}</span>", u32::from(c));
            }
            c => html.push(c),
        }
    }
    Html(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text_and_what_steers_is_a_code_point() {
        let shown = line("<img src=x onerror='alert(1)'>\u{202e}\"\n").to_string();
        assert_eq!(
            shown,
            "&lt;img src=x onerror=&#39;alert(1)&#39;&gt;<span class=\"mark\">U+202E</span>&quot;\
             <span class=\"mark\">U+000A</span>"
        );
        assert_eq!(line("Ærø 合計 🙂").to_string(), "Ærø 合計 🙂");
    }

    #[test]
    fn no_character_that_steers_reaches_the_page() {
        let every = (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| steers(*c));
        for c in every {
            let shown = line(&c.to_string()).to_string();
            assert!(!shown.contains(c), "{:04x}", u32::from(c));
        }
    }

    #[test]
    fn a_line_without_end_is_cut_and_says_so() {
        let shown = line(&"<é>".repeat(400_000)).to_string();
        assert!(shown.len() < 50_000, "{}", shown.len());
        assert!(shown.ends_with("<span class=\"note\">… 1594539 more bytes</span>"));
    }

    #[test]
    fn lines_of_a_block_are_marked_and_kept() {
        assert_eq!(
            block("a\n\tb").to_string(),
            "a<span class=\"mark\">↵</span>\n<span class=\"mark\">⇥</span>\tb"
        );
    }
}
