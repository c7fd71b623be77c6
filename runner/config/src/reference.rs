//! The page that lists every problem code, generated.

use std::fmt::Write as _;

use crate::code::{ProblemCode, Severity};

const OPENING: &str = "\
# Config problems

Every code `synapsor validate` can answer with about a `synapsor.runner.json`. All problems are reported at once, each
with the path of the key it is about. An error makes the config unusable; a warning does not.
A code is never renamed or reused. This page is generated from `runner/config/src/code.rs`.
";

/// `docs/reference/config-problems.md`.
pub fn problem_reference() -> String {
    let mut page = OPENING.to_owned();
    for (section, codes) in ProblemCode::SECTIONS {
        // Writing to a `String` cannot fail.
        let _ = write!(page, "\n## {section}\n\n| Code | Severity | Means |\n| --- | --- | --- |\n");
        for code in *codes {
            let severity = match code.severity() {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let _ = writeln!(page, "| `{code}` | {severity} | {} |", code.meaning());
        }
    }
    page
}
