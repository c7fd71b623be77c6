//! What is wrong with a config or a bundle, for people: place, code and message on one line, the hint on the next; then
//! the verdict.

use std::fmt::Display;
use std::path::Path;

use synapsor_config::Severity;

use super::{count, inert, style};

/// A problem of a config.
pub(crate) fn of_config(problem: &synapsor_config::Problem) -> String {
    let code = match problem.severity {
        Severity::Error => style::bad(problem.code),
        Severity::Warning => style::warn(problem.code),
    };
    lines(&problem.path, code, &problem.message, problem.hint.as_deref())
}

/// A problem of a bundle, or between a bundle and what a config grants it.
pub(crate) fn of_bundle(problem: &synapsor_bundle::Problem) -> String {
    lines(&problem.place, style::bad(problem.code), &problem.message, problem.hint.as_deref())
}

fn lines(place: &str, code: impl Display, message: &str, hint: Option<&str>) -> String {
    let hint = hint.map(|hint| format!("\n  {} {}", style::dim("hint:"), inert::text(hint)));
    format!("{} {code}: {}{}", inert::text(place), inert::text(message), hint.unwrap_or_default())
}

/// The last line: valid, or how much is wrong. `found` says what was looked at.
pub(crate) fn verdict(path: &Path, errors: usize, warnings: usize, found: &str) -> String {
    let path = inert::text(&path.display().to_string());
    let word = match errors {
        0 => format!("{} {path}", style::good("valid")),
        _ => format!("{} {path}: {}", style::bad("not valid"), count(errors, "problem")),
    };
    let warnings = if warnings == 0 { String::new() } else { format!(", {}", count(warnings, "warning")) };
    let found = if found.is_empty() { String::new() } else { style::dim(format!("  {found}")) };
    format!("{word}{warnings}{found}")
}
