//! `synapsor init` and `onboard db`: from a database to a first config, its neighbours, and a first call.
//!
//! Invariant: nothing is written before a person has seen what a model would get, and no file that is there is replaced
//! without `--force`, which keeps it beside.

mod answers;
mod cloud;
mod files;
mod first_call;
mod wizard;

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use synapsor_protocol::{Code, Refusal};
use synapsor_setup::boundary::boundary;
use synapsor_setup::init::{Answers, DatabasePlace, Draft, Variable, draft};

pub(crate) use files::Written;

use files::Wanted;

use super::confirm::confirm;
use super::database::{self, Wanted as WantedDatabase};
use crate::args::{Doctor, Init};
use crate::env;
use crate::exit::Exit;
use crate::next::{self, After};
use crate::print::document::with;
use crate::print::{self, Report, count, progress};
use crate::settings::Settings;
use crate::wiring;

/// How long the database may take to tell its catalogs.
const TIMEOUT_MS: u64 = 10_000;

/// What there is before anything was said: nothing, or a recipe.
#[derive(Default)]
pub(crate) struct Base {
    pub(crate) answers: Answers,
    /// The files of the handler's project.
    pub(crate) rule: Vec<(PathBuf, String)>,
}

pub(crate) async fn run(typed: &Init, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    from_base(Base::default(), typed, settings, json).await
}

/// The same, with something to begin with.
pub(crate) async fn from_base(
    base: Base,
    typed: &Init,
    settings: &Settings,
    json: bool,
) -> Result<Report, Refusal> {
    let Base { answers, rule } = base;
    cloud::refuse_elsewhere(typed)?;
    if cloud::is_meant(typed) {
        return if answers.tables.is_empty() {
            cloud::run(typed, settings, json)
        } else {
            Err(no_tables_there())
        };
    }
    let asks = wizard::is_wanted(typed, !answers.tables.is_empty(), json)?;
    let answers = answers::gathered(answers, typed)?;
    if asks {
        wizard::catch_interrupts();
        let place = match &answers.from {
            None => beside(wizard::place(settings)?, settings)?,
            Some(_) => place(&answers, settings)?,
        };
        let found = inspected(&place, typed, &answers, settings).await?;
        let mut decided = wizard::held(answers, &place, &found, typed, settings)?;
        decided.draft.begin_with(&rule);
        return finish(decided, settings).await;
    }
    let place = place(&answers, settings)?;
    let found = inspected(&place, typed, &answers, settings).await?;
    let draft = match draft(&answers, &place, &found) {
        Ok(mut draft) => {
            draft.begin_with(&rule);
            draft
        }
        Err(questions) => {
            let text = print::draft::undecided(&questions);
            return Ok(Report::done(json!({ "undecided": questions }), text).exit(Exit::Usage));
        }
    };
    if typed.writing.dry_run {
        return Ok(Report::verbatim(draft.text));
    }
    let wanted = Wanted::from(&draft);
    let files = files::planned(&wanted, settings);
    files::refuse_taken(&files, &wanted, settings, typed.writing.force)?;
    if !json {
        print::line(&print::draft::preview(&draft, &super::tools::listed(&draft.config)?));
    }
    if !typed.writing.yes {
        confirm(&format!("write {}", count(files.len(), "file")))?;
    }
    finish(Decided { draft, try_id: typed.writing.try_id.clone() }, settings).await
}

/// What a person has seen and agreed to.
struct Decided {
    draft: Draft,
    /// The row to read at the end.
    try_id: Option<String>,
}

/// Writes the files, checks the boundary, and tries a call.
async fn finish(decided: Decided, settings: &Settings) -> Result<Report, Refusal> {
    let Decided { draft, try_id } = decided;
    let wanted = Wanted::from(&draft);
    let written = files::write(files::planned(&wanted, settings), &wanted, settings)?;
    let checks = boundary(&super::tools::listed(&draft.config)?);
    let attempt = first_call::attempt(&draft, try_id.as_deref(), settings);
    let first = progress::waiting("waiting for the first call's answer", attempt).await;
    let exit =
        if checks.iter().all(|check| check.holds) && !first.failed() { Exit::Done } else { Exit::Refused };
    let text = print::draft::done(&written, &checks, &first.text(), &next(&draft, settings));
    let document = json!({
        "written": written,
        "boundary": checks,
        "first_call": first.document(),
        "variables": draft.variables.iter().map(|variable| &variable.name).collect::<Vec<_>>(),
    });
    Ok(Report::done(document, text).exit(exit))
}

