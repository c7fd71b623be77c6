//! `synapsor store prune`: says what would go, and with `--apply` archives and removes it.

use std::sync::Arc;

use serde_json::json;
use synapsor_ledger::PruneFilter;
use synapsor_protocol::{Code, Moment, Refusal};

use super::super::confirm::confirm;
use super::key;
use crate::args::{Prune, span};
use crate::keeper;
use crate::next::After;
use crate::print::{Report, inert, style};
use crate::settings::Settings;
use crate::wiring;

pub(super) async fn run(wanted: &Prune, settings: &Settings) -> Result<Report, Refusal> {
    let rule = settings.keeping()?.retention;
    let filter = match (&wanted.older_than, &rule) {
        (Some(older_than), _) => PruneFilter::before(before(older_than)?),
        (None, Some(rule)) => keeper::due(rule, wiring::clock().now()),
        (None, None) => {
            let message = "nobody says how old what is to go must be";
            return Err(Refusal::new(Code::InvalidInput, message)
                .hint("add --older-than 90d, or `ledger.retention` to the config"));
        }
    };
    let ledger = wiring::ledger(settings, false).await?;
    let found = ledger.prunable(filter).await.map_err(|error| error.refusal())?;
    let what = format!(
        "{} reads and refused calls over before {} and {} final proposals over before {}",
        found.calls,
        instant(filter.calls_before),
        found.proposals,
        instant(filter.proposals_before)
    );
    let document = json!({
        "calls_before": filter.calls_before,
        "proposals_before": filter.proposals_before,
        "prunable": found,
        "pruned": null,
    });
    let archive = match (&wanted.archive, &rule) {
        _ if !wanted.apply => {
            let more = if rule.is_some() || wanted.archive.is_some() { "" } else { "--archive FILE " };
            let text = format!("would prune {what}\n{} add {more}--apply to do it", style::dim("hint:"));
            return Ok(Report::done(document, text));
        }
        (Some(archive), _) => archive.clone(),
        (None, Some(rule)) => keeper::archive_file(rule, settings)?,
        (None, None) => {
            let message = "nothing is removed that was not archived first";
            return Err(Refusal::new(Code::InvalidInput, message).hint("add --archive FILE"));
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
    let pruned =
        ledger.prune(filter, &actor, &archive, signer, u32::MAX).await.map_err(|error| error.refusal())?;
    // A server gives their room back by itself.
    let after = ledger.place().file().map(|_| After::Pruned);
    let text = format!(
        "{} {} records of {} events; they are in {}",
        style::good("pruned"),
        pruned.records,
        pruned.events,
        inert::text(&archive.display().to_string()),
    );
    let mut document = document;
    if let Some(fields) = document.as_object_mut() {
        fields.insert("pruned".into(), json!(pruned));
        fields.insert("archive".into(), json!(archive));
    }
    Ok(Report::done(document, text).next(after, ""))
}

fn instant(before: Option<Moment>) -> String {
    before.map_or_else(|| "never".to_owned(), |before| before.to_string())
}

/// The instant that long ago.
fn before(older_than: &str) -> Result<Moment, Refusal> {
    let wrong =
        || Refusal::new(Code::InvalidInput, "`--older-than` takes a span of time, as 90d, 36h or 30m");
    let span = span::parse(older_than).ok_or_else(wrong)?;
    let micros = i64::try_from(span.as_micros()).map_err(|_| wrong())?;
    Moment::from_micros(wiring::clock().now().micros().saturating_sub(micros)).ok_or_else(wrong)
}
