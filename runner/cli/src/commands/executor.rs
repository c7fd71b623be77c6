//! `synapsor executor`: whether the application's executors are there, and having one try again.

mod template;

use serde_json::{Value as Json, json};
use synapsor_protocol::{Code, Kind, Refusal};

use super::confirm::confirm;
use crate::args::{Executor, RetryExecutor};
use crate::exit::Exit;
use crate::next::After;
use crate::print::{self, Report, inert, proposal, style};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(command: Executor, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    match command {
        Executor::Check(wanted) => check(wanted.executor.as_deref(), settings).await,
        Executor::Retry(wanted) => retry(&wanted, settings, json).await,
        Executor::Template(wanted) => template::run(&wanted, settings),
    }
}

/// What one executor came to.
struct Checked {
    name: String,
    refused: Option<Refusal>,
}

async fn check(only: Option<&str>, settings: &Settings) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let names: Vec<String> = match only {
        None => config.executors.keys().cloned().collect(),
        Some(name) if config.executors.contains_key(name) => vec![name.to_owned()],
        Some(name) if config.executors.is_empty() => {
            let message = format!("the config has no `executors`, found `{name}`");
            return Err(Refusal::new(Code::NotFound, message)
                .hint("docs/guides/executors.md shows what one is in the config"));
        }
        Some(name) => {
            let known =
                config.executors.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            return Err(Refusal::new(Code::NotFound, format!("expected one of {known}, found `{name}`")));
        }
    };
    let (ids, clock) = (wiring::ids(), wiring::clock());
    let mut checked = Vec::new();
    for executor in wiring::executors(settings, &config) {
        if names.contains(&executor.name) {
            let refused = executor.check(&*ids, &*clock).await.err();
            checked.push(Checked { name: executor.name, refused });
        }
    }
    let text = match checked.as_slice() {
        [] => "the config has no `executors`".to_owned(),
        some => some.iter().map(described).collect::<Vec<_>>().join("\n"),
    };
    let documents: Vec<Json> = checked.iter().map(document).collect();
    Ok(Report::done(json!({ "executors": documents }), text).exit(exit(&checked)))
}

fn exit(checked: &[Checked]) -> Exit {
    let mut codes = checked.iter().filter_map(|one| one.refused.as_ref()).map(|refused| refused.code);
    match codes.clone().next() {
        None => Exit::Done,
        Some(_) if codes.any(|code| code.kind() == Kind::Failure) => Exit::Unavailable,
        Some(_) => Exit::Refused,
    }
}

fn document(checked: &Checked) -> Json {
    let error = checked.refused.as_ref().map(print::error);
    json!({ "executor": checked.name, "ready": checked.refused.is_none(), "error": error })
}

fn described(checked: &Checked) -> String {
    let name = inert::text(&checked.name);
    let Some(refused) = &checked.refused else { return format!("{} {name}", style::good("ready")) };
    let hint =
        refused.hint.as_deref().map(|hint| format!("\n    {} {}", style::dim("fix"), inert::text(hint)));
    format!(
        "{} {name}\n  {} {}{}",
        style::bad("not ready"),
        style::bad(refused.code),
        inert::text(&refused.message),
        hint.unwrap_or_default()
    )
}

async fn retry(wanted: &RetryExecutor, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let ledger = wiring::ledger(settings, false).await?;
    let id = ledger.resolve(&wanted.reference.proposal).await.map_err(|error| error.refusal())?;
    let stored = ledger.proposal(&id).await.map_err(|error| error.refusal())?;
    if !json {
        print::line(&proposal::sheet(&stored));
    }
    if !wanted.yes {
        confirm("have this tried again")?;
    }
    let actor = settings.actor(wanted.actor.as_deref());
    let reopened = wiring::desk(settings, &config, ledger).reopen(&id, &actor, &wanted.reason).await?;
    let text = format!("\n{} by {}", style::good("approved once more"), inert::text(&actor));
    let after = After::of(&reopened);
    Ok(Report::done(proposal::document(&reopened), text).next(after, id.as_str()))
}
