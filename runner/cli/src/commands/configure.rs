//! `synapsor mcp config`: what a client has to know to reach this runner, printed, or merged into the client's own file.
//!
//! Invariant: names of environment variables, never their values. Invariant: a file that is not understood is not written.

mod entry;
pub(super) mod file;
mod json;
mod place;
mod toml;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value as Json, json};
use synapsor_config::{Config, Context, Location};
use synapsor_protocol::{Code, Refusal};

use crate::args::{AliasMode, ClientKind, Configure};
use crate::print::document::with;
use crate::print::{Report, diff, inert, style};
use crate::settings::{LedgerName, Settings};

pub(super) use entry::taken;
use entry::{Entry, Reach};
pub(super) use json::lenient;
use place::Format;
pub(super) use place::client_of;

pub(crate) fn run(wanted: &Configure, settings: &Settings) -> Result<Report, Refusal> {
    let entry = Entry { client: wanted.client, name: wanted.name.clone(), reach: reach(wanted, settings)? };
    let format = place::format(wanted.client);
    if !wanted.write {
        return printed(&entry, format);
    }
    let destination = match &wanted.destination {
        Some(path) => {
            std::path::absolute(path).map_err(|error| crate::settings::unreadable("file", path, &error))?
        }
        None => place::usual(wanted.client, &settings.environment)?,
    };
    let existing = file::read(&destination)?;
    let text = match format {
        Format::Json { group } => json::merged(existing.as_deref(), group, &entry)?,
        Format::Toml => toml::merged(existing.as_deref(), &entry)?,
        Format::Python => python_file(existing.as_deref(), &entry)?,
    };
    let before = existing.as_deref().unwrap_or_default();
    let diff = diff::unified(before, &text);
    let backup = if text == before { None } else { file::replace(&destination, existing.is_some(), &text)? };
    Ok(written(&entry, &destination, backup.as_deref(), &diff))
}

/// How the client reaches the runner: a server at a URL, or this program with absolute paths.
fn reach(wanted: &Configure, settings: &Settings) -> Result<Reach, Refusal> {
    if let Some(url) = &wanted.url {
        entry::check_url(url)?;
        entry::check_variable(&wanted.token_env)?;
        return Ok(Reach::Url { url: url.clone(), token_env: wanted.token_env.clone() });
    }
    let config = settings.config()?;
    let absolute = |path: PathBuf| {
        let path = std::path::absolute(&path).map_err(Refusal::bug)?;
        path.into_os_string().into_string().map_err(|_| {
            Refusal::new(Code::InvalidInput, "a path that is not UTF-8 cannot stand in a client's settings")
        })
    };
    let program = std::env::current_exe().map_err(Refusal::bug)?;
    let mut args = ["mcp", "serve", "--config"].map(str::to_owned).to_vec();
    args.push(absolute(settings.config_path.clone())?);
    args.push("--store".to_owned());
    let ledger = settings.ledger()?;
    args.push(match &ledger {
        LedgerName::File(path) => absolute(path.clone())?,
        LedgerName::Variable(_) => ledger.to_string(),
    });
    if wanted.read_only {
        args.push("--read-only".to_owned());
    }
    match wanted.alias_mode {
        AliasMode::Openai => {}
        AliasMode::Canonical => args.extend(["--alias-mode", "canonical"].map(str::to_owned)),
        AliasMode::Both => args.extend(["--alias-mode", "both"].map(str::to_owned)),
    }
    Ok(Reach::Command { program: absolute(program)?, args, environment: variables(&config, &ledger) })
}

/// What the served process reads from its environment. Not what it would write with: it has no use for that.
fn variables(config: &Config, ledger: &LedgerName) -> Vec<String> {
    let mut names = BTreeSet::new();
    if let LedgerName::Variable(name) = ledger {
        names.insert(name.clone());
    }
    if let Some(cloud) = &config.cloud {
        names.extend([cloud.base_url_env.clone(), cloud.runner_token_env.clone()]);
        return names.into_iter().collect();
    }
    for source in config.sources.values() {
        if let Location::Server { read_url_env, .. } = &source.location {
            names.insert(read_url_env.clone());
        }
    }
    for context in config.contexts.values() {
        match context.as_ref() {
            Context::Environment { tenant_id_env, principal_env } => {
                names.extend([tenant_id_env.clone(), principal_env.clone()]);
            }
            Context::StaticDev { tenant_id_env, principal_env, .. } => {
                names.extend(tenant_id_env.iter().chain(principal_env).cloned());
            }
            _ => {}
        }
    }
    names.into_iter().collect()
}

/// What a client that starts the runner itself is told, as `mcp config` prints it.
pub(super) fn snippet(client: ClientKind, settings: &Settings) -> Result<String, Refusal> {
    let wanted = Configure::usual(client);
    let entry = Entry { client, name: wanted.name.clone(), reach: reach(&wanted, settings)? };
    text(&entry, place::format(client))
}

fn text(entry: &Entry, format: Format) -> Result<String, Refusal> {
    Ok(match format {
        Format::Json { group } => crate::print::pretty(&json!({ group: { &entry.name: entry.document()? } })),
        Format::Toml => toml::merged(None, entry)?,
        Format::Python => entry::python(entry),
    })
}

fn printed(entry: &Entry, format: Format) -> Result<Report, Refusal> {
    let text = text(entry, format)?;
    for note in entry.notes() {
        crate::print::note(&format!("{} {note}", style::dim("note:")));
    }
    Ok(Report::done(with(document(entry), [("snippet", json!(text))]), text))
}

fn written(
    entry: &Entry,
    destination: &std::path::Path,
    backup: Option<&std::path::Path>,
    diff: &str,
) -> Report {
    let shown = |path: &std::path::Path| inert::text(&path.display().to_string());
    let mut lines = Vec::new();
    if diff.is_empty() {
        lines.push(format!("`{}` has this already; nothing was written", shown(destination)));
    } else {
        lines.push(diff.trim_end().lines().map(inert::text).collect::<Vec<_>>().join("\n"));
        lines.push(format!("wrote `{}`", shown(destination)));
    }
    if let Some(backup) = backup {
        lines.push(format!("the file as it was: `{}`", shown(backup)));
    }
    lines.extend(entry.notes().into_iter().map(|note| format!("{} {note}", style::dim("note:"))));
    let document = with(
        document(entry),
        [
            ("destination", json!(destination)),
            ("backup", json!(backup)),
            ("changed", json!(!diff.is_empty())),
            ("diff", json!(diff)),
        ],
    );
    Report::done(document, lines.join("\n"))
}

fn document(entry: &Entry) -> Json {
    json!({ "client": entry.client.as_str(), "name": entry.name, "environment": entry.variables() })
}

/// A program of one's own is not merged into.
fn python_file(existing: Option<&str>, entry: &Entry) -> Result<String, Refusal> {
    let text = entry::python(entry);
    match existing {
        Some(other) if other != text => Err(Refusal::new(
            Code::InvalidInput,
            "the file is there already, and a program cannot be merged into",
        )
        .hint("name a new file, or print the snippet and take from it what you need")),
        _ => Ok(text),
    }
}
