//! `synapsor store stats|backup|restore|vacuum|reset`.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use synapsor_ledger::{Ledger, Progress, Stats};
use synapsor_protocol::Refusal;
use tokio::task::spawn_blocking;

use super::super::confirm::confirm;
use super::key;
use crate::args::{Confirmed, Copy};
use crate::exit::Exit;
use crate::keeper;
use crate::next::After;
use crate::print::{Report, inert, progress, style};
use crate::settings::Settings;
use crate::wiring;

/// What does on a server what these commands do with a file.
const RESTORE_INSTEAD: &str = "`pg_restore` makes it of a `pg_dump`, or `psql` of one in plain SQL";
const VACUUM_INSTEAD: &str = "the server's own autovacuum gives the room back; `VACUUM FULL` does at once";
const RESET_INSTEAD: &str = "`psql -c 'DROP SCHEMA synapsor_ledger CASCADE'` removes it";

pub(super) async fn stats(settings: &Settings) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    let stats = ledger.stats().await.map_err(|error| error.refusal())?;
    let mut document = serde_json::to_value(&stats).map_err(Refusal::bug)?;
    let mut text = described(&stats);
    let rules = rules(&ledger, settings, &stats).await?;
    for line in rules.lines {
        text += &format!("\n  {line}");
    }
    if let Some(fields) = document.as_object_mut() {
        fields.insert("keeping".into(), rules.document);
    }
    Ok(Report::done(document, text))
}

/// What the config says of keeping this ledger, and how far that is behind.
struct Rules {
    document: Json,
    lines: Vec<String>,
}

async fn rules(ledger: &Ledger, settings: &Settings, stats: &Stats) -> Result<Rules, Refusal> {
    let keeping = settings.keeping()?;
    let mut lines = Vec::new();
    let (mut retention, mut checkpoint) = (Json::Null, Json::Null);
    if let Some(rule) = &keeping.retention {
        let filter = keeper::due(rule, wiring::clock().now());
        let due = ledger.prunable(filter).await.map_err(|error| error.refusal())?;
        let days =
            |days: Option<u32>| days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"));
        lines.push(format!(
            "{}  evidence {}, final proposals {}; due now: {} and {}",
            style::dim("retention"),
            days(rule.evidence_days),
            days(rule.proposals_days),
            due.calls,
            due.proposals
        ));
        retention = json!({ "rule": rule, "due": due });
    }
    if let Some(rule) = &keeping.checkpoint {
        let known = key::checkpoints(None, settings)?;
        let ours = known.iter().filter(|found| found.ledger_id == stats.ledger_id);
        let signed = ours.map(|found| found.events.unsigned_abs()).max().unwrap_or_default();
        let behind = stats.events.saturating_sub(signed);
        lines.push(format!(
            "{}  every {} events; the last at event {signed}, {behind} since",
            style::dim("checkpoints"),
            rule.every_events
        ));
        checkpoint = json!({ "rule": rule, "last": signed, "behind": behind });
    }
    Ok(Rules { document: json!({ "retention": retention, "checkpoint": checkpoint }), lines })
}

fn described(stats: &Stats) -> String {
    let mut lines = vec![format!("{} {}", style::strong("ledger"), stats.ledger_id)];
    if let (Some(first), Some(last)) = (stats.first_at, stats.last_at) {
        lines.push(format!("  {}  {}, from {first} to {last}", style::dim("events"), stats.events));
    }
    for (state, number) in &stats.proposals {
        lines.push(format!("  {}  {number} {}", style::dim("proposals"), inert::text(state)));
    }
    for (kind, number) in &stats.records {
        lines.push(format!("  {}  {number}", style::dim(kind)));
    }
    if stats.pruned > 0 {
        lines.push(format!("  {}  {} events without their records", style::dim("pruned"), stats.pruned));
    }
    if let Some(sizes) = &stats.sizes {
        lines.push(format!(
            "  {}  {} bytes, log {} bytes, free {} bytes",
            style::dim("file"),
            sizes.file_bytes,
            sizes.log_bytes,
            sizes.free_bytes
        ));
    }
    lines.join("\n")
}

