//! Puts the rooms together: clock and randomness, ledger, sources, handlers, the runtime and the desk.
//!
//! Databases are reached when a call needs them, handlers compile in the background; only a hosted service is asked at once.

mod cloud;
mod executors;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use synapsor_bundle::{Bundle, Problem};
use synapsor_config::{
    Capability, Config, HandlerGrant, HandlerIsolation, HandlerTrust, Location, Logic, Source,
};
use synapsor_handler_host::{
    CacheSettings, Compile, CompileLimits, EngineSettings, HandlerEngine, Helper, Isolation,
};
use synapsor_invocation::{Candidates, Handlers, LoadHandler, LoadedHandler, Parts, Runtime};
use synapsor_ledger::{Ledger, Notebook, Opening};
use synapsor_mcp::auth::RateSettings;
use synapsor_protocol::{Clock, Digest, Environment, Ids, Moment, Refusal};
use synapsor_source::{Connect, SourceSettings, Sources};
use synapsor_writeback::{Desk, WorkerDesk, WriteSettings};

use crate::env;
use crate::print::progress;
use crate::settings::Settings;
pub(crate) use cloud::{delegation, service};
pub(crate) use executors::executors;

/// Connections to one source at most.
const CONNECTIONS_MAX: u32 = 8;
/// How long a call waits for a connection, connecting included.
const ACQUIRE_TIMEOUT_MS: u64 = 5_000;

/// Where the native code of handlers is kept, beside the ledger.
const CACHE_FOLDER: &str = "handler-cache";
/// The key that vouches for it.
const CACHE_KEY_FILE: &str = "handler-cache.key";

/// The engine of the credential a runner was started with, where nobody says.
const ENGINE: &str = "postgres";

/// The machine's clock.
struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
    fn now(&self) -> Moment {
        Moment::new(jiff::Timestamp::now())
    }
}

/// The operating system's randomness. Where it gives none an id is at least no other's: nothing refuses one that repeats.
struct RandomIds {
    given: AtomicU64,
}

