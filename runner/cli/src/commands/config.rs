//! `synapsor config validate|show`.

use serde_json::json;
use synapsor_config::Severity;
use synapsor_protocol::{Code, Refusal};

use crate::exit::Exit;
use crate::next::After;
use crate::print::{self, Report, problem};
use crate::settings::Settings;

/// Every problem at once, each with its place; exit 2 when there is an error.
pub(crate) fn validate(settings: &Settings) -> Result<Report, Refusal> {
    let checked = synapsor_config::check(&settings.config_text()?);
    let (errors, warnings): (Vec<_>, Vec<_>) =
        checked.problems.iter().partition(|problem| problem.severity == Severity::Error);
    let mut lines: Vec<_> =
        errors.iter().chain(&warnings).map(|problem| problem::of_config(problem)).collect();
    lines.push(problem::verdict(&settings.config_path, errors.len(), warnings.len(), ""));
    let exit = if errors.is_empty() { Exit::Done } else { Exit::Usage };
    let document = json!({ "path": settings.config_path, "errors": errors, "warnings": warnings });
    let after = errors.is_empty().then_some(After::ConfigValid);
    Ok(Report::done(document, format!("{}\n", lines.join("\n"))).next(after, "").exit(exit))
}

/// The config as written, valid or not, without secrets: to be shown to somebody who helps.
pub(crate) fn redacted(settings: &Settings) -> Result<Report, Refusal> {
    let text = synapsor_config::redacted(&settings.config_text()?).map_err(|problems| {
        let why = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
        Refusal::new(
            Code::ConfigInvalid,
            format!("`{}` cannot be read: {why}", settings.config_path.display()),
        )
    })?;
    Ok(Report::verbatim(text))
}

/// What the config means, names resolved and defaults filled in.
pub(crate) fn show(settings: &Settings) -> Result<Report, Refusal> {
    let text = settings.config_text()?;
    let config = settings.config()?;
    let redacted =
        synapsor_config::redacted(&text).map_err(|_| Refusal::bug("a valid config cannot be shown"))?;
    let document: serde_json::Value = serde_json::from_str(&redacted).map_err(Refusal::bug)?;
    Ok(Report::done(json!({ "config": document }), print::config::sheet(&config)))
}
