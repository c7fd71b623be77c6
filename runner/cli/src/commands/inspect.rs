//! `synapsor inspect`: what a database holds, without reading a row of it.
//!
//! Invariant: a URL comes from the environment. One on the command line stays in the shell's history and in the list of
//! processes, so it is refused, and not repeated.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use synapsor_protocol::{Code, Engine, Refusal};
use synapsor_setup::Inspection;
use synapsor_source::{Connect, SourceSettings};

use crate::args::Inspect;
use crate::env;
use crate::print::{Report, inspection};
use crate::settings::Settings;
use crate::wiring;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT_MS: u64 = 5_000;

pub(crate) async fn run(typed: &Inspect, settings: &Settings) -> Result<Report, Refusal> {
    let source = source(typed, settings)?;
    let now = wiring::clock().now();
    let found = synapsor_setup::inspect(source, typed.schema.as_deref(), now)
        .await
        .map_err(|error| error.refusal())?;
    let found = chosen(found, typed)?;
    let text =
        if typed.table.is_empty() { inspection::overview(&found) } else { inspection::details(&found) };
    let document: Json = serde_json::to_value(&found).map_err(Refusal::bug)?;
    Ok(Report::done(document, text))
}

/// The tables that were asked for, each of which has to be there.
fn chosen(mut found: Inspection, typed: &Inspect) -> Result<Inspection, Refusal> {
    if found.tables.is_empty() {
        let within = typed.schema.as_ref().map(|schema| format!(" in schema `{schema}`")).unwrap_or_default();
        return Err(Refusal::new(Code::NotFound, format!("no table{within} is visible to this credential"))
            .hint("check the database in the URL and --schema; names are compared by byte"));
    }
    if typed.table.is_empty() {
        return Ok(found);
    }
    let is_named = |table: &synapsor_setup::inspect::InspectedTable, name: &String| {
        table.table.name == *name || format!("{}.{}", table.table.schema, table.table.name) == *name
    };
    let absent = typed.table.iter().find(|name| !found.tables.iter().any(|table| is_named(table, name)));
    if let Some(name) = absent {
        return Err(Refusal::new(Code::NotFound, format!("no table `{name}` is visible to this credential"))
            .hint("`synapsor inspect` without --table lists those that are"));
    }
    found.tables.retain(|table| typed.table.iter().any(|name| is_named(table, name)));
    Ok(found)
}

/// Where to look, and with which credential.
fn source(typed: &Inspect, settings: &Settings) -> Result<SourceSettings, Refusal> {
    let (name, engine, connect) = if let Some(name) = &typed.source {
        configured(name, settings)?
    } else if let Some(place) = &typed.place {
        (place.display().to_string(), Engine::Sqlite, Connect::File(file(place)?))
    } else {
        let variable = typed.url_env.as_deref().unwrap_or(env::DATABASE_READ_URL);
        let (engine, connect) = from_variable(variable, typed, settings)?;
        (variable.to_owned(), engine, connect)
    };
    Ok(SourceSettings {
        name,
        engine,
        connect,
        statement_timeout_ms: typed.timeout_ms,
        connections_max: 1,
        acquire_timeout_ms: CONNECT_TIMEOUT_MS,
    })
}

fn configured(name: &str, settings: &Settings) -> Result<(String, Engine, Connect), Refusal> {
    let config = settings.config()?;
    let source = config.sources.get(name).ok_or_else(|| {
        let known: Vec<String> = config.sources.keys().map(|known| format!("`{known}`")).collect();
        Refusal::new(Code::SourceNotFound, format!("no source is named `{name}`"))
            .hint(format!("the config has {}", known.join(", ")))
    })?;
    let connect = wiring::read_connect(settings.config_folder(), source, &settings.environment);
    Ok((name.to_owned(), source.engine, connect))
}

/// A path, and no URL.
fn file(place: &Path) -> Result<PathBuf, Refusal> {
    let text = place.to_string_lossy();
    if text.contains("://") {
        let variable = env::DATABASE_READ_URL;
        return Err(Refusal::new(
            Code::InvalidInput,
            "a URL on the command line can be read by others on this machine, and stays in the shell's history",
        )
        .hint(format!(
            "put it into a variable and name that: `read -rs {variable}; export {variable}` and then `synapsor inspect --url-env {variable}`"
        )));
    }
    Ok(place.to_owned())
}

fn from_variable(variable: &str, typed: &Inspect, settings: &Settings) -> Result<(Engine, Connect), Refusal> {
    if variable.contains("://") {
        // Somebody meant the URL itself.
        file(Path::new(variable))?;
    }
    let Some(url) = settings.environment.get(variable) else {
        return Err(Refusal::new(Code::SourceCredentialMissing, format!("`{variable}` is not set"))
            .hint(format!(
                "set `{variable}` to the database's URL (`postgres://…`, `mysql://…`), or name a SQLite file: `synapsor inspect ./app.db`"
            )));
    };
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    let engine = typed.engine.named().or(match scheme.as_str() {
        "postgres" | "postgresql" => Some(Engine::Postgres),
        "mysql" | "mariadb" => Some(Engine::Mysql),
        "sqlite" => Some(Engine::Sqlite),
        _ => None,
    });
    match engine {
        Some(Engine::Sqlite) => {
            let path = url.strip_prefix("sqlite:").unwrap_or(url);
            let path = path.strip_prefix("//").unwrap_or(path);
            Ok((Engine::Sqlite, Connect::File(PathBuf::from(path))))
        }
        Some(engine) => Ok((engine, Connect::Url(url.to_owned()))),
        None => Err(Refusal::new(
            Code::InvalidInput,
            format!("the scheme of the URL in `{variable}` is none that is known"),
        )
        .hint("expected `postgres://`, `postgresql://`, `mysql://`, `mariadb://` or `sqlite:`; or say it with --engine")),
    }
}
