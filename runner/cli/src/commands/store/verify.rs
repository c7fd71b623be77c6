//! `synapsor store verify`: of a ledger, or of an exported document by itself.

use std::path::Path;

use serde_json::json;
use synapsor_ledger::{ChainReport, Verification};
use synapsor_protocol::{Code, Refusal};

use super::key;
use crate::args::VerifyStore;
use crate::exit::Exit;
use crate::print::{Report, inert, progress, style};
use crate::settings::{Settings, unreadable};
use crate::wiring;

pub(super) async fn run(wanted: &VerifyStore, settings: &Settings) -> Result<Report, Refusal> {
    if let Some(file) = &wanted.export {
        return export(file);
    }
    let ledger = wiring::ledger(settings, false).await?;
    let against = Verification {
        checkpoints: key::checkpoints(wanted.checkpoints.as_deref(), settings)?,
        trust: key::trust(wanted, settings)?,
        ..Verification::default()
    };
    if !against.checkpoints.is_empty() && against.trust.is_none() {
        return Err(Refusal::new(Code::InvalidInput, "nothing says whose checkpoints count")
            .hint("name the key they were signed with: --public-key KEY, or --key FILE"));
    }
    let walk = ledger.verify_against(&against);
    let report = progress::following("walking the ledger", &against.progress, walk).await;
    Ok(told(&report.map_err(|error| error.refusal())?))
}

fn told(report: &ChainReport) -> Report {
    let found = format!("{} events and {} records fit", report.events, report.records);
    let text = match &report.misfit {
        Some(misfit) => {
            format!("{} {}\n{found} before it", style::bad("does not fit"), inert::text(&misfit.to_string()))
        }
        None => {
            let beyond = match report.checkpoints {
                0 => format!(
                    "\n{} only a checkpoint kept elsewhere shows a cut tail: `store checkpoint`",
                    style::dim("hint:")
                ),
                number => format!("\n{number} signed checkpoints agree"),
            };
            format!("{} {found}\nhead {}{beyond}", style::good("verified"), report.head)
        }
    };
    let exit = if report.holds() { Exit::Done } else { Exit::Refused };
    let sentence = report.misfit.as_ref().map(ToString::to_string);
    let document = json!({
        "ledger_id": report.ledger_id,
        "events": report.events,
        "records": report.records,
        "checkpoints": report.checkpoints,
        "head": report.head,
        "misfit": report.misfit,
        "sentence": sentence,
    });
    Report::done(document, text).exit(exit)
}

fn export(file: &Path) -> Result<Report, Refusal> {
    let text = std::fs::read_to_string(file).map_err(|error| unreadable("export", file, &error))?;
    let report = synapsor_ledger::verify_export(&text).map_err(|error| error.refusal())?;
    let found = format!("{} events and {} records fit together", report.events, report.records);
    let sentence = report.misfit.as_ref().map(ToString::to_string);
    let text = match &sentence {
        Some(sentence) => {
            format!("{} {}\n{found} besides", style::bad("does not fit"), inert::text(sentence))
        }
        None => format!(
            "{} {found}\n{} whether the ledger holds these events, `store verify` and the digests below say\n{}",
            style::good("verified"),
            style::dim("hint:"),
            report.digests.join("\n")
        ),
    };
    let exit = if report.misfit.is_none() { Exit::Done } else { Exit::Refused };
    let document = json!({
        "events": report.events,
        "records": report.records,
        "event_digests": report.digests,
        "misfit": report.misfit,
        "sentence": sentence,
    });
    Ok(Report::done(document, text).exit(exit))
}
