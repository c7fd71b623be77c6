//! `synapsor store migrate`: the ledger in another place, with its ids and its chain.

use std::sync::Arc;

use synapsor_ledger::{Migrated, Opening, Progress};
use synapsor_protocol::Refusal;

use crate::args::Migrate;
use crate::next::After;
use crate::print::{Report, inert, progress, style};
use crate::settings::{LedgerName, Settings};
use crate::wiring;

pub(super) async fn run(wanted: &Migrate, settings: &Settings) -> Result<Report, Refusal> {
    let to = LedgerName::typed(&wanted.to)?;
    let place = settings.place_of(&to)?;
    let opening = Opening { create: true, clock: wiring::clock(), ids: wiring::ids() };
    let walked = Arc::new(Progress::default());
    let migrating = synapsor_ledger::migrate(settings.place()?, place, opening, Arc::clone(&walked));
    let made = progress::following("carrying the ledger over", &walked, migrating)
        .await
        .map_err(|error| error.refusal())?;
    let text = told(&made, &to);
    let report = Report::done(serde_json::to_value(&made).map_err(Refusal::bug)?, text);
    Ok(report.next(After::LedgerCopied, &to.to_string()))
}

fn told(made: &Migrated, to: &LedgerName) -> String {
    let to = inert::text(&to.to_string()).to_string();
    let found = match made.found {
        0 => String::new(),
        found => format!("; {found} were there already"),
    };
    let mut lines = vec![
        format!("{} {} events to {to}{found}", style::good("migrated"), made.copied),
        format!("{} events and {} records, verified", made.report.events, made.report.records),
        format!("head {}", made.report.head),
    ];
    if made.meanwhile > 0 {
        lines.push(format!(
            "{} {} events were recorded meanwhile and are there; what is recorded from now on is not: stop who still uses the old one",
            style::bad("note:"),
            made.meanwhile
        ));
    }
    lines.push(format!(
        "{} the old one stays as it is; name the new one with --store {to}",
        style::dim("hint:")
    ));
    lines.join("\n")
}
