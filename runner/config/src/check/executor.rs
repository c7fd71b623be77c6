//! One executor: an HTTP endpoint or a command of the application.

use super::names::Names;
use super::rule::{
    optional_object, optional_positive, optional_text, optional_word, required_text, required_word,
};
use super::top::SQL_UPDATE;
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

const METHODS: &[&str] = &["POST", "PUT", "PATCH"];

/// The longest an executor may take, in milliseconds: an hour.
const TIMEOUT_MS_MAX: u64 = 3_600_000;

pub(super) fn check(name: &str, executor: &Place<'_>, names: &Names<'_>, problems: &mut Problems) {
    if !executor.is_object() {
        problems.unexpected(executor, ProblemCode::ExecutorNotObject, "an object");
        return;
    }
    // The built-in one may be spelled out, under its own name only.
    let types: &[&str] =
        if name == SQL_UPDATE { &[SQL_UPDATE] } else { &["http_handler", "command_handler"] };
    let kind = required_word(executor, "type", types, ProblemCode::InvalidExecutorType, problems);
    let is_handler = kind.is_some_and(|kind| kind != SQL_UPDATE);
    if is_handler && names.mode == Some("read_only") {
        let message = "expected no executor with `mode: read_only`, found one";
        problems.add(executor.path(), ProblemCode::ExecutorInvalidInReadOnly, message);
    }
    env_names(executor, kind, problems);
    optional_word(executor, "method", METHODS, ProblemCode::InvalidHandlerMethod, problems);
    optional_positive(executor, "timeout_ms", TIMEOUT_MS_MAX, ProblemCode::InvalidHandlerTimeout, problems);
    if let Some(auth) = optional_object(executor, "auth", ProblemCode::ExecutorAuthNotObject, problems) {
        required_word(&auth, "type", &["bearer_env"], ProblemCode::InvalidExecutorAuth, problems);
        required_text(&auth, "token_env", Form::EnvName, ProblemCode::ExecutorTokenEnvRequired, problems);
    }
}

fn env_names(executor: &Place<'_>, kind: Option<&str>, problems: &mut Problems) {
    let variables = [
        ("url_env", Some("http_handler"), ProblemCode::HandlerUrlEnvRequired),
        ("command_env", Some("command_handler"), ProblemCode::CommandEnvRequired),
        ("signing_secret_env", None, ProblemCode::HandlerSigningSecretEnvInvalid),
    ];
    for (key, required_by, code) in variables {
        if kind.is_some() && kind == required_by {
            required_text(executor, key, Form::EnvName, code, problems);
        } else {
            optional_text(executor, key, Form::EnvName, code, problems);
        }
    }
}
