//! `synapsor replay show`: the recorded story of a proposal, from the ledger alone.

use synapsor_protocol::Refusal;

use crate::args::Reference;
use crate::print::{Report, replay};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn show(reference: &Reference, settings: &Settings) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    let id = ledger.resolve(&reference.proposal).await.map_err(|error| error.refusal())?;
    let story = ledger.replay(&id).await.map_err(|error| error.refusal())?;
    let document = serde_json::to_value(&story).map_err(Refusal::bug)?;
    Ok(Report::done(document, replay::story(&story)))
}
