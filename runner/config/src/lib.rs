//! synapsor.runner.json: raw text, validated, compiled to capabilities.
//!
//! [`check`] is the whole front door: it reads text and answers with every problem at once and, where none of them is
//! an error, with a [`Config`] in which every name resolves. The rest lists things: the JSON Schema for editors, the
//! page of problem codes, the redacted text for `config show`, and what [`migrate`] takes out of a published config.
//!
//! Invariant: no disk, no environment, no clock. Invariant: a config holds names of secrets, never secrets.
//!
//! Modules in reading order.

mod problem;
mod code;
mod document;
mod form;
mod place;
mod raw;
mod schema;
mod check;
mod compiled;
mod compile;
mod redact;
mod migrate;
mod reference;
mod keys;
pub mod words;

pub use check::{Checked, Error, check};
pub use code::{ProblemCode, Severity};
pub use compiled::*;
pub use form::{CONFIG_BYTES_MAX, CONFIG_DEPTH_MAX, IDENTIFIER_BYTES_MAX};
pub use keys::key_reference;
pub use migrate::{Migration, Step, migrate};
pub use problem::Problem;
pub use redact::redacted;
pub use reference::problem_reference;
pub use schema::json_schema;
