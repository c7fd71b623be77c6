//! `synapsor start`: where you are, what comes next, and what a worker would need; with a database named, `onboard db`.
//!
//! Invariant: it only looks. A ledger that is not there is not made, and no database is connected to.

use std::io::IsTerminal as _;
use std::sync::Arc;

use serde_json::json;
use synapsor_config::{Checked, Config};
use synapsor_ledger::{Ledger, ProposalFilter};
use synapsor_protocol::{ProposalState, Refusal};
use synapsor_setup::doctor::{self, Severity};
use synapsor_setup::start::{Surroundings, whereabouts};

use super::runner;
use crate::print::{self, Report, style};
use crate::settings::{LedgerName, Settings};
use crate::wiring;

/// Whether somebody sits at a terminal and there is no config yet.
pub(crate) fn is_beginning(settings: &Settings, json: bool) -> bool {
    let somebody = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    somebody && !json && !settings.config_path.exists()
}

/// Where you are, and what comes next.
pub(crate) async fn run(settings: &Settings) -> Result<Report, Refusal> {
    of(settings, checked(settings)?.as_ref()).await
}

/// The same for `start` by its name, which starts a worker where one is set up: also what one would need.
pub(crate) async fn by_name(settings: &Settings) -> Result<Report, Refusal> {
    let checked = checked(settings)?;
    let Report { mut json, text, exit } = of(settings, checked.as_ref()).await?;
    let config = checked.and_then(|checked| checked.config).map(Arc::new);
    let needed = runner::missing(settings, config.as_ref());
    let named: Vec<String> = needed.iter().map(|name| format!("`{name}`")).collect();
    let no_worker = format!("no worker is started; not set: {}", named.join(", "));
    if let Some(members) = json.as_object_mut() {
        members.insert("worker_needs".to_owned(), json!(needed));
    }
    Ok(Report { json, text: format!("{text}\n{}", style::dim(&no_worker)), exit })
}

/// The config and its problems; none where there is no config yet.
fn checked(settings: &Settings) -> Result<Option<Checked>, Refusal> {
    if !settings.config_path.exists() {
        return Ok(None);
    }
    Ok(Some(synapsor_config::check(&settings.config_text()?)))
}

async fn of(settings: &Settings, checked: Option<&Checked>) -> Result<Report, Refusal> {
    let told = whereabouts(&surroundings(settings, checked).await?);
    Ok(Report::done(json!(told), print::draft::whereabouts(&told)))
}

async fn surroundings(settings: &Settings, checked: Option<&Checked>) -> Result<Surroundings, Refusal> {
    let config = settings.config_path.display().to_string();
    let Some(checked) = checked else { return Ok(Surroundings { config, ..Surroundings::default() }) };
    let errors =
        checked.problems.iter().filter(|problem| problem.severity == synapsor_config::Severity::Error);
    let found = Surroundings {
        config,
        config_is_there: true,
        config_errors: errors.count(),
        ..Surroundings::default()
    };
    match &checked.config {
        None => Ok(found),
        Some(config) => of_config(config, settings, found).await,
    }
}

async fn of_config(
    config: &Config,
    settings: &Settings,
    found: Surroundings,
) -> Result<Surroundings, Refusal> {
    let sections = [
        doctor::environment(config, &settings.environment),
        doctor::context(config, &settings.environment),
        doctor::transport(config, &settings.environment),
    ];
    let mut fails = sections
        .into_iter()
        .flat_map(|section| section.findings)
        .filter(|found| found.severity == Severity::Fail);
    let found = Surroundings {
        first_fix: fails.next().map(|finding| finding.fix),
        first_capability: config.capabilities.first().map(|capability| capability.name.clone()),
        ..found
    };
    match settings.ledger()? {
        LedgerName::File(path) if !path.exists() => Ok(found),
        _ => of_ledger(&wiring::ledger(settings, false).await?, found).await,
    }
}

async fn of_ledger(ledger: &Ledger, found: Surroundings) -> Result<Surroundings, Refusal> {
    let unsettled = ledger.unsettled().await.map_err(|error| error.refusal())?.len();
    let waiting = count(ledger, ProposalState::PendingReview).await?;
    let approved = count(ledger, ProposalState::Approved).await?;
    Ok(Surroundings { ledger_is_there: true, unsettled, waiting, approved, ..found })
}

/// How many stand there, as far as a list goes.
async fn count(ledger: &Ledger, state: ProposalState) -> Result<usize, Refusal> {
    let filter = ProposalFilter { state: Some(state), ..ProposalFilter::default() };
    Ok(ledger.proposals(&filter).await.map_err(|error| error.refusal())?.len())
}
