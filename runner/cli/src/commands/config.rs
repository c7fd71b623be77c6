//! `synapsor config validate|show`.

use serde_json::json;
use synapsor_config::{Capability, Config, Logic, Problem, Severity};
use synapsor_protocol::Refusal;

use crate::exit::Exit;
use crate::print::{Report, inert, style, table::table};
use crate::settings::Settings;

/// Every problem at once, each with its place; exit 2 when there is an error.
pub(crate) fn validate(settings: &Settings) -> Result<Report, Refusal> {
    let checked = synapsor_config::check(&settings.config_text()?);
    let (errors, warnings): (Vec<_>, Vec<_>) =
        checked.problems.iter().partition(|problem| problem.severity == Severity::Error);
    let ok = errors.is_empty();
    let mut text: String = errors.iter().chain(&warnings).map(|problem| problem_lines(problem)).collect();
    let path = settings.config_path.display();
    text.push_str(&match (ok, warnings.len()) {
        (true, 0) => format!("{} {path}", style::good("valid")),
        (true, count) => format!("{} {path}, {count} warnings", style::good("valid")),
        (false, _) => format!("{} {path}: {} problems", style::bad("not valid"), errors.len()),
    });
    let report = Report::done(
        json!({ "ok": ok, "path": settings.config_path, "errors": errors, "warnings": warnings }),
        text,
    );
    Ok(report.exit(if ok { Exit::Done } else { Exit::Usage }))
}

/// One problem: place, code, message, and the hint on a line of its own.
pub(crate) fn problem_lines(problem: &Problem) -> String {
    let code = match problem.severity {
        Severity::Error => style::bad(problem.code),
        Severity::Warning => style::warn(problem.code),
    };
    let hint = problem.hint.as_ref().map(|hint| format!("  {} {}\n", style::dim("hint:"), inert::text(hint)));
    format!(
        "{} {code}: {}\n{}",
        inert::text(&problem.path),
        inert::text(&problem.message),
        hint.unwrap_or_default()
    )
}

/// What the config means, names resolved and defaults filled in.
pub(crate) fn show(settings: &Settings) -> Result<Report, Refusal> {
    let text = settings.config_text()?;
    let config = settings.config()?;
    let redacted =
        synapsor_config::redacted(&text).map_err(|_| Refusal::bug("a valid config cannot be shown"))?;
    let document: serde_json::Value = serde_json::from_str(&redacted).map_err(Refusal::bug)?;
    Ok(Report::done(json!({ "ok": true, "config": document }), describe(&config)))
}

fn describe(config: &Config) -> String {
    let sources = config.sources.values().map(|source| {
        [
            source.name.clone(),
            source.engine.to_string(),
            place(&source.location),
            format!("{} ms", source.statement_timeout_ms),
        ]
    });
    let capabilities = config.capabilities.iter().map(|capability| {
        [
            capability.name.clone(),
            capability.kind().to_owned(),
            format!("{}.{}", capability.target.schema, capability.target.table),
            logic(capability),
            capability.proposal.as_ref().map_or_else(String::new, |rules| {
                rules.allowed_columns.iter().cloned().collect::<Vec<_>>().join(", ")
            }),
        ]
    });
    format!(
        "{}\n{}\n\n{}\n{}",
        style::strong("sources"),
        table(["name", "engine", "where", "time limit"], sources.collect()),
        style::strong("capabilities"),
        table(["name", "kind", "target", "logic", "may change"], capabilities.collect()),
    )
}

fn place(location: &synapsor_config::Location) -> String {
    match location {
        synapsor_config::Location::File { path } => path.display().to_string(),
        synapsor_config::Location::Server { read_url_env, write_url_env } => {
            format!(
                "${read_url_env}, writes: {}",
                write_url_env.as_ref().map_or("none".to_owned(), |name| format!("${name}"))
            )
        }
    }
}

fn logic(capability: &Capability) -> String {
    match capability.proposal.as_ref().map(|rules| &rules.logic) {
        None => String::new(),
        Some(Logic::Patch(_)) => "declarative".to_owned(),
        Some(Logic::Handler(grant)) => format!("handler {}", grant.bundle.display()),
    }
}
