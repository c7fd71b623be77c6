//! `synapsor writeback reconcile`: applies that never said how they ended: which there are, what is known, and their end.

use serde_json::json;
use synapsor_protocol::{ProposalId, Refusal};
use synapsor_writeback::{Conclusion, Desk, DryRun, Inspection, SourceSays, StopSwitch};

use super::{apply, apply_all};
use crate::args::{Reconcile, Resolve};
use crate::exit::Exit;
use crate::interrupt::stoppable;
use crate::next::After;
use crate::print::{Report, proposal, style};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(command: Reconcile, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    match command {
        Reconcile::List => {
            let unsettled = ledger.unsettled().await.map_err(|error| error.refusal())?;
            let documents: Vec<_> = unsettled.iter().map(proposal::document).collect();
            let text = match unsettled.as_slice() {
                [] => "nothing to reconcile: the ledger knows how every apply ended".to_owned(),
                unsettled => proposal::list(unsettled),
            };
            let after = (!unsettled.is_empty()).then_some(After::Unsettled);
            Ok(Report::done(json!({ "proposals": documents }), text).next(after, ""))
        }
        Reconcile::Inspect(reference) => {
            let id = ledger.resolve(&reference.proposal).await.map_err(|error| error.refusal())?;
            let config = settings.config()?;
            let inspection = wiring::desk(settings, &config, ledger).inspect(&id).await?;
            let document = serde_json::to_value(&inspection).map_err(Refusal::bug)?;
            let exit = match inspection.conclusion {
                Conclusion::SourceRegressed | Conclusion::LedgerBehind => Exit::Refused,
                Conclusion::AskAgain => Exit::Unavailable,
                _ => Exit::Done,
            };
            let after = match inspection.conclusion {
                Conclusion::ResolveRecords | Conclusion::ResolveApplies => Some(After::CanBeSettled),
                _ => None,
            };
            Ok(Report::done(document, describe(&inspection)).next(after, id.as_str()).exit(exit))
        }
        Reconcile::Resolve(Resolve { proposal: Some(reference), .. }) => {
            let id = ledger.resolve(&reference).await.map_err(|error| error.refusal())?;
            let config = settings.config()?;
            let switch = StopSwitch::new();
            let desk = wiring::desk(settings, &config, ledger).stopping_on(switch.signal());
            one(&desk, &switch, &id).await
        }
        Reconcile::Resolve(all) => apply_all::settle(&all.patience, settings, ledger, json).await,
    }
}

async fn one(desk: &Desk, switch: &StopSwitch, id: &ProposalId) -> Result<Report, Refusal> {
    match stoppable(switch, desk.settle(id)).await? {
        Some(report) => {
            let document = serde_json::to_value(&report).map_err(Refusal::bug)?;
            Ok(apply::told(&report, document))
        }
        None => {
            let text = format!("nothing to reconcile: no apply of {id} is without an end");
            Ok(Report::done(json!({ "proposal_id": id, "outcome": null }), text))
        }
    }
}

fn describe(inspection: &Inspection) -> String {
    let ledger = match (inspection.unsettled, inspection.attempts) {
        (true, attempts) => format!("{}, attempt {attempts} has no known end", inspection.ledger),
        (false, 0) => format!("{}, never tried", inspection.ledger),
        (false, attempts) => format!("{}, attempt {attempts} was the last", inspection.ledger),
    };
    let source = match &inspection.source {
        SourceSays::Applied => "holds the receipt of the change".to_owned(),
        SourceSays::Conflict => "holds the receipt of a conflict".to_owned(),
        SourceSays::Foreign => "holds a receipt with this key for other content".to_owned(),
        SourceSays::NoReceipt { would: DryRun::Conflict { code, .. } } => {
            format!("holds no receipt; an apply would be a conflict now, {code}")
        }
        SourceSays::NoReceipt { .. } => "holds no receipt; the row is as it was reviewed".to_owned(),
        SourceSays::Silent { code } => format!("cannot be asked: {code}, {}", code.meaning()),
    };
    let next = match inspection.conclusion {
        Conclusion::Agreed => style::good("they agree; nothing is to be done"),
        Conclusion::ResolveRecords => {
            style::warn("`writeback reconcile resolve` records what the source says")
        }
        Conclusion::ResolveApplies => style::warn("`writeback reconcile resolve` carries the job out now"),
        Conclusion::SourceRegressed => style::bad(
            "the source was restored or lost a commit; nothing is applied again by itself: compare the row with the receipt",
        ),
        Conclusion::LedgerBehind => {
            style::bad("the source knows more than the ledger: is the ledger an older copy?")
        }
        Conclusion::AskAgain => style::warn("ask again when the source answers"),
    };
    format!(
        "{}\n  {}  {ledger}\n  {}  {source}\n  {}    {next}",
        style::strong(&inspection.proposal_id),
        style::dim("ledger"),
        style::dim("source"),
        style::dim("then")
    )
}
