//! `synapsor shadow`: what would have been done beside what people did. No database is touched, and nothing is decided.

mod patch;
mod report;
mod tried;

use synapsor_ledger::{Filter, Ledger, Page};
use synapsor_protocol::shadow::NOTES_CHARS_MAX;
use synapsor_protocol::{Code, HumanAction, ProposalId, Refusal};

use super::find;
use crate::args::{RecordHumanAction, Shadow, ShadowReference};
use crate::next::After;
use crate::print::{Report, listing, shadow};
use crate::settings::Settings;
use crate::wiring;

pub(crate) use report::{Account as ShadowAccount, ColumnCounts};
pub(crate) use tried::{Averages, Candidates, Pair, Tried};

/// The word for the newest.
const LATEST: &str = "latest";

pub(crate) async fn run(command: Shadow, settings: &Settings) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    match command {
        Shadow::List(typed) => {
            let (filter, page) = (find::about(&typed.about)?, find::page(&typed.paging));
            let found = ledger.find_shadows(&filter, &page).await.map_err(|error| error.refusal())?;
            Ok(listing::report(&listing::SHADOWS, &found, shadow::document, shadow::list))
        }
        Shadow::RecordHumanAction(typed) => record(&ledger, &typed, settings).await,
        Shadow::Compare(reference) => {
            let id = proposal(&ledger, &reference).await?;
            let found = ledger.shadow(&id).await.map_err(|error| error.refusal())?;
            Ok(Report::done(shadow::document(&found), shadow::sheet(&found)))
        }
        Shadow::Report(typed) => report::run(&ledger, &typed).await,
    }
}

async fn record(ledger: &Ledger, typed: &RecordHumanAction, settings: &Settings) -> Result<Report, Refusal> {
    if typed.notes.as_ref().is_some_and(|notes| notes.chars().count() > NOTES_CHARS_MAX) {
        let message = format!("--notes has more than {NOTES_CHARS_MAX} characters");
        return Err(Refusal::new(Code::InvalidInput, message));
    }
    let columns = patch::read(&typed.patch)?;
    let id = proposal(ledger, &typed.reference).await?;
    let known = ledger.shadow(&id).await.map_err(|error| error.refusal())?;
    let actor = settings.actor(typed.actor.as_deref());
    let sealed = &known.proposal.proposal;
    let action = HumanAction::new(sealed, actor, columns, typed.notes.clone(), wiring::clock().now())
        .map_err(|refused| Refusal::new(Code::InvalidInput, refused.to_string()))?;
    let found = ledger.record_human_action(&action).await.map_err(|error| error.refusal())?;
    let report = Report::done(shadow::document(&found), shadow::sheet(&found));
    Ok(report.next(After::HumanActionRecorded, id.as_str()))
}

/// The proposal a person named; `latest` is the newest of the shadow proposals.
async fn proposal(ledger: &Ledger, reference: &ShadowReference) -> Result<ProposalId, Refusal> {
    if reference.proposal == LATEST {
        let newest = ledger.find_shadows(&Filter::default(), &Page::first(1)).await;
        let newest = newest.map_err(|error| error.refusal())?.items.pop();
        let found = newest.map(|found| found.proposal.proposal.proposal_id);
        return found.ok_or_else(|| {
            Refusal::new(Code::ProposalNotFound, "there is no shadow proposal")
                .hint("`mode: shadow` in the config makes them")
        });
    }
    ledger.resolve(&reference.proposal).await.map_err(|error| error.refusal())
}
