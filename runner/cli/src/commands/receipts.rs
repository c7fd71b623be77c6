//! `synapsor receipts`: how applies ended.

use synapsor_ledger::{Filter, RecordKind};
use synapsor_protocol::{JobId, Refusal};

use super::find;
use crate::args::Receipts;
use crate::print::{Report, listing, receipt};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(command: Receipts, settings: &Settings) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    match command {
        Receipts::List(typed) => {
            let filter = Filter {
                proposal: find::proposal(&ledger, typed.proposal.as_deref()).await?,
                job: typed.job.map(JobId::from_stored),
                idempotency_key: typed.key,
                status: typed.status,
                ..find::about(&typed.about)?
            };
            let page = find::page(&typed.paging);
            let found = ledger.find_receipts(&filter, &page).await.map_err(|error| error.refusal())?;
            Ok(listing::report(&listing::RECEIPTS, &found, receipt::document, receipt::table))
        }
        Receipts::Show { receipt: reference } => {
            let found = async {
                let id = ledger.resolve_record(RecordKind::Receipt, &reference).await?;
                ledger.receipt_record(&id).await
            };
            let found = found.await.map_err(|error| error.refusal())?;
            Ok(Report::done(receipt::document(&found), receipt::sheet(&found)))
        }
    }
}
