//! One case, run once, to look at: what the handler answers, whatever the case expects.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use synapsor_handler_host::{HandlerEngine, RecordedReads};
use synapsor_protocol::{Code, RecordedRead, Share, Usage};

use crate::bundle::{Bundle, open};
use crate::case::{Answer, Case};
use crate::code::ProblemCode;
use crate::document;
use crate::folder::{CASE_BYTES_MAX, Folder};
use crate::problem::{Problem, shown};
use crate::validate::load;

/// How one run went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseRun {
    /// The case's file.
    pub file: String,
    /// What the handler answered, or how the call ended without an answer.
    pub outcome: Outcome,
    /// Whether that is what the case expects.
    pub expected: bool,
    /// The reads it asked for, with the answers it was given, in order.
    pub reads: Vec<RecordedRead>,
    /// Reads it asked for that the case does not record.
    pub not_recorded: Vec<String>,
    /// What it wrote to its log.
    pub log: Vec<String>,
    /// What it used.
    pub usage: Usage,
    /// How much of its limits that is.
    pub share: Share,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With an answer.
    Answer(Answer),
    /// Without one.
    Ended {
        /// Why.
        code: Code,
        /// In words.
        message: String,
    },
}

/// Runs one case against the bundle's component: a file, or the name of one of the bundle's own cases.
///
/// # Errors
/// Every problem of the bundle and of the case's file.
pub async fn run_case(path: &Path, case: &Path, engine: &HandlerEngine) -> Result<CaseRun, Vec<Problem>> {
    let bundle = open(path)?;
    let case = found(&bundle, case)?;
    let handler = load(engine, &bundle.manifest, bundle.component).await.map_err(|problem| vec![problem])?;
    let reads = Arc::new(RecordedReads::new(&case.reads));
    let ran = handler.propose(case.handler_call(), Arc::clone(&reads) as _).await;
    let (outcome, reads_asked, log, usage) = match ran {
        Ok(run) => (Outcome::Answer(run.answer.into()), run.reads, run.log, run.usage),
        Err(error) => {
            (Outcome::Ended { code: error.code, message: error.message }, error.reads, error.log, error.usage)
        }
    };
    Ok(CaseRun {
        file: shown(&case.file()),
        expected: matches!(&outcome, Outcome::Answer(answer) if *answer == case.expect),
        outcome,
        reads: reads_asked,
        not_recorded: reads.asked().missing,
        log,
        share: Share::of(&usage, &handler.limits().budget()),
        usage,
    })
}

fn found(bundle: &Bundle, wanted: &Path) -> Result<Case, Vec<Problem>> {
    let named = wanted.to_string_lossy();
    let own = |case: &&Case| [case.name.clone(), case.file()].iter().any(|name| *name == named);
    if let Some(case) = bundle.cases.iter().find(own) {
        return Ok(case.clone());
    }
    let missing = || {
        let names: Vec<String> = bundle.cases.iter().map(|case| format!("`{}`", case.name)).collect();
        let message = "there is no such file, and no case of that name in the bundle";
        vec![
            Problem::new(ProblemCode::FileMissing, &named, message)
                .hint(format!("the bundle's cases are {}", names.join(", "))),
        ]
    };
    let folder: PathBuf = match wanted.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let file = wanted.file_name().map(|name| name.to_string_lossy().into_owned()).ok_or_else(missing)?;
    let folder = Folder::open(&folder).map_err(|_| missing())?;
    let bytes = match folder.read(&file, CASE_BYTES_MAX) {
        Err(problem) if problem.code == ProblemCode::FileMissing => return Err(missing()),
        read => read.map_err(|problem| vec![problem])?,
    };
    document::case(file.strip_suffix(".json").unwrap_or(&file), &bytes)
}
