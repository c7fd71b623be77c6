//! The answer "no".

pub use crate::bindings::Refusal;

/// Answers no: `return refuse("NOTHING_TO_WAIVE", "the invoice has no late fee");`
///
/// `code` is stable and for programs: `SCREAMING_SNAKE`, at most 64 characters. `message` is for people, at most 500
/// characters, and shown to the agent as it is.
///
/// # Errors
/// Always; that is its point.
pub fn refuse<T>(code: &str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(refusal(code, message))
}

pub(crate) fn refusal(code: &str, message: impl Into<String>) -> Refusal {
    Refusal { code: code.to_owned(), message: message.into() }
}
