//! What the trials came to: engine, point, mode, how often, what was said, how often the row changed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use synapsor_protocol::Engine;

/// One trial's result.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) engine: Engine,
    pub(crate) point: String,
    pub(crate) mode: String,
    /// What the broken apply said, and what its repetition said.
    pub(crate) outcome: String,
    /// How often the row changed in all.
    pub(crate) changed: u64,
    /// What is not as it must be.
    pub(crate) wrong: Vec<String>,
}

#[derive(Default)]
struct Cell {
    trials: u64,
    outcomes: BTreeMap<String, u64>,
    changed: BTreeSet<u64>,
}

/// Fills up while trials end.
#[derive(Default)]
pub(crate) struct Table {
    cells: BTreeMap<(String, String, String), Cell>,
    wrong: Vec<String>,
}

impl Table {
    pub(crate) fn add(&mut self, ended: Ended) {
        let Ended { engine, point, mode, outcome, changed, wrong } = ended;
        let place = format!("{engine}, {point}, {mode}");
        self.wrong.extend(wrong.into_iter().map(|what| format!("{place}: {what}")));
        let cell = self.cells.entry((engine.to_string(), point, mode)).or_default();
        cell.trials += 1;
        *cell.outcomes.entry(outcome).or_default() += 1;
        cell.changed.insert(changed);
    }

    /// Takes over what another one holds.
    pub(crate) fn merge(&mut self, other: Self) {
        self.wrong.extend(other.wrong);
        for (place, cell) in other.cells {
            let mine = self.cells.entry(place).or_default();
            mine.trials += cell.trials;
            mine.changed.extend(cell.changed);
            for (outcome, times) in cell.outcomes {
                *mine.outcomes.entry(outcome).or_default() += times;
            }
        }
    }

    pub(crate) fn trials(&self) -> u64 {
        self.cells.values().map(|cell| cell.trials).sum()
    }

    pub(crate) fn trials_at(&self, point: &str) -> u64 {
        self.cells.iter().filter(|(place, _)| place.1 == point).map(|(_, cell)| cell.trials).sum()
    }

    /// Prints the table past the test harness, which keeps what a passing test prints to itself; then fails if anything
    /// was wrong.
    pub(crate) fn finish(self, title: &str) {
        let mut lines =
            vec![["engine", "point", "mode", "trials", "row changed", "said, then"].map(str::to_owned)];
        for ((engine, point, mode), cell) in &self.cells {
            let outcomes: Vec<_> =
                cell.outcomes.iter().map(|(outcome, times)| format!("{times} x {outcome}")).collect();
            let changed: Vec<_> = cell.changed.iter().map(u64::to_string).collect();
            let (trials, changed) = (cell.trials.to_string(), changed.join(" or "));
            lines.push([engine.clone(), point.clone(), mode.clone(), trials, changed, outcomes.join("; ")]);
        }
        let cells = self.cells.len();
        let more = self.cells.values().filter(|cell| cell.changed.iter().any(|changed| *changed > 1)).count();
        let mut out = std::io::stdout().lock();
        let trials = self.trials();
        writeln!(
            out,
            "\n{title}\n\n{}\n\n{trials} trials in {cells} cells, {more} cells above one change\n",
            aligned(&lines)
        )
        .expect("standard output takes a table");
        drop(out);
        assert!(self.wrong.is_empty(), "{} wrong:\n{}", self.wrong.len(), self.wrong.join("\n\n"));
        assert_eq!(more, 0, "a row changed more than once");
    }
}

/// Columns as wide as their widest text.
fn aligned<const WIDTH: usize>(lines: &[[String; WIDTH]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or_default();
    let widths: [usize; WIDTH] = std::array::from_fn(width);
    let padded = |line: &[String; WIDTH]| {
        let cells: Vec<_> = line.iter().zip(widths).map(|(text, width)| format!("{text:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect::<Vec<_>>().join("\n")
}
