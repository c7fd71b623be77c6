//! Validation of a bundle: everything wrong at once, in the order a reader would look.

use std::path::Path;

use synapsor_handler_host::{Handler, HandlerEngine};
use synapsor_protocol::{Code, Digest};

use crate::agreement;
use crate::bundle::{Files, gather};
use crate::case::Case;
use crate::code::ProblemCode;
use crate::limits::needed_allowance;
use crate::malformed;
use crate::manifest::Manifest;
use crate::problem::Problem;
use crate::report::Report;
use crate::run;

/// Validates a bundle, in a folder or an archive: its files, its component, and every case against the component, twice.
///
/// Each step goes as far as the one before left something to look at; a wrong digest does not hide a failing case.
pub async fn validate(path: &Path, engine: &HandlerEngine) -> Report {
    validate_watched(path, engine, &|_, _| {}).await
}

/// The same for somebody who waits: told how many of how many cases have run, once the component is compiled and after each.
pub async fn validate_watched(
    path: &Path,
    engine: &HandlerEngine,
    watch: &(dyn Fn(usize, usize) + Sync),
) -> Report {
    let files = gather(path);
    let mut report = opening(path, &files);
    let (Some(manifest), Some(component)) = (files.manifest, files.component) else {
        return report;
    };
    report.problems.extend(agreement::limit_problems(&manifest));
    for case in &files.cases {
        report.problems.extend(agreement::case_problems(&manifest, case));
    }
    match load(engine, &manifest, component).await {
        Ok(handler) => run_cases(&handler, &files.cases, watch, &mut report).await,
        Err(problem) => report.problems.push(problem),
    }
    report
}

fn opening(path: &Path, files: &Files) -> Report {
    let mut problems = files.problems.clone();
    if files.manifest.is_some() && files.cases.is_empty() && problems.is_empty() {
        let message = "expected at least one case";
        problems.push(Problem::new(ProblemCode::CasesMissing, "cases", message));
    }
    Report {
        folder: path.display().to_string(),
        name: files.manifest.as_ref().map(|manifest| manifest.name.clone()),
        version: files.manifest.as_ref().map(|manifest| manifest.version.clone()),
        component_digest: files.component.as_deref().map(Digest::of_bytes),
        component_bytes: files.component.as_ref().and_then(|component| component.len().try_into().ok()),
        cases: Vec::new(),
        problems,
    }
}

/// Loads the component as it is: that its digest is not the manifest's is a problem already.
pub(crate) async fn load(
    engine: &HandlerEngine,
    manifest: &Manifest,
    component: Vec<u8>,
) -> Result<Handler, Problem> {
    let file = manifest.component.file.clone();
    let allowance = needed_allowance(manifest);
    let engine = engine.clone();
    let loading = move || engine.load(&component, &Digest::of_bytes(&component), allowance);
    // Compiling takes seconds for a large component.
    let loaded = tokio::task::spawn_blocking(loading).await;
    let invalid = |message: String| Problem::new(ProblemCode::ComponentInvalid, file.clone(), message);
    loaded.map_err(|_| invalid("the compiler did not survive the component".to_owned()))?.map_err(|error| {
        let refusal = error.refusal();
        let problem = invalid(refusal.message);
        let code = match refusal.code {
            Code::HandlerImportNotGranted => ProblemCode::ImportNotGranted,
            _ => ProblemCode::ComponentInvalid,
        };
        Problem { code, hint: refusal.hint, ..problem }
    })
}

async fn run_cases(
    handler: &Handler,
    cases: &[Case],
    watch: &(dyn Fn(usize, usize) + Sync),
    report: &mut Report,
) {
    watch(0, cases.len());
    for case in cases {
        let (ran, problems) = run::case(handler, case).await;
        report.cases.push(ran);
        watch(report.cases.len(), cases.len());
        report.problems.extend(problems);
    }
    if let Some(case) = malformed::furthest(cases) {
        report.problems.extend(malformed::problems(handler, case).await);
    }
}
