//! `synapsor store prune`: says what would go, and with `--apply` archives and removes it.

use std::sync::Arc;

use serde_json::json;
use synapsor_ledger::PruneFilter;
use synapsor_protocol::{Code, Moment, Refusal};

use super::super::confirm::confirm;
use super::key;
use crate::args::{Prune, span};
use crate::print::{Report, inert, style};
use crate::settings::Settings;
use crate::wiring;

pub(super) async fn run(wanted: &Prune, settings: &Settings) -> Result<Report, Refusal> {
    let filter = PruneFilter { before: before(&wanted.older_than)? };
    let ledger = wiring::ledger(settings, false).await?;
    let found = ledger.prunable(filter).await.map_err(|error| error.refusal())?;
    let what = format!(
        "{} reads and refused calls and {} final proposals, over before {}",
        found.calls, found.proposals, filter.before
    );
    let document = json!({ "before": filter.before, "prunable": found, "pruned": null });
    let archive = match &wanted.archive {
        Some(archive) if wanted.apply => archive,
        _ => {
            let hint = style::dim("hint:");
            let text = format!("would prune {what}\n{hint} add --archive FILE --apply to do it");
            return Ok(Report::done(document, text));
        }
    };
    if found.calls == 0 && found.proposals == 0 {
        return Ok(Report::done(document, format!("nothing to prune: {what}")));
    }
    if !wanted.yes {
        confirm(&format!("archive and remove {what}"))?;
    }
    let signer = Arc::new(key::signing(wanted.key.as_deref(), settings)?);
    let actor = settings.actor(wanted.actor.as_deref());
    let pruned = ledger.prune(filter, &actor, archive, signer).await.map_err(|error| error.refusal())?;
    let room = match ledger.place().file() {
        Some(_) => format!("\n{} `store vacuum` gives their room back", style::dim("hint:")),
        // A server does that by itself.
        None => String::new(),
    };
    let text = format!(
        "{} {} records of {} events; they are in {}{room}",
        style::good("pruned"),
        pruned.records,
        pruned.events,
        inert::text(&archive.display().to_string()),
    );
    let document =
        json!({ "before": filter.before, "prunable": found, "pruned": pruned, "archive": archive });
    Ok(Report::done(document, text))
}

/// The instant that long ago.
fn before(older_than: &str) -> Result<Moment, Refusal> {
    let wrong =
        || Refusal::new(Code::InvalidInput, "`--older-than` takes a span of time, as 90d, 36h or 30m");
    let span = span::parse(older_than).ok_or_else(wrong)?;
    let micros = i64::try_from(span.as_micros()).map_err(|_| wrong())?;
    Moment::from_micros(wiring::clock().now().micros().saturating_sub(micros)).ok_or_else(wrong)
}
