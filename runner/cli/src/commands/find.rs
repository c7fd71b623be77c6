//! From what was typed to what the ledger is asked: filters, pages, and the one record a reference means.

use synapsor_ledger::{Filter, Ledger, ObjectFilter, Page, RecordKind};
use synapsor_protocol::{Code, EvidenceId, Moment, ProposalId, Refusal};

use crate::args::{About, End, Paging, When};
use crate::wiring;

/// What records are about.
pub(crate) fn about(typed: &About) -> Result<Filter, Refusal> {
    let now = wiring::clock().now();
    let (from, to) = (bound("--from", typed.from, End::From, now)?, bound("--to", typed.to, End::To, now)?);
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        let message = format!("--from is {from} and --to is {to}, which leaves nothing between");
        return Err(Refusal::new(Code::InvalidInput, message));
    }
    let parts = ObjectFilter { kind: typed.object_type.clone(), key: typed.object_id.clone() };
    Ok(Filter {
        tenant: typed.tenant.clone(),
        principal: typed.principal.clone(),
        capability: typed.capability.clone(),
        object: typed.object.clone().unwrap_or(parts),
        source: typed.source.clone(),
        table: typed.table.clone(),
        from,
        to,
        ..Filter::default()
    })
}

/// The instant that was typed after a flag.
pub(crate) fn bound(
    flag: &str,
    typed: Option<When>,
    end: End,
    now: Moment,
) -> Result<Option<Moment>, Refusal> {
    let outside =
        || Refusal::new(Code::InvalidInput, format!("{flag} lies outside of the years that are kept"));
    typed.map(|when| when.resolve(end, now).ok_or_else(outside)).transpose()
}

/// Which part of a list.
pub(crate) fn page(typed: &Paging) -> Page {
    Page { rows_max: typed.limit, after: typed.cursor.clone() }
}

/// The proposal a reference means, where one was typed.
pub(crate) async fn proposal(ledger: &Ledger, typed: Option<&str>) -> Result<Option<ProposalId>, Refusal> {
    let id = record(ledger, RecordKind::Proposal, typed).await?;
    Ok(id.map(ProposalId::from_stored))
}

/// The evidence a reference means, where one was typed.
pub(crate) async fn evidence(ledger: &Ledger, typed: Option<&str>) -> Result<Option<EvidenceId>, Refusal> {
    let id = record(ledger, RecordKind::Evidence, typed).await?;
    Ok(id.map(EvidenceId::from_stored))
}

async fn record(ledger: &Ledger, kind: RecordKind, typed: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(reference) = typed else { return Ok(None) };
    ledger.resolve_record(kind, reference).await.map(Some).map_err(|error| error.refusal())
}
