//! Pages as HTML that stands alone and can be printed. What stood in a row stays text.
//!
//! Invariant: the template escapes whatever it is given; nothing is marked safe, nothing is loaded from anywhere.

use askama::Template;
use synapsor_protocol::Refusal;

use super::inert;
use super::page::{Block, Page};

#[derive(Template)]
#[template(path = "page.html")]
struct Written<'p> {
    page: &'p Page,
}

/// The page as HTML.
pub(crate) fn written(page: &Page) -> Result<String, Refusal> {
    Written { page }.render().map_err(Refusal::bug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_row_held_stays_text() {
        let hostile = "</td><script>alert(1)</script><img src=x onerror=y>\u{202e}\"'";
        let mut page = Page::titled(hostile);
        page.heading(hostile);
        page.subheading(hostile);
        page.paragraph(hostile);
        page.facts(&[("note", hostile.to_owned())]);
        page.table(&["column"], vec![vec![hostile.to_owned()]]);
        let text = written(&page).expect("rendered");
        assert_eq!(text.matches("&#60;script&#62;").count(), 7, "{text}");
        assert_eq!(text.matches("</td>").count(), 1, "a cell is closed by the template alone: {text}");
        for part in ["<script", "<img", "\u{202e}"] {
            assert!(!text.contains(part), "{part}");
        }
    }
}
