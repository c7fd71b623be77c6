//! A question as a terminal can ask it, and an answer as a terminal gives it.

use super::super::question::Choice;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The table it is about; none where it is about all of them.
    pub table: Option<String>,
    /// The question.
    pub question: String,
    /// What to know first.
    pub help: Option<String>,
    /// What an answer looks like.
    pub form: PromptForm,
}

/// What an answer looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptForm {
    /// One of them; the first one is the default.
    One(Vec<Choice>),
    /// Any of them.
    Several {
        /// What there is.
        choices: Vec<Choice>,
        /// What is chosen to begin with, by place.
        chosen: Vec<usize>,
    },
    /// A line of text.
    Line {
        /// What it is where nothing is typed.
        default: String,
    },
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// One of the choices, by place.
    One(usize),
    /// Some of the choices, by place.
    Several(Vec<usize>),
    /// A line of text.
    Line(String),
}

impl Prompt {
    pub(super) fn one(question: impl Into<String>, choices: Vec<Choice>) -> Self {
        Self { table: None, question: question.into(), help: None, form: PromptForm::One(choices) }
    }

    pub(super) fn several(question: impl Into<String>, choices: Vec<Choice>, chosen: Vec<usize>) -> Self {
        let form = PromptForm::Several { choices, chosen };
        Self { table: None, question: question.into(), help: None, form }
    }

    pub(super) fn line(question: impl Into<String>, default: &str) -> Self {
        let form = PromptForm::Line { default: default.to_owned() };
        Self { table: None, question: question.into(), help: None, form }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(super) fn of(self, table: &str) -> Self {
        Self { table: Some(table.to_owned()), ..self }
    }
}
