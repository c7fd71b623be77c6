//! The top level, and the order in which everything below it is looked at.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use synapsor_protocol::Value;

use super::names::Names;
use super::rule::{
    optional_boolean, optional_object, optional_text, required_items, required_members, required_word,
};
use super::{
    authentication, capability, cloud, context, executor, handlers, keeping, prompt, rate_limits, source,
};
use crate::code::ProblemCode;
use crate::compiled::DEFAULT_CONTEXT;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

const MODES: &[&str] = &["read_only", "shadow", "review", "cloud"];

pub(super) fn check(root: &Place<'_>, problems: &mut Problems) {
    let names = Names::of(root);
    switches(root, problems);
    keeping::check(root, problems);
    sources(root, &names, problems);
    contexts(root, problems);
    authentication::check(root, problems);
    rate_limits::check(root, problems);
    handlers::check(root, problems);
    executors(root, &names, problems);
    capabilities(root, &names, problems);
    prompt::check(root, problems);
    cloud::check(root, &names, problems);
}

fn switches(root: &Place<'_>, problems: &mut Problems) {
    optional_text(root, "$schema", Form::Prose, ProblemCode::InvalidSchemaReference, problems);
    match root.get("version") {
        Some(version) if version.number() == Some(&Value::Integer(1)) => {}
        Some(version) => {
            problems.unexpected(&version, ProblemCode::UnsupportedConfigVersion, "`1`");
        }
        None => {
            problems.missing(root, "version", ProblemCode::UnsupportedConfigVersion, "`1`");
        }
    }
    required_word(root, "mode", MODES, ProblemCode::InvalidMode, problems);
    optional_boolean(root, "strict", ProblemCode::InvalidStrict, problems);
    if let Some(format) = root.get("result_format")
        && format.positive(2).is_none()
    {
        problems.unexpected(&format, ProblemCode::InvalidResultFormat, "`1` or `2`");
    }
    storage(root, problems);
}

fn storage(root: &Place<'_>, problems: &mut Problems) {
    let Some(storage) = optional_object(root, "storage", ProblemCode::StorageNotObject, problems) else {
        return;
    };
    optional_text(&storage, "sqlite_path", Form::FilePath, ProblemCode::InvalidSqlitePath, problems);
    let code = ProblemCode::InvalidPostgresUrlEnv;
    optional_text(&storage, "postgres_url_env", Form::EnvName, code, problems);
    if storage.get("sqlite_path").is_some()
        && let Some(server) = storage.get("postgres_url_env")
    {
        let message = "expected a file or a server, found both";
        problems.add(server.path(), ProblemCode::StorageAmbiguous, message);
    }
}

fn sources(root: &Place<'_>, names: &Names<'_>, problems: &mut Problems) {
    if names.is_cloud() && root.get("sources").is_none() {
        return;
    }
    let Some(sources) = required_members(root, "sources", ProblemCode::SourcesRequired, problems) else {
        return;
    };
    for (name, place) in sources.members() {
        if !Form::Identifier.accepts(name) {
            let message = format!("the name of a source is {}", Form::Identifier.expected());
            problems.add(place.path(), ProblemCode::UnsafeSourceName, message);
        }
        source::check(&place, problems);
        ledger_apart(root, name, &place, problems);
    }
}

/// The record of what was approved does not live in a database that proposals change, nor behind the credential that
/// changes it.
fn ledger_apart(root: &Place<'_>, name: &str, source: &Place<'_>, problems: &mut Problems) {
    let Some(storage) = root.get("storage") else { return };
    let mut apart = |kept: &str, read: &str, what: &str, same: fn(&str, &str) -> bool| {
        let (Some(kept), Some(read)) = (storage.get(kept), source.get(read)) else { return };
        if let (Some(ledger), Some(found)) = (kept.text(), read.text())
            && same(ledger, found)
        {
            let name = name.escape_debug();
            let message = format!("expected a {what} of the ledger's own, found that of the source `{name}`");
            problems.add(kept.path(), ProblemCode::StorageIsSource, message);
        }
    };
    apart("sqlite_path", "path", "file", same_file);
    apart("postgres_url_env", "read_url_env", "variable", str::eq);
    apart("postgres_url_env", "write_url_env", "variable", str::eq);
}

/// Whether two relative paths are the same as far as their text goes.
fn same_file(left: &str, right: &str) -> bool {
    let parts = |path| Path::new(path).components().filter(|part| *part != Component::CurDir);
    parts(left).eq(parts(right))
}

fn contexts(root: &Place<'_>, problems: &mut Problems) {
    if let Some(default) = root.get(DEFAULT_CONTEXT) {
        context::check(root, &default, problems);
    }
    let Some(contexts) = optional_object(root, "contexts", ProblemCode::ContextsNotObject, problems) else {
        return;
    };
    for (name, place) in contexts.members() {
        if name == DEFAULT_CONTEXT {
            let message = format!("`{DEFAULT_CONTEXT}` is the name of the top-level context");
            problems.add(place.path(), ProblemCode::InvalidContextName, message);
        } else if !Form::Label.accepts(name) {
            let message = format!("the name of a context is {}", Form::Label.expected());
            problems.add(place.path(), ProblemCode::InvalidContextName, message);
        }
        context::check(root, &place, problems);
    }
}

fn executors(root: &Place<'_>, names: &Names<'_>, problems: &mut Problems) {
    let Some(executors) = optional_object(root, "executors", ProblemCode::ExecutorsNotObject, problems)
    else {
        return;
    };
    for (name, place) in executors.members() {
        if !Form::Label.accepts(name) {
            let message = format!("the name of an executor is {}", Form::Label.expected());
            problems.add(place.path(), ProblemCode::InvalidExecutorName, message);
        }
        executor::check(name, &place, names, problems);
    }
}

fn capabilities(root: &Place<'_>, names: &Names<'_>, problems: &mut Problems) {
    if names.is_cloud() && root.get("capabilities").is_none() {
        return;
    }
    let code = ProblemCode::CapabilitiesRequired;
    let Some(capabilities) = required_items(root, "capabilities", code, problems) else {
        return;
    };
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for place in capabilities.items() {
        capability::check(root, &place, names, problems);
        let Some(name_place) = place.get("name") else { continue };
        let Some(name) = name_place.text() else { continue };
        if let Some(known) = seen.insert(name.to_ascii_lowercase(), name) {
            let message = format!("expected a name of its own, found that of `{}`", known.escape_debug());
            problems.add(name_place.path(), ProblemCode::DuplicateCapabilityName, message);
        }
    }
    let needs_default = capabilities.items().any(|place| place.is_object() && place.get("context").is_none());
    if needs_default && !names.has_default_context && !names.is_cloud() {
        let expected = "a context, since at least one capability names none";
        problems
            .missing(root, DEFAULT_CONTEXT, ProblemCode::TrustedContextRequired, expected)
            .hint("`{\"provider\": \"environment\"}` takes both from the environment");
    }
}
