//! Refuses to record what looks like a secret: passwords, tokens, keys, connection strings, wherever they came from.
//!
//! Invariant: an error names the field, never the value.
//! A name alone condemns only what could hold a secret: `password_changed_at` is a time and `token_count` a number.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use synapsor_protocol::{
    CandidateEnding, CandidateRun, ChangeSet, Columns, EvidenceBundle, HumanAction, RecordedRead, Value,
};

use crate::error::Error;
use crate::rule::Rule;

const SECRET_WORDS: &str = "password|passwd|passphrase|pwd|secret|jwt|token|api[_-]?key|access[_-]?key|private[_-]?key|cookie|\
                            credential|connection[_-]?string|database[_-]?url|read[_-]?url|write[_-]?url";

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

/// A secret's word anywhere in a name, set off by `_` or `-`.
static SECRET_NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!("(?i)(?:^|[_-])(?:{SECRET_WORDS})s?(?:$|[_-])")));

/// An ending that says a name is about a secret and does not hold one: `token_type`, `cookie_consent`.
static ABOUT_SECRET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)[_-](?:count|type|kind|policy|status|state|expires|expiry|length|limit|usage|used|required|enabled|changed|consent|name|label|version)$",
    )
});

/// Where a new word begins in a name such as `accessToken`.
static NEW_WORD: LazyLock<Regex> = LazyLock::new(|| pattern("([a-z0-9])([A-Z])"));

/// A secret's word at the end: `reset_token` is one even as a number, `token_count` is not.
static SECRET_NAME_END: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!("(?i)(?:^|[_-])(?:{SECRET_WORDS})$")));

/// Text that is a secret under any name.
static SECRET_TEXT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:postgres(?:ql)?|mysql|mariadb)://|\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]+@|\bgh[pousr]_[A-Za-z0-9]{30,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bAKIA[A-Z0-9]{16}\b|\bsk_live_[A-Za-z0-9]{10,}|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.|\bBearer\s+[A-Za-z0-9._~+/=-]{8,}|\bsyn_wbr_[A-Za-z0-9_-]+|-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----",
    )
});

/// Refuses evidence that holds a secret.
pub(crate) fn refuse_in_evidence(evidence: &EvidenceBundle) -> Result<(), Error> {
    in_value("key", &evidence.key)?;
    in_columns(&evidence.row)?;
    in_columns(&evidence.arguments)?;
    evidence.handler.iter().try_for_each(|handler| in_columns(&handler.settings))?;
    for read in &evidence.reads {
        match read {
            RecordedRead::Get { key, row, .. } => {
                in_value("key", key)?;
                row.iter().try_for_each(in_columns)?;
            }
            RecordedRead::Find { filters, rows, .. } => {
                in_columns(filters)?;
                rows.iter().try_for_each(in_columns)?;
            }
        }
    }
    evidence.log.iter().try_for_each(|line| refuse_in_text("log", line))
}

/// Refuses a change set that holds a secret.
pub(crate) fn refuse_in_change_set(change_set: &ChangeSet) -> Result<(), Error> {
    in_value("key", &change_set.target.key)?;
    for columns in [&change_set.before, &change_set.patch, &change_set.after] {
        in_columns(columns)?;
    }
    change_set.summary.iter().try_for_each(|summary| refuse_in_text("summary", summary))
}

/// Refuses a person's action that holds a secret.
pub(crate) fn refuse_in_human_action(action: &HumanAction) -> Result<(), Error> {
    in_columns(&action.columns)?;
    action.notes.iter().try_for_each(|notes| refuse_in_text("notes", notes))
}

/// Refuses a candidate's answer that holds a secret.
pub(crate) fn refuse_in_candidate_run(run: &CandidateRun) -> Result<(), Error> {
    let CandidateEnding::Proposed { patch, summary } = &run.ending else { return Ok(()) };
    in_columns(patch)?;
    summary.iter().try_for_each(|summary| refuse_in_text("summary", summary))
}

