//! Markdown pages. What stood in a row stays text: it cannot become a link, an image, a heading or HTML.

use std::fmt::Write as _;

use super::inert;
use super::page::{Block, Page};

/// The page as Markdown.
pub(crate) fn written(page: &Page) -> String {
    let mut text = format!("# {}\n", escaped(&page.title));
    for block in &page.blocks {
        text.push('\n');
        write(&mut text, block);
    }
    text
}

fn write(text: &mut String, block: &Block) {
    let _ = match block {
        Block::Heading(heading) => writeln!(text, "## {}", escaped(heading)),
        Block::Subheading(heading) => writeln!(text, "### {}", escaped(heading)),
        Block::Paragraph(paragraph) => writeln!(text, "{}", escaped(paragraph)),
        Block::Facts(facts) => {
            facts.iter().try_for_each(|(label, value)| writeln!(text, "- {label}: {}", escaped(value)))
        }
        Block::Table { headers, rows } => {
            let rule = vec!["---"; headers.len()];
            let _ = write!(text, "| {} |\n| {} |\n", headers.join(" | "), rule.join(" | "));
            rows.iter().try_for_each(|row| {
                let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
                writeln!(text, "| {} |", cells.join(" | "))
            })
        }
    };
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
        page.table(&["column", "value"], vec![vec!["note".to_owned(), hostile.to_owned()]]);
        page.table(&["column", "value"], vec![]);
        expect![[r#"
            # Evidence ev_1

            - note: \| x \|\\u{000a}\# no &lt;img src=x&gt; \[a\](http:\//b.c) \`c\` \_d_ \*\*e\*\* \\u{202e}

            | column | value |
            | --- | --- |
            | note | \| x \|\\u{000a}\# no &lt;img src=x&gt; \[a\](http:\//b.c) \`c\` \_d_ \*\*e\*\* \\u{202e} |

            None.
        "#]]
        .assert_eq(&written(&page));
    }
}
