//! Everything wrong at once: the checks on the document, and a compiled config where none of them failed.

pub(crate) mod forbidden;
mod unknown;
mod rule;
mod names;
mod top;
mod handlers;
mod source;
mod context;
mod authentication;
mod prompt;
mod rate_limits;
mod keeping;
mod executor;
mod capability;
mod target;
mod argument;
mod guard;
mod acknowledgement;
mod patch;
mod redact;
mod bounds;
mod transition;
pub(crate) mod handler;
mod reads;
mod cloud;

use synapsor_protocol::{Code, Refusal};

use crate::code::{ProblemCode, Severity};
use crate::compile::compile;
use crate::compiled::Config;
use crate::document::parse;
use crate::place::Place;
use crate::problem::{Problem, Problems};

/// What came of reading a config.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The config, where no problem is an error.
    pub config: Option<Config>,
    /// Everything found, errors first.
    pub problems: Vec<Problem>,
}

/// A config that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// At least one problem is an error.
    #[error("expected a valid config, found `{errors}` error(s); the first is `{}` at `{}`", first.code, first.path)]
    Invalid {
        /// How many errors there are.
        errors: usize,
        /// The first of them.
        first: Box<Problem>,
    },
}

impl Error {
    /// As the answer of a room.
    pub fn refusal(&self) -> Refusal {
        Refusal::new(Code::ConfigInvalid, self.to_string()).hint("`synapsor validate` lists every problem")
    }
}

impl Checked {
    /// The config.
    ///
    /// # Errors
    /// When a problem is an error.
    pub fn into_config(self) -> Result<Config, Error> {
        let errors = self.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        match (self.config, self.problems.into_iter().next()) {
            (Some(config), _) => Ok(config),
            (None, Some(first)) => Err(Error::Invalid { errors, first: Box::new(first) }),
            (None, None) => Err(Error::Invalid { errors, first: Box::new(unreadable()) }),
        }
    }
}

/// Reads a config. Touches neither disk nor environment: paths and variables are checked for their form only.
pub fn check(text: &str) -> Checked {
    let mut problems = Problems::default();
    if let Some(node) = parse(text, &mut problems) {
        look_everywhere(&Place::root(&node), &mut problems);
    }
    if problems.has_errors() {
        return Checked { config: None, problems: problems.into_sorted() };
    }
    let config = compile(text);
    if config.is_none() {
        let Problem { path, code, message, .. } = unreadable();
        problems.add(path, code, message);
    }
    Checked { config, problems: problems.into_sorted() }
}

fn look_everywhere(root: &Place<'_>, problems: &mut Problems) {
    if !root.is_object() {
        problems.unexpected(root, ProblemCode::ConfigNotObject, "an object");
        return;
    }
    forbidden::check(root, problems);
    let is_strict = root.get("strict").and_then(|strict| strict.boolean()).unwrap_or(true);
    if is_strict {
        unknown::check(root, problems);
    }
    top::check(root, problems);
}

/// The checks let something through that the raw types refuse: our own mistake, and never a panic.
pub(crate) fn unreadable() -> Problem {
    Problem {
        path: "$".to_owned(),
        code: ProblemCode::ConfigUnreadable,
        severity: ProblemCode::ConfigUnreadable.severity(),
        message: ProblemCode::ConfigUnreadable.meaning().to_owned(),
        hint: None,
    }
}
