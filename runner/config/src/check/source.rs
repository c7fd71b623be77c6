//! One source: a server by the names of its variables, or a SQLite file.

use super::rule::{
    optional_boolean, optional_positive, optional_text, optional_word, required_text, required_word,
};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

const ENGINES: &[&str] = &["sqlite", "postgres", "mysql"];

/// The largest statement timeout Postgres takes, in milliseconds.
const STATEMENT_TIMEOUT_MS_MAX: u64 = 2_147_483_647;

pub(super) fn check(source: &Place<'_>, problems: &mut Problems) {
    if !source.is_object() {
        problems.unexpected(source, ProblemCode::SourceNotObject, "an object");
        return;
    }
    match required_word(source, "engine", ENGINES, ProblemCode::InvalidSourceEngine, problems) {
        Some("sqlite") => file(source, problems),
        Some(_) => server(source, problems),
        None => {}
    }
    let timeout = (ProblemCode::InvalidTimeout, STATEMENT_TIMEOUT_MS_MAX);
    optional_positive(source, "statement_timeout_ms", timeout.1, timeout.0, problems);
    if let Some(ssl) = source.get("ssl") {
        let message = "whether a connection is encrypted is what its URL says, and this is not asked";
        problems.add(ssl.path(), ProblemCode::SslIgnored, message).hint(
            "say it in the URL: `sslmode=verify-full` for PostgreSQL, `ssl-mode=VERIFY_IDENTITY` for MySQL",
        );
    }
    optional_boolean(source, "read_only", ProblemCode::InvalidSourceReadOnly, problems);
    optional_word(source, "receipts", &["auto", "precreated"], ProblemCode::InvalidSourceReceipts, problems);
}

fn server(source: &Place<'_>, problems: &mut Problems) {
    let read =
        required_text(source, "read_url_env", Form::EnvName, ProblemCode::ReadUrlEnvRequired, problems);
    let write =
        optional_text(source, "write_url_env", Form::EnvName, ProblemCode::InvalidWriteUrlEnv, problems);
    if let (Some(read), Some(write)) = (read, write)
        && read == write
    {
        let message = format!("reading and writing both use `{read}`");
        problems
            .add(source.path_to("write_url_env"), ProblemCode::SharedCredentialEnv, message)
            .hint("read with a role that can only SELECT");
    }
    if let Some(path) = source.get("path") {
        let message = "expected no `path` on a server source, found one";
        problems.add(path.path(), ProblemCode::SourcePathNotAllowed, message);
    }
}

fn file(source: &Place<'_>, problems: &mut Problems) {
    match source.get("path") {
        Some(path) if path.text_of(Form::FilePath).is_none() => {
            problems.unexpected(&path, ProblemCode::InvalidSourcePath, Form::FilePath.expected());
        }
        Some(_) => {}
        None => {
            problems.missing(source, "path", ProblemCode::SourcePathRequired, Form::FilePath.expected());
        }
    }
    for key in ["read_url_env", "write_url_env"] {
        if let Some(place) = source.get(key) {
            let message = format!("expected no `{key}` on a `sqlite` source, found one");
            problems
                .add(place.path(), ProblemCode::SourceUrlEnvNotAllowed, message)
                .hint("a `sqlite` source has a `path`; `read_only: true` keeps it from being written");
        }
    }
}
