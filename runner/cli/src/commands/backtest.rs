//! `synapsor backtest`: recorded calls through another version of their handler, on every core.
//!
//! Invariant: no row is read. As in a rerun, the sources are asked for columns only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;
use synapsor_config::{Capability, Config};
use synapsor_invocation::{Comparison, Likeness, LoadedHandler, SettingsFrom, Today, rerun};
use synapsor_ledger::{HistoryFilter, PastCall};
use synapsor_protocol::{Code, Kind, Logic, Refusal};
use synapsor_source::TableShape;
use tokio::task::JoinSet;

use super::find;
use super::rerun::{capability, grant, table};
use crate::args::{Backtest, End, FailOn};
use crate::exit::Exit;
use crate::print::progress::Wait;
use crate::print::{Report, comparison};
use crate::settings::Settings;
use crate::wiring;

/// What the calls of each capability run with.
type Loaded = BTreeMap<String, Arc<Ready>>;

struct Ready {
    capability: Arc<Capability>,
    /// With the limits that the capability grants.
    handler: LoadedHandler,
    /// What its table looks like today, where its source says.
    table: Option<TableShape>,
}

pub(crate) async fn run(wanted: &Backtest, settings: &Settings) -> Result<Report, Refusal> {
    let since = find::bound("--since", wanted.since, End::From, wiring::clock().now())?;
    let config = settings.config()?;
    let bundle = wiring::trusted_bundle(&wanted.bundle, &config.handler_trust)?;
    let name = bundle.manifest.name.clone();
    let ledger = wiring::ledger(settings, false).await?;
    if let Some(name) = &wanted.capability {
        capability(&config, name)?;
    }
    let filter = HistoryFilter { capability: wanted.capability.clone(), since };
    let mut history = ledger.history(&filter).await.map_err(|error| error.refusal())?;
    history.retain(|past| decided_by(past).is_some_and(|by| wanted.capability.is_some() || by == name));
    let loaded = load(&history, &config, settings, &bundle).await?;
    let from = if wanted.current_settings { SettingsFrom::Config } else { SettingsFrom::Record };
    let column_types_checked = loaded.values().all(|ready| ready.table.is_some());
    let total = history.len();
    let edited = history.iter().filter(|past| !past.intact).count();
    history.retain(|past| past.intact);

    let compared = compare(history, &loaded, from).await?;
    let mut counts: BTreeMap<Likeness, usize> = BTreeMap::new();
    for comparison in &compared {
        *counts.entry(comparison.likeness).or_default() += 1;
    }
    let failing = Likeness::ALL.iter().any(|likeness| {
        counts.contains_key(likeness) && wanted.fail_on.iter().any(|fail_on| fail_on.covers(*likeness))
    });
    let count = |likeness: &Likeness| counts.get(likeness).copied().unwrap_or_default();
    let by_name: serde_json::Map<_, _> =
        Likeness::ALL.iter().map(|l| (l.as_str().replace(' ', "_"), json!(count(l)))).collect();
    let others: Vec<&Comparison> =
        compared.iter().filter(|comparison| comparison.likeness != Likeness::Same).collect();
    let document = json!({
        "handler": name,
        "version": bundle.manifest.version,
        "component": bundle.component_digest,
        "calls": total,
        "counts": by_name,
        "edited": edited,
        "column_types_checked": column_types_checked,
        "differences": others,
    });
    let by = (name.as_str(), bundle.manifest.version.as_str());
    let text = comparison::backtest(by, &compared, edited, column_types_checked);
    let exit = if failing || edited > 0 { Exit::Refused } else { Exit::Done };
    Ok(Report::done(document, text).exit(exit))
}

impl FailOn {
    fn covers(self, likeness: Likeness) -> bool {
        match self {
            Self::Any => likeness != Likeness::Same,
            Self::Different => likeness == Likeness::Different,
            Self::Refused => likeness == Likeness::NewlyRefused,
            Self::Allowed => likeness == Likeness::NewlyAllowed,
            Self::OtherReads => likeness == Likeness::NeedsOtherReads,
        }
    }
}

/// The name of the handler that decided a call. A call that the world broke says nothing about its handler.
fn decided_by(past: &PastCall) -> Option<&str> {
    if past.refused.is_some_and(|code| code.kind() != Kind::Refusal) {
        return None;
    }
    if let Some(handler) = &past.evidence.handler {
        return Some(&handler.name);
    }
    match &past.proposal.as_ref()?.change_set.logic {
        Logic::Handler { name, .. } => Some(name),
        Logic::Declarative => None,
    }
}

async fn load(
    history: &[PastCall],
    config: &Config,
    settings: &Settings,
    bundle: &synapsor_bundle::Bundle,
) -> Result<Loaded, Refusal> {
    let names: BTreeSet<&str> = history.iter().map(|past| past.evidence.capability.as_str()).collect();
    let engine = wiring::rerun_engine(settings, config)?;
    let sources = wiring::sources(settings, config);
    let mut loaded = Loaded::new();
    for name in names {
        let capability = capability(config, name)?;
        let grant = grant(capability).ok_or_else(|| {
            let message = format!("capability `{name}` has no handler in the config any more");
            Refusal::new(Code::RerunInputsMissing, message)
        })?;
        let handler = wiring::loaded(engine.clone(), bundle.clone(), grant.clone()).await?;
        let (capability, table) = (Arc::clone(capability), table(&sources, capability).await);
        loaded.insert(name.to_owned(), Arc::new(Ready { capability, handler, table }));
    }
    Ok(loaded)
}

/// As many calls at a time as there are cores, compared in the order they came.
async fn compare(
    history: Vec<PastCall>,
    loaded: &Loaded,
    from: SettingsFrom,
) -> Result<Vec<Comparison>, Refusal> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let wait = Wait::of_steps("running recorded calls", history.len());
    let mut running = JoinSet::new();
    let mut compared = Vec::with_capacity(history.len());
    let mut waiting = history.into_iter().enumerate();
    loop {
        while running.len() < 2 * cores {
            let Some((at, past)) = waiting.next() else { break };
            let Some(ready) = loaded.get(&past.evidence.capability).cloned() else { continue };
            running.spawn(async move {
                let today = Today { settings: from, table: ready.table.as_ref() };
                let again = rerun(&past, &ready.capability, Some(&ready.handler), today).await?;
                Ok::<_, Refusal>((at, Comparison::new(&past, again).map_err(Refusal::bug)?))
            });
        }
        let Some(ended) = running.join_next().await else { break };
        compared.push(ended.map_err(Refusal::bug)??);
        wait.step();
    }
    compared.sort_by_key(|(at, _)| *at);
    Ok(compared.into_iter().map(|(_, comparison)| comparison).collect())
}
