//! `synapsor executor template`: an example of the application's side, with the helper it stands on beside it.

use std::fs;
use std::path::Path;

use serde_json::json;
use synapsor_protocol::{Code, Engine, Refusal};

use crate::args::{ExecutorEngine, ExecutorLanguage, ExecutorTemplate};
use crate::next::After;
use crate::print::{Report, count, inert, style};
use crate::settings::Settings;

/// A file of a template: its name, and its text.
type File = (&'static str, &'static str);

/// A file of the templates or of the helpers.
macro_rules! text {
    ($path:literal) => {
        include_str!(concat!("../../../", $path))
    };
}

/// What is the same on every engine.
const NODE: &[File] = &[
    ("server.mjs", text!("templates/executor/node/server.mjs")),
    ("command.mjs", text!("templates/executor/node/command.mjs")),
    ("change.mjs", text!("templates/executor/node/change.mjs")),
    ("synapsor-executor/index.mjs", text!("../../sdk/executor-js/index.mjs")),
    ("synapsor-executor/row.mjs", text!("../../sdk/executor-js/row.mjs")),
    ("synapsor-executor/postgres.mjs", text!("../../sdk/executor-js/postgres.mjs")),
    ("synapsor-executor/mariadb.mjs", text!("../../sdk/executor-js/mariadb.mjs")),
    ("synapsor-executor/refusals.mjs", text!("../../sdk/executor-js/refusals.mjs")),
    ("synapsor-executor/index.d.ts", text!("../../sdk/executor-js/index.d.ts")),
    ("synapsor-executor/package.json", text!("../../sdk/executor-js/package.json")),
];
const NODE_ON_POSTGRES: &[File] = &[
    ("database.mjs", text!("templates/executor/node/database.postgres.mjs")),
    ("package.json", text!("templates/executor/node/package.postgres.json")),
    RECEIPTS_ON_POSTGRES,
];
const NODE_ON_MYSQL: &[File] = &[
    ("database.mjs", text!("templates/executor/node/database.mysql.mjs")),
    ("package.json", text!("templates/executor/node/package.mysql.json")),
    RECEIPTS_ON_MYSQL,
];

/// What is the same on every engine.
const PYTHON: &[File] = &[
    ("server.py", text!("templates/executor/python/server.py")),
    ("command.py", text!("templates/executor/python/command.py")),
    ("change.py", text!("templates/executor/python/change.py")),
    ("synapsor_executor/__init__.py", text!("../../sdk/executor-python/synapsor_executor/__init__.py")),
    ("synapsor_executor/request.py", text!("../../sdk/executor-python/synapsor_executor/request.py")),
    ("synapsor_executor/row.py", text!("../../sdk/executor-python/synapsor_executor/row.py")),
    ("synapsor_executor/postgres.py", text!("../../sdk/executor-python/synapsor_executor/postgres.py")),
    ("synapsor_executor/mariadb.py", text!("../../sdk/executor-python/synapsor_executor/mariadb.py")),
    ("synapsor_executor/refusals.py", text!("../../sdk/executor-python/synapsor_executor/refusals.py")),
];
const PYTHON_ON_POSTGRES: &[File] = &[
    ("database.py", text!("templates/executor/python/database_postgres.py")),
    ("requirements.txt", text!("templates/executor/python/requirements.postgres.txt")),
    RECEIPTS_ON_POSTGRES,
];
const PYTHON_ON_MYSQL: &[File] = &[
    ("database.py", text!("templates/executor/python/database_mysql.py")),
    ("requirements.txt", text!("templates/executor/python/requirements.mysql.txt")),
    RECEIPTS_ON_MYSQL,
];

const RECEIPTS_ON_POSTGRES: File = ("receipts.sql", text!("templates/executor/receipts.postgres.sql"));
const RECEIPTS_ON_MYSQL: File = ("receipts.sql", text!("templates/executor/receipts.mysql.sql"));

pub(super) fn run(wanted: &ExecutorTemplate, settings: &Settings) -> Result<Report, Refusal> {
    let engine = wanted.engine.map_or_else(|| engine(settings), Ok)?;
    let files = files(wanted.lang, engine);
    let folder = &wanted.folder;
    fs::create_dir(folder).map_err(|error| {
        unusable(folder, &error).hint("name a folder that is not there yet, in one that is")
    })?;
    for (name, text) in &files {
        let path = folder.join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        made.map_err(|error| unusable(&path, &error))?;
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let shown = inert::text(&folder.display().to_string()).to_string();
    let on = match engine {
        ExecutorEngine::Postgres => "PostgreSQL",
        ExecutorEngine::Mysql => "MariaDB or MySQL",
    };
    let text = format!(
        "{} {shown}: {} for {on}\n{} run `receipts.sql` once in the application's database, then read `change`, which is yours to write",
        style::good("made"),
        count(files.len(), "file"),
        style::dim("hint:"),
    );
    let engine = match engine {
        ExecutorEngine::Postgres => Engine::Postgres,
        ExecutorEngine::Mysql => Engine::Mysql,
    };
    let document = json!({ "folder": folder, "engine": engine, "files": names });
    Ok(Report::done(document, text).next(After::ExecutorWritten, ""))
}

/// The engine of the sources whose rows an executor may be asked for. Helpers are for servers, so a file is none.
fn engine(settings: &Settings) -> Result<ExecutorEngine, Refusal> {
    let config = settings.config_if_any()?;
    let has = |engine| {
        config.iter().flat_map(|config| config.sources.values()).any(|source| source.engine == engine)
    };
    match (has(Engine::Postgres), has(Engine::Mysql)) {
        (true, true) => Err(Refusal::new(
            Code::InvalidInput,
            "the config has sources on both `postgres` and `mysql`: an executor's example is for one",
        )
        .hint("say which with --engine")),
        (false, true) => Ok(ExecutorEngine::Mysql),
        (_, false) => Ok(ExecutorEngine::Postgres),
    }
}

fn files(language: ExecutorLanguage, engine: ExecutorEngine) -> Vec<File> {
    let (all, own) = match (language, engine) {
        (ExecutorLanguage::Node, ExecutorEngine::Postgres) => (NODE, NODE_ON_POSTGRES),
        (ExecutorLanguage::Node, ExecutorEngine::Mysql) => (NODE, NODE_ON_MYSQL),
        (ExecutorLanguage::Python, ExecutorEngine::Postgres) => (PYTHON, PYTHON_ON_POSTGRES),
        (ExecutorLanguage::Python, ExecutorEngine::Mysql) => (PYTHON, PYTHON_ON_MYSQL),
    };
    [all, own].concat()
}

fn unusable(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(Code::InvalidInput, format!("cannot make `{}`: {}", path.display(), error.kind()))
}
