//! From what was typed and the environment to what is meant: which config, which ledger, who decides.

mod named;

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use synapsor_config::{CONFIG_BYTES_MAX, Checked, Config, Keeping, Location, Severity, Storage};
use synapsor_ledger::Place;
use synapsor_protocol::{Code, Environment, Refusal};

use crate::args::Global;
use crate::env;
use crate::print::count;
use crate::telemetry::Telemetry;

pub(crate) use named::LedgerName;

/// The config's name when none is given.
const CONFIG_FILE: &str = "synapsor.runner.json";
/// The folder beside the config for what the runner keeps.
const STORE_FOLDER: &str = ".synapsor";
/// The ledger's file in it when none is given.
const STORE_FILE: &str = "local.db";
/// Who decides when nobody says so.
const OPERATOR: &str = "local_operator";
/// The name in receipts when none is set.
const RUNNER: &str = "synapsor-runner-local";

/// What one invocation of the binary works with.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) environment: Environment,
    pub(crate) config_path: PathBuf,
    /// Who may watch a server.
    pub(crate) telemetry: Telemetry,
    config_named: bool,
    store: Option<PathBuf>,
}

impl Settings {
    pub(crate) fn new(global: &Global, environment: Environment, telemetry: Telemetry) -> Self {
        let from_environment = |name| environment.get(name).map(PathBuf::from);
        let named = global.config.clone().or_else(|| from_environment(env::CONFIG));
        let store = global.store.clone().or_else(|| from_environment(env::STORE));
        Self {
            config_named: named.is_some(),
            config_path: named.unwrap_or_else(|| PathBuf::from(CONFIG_FILE)),
            store,
            environment,
            telemetry,
        }
    }

    /// The same with another usual name of the config, where nobody named one and that one is there.
    pub(crate) fn usually_of(&self, config: &Path) -> Self {
        let mut settings = self.clone();
        if !self.config_named && config.exists() {
            settings.config_path = config.to_owned();
        }
        settings
    }

    /// The same with another name of the config, where nobody named one.
    pub(crate) fn else_named(&self, config: &Path) -> Self {
        let mut settings = self.clone();
        if !self.config_named {
            settings.config_path = config.to_owned();
        }
        settings
    }

    /// The config's text.
    pub(crate) fn config_text(&self) -> Result<String, Refusal> {
        read_config(&self.config_path)
    }

    /// The checked config; with problems, a refusal that counts them and says how to see them.
    pub(crate) fn config(&self) -> Result<Arc<Config>, Refusal> {
        self.config_of(&self.config_text()?)
    }

    /// The same, of a text that was read before.
    pub(crate) fn config_of(&self, text: &str) -> Result<Arc<Config>, Refusal> {
        usable(&self.config_path, synapsor_config::check(text)).map(Arc::new)
    }

    /// The checked config, where one was named; the usual name alone names none.
    pub(crate) fn named_config(&self) -> Result<Option<Arc<Config>>, Refusal> {
        if self.config_named { self.config().map(Some) } else { Ok(None) }
    }

    /// The checked config, where one was named or the usual name leads to one.
    pub(crate) fn config_if_any(&self) -> Result<Option<Arc<Config>>, Refusal> {
        if self.config_named || self.config_path.exists() { self.config().map(Some) } else { Ok(None) }
    }

