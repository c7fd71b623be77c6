//! `synapsor proposals`: list, show, and decide. A decision is for the content that was shown, by digest.

use synapsor_ledger::{Filter, Ledger, Listing, StoredProposal};
use synapsor_protocol::{Code, Digest, Refusal, Verdict};

use super::confirm::confirm;
use super::{find, job};
use crate::args::{Decide, ListProposals, Proposals};
use crate::next::After;
use crate::print::{self, Report, listing, proposal, style, usage};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(command: Proposals, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    match command {
        Proposals::List(wanted) => {
            let found = find_all(&ledger, &wanted).await?;
            Ok(listing::report(&listing::PROPOSALS, &found, proposal::document, proposal::list))
        }
        Proposals::Show(reference) => {
            let stored = get(&ledger, &reference.proposal).await?;
            let evidence =
                ledger.evidence(&stored.proposal.evidence_id).await.map_err(|error| error.refusal())?;
            let used = evidence.as_ref().map(usage::line).unwrap_or_default();
            let text = format!("{}{used}", proposal::sheet(&stored));
            let handler = evidence.as_ref().map(usage::document).unwrap_or_default();
            let mut document = proposal::document(&stored);
            if let Some(fields) = document.as_object_mut() {
                fields.insert("handler".into(), handler);
            }
            Ok(Report::done(document, text).next(After::of(&stored), stored.proposal.proposal_id.as_str()))
        }
        Proposals::Approve(decide) => self::decide(settings, ledger, &decide, Verdict::Approved, json).await,
        Proposals::Reject(decide) => self::decide(settings, ledger, &decide, Verdict::Rejected, json).await,
        Proposals::WritebackJob(wanted) => job::hand_over(settings, ledger, &wanted).await,
    }
}

/// A page of the proposals that were asked for.
pub(crate) async fn find_all(
    ledger: &Ledger,
    typed: &ListProposals,
) -> Result<Listing<StoredProposal>, Refusal> {
    let filter = Filter {
        status: typed.state.map(Into::into),
        evidence: find::evidence(ledger, typed.evidence.as_deref()).await?,
        ..find::about(&typed.about)?
    };
    ledger.find_proposals(&filter, &find::page(&typed.paging)).await.map_err(|error| error.refusal())
}

/// The proposal a person named: an id, a prefix or `latest`.
async fn get(ledger: &Ledger, reference: &str) -> Result<StoredProposal, Refusal> {
    let id = ledger.resolve(reference).await.map_err(|error| error.refusal())?;
    ledger.proposal(&id).await.map_err(|error| error.refusal())
}

async fn decide(
    settings: &Settings,
    ledger: Ledger,
    decide: &Decide,
    verdict: Verdict,
    json: bool,
) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let stored = get(&ledger, &decide.reference.proposal).await?;
    let id = &stored.proposal.proposal_id;
    let shown = match &decide.digest {
        Some(text) => Digest::try_from(text.clone())
            .map_err(|error| Refusal::new(Code::InvalidInput, format!("--digest: {error}")))?,
        None => stored.proposal.digest.clone(),
    };
    if verdict == Verdict::Rejected && decide.reason.is_none() {
        return Err(
            Refusal::new(Code::ReasonRequired, "a rejection needs a reason").hint("add --reason TEXT")
        );
    }
    if !json {
        print::line(&proposal::sheet(&stored));
    }
    if !decide.yes {
        let word = match verdict {
            Verdict::Approved => "approve",
            Verdict::Rejected => "reject",
        };
        confirm(&format!("{word} exactly this change"))?;
    }
    let desk = wiring::desk(settings, &config, ledger);
    let actor = settings.actor(decide.actor.as_deref());
    let decided = match verdict {
        Verdict::Approved => desk.approve(id, &shown, &actor, decide.reason.as_deref()).await?,
        Verdict::Rejected => {
            desk.reject(id, &shown, &actor, decide.reason.as_deref().unwrap_or_default()).await?
        }
    };
    let done = match verdict {
        Verdict::Approved => style::good("approved"),
        Verdict::Rejected => style::bad("rejected"),
    };
    let text = format!("\n{done} by {}", print::inert::text(&actor));
    let after = After::of(&decided);
    Ok(Report::done(proposal::document(&decided), text).next(after, id.as_str()))
}
