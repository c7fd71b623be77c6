//! Which database is meant on the command line, and with which credential it is read.
//!
//! Invariant: a URL comes from the environment. One on the command line stays in the shell's history and in the list of
//! processes, so it is refused, and not repeated.

use std::path::{Path, PathBuf};

use synapsor_protocol::{Code, Engine, Refusal};
use synapsor_source::{Connect, SourceSettings};

use crate::args::EngineName;
use crate::env;
use crate::settings::Settings;
use crate::wiring;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT_MS: u64 = 5_000;

/// What was typed: a file, a variable or a source of the config; a variable of the usual name where none is.
pub(crate) struct Wanted<'a> {
    pub(crate) place: Option<&'a Path>,
    pub(crate) url_env: Option<&'a str>,
    pub(crate) source: Option<&'a str>,
    pub(crate) engine: EngineName,
    pub(crate) timeout_ms: u64,
}

/// Where to look, and with which credential.
pub(crate) fn source(typed: &Wanted<'_>, settings: &Settings) -> Result<SourceSettings, Refusal> {
    let (name, engine, connect) = if let Some(name) = typed.source {
        configured(name, settings)?
    } else if let Some(place) = typed.place {
        (place.display().to_string(), Engine::Sqlite, Connect::File(file(place)?))
    } else {
        let variable = typed.url_env.unwrap_or(env::DATABASE_READ_URL);
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
            "put it into a variable and name that: `read -rs {variable}; export {variable}` and then `--url-env {variable}`"
        )));
    }
    Ok(place.to_owned())
}

fn from_variable(
    variable: &str,
    typed: &Wanted<'_>,
    settings: &Settings,
) -> Result<(Engine, Connect), Refusal> {
    if variable.contains("://") {
        // Somebody meant the URL itself.
        file(Path::new(variable))?;
    }
    let Some(url) = settings.environment.get(variable) else {
        return Err(Refusal::new(Code::SourceCredentialMissing, format!("`{variable}` is not set"))
            .hint(format!(
                "set `{variable}` to the database's URL (`postgres://…`, `mysql://…`), or name a SQLite file such as `./app.db`"
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
