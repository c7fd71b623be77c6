//! `synapsor validate`: bundles and configs, everything wrong at once; exit 0 valid, 1 not valid, 2 usage.

mod junit;
mod sarif;
mod subject;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use synapsor_config::{Logic, Severity};
use synapsor_handler_host::HandlerEngine;
use synapsor_protocol::{Code, Refusal};

use crate::args::{Format, Validate};
use crate::exit::Exit;
use crate::print::document::with;
use crate::print::progress::Wait;
use crate::print::{Report, inert, problem, style};
use crate::settings::read_config;
use crate::wiring;

use super::{job, pin};
use subject::{Finding, Subject, bundle_subject};

pub(crate) async fn run(validate: &Validate) -> Result<Report, Refusal> {
    if let Some(file) = &validate.job {
        return job::validate(file);
    }
    let mut subjects = Vec::new();
    let mut skipped = Vec::new();
    let known = kinds(&validate.paths)?;
    let engine = wiring::case_engine()?;
    let wait = Wait::of("running cases");
    for (path, kind) in known {
        let Some(kind) = kind else {
            skipped.push(path.clone());
            continue;
        };
        if validate.write_digest {
            pin::write(path)?;
        }
        wait.is_for(&path.display().to_string());
        subjects.push(match kind {
            Kind::Bundle => judged(path, &engine, &wait, false).await,
            Kind::Config => config(path, &engine, &wait).await?,
        });
    }
    drop(wait);
    let exit = if subjects.iter().all(Subject::is_valid) { Exit::Done } else { Exit::Refused };
    let report = match validate.format {
        Format::Sarif => whole(sarif::document(&subjects)),
        Format::Junit => whole(junit::document(&subjects).map_err(Refusal::bug)?),
        Format::Text | Format::Json => told(subjects, skipped),
    };
    Ok(report.exit(exit))
}

/// A document that another program reads as it is.
fn whole(text: String) -> Report {
    Report { json: Json::Null, text, exit: Exit::Done }
}

fn told(subjects: Vec<Subject>, skipped: Vec<PathBuf>) -> Report {
    let skip = |path: &PathBuf| {
        let path = inert::text(&path.display().to_string());
        format!("{} {path}  {}", style::dim("skipped"), style::dim("neither a bundle nor a config"))
    };
    let mut texts: Vec<String> = skipped.iter().map(skip).collect();
    let mut documents = Vec::new();
    for subject in subjects {
        texts.push(subject.text);
        documents.push(subject.document);
    }
    Report::done(json!({ "reports": documents, "skipped": skipped }), texts.join("\n"))
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bundle,
    Config,
}

/// What each path is. Of several, as a shell's `*` gives them, one may be neither; a path that was named alone is taken at its
/// word, and one that is not there is a mistake either way.
fn kinds(paths: &[PathBuf]) -> Result<Vec<(&PathBuf, Option<Kind>)>, Refusal> {
    let refused = |message: String| {
        Refusal::new(Code::NotFound, message).hint("name a bundle's folder or archive, or a config file")
    };
    if let Some(absent) = paths.iter().find(|path| !path.exists()) {
        return Err(refused(format!("there is no `{}`", absent.display())));
    }
    if let [path] = paths {
        let bundle = path.is_dir() || is_archive(path);
        return Ok(vec![(path, Some(if bundle { Kind::Bundle } else { Kind::Config }))]);
    }
    let kinds: Vec<_> = paths.iter().map(|path| (path, kind(path))).collect();
    if kinds.iter().all(|(_, kind)| kind.is_none()) {
        return Err(refused("none of the paths is a bundle or a config".to_owned()));
    }
    Ok(kinds)
}

fn kind(path: &Path) -> Option<Kind> {
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    match () {
        () if is_archive(path) => Some(Kind::Bundle),
        () if path.is_dir() => path.join("handler.json").exists().then_some(Kind::Bundle),
        () => is_json.then_some(Kind::Config),
    }
}

/// Whether a file is a packed bundle, by its name.
pub(super) fn is_archive(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|extension| extension == "tar")
}

/// A bundle by its cases; what each used too, where that is wanted.
pub(crate) async fn judged(path: &Path, engine: &HandlerEngine, wait: &Wait, usage: bool) -> Subject {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let watch = |done, all| wait.stands_at(count(done), count(all));
    bundle_subject(path, &synapsor_bundle::validate_watched(path, engine, &watch).await, usage)
}

/// A config, and every bundle it names against what it grants.
async fn config(path: &Path, engine: &HandlerEngine, wait: &Wait) -> Result<Subject, Refusal> {
    let checked = synapsor_config::check(&read_config(path)?);
    let mut lines: Vec<String> = checked.problems.iter().map(problem::of_config).collect();
    let mut findings: Vec<Finding> =
        checked.problems.iter().map(|problem| Finding::of_config(path, problem)).collect();
    let warnings = checked.problems.iter().filter(|problem| problem.severity == Severity::Warning).count();
    let mut wrong = checked.problems.len() - warnings;
    let (mut cases, mut bundles) = (Vec::new(), Vec::new());
    let folder = path.parent().unwrap_or(Path::new("."));
    // A candidate is judged like the handler it is to follow.
    let mut subjects = Vec::new();
    for config in checked.config.iter() {
        for capability in &config.capabilities {
            subjects.push((Arc::clone(capability), &config.handler_trust));
            let tried = capability.with_candidate().map(Arc::new);
            subjects.extend(tried.map(|tried| (tried, &config.handler_trust)));
        }
    }
    for (capability, trust) in &subjects {
        let Some(Logic::Handler(grant)) = capability.proposal.as_ref().map(|rules| &rules.logic) else {
            continue;
        };
        let bundle_path = folder.join(&grant.bundle);
        let judged = judged(&bundle_path, engine, wait, false).await;
        let granted = match synapsor_bundle::open(&bundle_path) {
            Ok(bundle) => {
                let mut problems = synapsor_bundle::grant_problems(&bundle, capability);
                problems.extend(synapsor_bundle::trust_problem(&bundle, trust));
                problems
            }
            Err(_) => Vec::new(),
        };
        lines.extend(granted.iter().map(problem::of_bundle));
        findings.extend(granted.iter().map(|problem| Finding::of_grant(path, problem)));
        wrong += granted.len() + usize::from(!judged.is_valid());
        lines.push(judged.text);
        findings.extend(judged.findings);
        cases.extend(judged.cases);
        let document = judged.document;
        bundles.push(json!({ "capability": capability.name, "grant_problems": granted, "bundle": document }));
    }
    lines.push(problem::verdict(path, wrong, warnings, ""));
    let document = with(
        json!({ "ok": wrong == 0, "problems": checked.problems, "handlers": bundles }),
        [("path", json!(path))],
    );
    Ok(Subject { path: path.to_owned(), text: lines.join("\n"), document, findings, cases })
}
