//! What is still to be decided, with the flag that decides it.

use serde::Serialize;

use crate::inspect::Suggestion;

/// One decision that is missing, or an answer that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The table it is about; none where it is about all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What is not known, or does not fit.
    pub what: String,
    /// The flag that answers it.
    pub flag: &'static str,
    /// The form of its value; empty for a flag without one.
    pub form: &'static str,
    /// What could be answered, the surest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
}

/// One possible answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The flag's value.
    pub value: String,
    /// Why.
    pub reason: String,
}

impl From<&Suggestion> for Choice {
    fn from(suggestion: &Suggestion) -> Self {
        Self { value: suggestion.column.clone(), reason: suggestion.reason.clone() }
    }
}

impl Question {
    /// A question about a table; `flag` is the flag that answers it, with the form of its value.
    pub(super) fn of(
        table: Option<&str>,
        (flag, form): (&'static str, &'static str),
        what: impl Into<String>,
    ) -> Self {
        Self { table: table.map(str::to_owned), what: what.into(), flag, form, choices: Vec::new() }
    }

    pub(super) fn suggesting<C: Into<Choice>>(mut self, choices: impl IntoIterator<Item = C>) -> Self {
        self.choices.extend(choices.into_iter().map(Into::into));
        self
    }
}