/// Refuses a text that holds a secret; `name` is the field it would be stored in.
pub(crate) fn refuse_in_text(name: &str, text: &str) -> Result<(), Error> {
    if SECRET_TEXT.is_match(text) { Err(refused(name)) } else { Ok(()) }
}

/// Whether a value under that name looks like a secret. What is recorded never does; what somebody put into the file may.
pub fn looks_secret(name: &str, value: &Value) -> bool {
    name_condemns(name, value) || in_value(name, value).is_err()
}

/// Takes out of a document what looks like a secret, by name or by content.
pub fn redact(document: &mut serde_json::Value) {
    match document {
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                if SECRET_NAME.is_match(name) && !field.is_null() && !field.is_boolean() {
                    *field = REDACTED.into();
                } else {
                    redact(field);
                }
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(redact),
        serde_json::Value::String(text) if SECRET_TEXT.is_match(text) => *document = REDACTED.into(),
        _ => {}
    }
}

fn in_columns(columns: &Columns) -> Result<(), Error> {
    for (name, value) in columns {
        if name_condemns(name, value) {
            return Err(refused(name));
        }
        in_value(name, value)?;
    }
    Ok(())
}

fn name_condemns(name: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Boolean(_) | Value::Date(_) | Value::Timestamp(_) => false,
        Value::Integer(_) | Value::Decimal(_) => is_secret_number(name),
        Value::Text(_) | Value::Bytes(_) | Value::Uuid(_) | Value::Json(_) => is_secret_text(name),
    }
}

/// Whether a number under this name is a secret.
fn is_secret_number(name: &str) -> bool {
    SECRET_NAME_END.is_match(&in_words(name))
}

/// Whether anything written under this name is a secret.
fn is_secret_text(name: &str) -> bool {
    let name = in_words(name);
    SECRET_NAME.is_match(&name) && !ABOUT_SECRET.is_match(&name)
}

/// `accessToken` as `access_Token`.
fn in_words(name: &str) -> Cow<'_, str> {
    NEW_WORD.replace_all(name, "${1}_${2}")
}

fn in_value(name: &str, value: &Value) -> Result<(), Error> {
    match value {
        Value::Text(text) => refuse_in_text(name, text),
        Value::Json(text) => {
            refuse_in_text(name, text)?;
            match serde_json::from_str(text) {
                Ok(tree) => in_json(name, &tree),
                // JSON this reader does not take has been searched as text.
                Err(_) => Ok(()),
            }
        }
        Value::Bytes(bytes) => refuse_in_text(name, &String::from_utf8_lossy(bytes)),
        _ => Ok(()),
    }
}

fn in_json(column: &str, tree: &serde_json::Value) -> Result<(), Error> {
    match tree {
        serde_json::Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
            let condemned = match field {
                serde_json::Value::Null | serde_json::Value::Bool(_) => false,
                serde_json::Value::Number(_) => is_secret_number(name),
                _ => is_secret_text(name),
            };
            if condemned { Err(refused(&format!("{column}.{name}"))) } else { in_json(column, field) }
        }),
        serde_json::Value::Array(items) => items.iter().try_for_each(|item| in_json(column, item)),
        // Escapes are undone here, so `Bearer\u0020…` is found too.
        serde_json::Value::String(text) => refuse_in_text(column, text),
        _ => Ok(()),
    }
}

fn refused(name: &str) -> Error {
    Rule::Secret { place: name.to_owned() }.into()
}

