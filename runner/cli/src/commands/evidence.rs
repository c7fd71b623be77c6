//! `synapsor evidence`: what calls read, as it was captured. No database is touched.

use serde_json::{Value as Json, json};
use synapsor_ledger::{Filter, FoundEvidence, Ledger, Page};
use synapsor_protocol::{EvidenceId, Refusal};

use super::{find, output};
use crate::args::{Evidence, EvidenceReference};
use crate::print::{Report, evidence, listing};
use crate::settings::Settings;
use crate::wiring;

/// Schema version of an exported bundle.
const EXPORT_SCHEMA: &str = "synapsor.evidence-export.v1";

pub(crate) async fn run(command: Evidence, settings: &Settings) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    match command {
        Evidence::List(typed) => {
            let filter = Filter {
                proposal: find::proposal(&ledger, typed.proposal.as_deref()).await?,
                fingerprint: typed.fingerprint,
                ..find::about(&typed.about)?
            };
            let page = find::page(&typed.paging);
            let found = ledger.find_evidence(&filter, &page).await.map_err(|error| error.refusal())?;
            Ok(listing::report(&listing::EVIDENCE, &found, evidence::document, evidence::table))
        }
        Evidence::Show(reference) => {
            let found = get(&ledger, &reference).await?;
            Ok(Report::done(evidence::document(&found), evidence::sheet(&found)))
        }
        Evidence::Export { reference, export } => {
            let found = get(&ledger, &reference).await?;
            let document = document(&ledger, &found).await?;
            output::export(&export, &document, || evidence::page(&found))
        }
    }
}

async fn get(ledger: &Ledger, reference: &EvidenceReference) -> Result<FoundEvidence, Refusal> {
    let id = find::evidence(ledger, Some(&reference.evidence)).await?;
    let id = id.unwrap_or_else(|| EvidenceId::from_stored(reference.evidence.clone()));
    ledger.evidence_record(&id).await.map_err(|error| error.refusal())
}

/// The bundle with the audits of its call: enough to be judged without the ledger.
async fn document(ledger: &Ledger, found: &FoundEvidence) -> Result<Json, Refusal> {
    let of_it = Filter { evidence: Some(found.evidence.evidence_id.clone()), ..Filter::default() };
    let audits = ledger.find_audits(&of_it, &Page::default()).await.map_err(|error| error.refusal())?;
    let audits: Vec<_> = audits.items.iter().map(|found| &found.audit).collect();
    Ok(json!({
        "schema_version": EXPORT_SCHEMA,
        "ledger_id": ledger.ledger_id(),
        "evidence": found.evidence,
        "digest": found.evidence.digest().map_err(Refusal::bug)?,
        "proposal_id": found.proposal_id,
        "audits": audits,
    }))
}
