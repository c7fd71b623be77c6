//! `synapsor apply`: carries out an approved proposal, or says what would happen.

use serde_json::Value as Json;
use synapsor_protocol::{Outcome, Refusal, words};
use synapsor_writeback::{ApplyReport, DryRun, StopSwitch};

use super::{apply_all, job};
use crate::args::Apply;
use crate::exit::Exit;
use crate::interrupt::stoppable;
use crate::next::After;
use crate::points::point;
use crate::print::{Report, inert, style};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(apply: &Apply, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    if apply.all_approved {
        return apply_all::run(apply.dry_run, &apply.patience, settings, json).await;
    }
    let config = settings.config()?;
    let ledger = wiring::ledger(settings, false).await?;
    let switch = StopSwitch::new();
    let report = match &apply.job {
        Some(file) => {
            let document = job::read(file)?;
            let desk = wiring::job_desk(settings, &config, ledger, apply.runner.as_deref())
                .stopping_on(switch.signal());
            stoppable(&switch, desk.apply_job(&document, apply.project(), apply.dry_run)).await?
        }
        None => {
            let reference = apply.proposal.as_deref().unwrap_or_default();
            let id = ledger.resolve(reference).await.map_err(|error| error.refusal())?;
            let desk = wiring::desk(settings, &config, ledger).stopping_on(switch.signal());
            stoppable(&switch, desk.apply(&id, apply.dry_run)).await?
        }
    };
    point!("job.ack", unsaid());
    let document = serde_json::to_value(&report).map_err(Refusal::bug)?;
    Ok(told(&report, document))
}

/// The report, and what leads on from it.
pub(super) fn told(report: &ApplyReport, document: Json) -> Report {
    let text = format!("{}\n", describe(report));
    Report::done(document, text).next(after(report), &report.proposal_id.to_string()).exit(exit(report))
}

/// What leads on from this report.
fn after(report: &ApplyReport) -> After {
    match (&report.outcome, &report.would) {
        (Some(Outcome::Applied | Outcome::AlreadyApplied), _) | (None, Some(DryRun::AlreadyApplied)) => {
            After::Applied
        }
        (Some(Outcome::Conflict), _) => After::Conflict,
        (Some(Outcome::Failed), _) => After::Failed,
        (Some(Outcome::Unknown), _) => After::Unknown,
        (None, Some(DryRun::Conflict { .. })) => After::WouldConflict,
        (None, _) => After::WouldApply,
    }
}

/// An answer that a failpoint kept from being given.
#[cfg(feature = "failpoints")]
fn unsaid() -> Refusal {
    Refusal::new(synapsor_protocol::Code::Interrupted, "a failpoint")
        .source_changed(synapsor_protocol::SourceChanged::Unknown)
}

/// How the process ends after this report.
pub(super) fn exit(report: &ApplyReport) -> Exit {
    match (&report.outcome, &report.would) {
        (Some(outcome), _) => Exit::of_outcome(*outcome),
        (None, Some(DryRun::Conflict { .. })) => Exit::Refused,
        (None, _) => Exit::Done,
    }
}

pub(super) fn describe(report: &ApplyReport) -> String {
    let mut lines = vec![headline(report)];
    for check in &report.checks {
        let mark = if check.held { style::good("held  ") } else { style::bad("failed") };
        lines.push(format!("  {mark} {}", check.name));
    }
    if let Some(receipt) = &report.receipt {
        if let Some(code) = receipt.code {
            lines.push(format!("  {}    {code}: {}", style::dim("why"), code.meaning()));
        }
        if let Some(code) = &receipt.executor_code {
            lines.push(format!("  {}   {} says the application", style::dim("code"), inert::text(code)));
        }
        if !receipt.changed_columns.is_empty() {
            let columns = receipt.changed_columns.join(", ");
            lines.push(format!("  {}  {} since the proposal", style::dim("moved"), inert::text(&columns)));
        }
        lines.push(format!("  {} {}", style::dim("receipt"), receipt.receipt_id));
    }
    let changed = words::source_changed(report.source_changed);
    lines.push(format!("  {}  {changed}", style::dim("source")));
    lines.join("\n")
}

pub(super) fn headline(report: &ApplyReport) -> String {
    let id = &report.proposal_id;
    match (&report.outcome, &report.would) {
        (Some(outcome @ (Outcome::Applied | Outcome::AlreadyApplied)), _) => {
            format!("{} {id}", style::good(outcome.as_str().replace('_', " ")))
        }
        (Some(outcome), _) => format!("{} {id}", style::bad(outcome)),
        (None, Some(DryRun::Apply)) => format!("{} {id}: would be applied", style::good("dry run")),
        (None, Some(DryRun::AlreadyApplied)) => {
            format!("{} {id}: is applied already", style::good("dry run"))
        }
        (None, Some(DryRun::Conflict { code, .. })) => {
            format!("{} {id}: would be a conflict, {code}", style::bad("dry run"))
        }
        (None, None) => format!("{} {id}", style::dim("dry run")),
    }
}
