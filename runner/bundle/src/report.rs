//! What a validation found.

use serde::Serialize;
use synapsor_protocol::{Digest, Share, Usage};

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
}
