//! One thing wrong with a config: where, which rule, in words, and what to do.

use std::fmt;

use serde::Serialize;

use crate::code::{ProblemCode, Severity};
use crate::place::Place;

/// One thing wrong with a config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where: `$.sources.app.engine`, `$.capabilities[0].args.order_id`.
    pub path: String,
    /// Which rule.
    pub code: ProblemCode,
    /// Whether the config can still be used.
    pub severity: Severity,
    /// What was expected and what was found; never a value that may be a secret.
    pub message: String,
    /// What to do, where there is one obvious thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.path, self.message)
    }
}

/// The problems found so far. The checks only ever add to it.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Adds a problem; the returned slot takes a hint.
    pub(crate) fn add(
        &mut self,
        path: impl Into<String>,
        code: ProblemCode,
        message: impl Into<String>,
    ) -> Hint<'_> {
        let problem = Problem {
            path: path.into(),
            code,
            severity: code.severity(),
            message: message.into(),
            hint: None,
        };
        self.0.push(problem);
        Hint(self.0.last_mut())
    }

    /// Adds "expected …, found …" for what stands at a place.
    pub(crate) fn unexpected(&mut self, place: &Place<'_>, code: ProblemCode, expected: &str) -> Hint<'_> {
        self.add(place.path(), code, format!("expected {expected}, found {}", place.shown()))
    }

    /// Adds "`key` is missing: expected …" for a key an object lacks.
    pub(crate) fn missing(
        &mut self,
        object: &Place<'_>,
        key: &str,
        code: ProblemCode,
        expected: &str,
    ) -> Hint<'_> {
        self.add(object.path_to(key), code, format!("`{key}` is missing: expected {expected}"))
    }

    /// Whether one of them makes the config unusable.
    pub(crate) fn has_errors(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// All of them, errors first, in the order they were found.
    pub(crate) fn into_sorted(mut self) -> Vec<Problem> {
        self.0.sort_by_key(|problem| problem.severity);
        self.0
    }
}

/// Where a problem's hint goes.
pub(crate) struct Hint<'a>(Option<&'a mut Problem>);

impl Hint<'_> {
    /// Says what to do.
    pub(crate) fn hint(self, hint: impl Into<String>) {
        self.maybe(Some(hint.into()));
    }

    /// Says what to do, where that is known.
    pub(crate) fn maybe(self, hint: Option<String>) {
        if let Some(problem) = self.0 {
            problem.hint = hint;
        }
    }
}
