//! `synapsor activity search`: everything that happened, in one list.

use synapsor_ledger::Filter;
use synapsor_protocol::Refusal;

use super::find;
use crate::args::{Activity, SearchActivity};
use crate::print::{Report, activity, listing};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(command: Activity, settings: &Settings) -> Result<Report, Refusal> {
    let Activity::Search(typed) = command;
    let SearchActivity { status, proposal, evidence, about, paging } = *typed;
    let ledger = wiring::ledger(settings, false).await?;
    let filter = Filter {
        status,
        proposal: find::proposal(&ledger, proposal.as_deref()).await?,
        evidence: find::evidence(&ledger, evidence.as_deref()).await?,
        ..find::about(&about)?
    };
    let found = ledger.find_activity(&filter, &find::page(&paging)).await.map_err(|error| error.refusal())?;
    Ok(listing::report(&listing::ACTIVITY, &found, activity::document, activity::table))
}
