//! A page for people, said once: a title, headings, facts and tables. `markdown` and `html` write it down.
//!
//! Invariant: a page holds plain text alone; whoever writes it down makes it harmless there.

/// A page while it is put together.
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
}

/// A part of a page.
pub(crate) enum Block {
    Heading(String),
    Subheading(String),
    Paragraph(String),
    /// Labels with what they stand for.
    Facts(Vec<(String, String)>),
    Table {
        headers: Vec<String>,
        rows: Vec<Vec<String>>,
    },
}

impl Page {
    /// Starts with a title.
    pub(crate) fn titled(title: impl Into<String>) -> Self {
        Self { title: title.into(), blocks: Vec::new() }
    }

    /// A heading below the title.
    pub(crate) fn heading(&mut self, heading: &str) {
        self.blocks.push(Block::Heading(heading.to_owned()));
    }

    /// A heading below a heading.
    pub(crate) fn subheading(&mut self, heading: &str) {
        self.blocks.push(Block::Subheading(heading.to_owned()));
    }

    /// A paragraph.
    pub(crate) fn paragraph(&mut self, text: &str) {
        self.blocks.push(Block::Paragraph(text.to_owned()));
    }

    /// Labels with what they stand for.
    pub(crate) fn facts(&mut self, facts: &[(&str, String)]) {
        let facts = facts.iter().map(|(label, value)| ((*label).to_owned(), value.clone()));
        self.blocks.push(Block::Facts(facts.collect()));
    }

    /// A table; a sentence where it has no rows.
    pub(crate) fn table(&mut self, headers: &[&str], rows: Vec<Vec<String>>) {
        if rows.is_empty() {
            return self.paragraph("None.");
        }
        let headers = headers.iter().map(|header| (*header).to_owned()).collect();
        self.blocks.push(Block::Table { headers, rows });
    }
}