impl Ids for RandomIds {
    fn token(&self) -> String {
        let mut bytes = [0_u8; 16];
        if let Err(error) = getrandom::fill(&mut bytes) {
            tracing::error!(%error, "the operating system gives no randomness");
            let given = self.given.fetch_add(1, Ordering::Relaxed);
            return unrepeated(SystemClock.now(), std::process::id(), given);
        }
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// An id no other process and no other moment gives. It can be guessed, and nothing rests on an id being a secret.
fn unrepeated(now: Moment, process: u32, given: u64) -> String {
    Digest::of_bytes(format!("{now} {process} {given}").as_bytes()).hex().chars().take(32).collect()
}

/// 32 bytes for a key or a token; unlike an id, a secret without randomness must not be.
pub(crate) fn secret() -> Result<[u8; 32], Refusal> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(Refusal::bug)?;
    Ok(bytes)
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

pub(crate) fn ids() -> Arc<dyn Ids> {
    Arc::new(RandomIds { given: AtomicU64::new(0) })
}

/// Opens the ledger; `create` makes it when it is not there.
pub(crate) async fn ledger(settings: &Settings, create: bool) -> Result<Ledger, Refusal> {
    let opening = Ledger::open(settings.place()?, Opening { create, clock: clock(), ids: ids() });
    let ledger = progress::waiting("opening the ledger", opening).await.map_err(|error| error.refusal())?;
    progress::accompany(ledger.progress());
    Ok(ledger)
}

/// What records calls, as durably as the config says.
fn notebook(config: &Config, ledger: &Ledger) -> Notebook {
    if config.keeping.reads_wait_for_disk { ledger.notebook().on_disk() } else { ledger.notebook() }
}

/// What serves calls. In cloud mode the hosted service is asked for its tools.
pub(crate) async fn runtime(
    settings: &Settings,
    config: &Arc<Config>,
    ledger: &Ledger,
    read_only: bool,
) -> Result<(Runtime, Handlers), Refusal> {
    let handlers = handlers(settings, config)?;
    let runtime = Runtime::new(Parts {
        config: Arc::clone(config),
        read_only,
        sources: sources(settings, config),
        handlers: handlers.clone(),
        notebook: notebook(config, ledger),
        clock: clock(),
        ids: ids(),
        environment: settings.environment.clone(),
    });
    match delegation(settings, config).await? {
        Some(delegation) => Ok((runtime.delegating(delegation), handlers)),
        None => Ok((runtime, handlers)),
    }
}

/// The same for a server, which shows what it answered to candidates as well.
pub(crate) async fn serving_runtime(
    settings: &Settings,
    config: &Arc<Config>,
    ledger: &Ledger,
    read_only: bool,
) -> Result<(Runtime, Handlers), Refusal> {
    let (runtime, handlers) = runtime(settings, config, ledger, read_only).await?;
    Ok(match candidates(settings, config, ledger)? {
        Some(candidates) => (runtime.with_candidates(candidates), handlers),
        None => (runtime, handlers),
    })
}

/// Every source of the config, to be read. Nothing is connected to yet.
pub(crate) fn sources(settings: &Settings, config: &Config) -> Sources {
    let folder = settings.config_folder();
    Sources::new(config.sources.values().map(|s| source_settings(folder, s, &settings.environment)))
}

/// How often may be asked and called.
pub(crate) fn rate_limits(config: &Config) -> RateSettings {
    let limits = config.rate_limits;
    RateSettings {
        requests_per_minute_per_principal: limits.requests_per_minute_per_principal,
        calls_per_minute_per_capability: limits.calls_per_minute_per_capability,
    }
}

/// What a person's commands work with.
pub(crate) fn desk(settings: &Settings, config: &Arc<Config>, ledger: Ledger) -> Desk {
    let writers = credentials(settings, config);
    Desk::new(ledger, Arc::clone(config), writers, clock(), ids(), settings.runner_id())
        .with_executors(executors(settings, config))
}

/// How each source is written to, where the config gives a right to.
pub(crate) fn credentials(settings: &Settings, config: &Config) -> Vec<WriteSettings> {
    writers(config, |source| write_connect(settings.config_folder(), source, &settings.environment))
}

/// A worker's side: no ledger, and the credential this runner was started with for the source it drains.
pub(crate) fn worker_desk(settings: &Settings, config: &Arc<Config>, source_id: String) -> WorkerDesk {
    let (writers, executors) = (job_credentials(settings, config), executors(settings, config));
    WorkerDesk::new(Arc::clone(config), writers, executors, clock(), ids(), settings.runner_id(), source_id)
}

/// The same for a job that was handed over: under the name it was handed to, and where the source's own variable gives
/// no credential, with the one this runner was started with.
pub(crate) fn job_desk(
    settings: &Settings,
    config: &Arc<Config>,
    ledger: Ledger,
    runner: Option<&str>,
) -> Desk {
    let runner_id = runner.map_or_else(|| settings.runner_id(), str::to_owned);
    let writers = job_credentials(settings, config);
    Desk::new(ledger, Arc::clone(config), writers, clock(), ids(), runner_id)
        .with_executors(executors(settings, config))
}

/// How each source is written to by a job that was handed over.
pub(crate) fn job_credentials(settings: &Settings, config: &Config) -> Vec<WriteSettings> {
    let environment = &settings.environment;
    writers(config, |source: &Source| {
        let own = write_connect(settings.config_folder(), source, environment);
        match (&own, environment.get(env::DATABASE_URL)) {
            (Some(Connect::Url(_) | Connect::File(_)), _) | (_, None) => own,
            _ if source.read_only => own,
            (_, Some(_)) if environment.get(env::ENGINE).unwrap_or(ENGINE) != source.engine.as_str() => own,
            (_, Some(url)) => Some(Connect::Url(url.to_owned())),
        }
    })
}

fn writers(config: &Config, connect: impl Fn(&Source) -> Option<Connect>) -> Vec<WriteSettings> {
    let writer = |source: &Arc<Source>| {
        Some(WriteSettings {
            name: source.name.clone(),
            engine: source.engine,
            connect: connect(source)?,
            statement_timeout_ms: source.statement_timeout_ms,
        })
    };
    config.sources.values().filter_map(writer).collect()
}

fn source_settings(folder: &Path, source: &Source, environment: &Environment) -> SourceSettings {
    SourceSettings {
        name: source.name.clone(),
        engine: source.engine,
        connect: read_connect(folder, source, environment),
        statement_timeout_ms: source.statement_timeout_ms,
        connections_max: CONNECTIONS_MAX,
        acquire_timeout_ms: ACQUIRE_TIMEOUT_MS,
    }
}

/// Where a source is read, and with which credential.
pub(crate) fn read_connect(folder: &Path, source: &Source, environment: &Environment) -> Connect {
    match &source.location {
        Location::File { path } => Connect::File(folder.join(path)),
        Location::Server { read_url_env, .. } => from_environment(environment, read_url_env),
    }
}

/// `None` where the config gives no right to write.
fn write_connect(folder: &Path, source: &Source, environment: &Environment) -> Option<Connect> {
    match &source.location {
        _ if source.read_only => None,
        Location::File { path } => Some(Connect::File(folder.join(path))),
        Location::Server { write_url_env, .. } => {
            write_url_env.as_ref().map(|variable| from_environment(environment, variable))
        }
    }
}

fn from_environment(environment: &Environment, variable: &str) -> Connect {
    match environment.get(variable) {
        Some(url) => Connect::Url(url.to_owned()),
        None => Connect::Missing { env: variable.to_owned() },
    }
}

/// The handlers the config grants, none of them loaded yet.
pub(crate) fn handlers(settings: &Settings, config: &Config) -> Result<Handlers, Refusal> {
    handlers_of(settings, config, &config.capabilities, engine_settings(settings, config)?)
}

/// What is run beside them in shadow, in an engine of its own; none where the config names none.
pub(crate) fn candidates(
    settings: &Settings,
    config: &Config,
    ledger: &Ledger,
) -> Result<Option<Candidates>, Refusal> {
    let (tried, handlers) = candidate_handlers(settings, config)?;
    Ok(Candidates::new(tried, handlers, notebook(config, ledger)))
}

/// The capabilities that have a candidate, each with it in its handler's place; and the candidates, none of them loaded yet.
pub(crate) fn candidate_handlers(
    settings: &Settings,
    config: &Config,
) -> Result<(Vec<Arc<Capability>>, Handlers), Refusal> {
    let tried = config.capabilities.iter().filter_map(|capability| capability.with_candidate());
    let tried: Vec<Arc<Capability>> = tried.map(Arc::new).collect();
    // One at a time, on one thread: the live handlers' are not shared with it.
    let engine = EngineSettings { slots: 1, threads: 1, ..engine_settings(settings, config)? };
    let handlers = handlers_of(settings, config, &tried, engine)?;
    Ok((tried, handlers))
}

fn handlers_of(
    settings: &Settings,
    config: &Config,
    capabilities: &[Arc<Capability>],
    engine: EngineSettings,
) -> Result<Handlers, Refusal> {
    let granted: Vec<(Arc<Capability>, HandlerGrant)> = capabilities
        .iter()
        .filter_map(|capability| match &capability.proposal.as_ref()?.logic {
            Logic::Handler(grant) => Some((Arc::clone(capability), grant.clone())),
            Logic::Patch(_) => None,
        })
        .collect();
    if granted.is_empty() {
        return Ok(Handlers::default());
    }
    // It suspends a handler that keeps breaking.
    let engine = HandlerEngine::suspending(engine, clock()).map_err(|error| error.refusal())?;
    let folder = settings.config_folder();
    Ok(Handlers::new(granted.into_iter().map(|(capability, grant)| {
        let (engine, folder, trust) = (engine.clone(), folder.to_owned(), config.handler_trust.clone());
        let name = capability.name.clone();
        let load: LoadHandler = Box::new(move || {
            let (engine, folder) = (engine.clone(), folder.clone());
            let (capability, grant, trust) = (Arc::clone(&capability), grant.clone(), trust.clone());
            Box::pin(async move {
                let load = move || load_handler(&engine, &folder, &capability, &grant, &trust);
                tokio::task::spawn_blocking(load).await.map_err(Refusal::bug)?
            })
        });
        (name, load)
    })))
}

/// The engine in which recorded calls run again: as the config has it for serving, and nothing is suspended.
pub(crate) fn rerun_engine(settings: &Settings, config: &Config) -> Result<HandlerEngine, Refusal> {
    HandlerEngine::new(engine_settings(settings, config)?).map_err(|error| error.refusal())
}

/// The engine in which a bundle is judged by its cases: on threads, where there is no credential to keep from it, and
/// nothing is kept.
pub(crate) fn case_engine() -> Result<HandlerEngine, Refusal> {
    let settings = EngineSettings { compile: compile(this_program()?), ..EngineSettings::default() };
    HandlerEngine::new(settings).map_err(|error| error.refusal())
}

fn engine_settings(settings: &Settings, config: &Config) -> Result<EngineSettings, Refusal> {
    let helper = this_program()?;
    let isolation = match config.handler_isolation {
        HandlerIsolation::Process => Isolation::Process(helper.clone()),
        HandlerIsolation::InProcess => Isolation::InProcess,
    };
    let cache = if config.handler_cache { Some(cache(settings)?) } else { None };
    Ok(EngineSettings { isolation, compile: compile(helper), cache, ..EngineSettings::default() })
}

/// Compiled handlers are kept beside the ledger.
fn cache(settings: &Settings) -> Result<CacheSettings, Refusal> {
    let ledger = settings.beside_ledger()?;
    Ok(CacheSettings {
        folder: ledger.with_file_name(CACHE_FOLDER),
        key_file: ledger.with_file_name(CACHE_KEY_FILE),
        bytes_max: CacheSettings::BYTES_MAX,
    })
}

/// What is compiled is compiled in a process of its own.
fn compile(helper: Helper) -> Compile {
    Compile::InChild { helper, limits: CompileLimits::default() }
}

fn this_program() -> Result<Helper, Refusal> {
    Helper::this_program().map_err(Refusal::bug)
}

fn load_handler(
    engine: &HandlerEngine,
    folder: &Path,
    capability: &Capability,
    grant: &HandlerGrant,
    trust: &HandlerTrust,
) -> Result<LoadedHandler, Refusal> {
    let bundle = trusted_bundle(&folder.join(&grant.bundle), trust)?;
    if let Some(refusal) = first(&synapsor_bundle::grant_problems(&bundle, capability)) {
        return Err(refusal);
    }
    ready(engine, bundle, &grant.digest, grant)
}

/// What a bundle's folder holds.
pub(crate) fn bundle(folder: &Path) -> Result<Bundle, Refusal> {
    synapsor_bundle::open(folder).map_err(|problems| {
        first(&problems).unwrap_or_else(|| Refusal::bug("a bundle was refused without a problem"))
    })
}

/// The same, signed by somebody the config trusts where it requires that.
pub(crate) fn trusted_bundle(folder: &Path, trust: &HandlerTrust) -> Result<Bundle, Refusal> {
    let bundle = bundle(folder)?;
    match synapsor_bundle::trust_problem(&bundle, trust) {
        Some(problem) => Err(problem.refusal()),
        None => Ok(bundle),
    }
}

fn first(problems: &[Problem]) -> Option<Refusal> {
    problems.first().map(Problem::refusal)
}

/// A handler that the config does not pin, for calls of the record: within what the config grants the pinned one.
pub(crate) async fn loaded(
    engine: HandlerEngine,
    bundle: Bundle,
    grant: HandlerGrant,
) -> Result<LoadedHandler, Refusal> {
    let digest = bundle.component_digest.clone();
    let load = move || ready(&engine, bundle, &digest, &grant);
    tokio::task::spawn_blocking(load).await.map_err(Refusal::bug)?
}

fn ready(
    engine: &HandlerEngine,
    bundle: Bundle,
    digest: &Digest,
    grant: &HandlerGrant,
) -> Result<LoadedHandler, Refusal> {
    let allowance = synapsor_bundle::running_allowance(&bundle.manifest, grant);
    let handler = engine.load(&bundle.component, digest, allowance).map_err(|error| error.refusal())?;
    Ok(LoadedHandler {
        reads: Arc::new(synapsor_bundle::running_reads(&bundle.manifest, grant)),
        name: bundle.manifest.name,
        version: bundle.manifest.version,
        writes: bundle.manifest.writes,
        handler,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_without_randomness_do_not_repeat() {
        let [now, later] = [7, 8].map(|micros| Moment::from_micros(micros).expect("in range"));
        let ids =
            [unrepeated(now, 1, 0), unrepeated(now, 1, 1), unrepeated(now, 2, 0), unrepeated(later, 1, 0)];
        assert!(ids.iter().all(|id| id.len() == 32));
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len());
    }
}
