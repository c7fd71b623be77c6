//! From an inspected database and a person's answers to a first config: everything that is still undecided at once, or a draft.
//!
//! Invariant: what a catalog states (a primary key) is taken; what only a name suggests (a tenant column) is asked, and taken
//! unasked only where the person said so. Invariant: a draft holds names of variables, never a URL.
//! Absent on purpose: writing files and asking at a terminal, which are `cli`'s.

mod answers;
mod cloud;
mod question;
mod change;
mod argument;
mod table;
mod document;
mod draft;
mod capabilities;
mod interview;

pub use answers::{ANSWERS_SCHEMA, Answers, DatabasePlace, NotAnswers, TableAnswers};
pub use cloud::{CloudAnswers, CloudDraft, cloud_draft};
pub use draft::{Draft, FirstCall, HandlerProject, UNPINNED, Variable, draft};
pub use interview::{Interview, Prompt, PromptForm, Reply};
pub use question::{Choice, Question};

#[cfg(test)]
mod tests;