    /// The folder that relative paths in the config start from.
    pub(crate) fn config_folder(&self) -> &Path {
        match self.config_path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// Which ledger. Commands that only look at it work without a config.
    pub(crate) fn ledger(&self) -> Result<LedgerName, Refusal> {
        if let Some(typed) = &self.store {
            return LedgerName::typed(typed);
        }
        Ok(match self.config_if_any()?.and_then(|config| config.storage.clone()) {
            Some(Storage::Server { postgres_url_env }) => LedgerName::Variable(postgres_url_env),
            Some(Storage::File(path)) => LedgerName::File(self.beside_config(&path)),
            None => LedgerName::File(self.beside_config(&Path::new(STORE_FOLDER).join(STORE_FILE))),
        })
    }

    /// Where the ledger is.
    pub(crate) fn place(&self) -> Result<Place, Refusal> {
        self.place_of(&self.ledger()?)
    }

    /// Where a ledger of that name is. What a source's variable names is none: the record does not live behind the
    /// credential that changes what it is about, as the config's check says of its own `storage`.
    pub(crate) fn place_of(&self, name: &LedgerName) -> Result<Place, Refusal> {
        let source_of = |variable: &String| {
            // One that cannot be used is said where it is needed.
            let config = self.config().ok()?;
            let source = config.sources.values().find(|source| reads_from(&source.location, variable))?;
            Some(source.name.clone())
        };
        if let LedgerName::Variable(variable) = name
            && let Some(source) = source_of(variable)
        {
            let message = format!("`{variable}` is the variable of the source `{source}`, not of a ledger");
            return Err(Refusal::new(Code::InvalidInput, message).hint(
                "name a variable with the URL of a database of the ledger's own, with a user of its own",
            ));
        }
        name.place(&self.environment)
    }

    /// The file, or for a ledger on a server the name in the config's folder, beside which the runner keeps what belongs
    /// to the ledger and is not in it.
    pub(crate) fn beside_ledger(&self) -> Result<PathBuf, Refusal> {
        Ok(match self.ledger()? {
            LedgerName::File(path) => path,
            LedgerName::Variable(name) => self.beside_config(&Path::new(STORE_FOLDER).join(name)),
        })
    }

    fn beside_config(&self, path: &Path) -> PathBuf {
        let folder = self.config_path.parent().unwrap_or(Path::new(""));
        // Without the `.` of `./.synapsor/local.db` in the middle.
        folder.join(path).components().collect()
    }

    /// Whether somebody named the ledger, on the command line or in the environment.
    pub(crate) fn store_is_named(&self) -> bool {
        self.store.is_some()
    }

    /// How the ledger is kept; nothing by itself where there is no config.
    pub(crate) fn keeping(&self) -> Result<Keeping, Refusal> {
        Ok(self.config_if_any()?.map(|config| config.keeping.clone()).unwrap_or_default())
    }

    /// Who decides.
    pub(crate) fn actor(&self, given: Option<&str>) -> String {
        given.or_else(|| self.environment.get(env::USER)).unwrap_or(OPERATOR).to_owned()
    }

    /// The name in receipts.
    pub(crate) fn runner_id(&self) -> String {
        self.environment.get(env::RUNNER_ID).unwrap_or(RUNNER).to_owned()
    }
}

fn reads_from(location: &Location, variable: &str) -> bool {
    match location {
        Location::File { .. } => false,
        Location::Server { read_url_env, write_url_env } => {
            read_url_env == variable || write_url_env.as_deref() == Some(variable)
        }
    }
}

/// The config of a check that found no error, or a refusal that counts the problems and says how to see them.
pub(crate) fn usable(path: &Path, checked: Checked) -> Result<Config, Refusal> {
    let errors: Vec<_> =
        checked.problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    checked.config.ok_or_else(|| {
        let first = errors.first().map(|problem| format!(", first {} at {}", problem.code, problem.path));
        let message = format!(
            "`{}` has {}{}",
            path.display(),
            count(errors.len(), "problem"),
            first.unwrap_or_default()
        );
        Refusal::new(Code::ConfigInvalid, message)
            .hint(format!("`synapsor config validate --config {}` lists them all", path.display()))
    })
}

/// Reads a config file, or says what to do when there is none.
pub(crate) fn read_config(path: &Path) -> Result<String, Refusal> {
    let bytes = read_bounded(path).map_err(|error| {
        let refusal = unreadable("config", path, &error);
        match error.kind() {
            ErrorKind::NotFound => refusal
                .hint("name one with --config FILE, or run `synapsor demo --folder DIR` for a working one"),
            _ => refusal,
        }
    })?;
    if bytes.len() > CONFIG_BYTES_MAX {
        // The check will say that it is too large; what stands in the part that was read does not matter.
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes)
        .map_err(|_| Refusal::new(Code::ConfigInvalid, format!("config `{}` is not UTF-8", path.display())))
}

/// A byte more than a config may have, at most: a device or a pipe may never end.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(CONFIG_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A file named on the command line cannot be read.
pub(crate) fn unreadable(what: &str, path: &Path, error: &std::io::Error) -> Refusal {
    let message = match error.kind() {
        ErrorKind::NotFound => format!("there is no {what} `{}`", path.display()),
        kind => format!("cannot read {what} `{}`: {kind}", path.display()),
    };
    Refusal::new(Code::NotFound, message)
}
