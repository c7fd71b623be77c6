//! One executor: an HTTP endpoint or a command of the application.

use synapsor_protocol::SQL_UPDATE;

use super::names::Names;
use super::rule::{
    optional_boolean, optional_object, optional_positive, optional_text, optional_word, required_text,
    required_word,
};
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
    signing_keys(executor, problems);
    optional_boolean(executor, "private_addresses", ProblemCode::InvalidPrivateAddresses, problems);
    environment(executor, problems);
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
        ("next_signing_secret_env", None, ProblemCode::HandlerSigningSecretEnvInvalid),
    ];
    for (key, required_by, code) in variables {
        if kind.is_some() && kind == required_by {
            required_text(executor, key, Form::EnvName, code, problems);
        } else {
            optional_text(executor, key, Form::EnvName, code, problems);
        }
    }
}

/// A key id belongs to a secret, and two secrets have two ids.
fn signing_keys(executor: &Place<'_>, problems: &mut Problems) {
    let code = ProblemCode::InvalidSigningKeyId;
    let pairs =
        [("signing_key_id", "signing_secret_env"), ("next_signing_key_id", "next_signing_secret_env")];
    for (id, secret) in pairs {
        let given = optional_text(executor, id, Form::Label, code, problems).is_some();
        if given && executor.get(secret).is_none() {
            let message = format!("expected `{secret}` beside it, found none");
            problems.add(executor.path_to(id), code, message);
        }
    }
    let has = |key: &str| executor.get(key).is_some();
    if has("next_signing_secret_env") && !has("signing_secret_env") {
        let message = "expected `signing_secret_env` beside it, found none";
        let path = executor.path_to("next_signing_secret_env");
        problems.add(path, ProblemCode::HandlerSigningSecretEnvInvalid, message);
    }
    let text = |key: &str| executor.get(key).and_then(|place| place.text());
    if text("signing_key_id").is_some() && text("signing_key_id") == text("next_signing_key_id") {
        let message = "expected another id than `signing_key_id`, found the same";
        problems.add(executor.path_to("next_signing_key_id"), code, message);
    }
}

fn environment(executor: &Place<'_>, problems: &mut Problems) {
    let code = ProblemCode::InvalidCommandEnvironment;
    let Some(list) = executor.get("environment") else { return };
    if !list.is_list() {
        problems.unexpected(&list, code, "a list");
        return;
    }
    for item in list.items().filter(|item| item.text_of(Form::EnvName).is_none()) {
        problems.unexpected(&item, code, Form::EnvName.expected());
    }
}
