//! `synapsor query-audit`: every call, answered or refused.

use serde_json::json;
use synapsor_ledger::{Filter, FoundAudit, Ledger, RecordKind};
use synapsor_protocol::Refusal;

use super::{find, output};
use crate::args::{AuditReference, QueryAudit};
use crate::print::{Report, listing, query_audit};
use crate::settings::Settings;
use crate::wiring;

/// Schema version of an exported entry.
const EXPORT_SCHEMA: &str = "synapsor.query-audit-export.v1";

pub(crate) async fn run(command: QueryAudit, settings: &Settings) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    match command {
        QueryAudit::List(typed) => {
            let filter = Filter {
                evidence: find::evidence(&ledger, typed.evidence.as_deref()).await?,
                proposal: find::proposal(&ledger, typed.proposal.as_deref()).await?,
                fingerprint: typed.fingerprint,
                refused: typed.refused,
                ..find::about(&typed.about)?
            };
            let page = find::page(&typed.paging);
            let found = ledger.find_audits(&filter, &page).await.map_err(|error| error.refusal())?;
            Ok(listing::report(&listing::QUERY_AUDIT, &found, query_audit::document, query_audit::table))
        }
        QueryAudit::Show(reference) => {
            let found = get(&ledger, &reference).await?;
            Ok(Report::done(query_audit::document(&found), query_audit::sheet(&found)))
        }
        QueryAudit::Export { reference, export } => {
            let found = get(&ledger, &reference).await?;
            let document = json!({
                "schema_version": EXPORT_SCHEMA,
                "ledger_id": ledger.ledger_id(),
                "query_audit": found.audit,
                "digest": found.audit.digest().map_err(Refusal::bug)?,
                "proposal_id": found.proposal_id,
            });
            output::export(&export, &document, || query_audit::page(&found))
        }
    }
}

async fn get(ledger: &Ledger, reference: &AuditReference) -> Result<FoundAudit, Refusal> {
    let found = async {
        let id = ledger.resolve_record(RecordKind::QueryAudit, &reference.audit).await?;
        ledger.audit_record(&id).await
    };
    found.await.map_err(|error| error.refusal())
}
