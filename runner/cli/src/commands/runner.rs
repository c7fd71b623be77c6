//! `synapsor runner start`: the worker that drains what a control plane gives out. Also `synapsor start`, where one is named.

use std::sync::Arc;

use serde_json::json;
use synapsor_config::Config;
use synapsor_fleet::{ControlPlane, Drained, WorkerOptions, work};
use synapsor_protocol::{Code, Refusal, SourceChanged};
use synapsor_source::Connect;
use synapsor_writeback::StopSwitch;

use super::mcp::stop_signal;
use crate::args::StartWorker;
use crate::env;
use crate::print::{self, Report, style};
use crate::settings::Settings;
use crate::wiring;

/// What a worker cannot do without, apart from a write credential.
const REQUIRED: [&str; 4] = [env::CONTROL_PLANE_URL, env::RUNNER_TOKEN, env::RUNNER_ID, env::SOURCE_ID];
/// What gives a credential where the source's own variable does not.
const CREDENTIAL: [&str; 2] = [env::DATABASE_URL, env::ENGINE];
/// When that is.
pub(super) const ONLY_WITHOUT_A_CREDENTIAL: &str =
    "the last two only where the variable of the source's `write_url_env` is not set";

/// Whether the environment says that this machine is a worker's.
pub(crate) fn is_meant(settings: &Settings) -> bool {
    [env::CONTROL_PLANE_URL, env::RUNNER_TOKEN].iter().any(|name| settings.environment.get(name).is_some())
}

pub(crate) async fn start(wanted: &StartWorker, settings: &Settings) -> Result<Report, Refusal> {
    let config = settings.config_path.exists().then(|| settings.config()).transpose()?;
    check_required(settings, config.as_ref())?;
    let config = config.map_or_else(|| settings.config(), Ok)?;
    let source_id = settings.environment.get(env::SOURCE_ID).unwrap_or_default().to_owned();
    check_credential(settings, &config, &source_id)?;
    let plane = control_plane(settings)?;
    let options = WorkerOptions {
        concurrency: wanted.concurrency,
        lease_seconds: wanted.lease_seconds,
        poll_interval: wanted.poll_interval(settings.environment.get(env::POLL_INTERVAL_MS))?,
        until_empty: wanted.until_empty,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let desk = Arc::new(wiring::worker_desk(settings, &config, source_id));
    let switch = StopSwitch::new();
    let signal = switch.signal();
    let told_twice = async {
        stop_signal().await;
        print::note(
            "told to stop: no more jobs; what is under way ends and is reported; told again, it is cut off",
        );
        switch.throw();
        stop_signal().await;
    };
    tokio::select! {
        biased;
        drained = work(&options, Arc::new(plane), desk, signal) => drained.map(|drained| told(&drained)),
        () = told_twice => Err(cut_off()),
    }
}

fn cut_off() -> Refusal {
    Refusal::new(Code::OutcomeUnknown, "told to stop twice: what was under way is cut off, and nobody was told how it ended")
        .hint("nothing is to be done: when the lease of a job is over, the next worker finds the source's receipt or does it")
        .source_changed(SourceChanged::Unknown)
}

/// Everything that is missing, at once.
fn check_required(settings: &Settings, config: Option<&Arc<Config>>) -> Result<(), Refusal> {
    let missing = missing(settings, config);
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    Err(Refusal::new(Code::RunnerNotConfigured, format!("not set: {}", missing.join(", ")))
        .hint(ONLY_WITHOUT_A_CREDENTIAL))
}

/// The variables a worker needs that are not set.
pub(super) fn missing(settings: &Settings, config: Option<&Arc<Config>>) -> Vec<&'static str> {
    let is_missing =
        |name: &&'static str| settings.environment.get(name).is_none_or(|value| value.trim().is_empty());
    let mut missing: Vec<&str> = REQUIRED.into_iter().filter(is_missing).collect();
    let source = settings.environment.get(env::SOURCE_ID);
    if !config.zip(source).is_some_and(|(config, source)| has_credential(settings, config, source)) {
        missing.extend(CREDENTIAL.into_iter().filter(is_missing));
    }
    missing
}

/// The control plane the environment names.
pub(super) fn control_plane(settings: &Settings) -> Result<ControlPlane, Refusal> {
    let set = |name: &str| settings.environment.get(name).unwrap_or_default();
    ControlPlane::new(set(env::CONTROL_PLANE_URL), set(env::RUNNER_TOKEN))
}

/// Whether there is such a source, and a credential to write to it.
pub(super) fn check_credential(
    settings: &Settings,
    config: &Arc<Config>,
    source: &str,
) -> Result<(), Refusal> {
    let unusable = |what: String| Err(Refusal::new(Code::RunnerNotConfigured, what));
    let Some(found) = config.sources.get(source) else {
        return unusable(format!("`{}` is `{source}`, and the config has no such source", env::SOURCE_ID));
    };
    if has_credential(settings, config, source) {
        return Ok(());
    }
    unusable(format!(
        "source `{source}` has no write credential here: it is `read_only`, or `{}` is not `{}`",
        env::ENGINE,
        found.engine.as_str()
    ))
}

fn has_credential(settings: &Settings, config: &Arc<Config>, source: &str) -> bool {
    let writers = wiring::job_credentials(settings, config);
    let mut its = writers.iter().filter(|writer| writer.name == source);
    its.any(|writer| matches!(writer.connect, Connect::Url(_) | Connect::File(_)))
}

fn told(drained: &Drained) -> Report {
    let lines: Vec<String> = drained
        .counts
        .iter()
        .map(|(outcome, count)| format!("{count:>7}  {}", outcome.replace('_', " ")))
        .collect();
    let text = if lines.is_empty() { style::dim("no job was given out") } else { lines.join("\n") };
    Report::done(json!({ "ended": drained.counts }), text)
}
