//! `synapsor doctor`: every section of a diagnosis put together, from what only this binary can reach.
//!
//! Invariant: without `--fix` nothing is changed: a ledger that is not there is not made, and a receipt is rolled back. Only where
//! this machine is a worker's, the receipts table of its source is made, as the first apply would.

mod cloud;
mod edit;
mod handlers;
mod ledger;
mod mend;
mod sources;
mod surroundings;
mod worker;

use std::sync::Arc;

use serde_json::json;
use synapsor_config::Config;
use synapsor_protocol::Refusal;
use synapsor_setup::doctor::{self, Diagnosis, DoctorCode, Section, SectionName, Verdict};

use super::output::hand_out;
use crate::args::{Doctor, OutputFile};
use crate::exit::Exit;
use crate::print::document::with;
use crate::print::{Report, diagnosis as screen, style};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(typed: &Doctor, settings: &Settings) -> Result<Report, Refusal> {
    let found = diagnosis(typed, settings).await?;
    if typed.fix {
        return fixed(typed, settings, found).await;
    }
    let exit = exit(&found);
    if typed.report {
        let text = screen::report(&found, env!("CARGO_PKG_VERSION"));
        let file = OutputFile { output: Some(typed.output.clone()), force: typed.force };
        return hand_out(&file, text).map(|report| report.exit(exit));
    }
    let document = serde_json::to_value(&found).map_err(Refusal::bug)?;
    Ok(Report::done(document, screen::screen(&found)).exit(exit))
}

fn exit(found: &Diagnosis) -> Exit {
    match found.verdict {
        Verdict::Healthy => Exit::Done,
        Verdict::NotHealthy => Exit::Refused,
    }
}

/// Mends what can be mended, and looks again; with `--dry-run` says what would be.
async fn fixed(typed: &Doctor, settings: &Settings, found: Diagnosis) -> Result<Report, Refusal> {
    let mut mended = mend::mends(settings, &found)?;
    let (found, said) = if typed.dry_run {
        (
            found,
            format!(
                "{}\nnothing is written; {} does it",
                mend::shown(&mended),
                style::strong("doctor --fix")
            ),
        )
    } else {
        let said = mend::write(typed, &mut mended)?;
        (diagnosis(typed, settings).await?, said)
    };
    let document = serde_json::to_value(&found).map_err(Refusal::bug)?;
    let document = with(document, [("mended", json!(mended)), ("dry_run", json!(typed.dry_run))]);
    Ok(Report::done(document, format!("{}\n\n{said}", screen::screen(&found))).exit(exit(&found)))
}

/// Looks at everything that was asked for. Without a config that can be used, at the config and what stands around it.
pub(crate) async fn diagnosis(typed: &Doctor, settings: &Settings) -> Result<Diagnosis, Refusal> {
    let checked = synapsor_config::check(&settings.config_text()?);
    let mut sections = vec![doctor::config(&settings.config_path.display().to_string(), &checked)];
    match checked.config.map(Arc::new) {
        Some(config) => sections.extend(of_config(typed, settings, &config).await?),
        None => {
            use SectionName::{
                Context, Environment, Exposure, Handlers, Ledger, Metadata, Transport, Writeback,
            };
            let unseen = [Environment, Context, Transport, Metadata, Writeback, Handlers, Ledger, Exposure];
            sections.extend(unseen.map(Section::skipped));
            sections.push(surroundings::clients(typed, settings, &[]));
        }
    }
    if typed.allow_shared_credential {
        for section in &mut sections {
            section.findings.retain(|finding| finding.code != DoctorCode::SharedCredential);
        }
    }
    Ok(Diagnosis::of(sections))
}

async fn of_config(
    typed: &Doctor,
    settings: &Settings,
    config: &Arc<Config>,
) -> Result<Vec<Section>, Refusal> {
    let environment = &settings.environment;
    let writeback = if typed.check_writeback {
        sources::writeback(settings, config).await
    } else {
        Section::skipped(SectionName::Writeback)
    };
    let sections = [
        doctor::environment(config, environment),
        doctor::context(config, environment),
        doctor::transport(config, environment),
        sources::metadata(settings, config).await,
        writeback,
        handlers::section(typed, settings, config).await,
        ledger::section(settings).await,
        surroundings::clients(typed, settings, &surroundings::secret_variables(config)),
    ];
    let hosted = cloud::look(settings, config).await;
    let tools = match &hosted {
        Some(hosted) => hosted.tools.clone(),
        None => Some(super::tools::listed(config)?),
    };
    let exposure = match tools {
        Some(tools) => doctor::exposure(&tools, wiring::clock().now()),
        None => Section::skipped(SectionName::Exposure),
    };
    let worker = worker::section(settings, config).await;
    let sometimes = worker.into_iter().chain(hosted.map(|hosted| hosted.section));
    Ok(sections.into_iter().chain([exposure]).chain(sometimes).collect())
}
