//! `synapsor proposals`: list, show, and decide. A decision is for the content that was shown, by digest.

use serde_json::json;
use synapsor_ledger::{Ledger, ProposalFilter, StoredProposal};
use synapsor_protocol::{Code, Digest, Refusal, Verdict};

use super::confirm::confirm;
use super::job;
use crate::args::{Decide, List, Proposals};
use crate::print::{self, Report, proposal, style, usage};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(command: Proposals, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    match command {
        Proposals::List(wanted) => list(&ledger, &wanted).await,
        Proposals::Show(reference) => {
            let stored = find(&ledger, &reference.proposal).await?;
            let evidence =
                ledger.evidence(&stored.proposal.evidence_id).await.map_err(|error| error.refusal())?;
            let used = evidence.as_ref().map(usage::line).unwrap_or_default();
            let text = format!("{}{used}{}", proposal::sheet(&stored), proposal::next(&stored));
            let handler = evidence.as_ref().map(usage::document).unwrap_or_default();
            let mut document = proposal::document(&stored);
            if let Some(fields) = document.as_object_mut() {
                fields.insert("handler".into(), handler);
            }
            Ok(Report::done(document, text))
        }
        Proposals::Approve(decide) => self::decide(settings, ledger, &decide, Verdict::Approved, json).await,
        Proposals::Reject(decide) => self::decide(settings, ledger, &decide, Verdict::Rejected, json).await,
        Proposals::WritebackJob(wanted) => job::hand_over(settings, ledger, &wanted).await,
    }
}

async fn list(ledger: &Ledger, wanted: &List) -> Result<Report, Refusal> {
    let filter = ProposalFilter {
        state: wanted.state,
        tenant: wanted.tenant.clone(),
        capability: wanted.capability.clone(),
        limit: wanted.limit,
    };
    let found = ledger.proposals(&filter).await.map_err(|error| error.refusal())?;
    let documents: Vec<_> = found.iter().map(proposal::document).collect();
    Ok(Report::done(json!({ "proposals": documents }), proposal::list(&found)))
}

/// The proposal a person named: an id, a prefix or `latest`.
pub(crate) async fn find(ledger: &Ledger, reference: &str) -> Result<StoredProposal, Refusal> {
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
    let stored = find(&ledger, &decide.reference.proposal).await?;
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
    let text = format!("\n{done} by {}{}", print::inert::text(&actor), proposal::next(&decided));
    Ok(Report::done(proposal::document(&decided), text))
}