pub(super) async fn backup(copy: &Copy, settings: &Settings) -> Result<Report, Refusal> {
    let ledger = wiring::ledger(settings, false).await?;
    let made = ledger.backup(&copy.file, copy.force).await.map_err(|error| error.refusal())?;
    let path = inert::text(&made.path.display().to_string());
    let (text, exit) = match &made.report.misfit {
        None => (
            format!(
                "{} {path}\n{} bytes, {} events, verified\nhead {}",
                style::good("copied"),
                made.bytes,
                made.report.events,
                made.report.head
            ),
            Exit::Done,
        ),
        Some(misfit) => (
            format!(
                "{} {path}\nit does not verify: {}",
                style::bad("copied"),
                inert::text(&misfit.to_string())
            ),
            Exit::Refused,
        ),
    };
    let after = (exit == Exit::Done).then_some(After::LedgerCopied);
    let report = Report::done(serde_json::to_value(&made).map_err(Refusal::bug)?, text);
    Ok(report.next(after, &made.path.display().to_string()).exit(exit))
}

pub(super) async fn restore(copy: &Copy, settings: &Settings) -> Result<Report, Refusal> {
    let path = settings.ledger()?.file(RESTORE_INSTEAD)?;
    if path.exists() && copy.force && !copy.yes {
        confirm(&format!("replace the ledger {}", inert::text(&path.display().to_string())))?;
    }
    let (from, force, walked) = (copy.file.clone(), copy.force, Arc::new(Progress::default()));
    let seen = Arc::clone(&walked);
    let restoring = spawn_blocking(move || synapsor_ledger::restore(&from, &path, force, &seen));
    let made = progress::following("verifying the copy and restoring it", &walked, restoring).await;
    let made = made.map_err(Refusal::bug)?.map_err(|error| error.refusal())?;
    let kept = made.kept.as_ref().map_or_else(String::new, |kept| {
        format!("\nthe one that stood there is kept: {}", inert::text(&kept.display().to_string()))
    });
    let text = format!(
        "{} {} with {} events{kept}\n{} what happened after the copy was made is not in it; `writeback reconcile inspect` compares a \
         proposal with its source",
        style::good("restored"),
        inert::text(&made.path.display().to_string()),
        made.report.events,
        style::dim("hint:"),
    );
    let report = Report::done(serde_json::to_value(&made).map_err(Refusal::bug)?, text);
    Ok(report.next(After::LedgerRestored, ""))
}

pub(super) fn vacuum(settings: &Settings) -> Result<Report, Refusal> {
    let packed = synapsor_ledger::vacuum(&settings.ledger()?.file(VACUUM_INSTEAD)?)
        .map_err(|error| error.refusal())?;
    let text = format!("{} from {} to {} bytes", style::good("packed"), packed.bytes_before, packed.bytes);
    Ok(Report::done(serde_json::to_value(&packed).map_err(Refusal::bug)?, text))
}

pub(super) fn reset(confirmed: &Confirmed, settings: &Settings) -> Result<Report, Refusal> {
    let path = settings.ledger()?.file(RESET_INSTEAD)?;
    if !confirmed.yes {
        confirm(&format!(
            "remove the ledger {} with everything in it",
            inert::text(&path.display().to_string())
        ))?;
    }
    let mut removed = synapsor_ledger::reset(&path).map_err(|error| error.refusal())?;
    let checkpoints = key::checkpoints_beside(settings)?;
    if std::fs::remove_file(&checkpoints).is_ok() {
        removed.push(checkpoints);
    }
    let names: Vec<_> =
        removed.iter().map(|path| inert::text(&path.display().to_string()).to_string()).collect();
    Ok(Report::done(
        json!({ "removed": removed }),
        format!("{} {}", style::good("removed"), names.join(", ")),
    ))
}
