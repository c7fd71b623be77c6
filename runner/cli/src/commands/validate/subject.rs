//! One path that was validated: what is said of it, in every form.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use synapsor_bundle::{CaseReport, Report};
use synapsor_config::Severity;

use crate::print::document::with;
use crate::print::{count, inert, problem, style};

/// What is said of one path.
pub(crate) struct Subject {
    pub(crate) path: PathBuf,
    /// For people.
    pub(crate) text: String,
    /// For programs.
    pub(crate) document: Json,
    /// What is wrong with it, for reports of a fixed form.
    pub(super) findings: Vec<Finding>,
    pub(super) cases: Vec<CaseReport>,
}

impl Subject {
    pub(crate) fn is_valid(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Error)
    }
}

/// One thing wrong.
pub(super) struct Finding {
    pub(super) code: &'static str,
    pub(super) meaning: &'static str,
    pub(super) severity: Severity,
    /// The file it is in.
    pub(super) file: PathBuf,
    /// The place in the file or in what it means.
    pub(super) place: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Finding {
    pub(super) fn of_config(path: &Path, problem: &synapsor_config::Problem) -> Self {
        Self {
            code: problem.code.as_str(),
            meaning: problem.code.meaning(),
            severity: problem.severity,
            file: path.to_owned(),
            place: problem.path.clone(),
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        }
    }

    /// A problem's place begins with the file it is in; of an archive there is but the one file.
    fn of_bundle(path: &Path, problem: &synapsor_bundle::Problem) -> Self {
        let file = problem.place.split(' ').next().unwrap_or_default();
        let inside = path.join(file);
        Self { file: if inside.exists() { inside } else { path.to_owned() }, ..Self::of_grant(path, problem) }
    }

    /// Between a config and a bundle: the config is where it is mended.
    pub(super) fn of_grant(path: &Path, problem: &synapsor_bundle::Problem) -> Self {
        Self {
            code: problem.code.as_str(),
            meaning: problem.code.meaning(),
            severity: problem.code.severity(),
            file: path.to_owned(),
            place: problem.place.clone(),
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        }
    }
}

/// A bundle's report; `cases` shows each case with what it used and where its answer differs.
pub(crate) fn bundle_subject(path: &Path, report: &Report, cases: bool) -> Subject {
    let mut lines: Vec<String> = Vec::new();
    if cases {
        lines.extend(report.cases.iter().map(case));
    }
    let shown_above = |problem: &&synapsor_bundle::Problem| {
        cases && problem.code == synapsor_bundle::ProblemCode::CaseAnswerDiffers
    };
    lines.extend(report.problems.iter().filter(|problem| !shown_above(problem)).map(problem::of_bundle));
    lines.push(problem::verdict(path, report.problems.len(), 0, &count(report.cases.len(), "case")));
    let fields = [("ok", json!(report.is_valid())), ("path", json!(path))];
    Subject {
        path: path.to_owned(),
        text: lines.join("\n"),
        document: with(serde_json::to_value(report).unwrap_or(Json::Null), fields),
        findings: report.problems.iter().map(|problem| Finding::of_bundle(path, problem)).collect(),
        cases: report.cases.clone(),
    }
}

fn case(case: &CaseReport) -> String {
    let word = if case.passed { style::good("pass") } else { style::bad("fail") };
    let (usage, share) = (&case.usage, &case.share);
    let used = format!(
        "fuel {} ({} %), memory {} KiB ({} %)",
        usage.fuel,
        share.fuel_percent,
        usage.memory_bytes / 1024,
        share.memory_percent,
    );
    let line = format!("{word} {}  {}", inert::text(&case.file), style::dim(used));
    match &case.difference {
        None => line,
        Some(difference) => format!("{line}\n{}", coloured(&difference.lines())),
    }
}

/// A difference's lines: red what was expected, green what was found.
fn coloured(lines: &str) -> String {
    let line = |line: &str| {
        let text = inert::text(line);
        match line.chars().next() {
            Some('-') => format!("  {}", style::bad(text)),
            Some('+') => format!("  {}", style::good(text)),
            _ => format!("  {text}"),
        }
    };
    lines.lines().map(line).collect::<Vec<_>>().join("\n")
}
