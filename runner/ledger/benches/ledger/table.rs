//! The table of a benchmark: printed as it is measured, and with `--write` put into `docs/reference/measured-ledger.md`.
//!
//! A line of the page is the one whose first cell says the same. What no line says is an error, so that the page and the
//! benchmarks cannot part; the text around the tables is nobody's but the writer's.

use std::path::Path;

/// What was measured so far.
#[derive(Default)]
pub(crate) struct Table {
    lines: Vec<Line>,
}

struct Line {
    what: String,
    measured: String,
    promised: String,
}

impl Table {
    /// An empty table.
    pub(crate) fn new() -> Self {
        println!("{:<58} {:>26} {:>10}", "what", "measured", "promised");
        Self::default()
    }

    /// One line of the table.
    pub(crate) fn line(&mut self, what: &str, measured: &str, promised: &str) {
        println!("{what:<58} {measured:>26} {promised:>10}");
        let [what, measured, promised] = [what, measured, promised].map(str::to_owned);
        self.lines.push(Line { what, measured, promised });
    }

    /// A line that has to be at most so many times something else.
    pub(crate) fn at_most(&mut self, what: &str, ratio: f64, bound: f64) {
        let missed = if ratio <= bound { "" } else { ": **missed**" };
        self.line(what, &format!("{ratio:.2}x"), &format!("{bound:.2}x{missed}"));
    }

    /// What only the one who measures wants to see.
    pub(crate) fn note(what: &str, measured: &str) {
        println!("  {what:<56} {measured:>26}");
    }

    /// Puts the lines into the page, where that was asked for.
    pub(crate) fn end(self) {
        if !std::env::args().any(|word| word == "--write") {
            return;
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/measured-ledger.md");
        let mut page = std::fs::read_to_string(&path).expect("the page is readable");
        for Line { what, measured, promised } in self.lines {
            let begins = format!("| {what} |");
            let old = page.lines().find(|line| line.starts_with(&begins)).expect(&begins).to_owned();
            page = page.replace(&old, &format!("{begins} {measured} | {promised} |"));
        }
        std::fs::write(&path, page).expect("the page is written");
    }
}
