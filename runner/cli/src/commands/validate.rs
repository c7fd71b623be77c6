//! `synapsor validate`: bundles and configs, everything wrong at once; exit 0 valid, 1 not valid, 2 usage.

use std::path::Path;

use serde_json::{Value as Json, json};
use synapsor_config::{Logic, Severity};
use synapsor_handler_host::HandlerEngine;
use synapsor_protocol::{Code, Refusal};

use crate::args::Validate;
use crate::exit::Exit;
use crate::print::document::{at, with};
use crate::print::{Report, count, problem};
use crate::settings::read_config;
use crate::wiring;

use super::{job, pin};

pub(crate) async fn run(validate: &Validate) -> Result<Report, Refusal> {
    if let Some(file) = &validate.job {
        return job::validate(file);
    }
    let engine = wiring::engine(None)?;
    let mut reports = Vec::new();
    for path in &validate.paths {
        if validate.write_digest {
            pin::write(path)?;
        }
        reports.push(one(path, &engine).await?);
    }
    let ok = reports.iter().all(|(_, document)| *at(document, "/ok") == json!(true));
    let (texts, documents): (Vec<String>, Vec<Json>) = reports.into_iter().unzip();
    Ok(Report::done(json!({ "reports": documents }), texts.join("\n")).exit(if ok {
        Exit::Done
    } else {
        Exit::Refused
    }))
}

/// Whether a file is a packed bundle, by its name.
pub(super) fn is_archive(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|extension| extension == "tar")
}

/// A folder or an archive is a bundle, another file a config.
async fn one(path: &Path, engine: &HandlerEngine) -> Result<(String, Json), Refusal> {
    if !path.exists() {
        return Err(Refusal::new(Code::NotFound, format!("there is no `{}`", path.display()))
            .hint("name a bundle's folder or a config file"));
    }
    if path.is_dir() || is_archive(path) {
        Ok(bundle(path, engine).await)
    } else {
        config(path, engine).await
    }
}

async fn bundle(path: &Path, engine: &HandlerEngine) -> (String, Json) {
    let report = synapsor_bundle::validate(path, engine).await;
    let mut lines: Vec<String> = report.problems.iter().map(problem::of_bundle).collect();
    let cases = count(report.cases.len(), "case");
    lines.push(problem::verdict(path, report.problems.len(), 0, &cases));
    let fields = [("ok", json!(report.is_valid())), ("path", json!(path))];
    let document = with(serde_json::to_value(&report).unwrap_or(Json::Null), fields);
    (lines.join("\n"), document)
}

/// A config, and every bundle it names against what it grants.
async fn config(path: &Path, engine: &HandlerEngine) -> Result<(String, Json), Refusal> {
    let checked = synapsor_config::check(&read_config(path)?);
    let mut lines: Vec<String> = checked.problems.iter().map(problem::of_config).collect();
    let mut wrong = checked.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let warnings = checked.problems.len() - wrong;
    let mut bundles = Vec::new();
    let folder = path.parent().unwrap_or(Path::new("."));
    let capabilities = checked
        .config
        .iter()
        .flat_map(|config| config.capabilities.iter().map(|capability| (capability, &config.handler_trust)));
    for (capability, trust) in capabilities {
        let Some(Logic::Handler(grant)) = capability.proposal.as_ref().map(|rules| &rules.logic) else {
            continue;
        };
        let bundle_path = folder.join(&grant.bundle);
        let (text, document) = bundle(&bundle_path, engine).await;
        let granted = match synapsor_bundle::open(&bundle_path) {
            Ok(bundle) => {
                let mut problems = synapsor_bundle::grant_problems(&bundle, capability);
                problems.extend(synapsor_bundle::trust_problem(&bundle, trust));
                problems
            }
            Err(_) => Vec::new(),
        };
        lines.extend(granted.iter().map(problem::of_bundle));
        lines.push(text);
        wrong += granted.len() + usize::from(*at(&document, "/ok") != json!(true));
        bundles.push(json!({ "capability": capability.name, "grant_problems": granted, "bundle": document }));
    }
    lines.push(problem::verdict(path, wrong, warnings, ""));
    let document =
        json!({ "ok": wrong == 0, "path": path, "problems": checked.problems, "handlers": bundles });
    Ok((lines.join("\n"), document))
}
