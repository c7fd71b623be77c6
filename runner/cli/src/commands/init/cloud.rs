//! `synapsor init --mode cloud`: a first config without a database, for the tools of a hosted service.
//!
//! Invariant: what is said of a database beside it is refused, not passed over. Nothing is sent: whether the service knows this
//! runner is what `cloud connect` and `doctor` ask.

use std::path::Path;

use serde_json::json;
use synapsor_protocol::{Code, Refusal};
use synapsor_setup::init::{CloudAnswers, CloudDraft, cloud_draft};

use super::super::cloud::CONFIG_FILE;
use super::super::confirm::confirm;
use super::files::{self, Wanted};
use crate::args::{CloudFlags, EngineName, Init, InitMode};
use crate::exit::Exit;
use crate::next::{self, After};
use crate::print::{self, Report, count};
use crate::settings::Settings;

/// Whether the flags mean this.
pub(super) fn is_meant(typed: &Init) -> bool {
    typed.runner.mode == Some(InitMode::Cloud)
}

/// Flags of this mode are of no other.
pub(super) fn refuse_elsewhere(typed: &Init) -> Result<(), Refusal> {
    if is_meant(typed) || typed.cloud == CloudFlags::default() {
        return Ok(());
    }
    let message = "a flag about a hosted service was given, and the config would have no part of one";
    Err(Refusal::new(Code::InvalidInput, message).hint("add --mode cloud, or leave the flag out"))
}

pub(super) fn run(typed: &Init, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    refuse_a_database(typed)?;
    let settings = settings.else_named(Path::new(CONFIG_FILE));
    let draft = match cloud_draft(&answers(&typed.cloud)) {
        Ok(draft) => draft,
        Err(questions) => {
            let text = print::draft::undecided(&questions);
            return Ok(Report::done(json!({ "undecided": questions }), text).exit(Exit::Usage));
        }
    };
    if typed.writing.dry_run {
        return Ok(Report::verbatim(draft.text));
    }
    let wanted = Wanted { text: &draft.text, variables: &draft.variables, handlers: &[] };
    let files = files::planned(&wanted, &settings);
    files::refuse_taken(&files, &wanted, &settings, typed.writing.force)?;
    if !json {
        print::line(draft.text.trim_end());
    }
    if !typed.writing.yes {
        confirm(&format!("write {}", count(files.len(), "file")))?;
    }
    let written = files::write(files, &wanted, &settings)?;
    let not_asked = "nothing was sent yet: `cloud connect` asks the service what it would have served";
    let text = print::draft::done(&written, &[], not_asked, &next(&draft, &settings));
    let variables: Vec<&String> = draft.variables.iter().map(|variable| &variable.name).collect();
    Ok(Report::done(json!({ "written": written, "variables": variables }), text))
}

fn answers(typed: &CloudFlags) -> CloudAnswers {
    CloudAnswers {
        adapter: typed.adapter.clone(),
        source_id: typed.source_id.clone(),
        project_id: typed.project_id.clone(),
        base_url_env: typed.base_url_env.clone(),
        runner_token_env: typed.runner_token_env.clone(),
        session: typed.session.clone(),
    }
}

/// The first flag that is about a database or a table, all of them by name.
fn refuse_a_database(typed: &Init) -> Result<(), Refusal> {
    let (runner, tables) = (&typed.runner, &typed.tables);
    let given = [
        ("--from", typed.from.is_some()),
        ("--from-env", typed.from_env.is_some()),
        ("--engine", typed.engine != EngineName::Auto),
        ("--schema", typed.schema.is_some()),
        ("--answers", typed.answers.is_some()),
        ("--accept-suggested", typed.accept_suggested),
        ("--wizard", typed.wizard),
        ("--source-name", runner.source_name.is_some()),
        ("--namespace", runner.namespace.is_some()),
        ("--write-url-env", runner.write_url_env.is_some()),
        ("--tenant-env", runner.tenant_env.is_some()),
        ("--principal-env", runner.principal_env.is_some()),
        ("--dev-tenant", runner.dev_tenant.is_some()),
        ("--dev-principal", runner.dev_principal.is_some()),
        ("--single-tenant-dev", tables.single_tenant_dev),
        ("--weak-guard", tables.weak_guard),
        ("--try-id", typed.writing.try_id.is_some()),
    ];
    let of_tables = tables.lists().into_iter().map(|(flag, values)| (flag, !values.is_empty()));
    let strange: Vec<String> = given
        .into_iter()
        .chain(of_tables)
        .filter(|(_, is_given)| *is_given)
        .map(|(flag, _)| format!("`{flag}`"))
        .collect();
    if strange.is_empty() {
        return Ok(());
    }
    let message =
        format!("with `--mode cloud` no database has a part, and {} is about one", strange.join(", "));
    Err(Refusal::new(Code::InvalidInput, message)
        .hint("leave it out; for whom the runner asks is said with --session NAME=VALUE"))
}

/// The commands a person types next, in their order.
fn next(draft: &CloudDraft, settings: &Settings) -> Vec<String> {
    let mut next = super::exports(&draft.variables, settings);
    let config = settings.config_path.display().to_string();
    let commands = next::commands(After::CloudConfigWritten, &config).into_iter();
    next.extend(commands.map(|command| format!("synapsor {command}")));
    next
}
