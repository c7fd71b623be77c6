//! The page of problem codes, generated so that it cannot fall behind.

use std::fmt::Write as _;

use crate::code::ProblemCode;

/// `docs/reference/bundle-problems.md`.
pub fn problem_reference() -> String {
    let mut page = "# Problems of a handler bundle\n\n\
         What `synapsor validate` says about a bundle, and about what a config grants it. Generated; every problem also\n\
         has a place, a message and, where there is one obvious thing to do, a hint.\n"
        .to_owned();
    for (section, codes) in ProblemCode::SECTIONS {
        // Writing to a string does not fail.
        let _ = write!(page, "\n## {section}\n\n| Code | Means |\n| --- | --- |\n");
        for code in *codes {
            let _ = writeln!(page, "| `{code}` | {} |", code.meaning());
        }
    }
    page
}
