//! Markdown pages. What stood in a row stays text: it cannot become a link, an image, a heading or HTML.

use std::fmt::Write as _;

use super::inert;

/// A page while it is written.
pub(crate) struct Page {
    text: String,
}

impl Page {
    /// Starts with a title.
    pub(crate) fn titled(title: &str) -> Self {
        Self { text: format!("# {}\n", escaped(title)) }
    }

    /// A heading below the title.
    pub(crate) fn heading(&mut self, heading: &str) {
        let _ = write!(self.text, "\n## {}\n", escaped(heading));
    }

    /// A heading below a heading.
    pub(crate) fn subheading(&mut self, heading: &str) {
        let _ = write!(self.text, "\n### {}\n", escaped(heading));
    }

    /// A paragraph.
    pub(crate) fn paragraph(&mut self, text: &str) {
        let _ = write!(self.text, "\n{}\n", escaped(text));
    }

    /// Labels with what they stand for.
    pub(crate) fn facts(&mut self, facts: &[(&str, String)]) {
        self.text.push('\n');
        for (label, value) in facts {
            let _ = writeln!(self.text, "- {label}: {}", escaped(value));
        }
    }

    /// A table; a sentence where it has no rows.
    pub(crate) fn table(&mut self, headers: &[&str], rows: &[Vec<String>]) {
        if rows.is_empty() {
            return self.paragraph("None.");
        }
        let rule = vec!["---"; headers.len()];
        let _ = write!(self.text, "\n| {} |\n| {} |\n", headers.join(" | "), rule.join(" | "));
        for row in rows {
            let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
            let _ = writeln!(self.text, "| {} |", cells.join(" | "));
        }
    }

    /// The page.
    pub(crate) fn finished(self) -> String {
        self.text
    }
}

/// The text as text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in inert::text(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            // Inside a word it is no emphasis, and ids are easier to read and search for without a backslash.
            '_' if !escaped.ends_with(char::is_alphanumeric) => escaped.push_str("\\_"),
            c => escaped.push(c),
        }
    }
    // A bare address becomes a link in many readers.
    escaped.replace("://", ":\\//")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn what_a_row_held_stays_text() {
        let mut page = Page::titled("Evidence ev_1");
        let hostile = "| x |\n# no <img src=x> [a](http://b.c) `c` _d_ **e** \u{202e}";
        page.facts(&[("note", hostile.to_owned())]);
        page.table(&["column", "value"], &[vec!["note".to_owned(), hostile.to_owned()]]);
        page.table(&["column", "value"], &[]);
        expect![[r#"
            # Evidence ev_1

            - note: \| x \|\\u{000a}\# no &lt;img src=x&gt; \[a\](http:\//b.c) \`c\` \_d_ \*\*e\*\* \\u{202e}

            | column | value |
            | --- | --- |
            | note | \| x \|\\u{000a}\# no &lt;img src=x&gt; \[a\](http:\//b.c) \`c\` \_d_ \*\*e\*\* \\u{202e} |

            None.
        "#]]
        .assert_eq(&page.finished());
    }
}