#[expect(clippy::expect_used, reason = "the patterns are literals, and a test compiles each of them")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a literal pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, value: Value) -> bool {
        let refused = in_columns(&Columns::from([(name.to_owned(), value.clone())])).is_err();
        assert_eq!(looks_secret(name, &value), refused, "{name}");
        refused
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn a_name_that_says_secret_is_refused_with_any_text_under_it() {
        for name in [
            "password",
            "user_password",
            "API-KEY",
            "apikey",
            "access_key_id",
            "private_key",
            "cookie",
            "secret",
            "reset_token",
            "token",
            "credentials",
            "connection_string",
            "DATABASE_URL",
            "read-url",
            "session_tokens",
            "accessToken",
            "clientSecret",
            "userPassword",
            "dbPwd",
            "passphrase",
            "id_jwt",
            "x-api-key",
            "AWS_SECRET_ACCESS_KEY",
            "password_name_hash_secret",
        ] {
            assert!(refused(name, text("x")), "{name}");
        }
    }

    #[test]
    fn names_that_only_sound_alike_are_kept() {
        for name in [
            "primary_key",
            "foreign_key",
            "key",
            "secretary",
            "tokenizer",
            "passwordless",
            "monkey",
            "credential2",
            "url",
            "website_url",
            "keyboard",
            "key_account",
            "keywords",
            "token_count",
            "token_type",
            "tokenType",
            "cookie_consent",
            "password_status",
            "password_policy",
            "secret_name",
            "passenger",
            "compass",
            "bypass_word",
            "cookies_enabled",
        ] {
            assert!(!refused(name, text("x")), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_a_secret_is_kept_under_any_name() {
        assert!(!refused("password_changed_at", Value::Timestamp("2026-01-01T00:00:00.000000".into())));
        assert!(!refused("password_expired", Value::Boolean(true)));
        assert!(!refused("password", Value::Null));
        assert!(!refused("token_count", Value::Integer(12)));
        assert!(refused("password", Value::Integer(1234)));
        assert!(refused("reset_token", Value::Integer(123_456)));
    }

    #[test]
    fn a_secret_is_found_under_an_innocent_name_and_inside_json_and_bytes() {
        for value in [
            text("see postgres://u:p@host/db"),
            text("MYSQL://host/db"),
            text("Authorization: Bearer abcdefgh.ijkl"),
            text("syn_wbr_0123abcd"),
            text("-----BEGIN RSA PRIVATE KEY-----\nAAAA"),
            text("redis://default:hunter2@cache:6379"),
            text("clone https://me:hunter2@git.example.com/x.git"),
            text("ghp_0123456789abcdefghijABCDEFGHIJ456789"),
            text("xoxb-123456789012-abcdefABCDEF"),
            text("key AKIAIOSFODNN7EXAMPLE in the mail"),
            text("sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
            text("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln"),
            Value::Bytes(b"-----BEGIN PRIVATE KEY-----".to_vec()),
            Value::Json(r#"{"a":[{"api_key":"x"}]}"#.into()),
            Value::Json(r#"{"passwords":["x"]}"#.into()),
            Value::Json(r#"{"a":"Bearer\u0020abcdefgh"}"#.into()),
        ] {
            assert!(refused("note", value.clone()), "{value:?}");
        }
    }

    #[test]
    fn what_looks_like_a_secret_is_taken_out_of_a_document() {
        let mut document = serde_json::json!({
            "api_key": "hunter2", "note": ["see postgres://u:p@host/db", "kept"], "primary_key": "id", "token": null
        });
        redact(&mut document);
        let expected = serde_json::json!({
            "api_key": REDACTED, "note": [REDACTED, "kept"], "primary_key": "id", "token": null
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn ordinary_text_is_kept() {
        for value in [
            text("the bearer of this note"),
            text("we moved from postgres to mysql"),
            text("https://example.com/orders"),
            text("https://example.com:8443/a@b"),
            text("mail me: ada@example.com, 12:30"),
            text("ghp_ is how a GitHub token begins"),
            Value::Json(r#"{"primary_key":"id","token_count":3,"password":null}"#.into()),
        ] {
            assert!(!refused("note", value.clone()), "{value:?}");
        }
    }

    #[test]
    fn the_answer_names_the_field_and_not_the_value() {
        let error = in_columns(&Columns::from([("api_key".into(), text("hunter2"))])).expect_err("refused");
        assert_eq!(error.to_string(), "`api_key` holds what looks like a secret and is not recorded");
    }
}
