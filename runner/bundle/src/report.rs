//! What a validation found.

use serde::Serialize;
use synapsor_handler_host::Limits;
use synapsor_protocol::{Digest, Usage};

use crate::case::Answer;
use crate::problem::Problem;

/// Everything a validation has to say about one bundle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The folder or archive, as it was given.
    pub folder: String,
    /// The handler's name, where the manifest could be read.
    pub name: Option<String>,
    /// The handler's version, likewise.
    pub version: Option<String>,
    /// The component's digest, where there is one.
    pub component_digest: Option<Digest>,
    /// The component's size in bytes, likewise.
    pub component_bytes: Option<u64>,
    /// The cases that ran, in name order. None where the component could not be loaded.
    pub cases: Vec<CaseReport>,
    /// Everything wrong, in the order it was looked at.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }
}

/// How one case went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseReport {
    /// Its file, relative to the bundle's folder.
    pub file: String,
    /// What it shows.
    pub description: String,
    /// Whether the answer was the expected one, twice, with the same fuel.
    pub passed: bool,
    /// What the first run used.
    pub usage: Usage,
    /// How much of its limits that is.
    pub share: Share,
    /// The two answers, where the one that was found is another than the one that was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
}

/// What of its limits a run used, in whole percent, rounded up: 100 is the limit, and 0 is nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Of the fuel.
    pub fuel_percent: u64,
    /// Of the memory.
    pub memory_percent: u64,
    /// Of the answer's size.
    pub output_percent: u64,
    /// Of the time, which differs from run to run.
    pub timeout_percent: u64,
}

impl Share {
    /// What a run used, of the limits it ran with.
    pub(crate) fn of(usage: &Usage, limits: &Limits) -> Self {
        let percent = |used: u64, limit: u64| used.saturating_mul(100).div_ceil(limit.max(1));
        Self {
            fuel_percent: percent(usage.fuel, limits.fuel),
            memory_percent: percent(usage.memory_bytes, limits.memory_bytes),
            output_percent: percent(usage.output_bytes, limits.output_bytes),
            timeout_percent: percent(usage.wall_us, limits.timeout_ms.saturating_mul(1000)),
        }
    }
}

/// Two answers to one call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// What the case says.
    pub expected: Answer,
    /// What the handler says.
    pub found: Answer,
}

impl Difference {
    /// Line by line, `-` what was expected and `+` what was found.
    pub fn lines(&self) -> String {
        let printed = |answer| serde_json::to_string_pretty(answer).unwrap_or_default();
        let (expected, found) = (printed(&self.expected), printed(&self.found));
        let compared = similar::TextDiff::from_lines(expected.as_str(), found.as_str());
        let text = compared.unified_diff().context_radius(3).to_string();
        // The lines that say where: both answers begin at their beginning.
        text.lines().filter(|line| !line.starts_with("@@")).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use synapsor_protocol::Value;

    use super::*;

    #[test]
    fn a_difference_shows_the_lines_that_differ() {
        let answer = |cents| Answer::Change {
            columns: [("late_fee_cents".to_owned(), Value::Integer(cents))].into_iter().collect(),
            summary: None,
        };
        let difference = Difference { expected: answer(0), found: answer(5) };
        expect![[r#"
               "change": {
                 "columns": {
                   "late_fee_cents": {
            -        "integer": 0
            +        "integer": 5
                   }
                 }
               }"#]]
        .assert_eq(&difference.lines());
    }

    #[test]
    fn a_share_is_rounded_up() {
        let limits = Limits { fuel: 1000, ..Limits::default() };
        let share = |fuel| Share::of(&Usage { fuel, ..Usage::default() }, &limits).fuel_percent;
        assert_eq!([0, 1, 10, 11, 1000, 1001].map(share), [0, 1, 1, 2, 100, 101]);
    }
}
