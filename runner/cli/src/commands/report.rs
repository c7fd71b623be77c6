//! `synapsor report`: everything on record about an object, a principal or a time, as one document that can be handed on.
//!
//! Invariant: a report is complete, or it is not made.

use serde_json::{Value as Json, json};
use synapsor_ledger::{
    ChainReport, Error, Filter, FoundAudit, FoundEvidence, Ledger, Listing, PAGE_ROWS_MAX, Page, Replay,
    Verification,
};
use synapsor_protocol::{Code, Moment, Refusal};

use super::{find, output};
use crate::args::{MakeReport, ReportFormat};
use crate::print::{Report, compliance, html, markdown, pretty, progress};
use crate::settings::Settings;
use crate::wiring;

/// Schema version of the document.
const REPORT_SCHEMA: &str = "synapsor.report.v1";

/// Records of one kind that a report holds at most.
const RECORDS_MAX: usize = 5_000;

/// What a report tells.
pub(crate) struct Account {
    pub(crate) ledger_id: String,
    pub(crate) made_at: Moment,
    /// What was asked for, label by label.
    pub(crate) asked: Vec<(&'static str, String)>,
    /// The stories of the proposals, oldest first.
    pub(crate) stories: Vec<Replay>,
    /// What was read without a proposal coming of it.
    pub(crate) reads: Vec<FoundEvidence>,
    /// The calls that were refused.
    pub(crate) refused: Vec<FoundAudit>,
    /// Whether the whole ledger fits.
    pub(crate) chain: ChainReport,
}

pub(crate) async fn run(typed: &MakeReport, settings: &Settings) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    let filter = find::about(&typed.about)?;
    let account = gather(&ledger, &filter).await?;
    let text = match typed.format {
        ReportFormat::Json => pretty(&document(&account)?),
        ReportFormat::Markdown => markdown::written(&compliance::page(&account)?),
        ReportFormat::Html => html::written(&compliance::page(&account)?)?,
    };
    output::hand_out(&typed.file, text)
}

async fn gather(ledger: &Ledger, filter: &Filter) -> Result<Account, Refusal> {
    let proposals = all("proposals", async |page| ledger.find_proposals(filter, page).await).await?;
    let mut stories = Vec::with_capacity(proposals.len());
    for stored in &proposals {
        let story = ledger.replay(&stored.proposal.proposal_id).await;
        stories.push(story.map_err(|error| error.refusal())?);
    }
    let mut reads = all("reads", async |page| ledger.find_evidence(filter, page).await).await?;
    reads.retain(|found| found.proposal_id.is_none());
    let mut refused = all("calls", async |page| ledger.find_audits(filter, page).await).await?;
    refused.retain(|found| found.audit.refused.is_some());
    if stories.is_empty() && reads.is_empty() && refused.is_empty() {
        return Err(Refusal::new(Code::RecordNotFound, "the ledger holds nothing that this asks for")
            .hint("`synapsor activity search` with fewer of the filters shows what there is"));
    }
    let against = Verification::default();
    let walk = ledger.verify_against(&against);
    let chain = progress::following("walking the ledger", &against.progress, walk).await;
    Ok(Account {
        ledger_id: ledger.ledger_id().to_owned(),
        made_at: wiring::clock().now(),
        asked: asked(filter),
        stories,
        reads,
        refused,
        chain: chain.map_err(|error| error.refusal())?,
    })
}

/// Every record of a list, oldest first.
async fn all<T>(
    what: &str,
    find: impl AsyncFn(&Page) -> Result<Listing<T>, Error>,
) -> Result<Vec<T>, Refusal> {
    let mut page = Page::first(PAGE_ROWS_MAX);
    let mut found = Vec::new();
    loop {
        let Listing { items, next } = find(&page).await.map_err(|error| error.refusal())?;
        found.extend(items);
        if found.len() > RECORDS_MAX {
            let message = format!("there are more than {RECORDS_MAX} {what}, and a report leaves none out");
            return Err(Refusal::new(Code::InvalidInput, message)
                .hint("make several: `--from` and `--to` name the time of each"));
        }
        if next.is_none() {
            found.reverse();
            return Ok(found);
        }
        page.after = next;
    }
}

/// The filters, as they were understood.
pub(super) fn asked(filter: &Filter) -> Vec<(&'static str, String)> {
    let table = filter.table.as_ref().map(|table| match &table.schema {
        Some(schema) => format!("{schema}.{}", table.name),
        None => table.name.clone(),
    });
    let object = match (&filter.object.kind, &filter.object.key) {
        (Some(kind), Some(key)) => Some(format!("{kind}:{key}")),
        (Some(kind), None) => Some(format!("every {kind}")),
        (None, Some(key)) => Some(key.clone()),
        (None, None) => None,
    };
    let parts = [
        ("object", object),
        ("tenant", filter.tenant.clone()),
        ("principal", filter.principal.clone()),
        ("capability", filter.capability.clone()),
        ("source", filter.source.clone()),
        ("table", table),
        ("from", filter.from.map(|at| at.to_string())),
        ("before", filter.to.map(|at| at.to_string())),
    ];
    parts.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
}

/// The report for programs: the records themselves, each part as its own export has it.
fn document(account: &Account) -> Result<Json, Refusal> {
    let reads = account.reads.iter().map(|found| {
        let digest = found.evidence.digest().map_err(Refusal::bug)?;
        Ok(json!({ "evidence": found.evidence, "digest": digest }))
    });
    let refused = account.refused.iter().map(|found| {
        let digest = found.audit.digest().map_err(Refusal::bug)?;
        Ok(json!({ "query_audit": found.audit, "digest": digest }))
    });
    let asked = account.asked.iter().map(|(label, value)| ((*label).to_owned(), json!(value)));
    Ok(json!({
        "schema_version": REPORT_SCHEMA,
        "ledger_id": account.ledger_id,
        "made_at": account.made_at,
        "asked_for": asked.collect::<serde_json::Map<_, _>>(),
        "verified": account.chain.holds(),
        "chain": account.chain,
        "stories": account.stories,
        "reads": reads.collect::<Result<Vec<_>, Refusal>>()?,
        "refused_calls": refused.collect::<Result<Vec<_>, Refusal>>()?,
    }))
}