/// The same, and everything that can be checked about it. What the doctor finds is told and fails nothing.
pub(crate) async fn onboard(typed: &Init, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    if cloud::is_meant(typed) {
        return Err(no_tables_there());
    }
    let report = run(typed, settings, json).await?;
    if report.exit != Exit::Done || report.json.is_null() {
        return Ok(report);
    }
    let usual = Doctor::usual();
    let diagnosis = progress::waiting("looking", super::doctor::diagnosis(&usual, settings)).await?;
    let text = format!("{}\n\n{}", report.text, print::diagnosis::screen(&diagnosis));
    let told: Json = serde_json::to_value(&diagnosis).map_err(Refusal::bug)?;
    Ok(Report::done(with(report.json, [("doctor", told)]), text))
}

/// Where the database is, as the config will say it.
fn place(answers: &Answers, settings: &Settings) -> Result<DatabasePlace, Refusal> {
    let Some(typed) = &answers.from else {
        return Ok(DatabasePlace::Variable(env::DATABASE_READ_URL.to_owned()));
    };
    match DatabasePlace::typed(typed) {
        Some(place) => beside(place, settings),
        None => Err(Refusal::new(
            Code::InvalidInput,
            "a URL on the command line can be read by others on this machine, and stays in the shell's history",
        )
        .hint("`export SYNAPSOR_DATABASE_READ_URL=…`, then `synapsor init --from env:SYNAPSOR_DATABASE_READ_URL`")),
    }
}

/// The same, as it reads from the config's folder.
fn beside(place: DatabasePlace, settings: &Settings) -> Result<DatabasePlace, Refusal> {
    match place {
        DatabasePlace::File(path) => beside_config(&path, settings).map(DatabasePlace::File),
        variable => Ok(variable),
    }
}

/// A path as it reads from the config's folder.
fn beside_config(path: &str, settings: &Settings) -> Result<String, Refusal> {
    if settings.config_folder() == Path::new(".") || Path::new(path).is_absolute() {
        return Ok(path.to_owned());
    }
    let absolute = std::path::absolute(path).map_err(Refusal::bug)?;
    absolute
        .into_os_string()
        .into_string()
        .map_err(|_| Refusal::new(Code::InvalidInput, "a path that is not UTF-8 cannot stand in a config"))
}

async fn inspected(
    place: &DatabasePlace,
    typed: &Init,
    answers: &Answers,
    settings: &Settings,
) -> Result<synapsor_setup::Inspection, Refusal> {
    let (file, url_env) = match place {
        DatabasePlace::File(path) => (Some(Path::new(path)), None),
        DatabasePlace::Variable(name) => (None, Some(name.as_str())),
    };
    let wanted =
        WantedDatabase { place: file, url_env, source: None, engine: typed.engine, timeout_ms: TIMEOUT_MS };
    let source = database::source(&wanted, settings)?;
    let looking = synapsor_setup::inspect(source, answers.schema.as_deref(), wiring::clock().now());
    let found = progress::waiting("reading the database's catalogs", looking).await;
    found.map_err(|error| error.refusal())
}

/// A recipe and `onboard db` are about a database.
fn no_tables_there() -> Refusal {
    Refusal::new(Code::InvalidInput, "with `--mode cloud` no database has a part")
        .hint("`synapsor init --mode cloud` sets a hosted service's tools up")
}

/// The variables that are not set yet, as a shell sets them.
fn exports(variables: &[Variable], settings: &Settings) -> Vec<String> {
    let unset = variables.iter().filter(|variable| settings.environment.get(&variable.name).is_none());
    unset.map(|variable| format!("export {}=…   # {}", variable.name, variable.holds)).collect()
}

/// The commands a person types next, in their order.
fn next(draft: &Draft, settings: &Settings) -> Vec<String> {
    let typed = |commands: Vec<String>| commands.into_iter().map(|command| format!("synapsor {command}"));
    let config = settings.config_path.display();
    let mut next = exports(&draft.variables, settings);
    for project in &draft.handlers {
        let folder = settings.config_folder().join(&project.folder);
        next.extend(typed(next::commands(After::HandlerStarted, &folder.display().to_string())));
        next.push(format!("synapsor validate --write-digest {config} {}", folder.display()));
    }
    next.extend(typed(next::commands(After::ConfigWritten, &config.to_string())));
    next
}
