//! `synapsor replay`: the recorded story of a proposal, from the ledger alone.

use serde_json::json;
use synapsor_ledger::{Ledger, StoredProposal};
use synapsor_protocol::{Code, ProposalId, Refusal};

use super::{find, output, proposals};
use crate::args::{Replay, ReplayReference};
use crate::print::document::with;
use crate::print::{Report, listing, proposal, replay};
use crate::settings::Settings;
use crate::wiring;

/// What a replay's id has before the proposal's.
const REPLAY_PREFIX: &str = "replay_";

pub(crate) async fn run(command: Replay, settings: &Settings) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    let (reference, export) = match &command {
        Replay::List(typed) => {
            let found = proposals::find_all(&ledger, typed).await?;
            return Ok(listing::report(&listing::REPLAYS, &found, document, proposal::list));
        }
        Replay::Show(reference) => (reference, None),
        Replay::Export { reference, export } => (reference, Some(export)),
    };
    let id = find(&ledger, reference).await?;
    let story = ledger.replay(&id).await.map_err(|error| error.refusal())?;
    let document = serde_json::to_value(&story).map_err(Refusal::bug)?;
    match export {
        None => Ok(Report::done(document, replay::story(&story))),
        Some(export) => output::export(export, &document, || replay::page(&story)),
    }
}

fn document(stored: &StoredProposal) -> serde_json::Value {
    let replay_id = format!("{REPLAY_PREFIX}{}", stored.proposal.proposal_id);
    with(proposal::document(stored), [("replay_id", json!(replay_id))])
}

/// The proposal whose story is meant.
async fn find(ledger: &Ledger, typed: &ReplayReference) -> Result<ProposalId, Refusal> {
    if let Some(reference) = &typed.evidence {
        return of_evidence(ledger, reference).await;
    }
    let replay = typed.replay.as_ref().map(|id| id.strip_prefix(REPLAY_PREFIX).unwrap_or(id));
    let reference = typed.reference.as_deref().or(typed.proposal.as_deref()).or(replay).unwrap_or_default();
    ledger.resolve(reference).await.map_err(|error| error.refusal())
}

async fn of_evidence(ledger: &Ledger, reference: &str) -> Result<ProposalId, Refusal> {
    let nothing = || Refusal::new(Code::RecordNotFound, "no evidence was named");
    let id = find::evidence(ledger, Some(reference)).await?.ok_or_else(nothing)?;
    let found = ledger.evidence_record(&id).await.map_err(|error| error.refusal())?;
    found.proposal_id.ok_or_else(|| {
        Refusal::new(
            Code::ProposalNotFound,
            format!("evidence `{id}` led to no proposal, so there is no story of one"),
        )
        .hint(format!("`synapsor evidence show {id}` shows what was read"))
    })
}
