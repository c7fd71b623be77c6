//! `synapsor rerun`: the recorded call of a proposal once more, through the handler that made it.
//!
//! Invariant: no row is read. Of the source only the target table's columns are asked, and a source that does not answer
//! costs that one check.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use synapsor_config::{Capability, Config, HandlerGrant, Logic as Reviewed};
use synapsor_invocation::{Comparison, Likeness, LoadedHandler, SettingsFrom, Today, rerun};
use synapsor_ledger::PastCall;
use synapsor_protocol::{Code, Logic, Refusal};
use synapsor_source::{Sources, TableShape};

use crate::args::Rerun;
use crate::exit::Exit;
use crate::print::document::with;
use crate::print::{Report, comparison};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(wanted: &Rerun, settings: &Settings) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let ledger = wiring::ledger(settings, false).await?;
    let id = ledger.resolve(&wanted.reference.proposal).await.map_err(|error| error.refusal())?;
    let past = ledger.past_call(&id).await.map_err(|error| error.refusal())?;
    let Again { compared, same, config_changed, column_types_checked } =
        again(&past, wanted.bundle.as_deref(), (settings, &config)).await?;
    let fields = [
        ("same", json!(same)),
        ("config_changed", json!(config_changed)),
        ("column_types_checked", json!(column_types_checked)),
    ];
    let document = with(serde_json::to_value(&compared).map_err(Refusal::bug)?, fields);
    let text = comparison::rerun(&compared, config_changed, column_types_checked);
    Ok(Report::done(document, text).exit(if same { Exit::Done } else { Exit::Refused }))
}

/// A recorded call beside its rerun.
pub(super) struct Again {
    pub(super) compared: Comparison,
    /// The same content and the same fuel.
    pub(super) same: bool,
    /// Whether today's config says something else about the capability than when the call was made.
    pub(super) config_changed: bool,
    /// Whether the source said what its columns take.
    pub(super) column_types_checked: bool,
}

/// Runs a recorded call again through the handler that made it.
pub(super) async fn again(
    past: &PastCall,
    bundle: Option<&Path>,
    (settings, config): (&Settings, &Config),
) -> Result<Again, Refusal> {
    require_intact(past)?;
    let capability = capability(config, &past.evidence.capability)?;
    let reviewed = past.proposal.as_ref().map(|proposal| &proposal.change_set.capability_digest);
    let config_changed = reviewed != Some(&capability.digest);
    let handler = recorded_handler(past, bundle, (settings, config), capability).await?;
    let table = table(&wiring::sources(settings, config), capability).await;
    let today = Today { settings: SettingsFrom::Record, table: table.as_ref() };
    let rerun = rerun(past, capability, handler.as_ref(), today).await?;
    let compared = Comparison::new(past, rerun).map_err(Refusal::bug)?;
    let same = compared.likeness == Likeness::Same && !compared.other_fuel();
    Ok(Again { compared, same, config_changed, column_types_checked: table.is_some() })
}

/// What a capability's table looks like today; none where its source does not say.
pub(super) async fn table(sources: &Sources, capability: &Capability) -> Option<TableShape> {
    let shape = sources.shape(&capability.source.name, &capability.target).await;
    shape.inspect_err(|error| tracing::debug!(%error, "the columns' types are not checked")).ok().flatten()
}

/// What was edited since proves nothing.
fn require_intact(past: &PastCall) -> Result<(), Refusal> {
    if past.intact {
        return Ok(());
    }
    Err(Refusal::new(
        Code::ProposalHashMismatch,
        "the record of this proposal was edited since it was sealed",
    ))
}

/// A capability of today's config, whose rules and grants a rerun works with.
pub(super) fn capability<'a>(config: &'a Config, name: &str) -> Result<&'a Arc<Capability>, Refusal> {
    config.capabilities.iter().find(|capability| capability.name == name).ok_or_else(|| {
        let message = format!("capability `{name}` is not in the config any more");
        Refusal::new(Code::RerunInputsMissing, message).hint("name the config of that time with --config")
    })
}

/// The config's grant for a capability that has a handler.
pub(super) fn grant(capability: &Capability) -> Option<&HandlerGrant> {
    match &capability.proposal.as_ref()?.logic {
        Reviewed::Handler(grant) => Some(grant),
        Reviewed::Patch(_) => None,
    }
}

/// The handler that made the proposal, byte for byte; none where bindings did.
async fn recorded_handler(
    past: &PastCall,
    bundle: Option<&Path>,
    (settings, config): (&Settings, &Config),
    capability: &Arc<Capability>,
) -> Result<Option<LoadedHandler>, Refusal> {
    let logic = past.proposal.as_ref().map(|proposal| &proposal.change_set.logic);
    let Some(Logic::Handler { name, version, component }) = logic else { return Ok(None) };
    let Some(grant) = grant(capability) else { return Ok(None) };
    let folder: PathBuf = match bundle {
        Some(bundle) => bundle.to_owned(),
        None => settings.config_folder().join(&grant.bundle),
    };
    let found = wiring::bundle(&folder)?;
    let digest = found.component_digest.clone();
    if digest != *component {
        return Err(Refusal::new(
            Code::HandlerDigestMismatch,
            format!(
                "handler `{name}` {version} made the proposal with component `{component}`; the bundle `{}` holds `{digest}`",
                folder.display()
            ),
        )
        .hint("name the bundle of that time with --bundle, or compare versions with `synapsor backtest`"));
    }
    let engine = wiring::rerun_engine(settings, config)?;
    wiring::loaded(engine, found, grant.clone()).await.map(Some)
}
