//! `synapsor audit`: what a list of tools lets a model do. No tool is called.

mod target;

use serde_json::Value as Json;
use synapsor_protocol::Refusal;
use synapsor_setup::audit::{AuditReport, Risk, audit, candidates};

use crate::args::{Audit, AuditCommand, AuditFormat, Generate, Severity};
use crate::exit::Exit;
use crate::print::{Report, audit as printed, pretty};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(typed: &Audit, settings: &Settings, json: bool) -> Result<Report, Refusal> {
    if let Some(AuditCommand::Generate(wanted)) = &typed.command {
        return generate(wanted, settings).await;
    }
    let found = target::read(&typed.target, settings).await?;
    let report = audit(&found.name, &found.document, wiring::clock().now());
    let exit = if typed.fail_on.is_some_and(|severity| report.reaches(risk(severity))) {
        Exit::Refused
    } else {
        Exit::Done
    };
    let format = if json { AuditFormat::Json } else { typed.format };
    let told = match format {
        AuditFormat::Text => Report::done(Json::Null, printed::screen(&report)),
        AuditFormat::Json => Report::document(serde_json::to_value(&report).map_err(Refusal::bug)?),
        AuditFormat::Markdown => Report::verbatim(printed::page(&report)),
        AuditFormat::Sarif => Report::verbatim(printed::sarif(&report)),
    };
    Ok(told.exit(exit))
}

async fn generate(wanted: &Generate, settings: &Settings) -> Result<Report, Refusal> {
    let found = target::read(&wanted.target, settings).await?;
    let report: AuditReport = audit(&found.name, &found.document, wiring::clock().now());
    super::output::hand_out(&wanted.file, pretty(&candidates(&report, &found.document)))
}

fn risk(severity: Severity) -> Risk {
    match severity {
        Severity::Low => Risk::Low,
        Severity::Medium => Risk::Medium,
        Severity::High => Risk::High,
    }
}
