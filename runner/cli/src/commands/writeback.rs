//! `synapsor writeback doctor|migration|grants`: what a source needs before applies can work there.

use std::sync::Arc;

use serde_json::json;
use synapsor_config::{Config, Source};
use synapsor_protocol::{Code, Kind, Refusal};
use synapsor_writeback::{
    Checkup, Excess, Finding, WriteSettings, default_role, examine, grants, receipts_table_ddl,
};

use crate::args::{Administered, Prepare};
use crate::exit::Exit;
use crate::print::{Report, count, inert, style};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn run(command: Prepare, settings: &Settings) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let writers = wiring::credentials(settings, &config);
    match command {
        Prepare::Doctor(asked) => doctor(settings, &config, &writers, &asked).await,
        Prepare::Migration(only) => {
            let statements = |source: &Source| vec![receipts_table_ddl(source.engine).to_owned()];
            let said = "run once, where the writing credential looks first: its default schema or database";
            Ok(printed(&sources(&config, only.source.as_deref())?, said, statements))
        }
        Prepare::Grants(asked) => {
            let statements = |source: &Source| grants(&config, source, &role(&writers, source, &asked));
            let said = "run after `synapsor writeback migration`, in the same place";
            Ok(printed(&sources(&config, asked.only.source.as_deref())?, said, statements))
        }
    }
}

/// The sources asked for that proposals of this config write to, or that were asked for by name.
fn sources(config: &Config, only: Option<&str>) -> Result<Vec<Arc<Source>>, Refusal> {
    let Some(name) = only else {
        let written = |source: &&Arc<Source>| {
            config
                .capabilities
                .iter()
                .any(|found| found.proposal.is_some() && found.source.name == source.name)
        };
        return Ok(config.sources.values().filter(written).cloned().collect());
    };
    let known = || config.sources.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let found = config.sources.get(name).cloned().map(|source| vec![source]);
    found.ok_or_else(|| Refusal::new(Code::NotFound, format!("expected one of {}, found `{name}`", known())))
}

fn writer<'w>(writers: &'w [WriteSettings], source: &Source) -> Option<&'w WriteSettings> {
    writers.iter().find(|writer| writer.name == source.name)
}

fn role(writers: &[WriteSettings], source: &Source, asked: &Administered) -> String {
    asked.role.clone().unwrap_or_else(|| default_role(writer(writers, source)))
}

/// SQL to be piped on, with comments that say where it belongs.
fn printed(sources: &[Arc<Source>], said: &str, statements: impl Fn(&Source) -> Vec<String>) -> Report {
    let mut lines = Vec::new();
    let mut documents = Vec::new();
    for source in sources {
        let statements = statements(source);
        let about = if statements.is_empty() { "nothing to run: a file has no roles" } else { said };
        lines.push(format!("-- source {} ({}): {about}", source.name, source.engine));
        lines.extend(statements.iter().map(|sql| format!("{sql};")));
        documents.push(json!({ "source": source.name, "engine": source.engine, "statements": statements }));
    }
    Report::done(json!({ "sources": documents }), lines.join("\n"))
}

async fn doctor(
    settings: &Settings,
    config: &Config,
    writers: &[WriteSettings],
    asked: &Administered,
) -> Result<Report, Refusal> {
    let mut checkups = Vec::new();
    for source in sources(config, asked.only.source.as_deref())? {
        let role = role(writers, &source, asked);
        let reader = wiring::read_connect(settings.config_folder(), &source, &settings.environment);
        checkups.push(examine(config, &source, writer(writers, &source), &reader, &role).await);
    }
    let exit = exit(&checkups);
    let text = checkups.iter().map(described).collect::<Vec<_>>().join("\n");
    Ok(Report::done(json!({ "sources": checkups }), text).exit(exit))
}

fn exit(checkups: &[Checkup]) -> Exit {
    let codes: Vec<Code> =
        checkups.iter().flat_map(|checkup| &checkup.findings).map(|finding| finding.code).collect();
    match codes.as_slice() {
        [] => Exit::Done,
        some if some.iter().any(|code| code.kind() == Kind::Failure) => Exit::Unavailable,
        _ => Exit::Refused,
    }
}

fn described(checkup: &Checkup) -> String {
    let headline = match checkup.findings.len() {
        0 => {
            format!("{} {}: nothing stands in the way of its proposals", style::good("ready"), checkup.source)
        }
        found => format!("{} {}: {}", style::bad("not ready"), checkup.source, count(found, "finding")),
    };
    let lines = std::iter::once(headline).chain(checkup.findings.iter().map(finding));
    lines.chain(excess(&checkup.excess)).collect::<Vec<_>>().join("\n")
}

/// What is held beyond what is needed; a warning, after everything that stands in the way.
fn excess(found: &[Excess]) -> Vec<String> {
    let line = |excess: &Excess| {
        format!("  {}\n    {} {}", inert::text(&excess.what), style::dim("fix"), inert::text(&excess.fix))
    };
    let headline = (!found.is_empty()).then(|| {
        style::warn("more than it needs: whoever has the credential can use this without a proposal")
            .to_string()
    });
    headline.into_iter().chain(found.iter().map(line)).collect()
}

fn finding(finding: &Finding) -> String {
    let about = finding.capability.as_ref().map(|name| format!("{}: ", inert::text(name)));
    format!(
        "  {} {}{}\n    {} {}\n    {} {}",
        style::bad(finding.code),
        about.unwrap_or_default(),
        inert::text(&finding.what),
        style::dim("why"),
        inert::text(&finding.why),
        style::dim("fix"),
        inert::text(&finding.fix)
    )
}
