//! Whether the parts of a bundle agree: limits a runner can give, and cases that use only what the manifest declares.
//!
//! A case that passes with nothing but declared inputs proves the manifest complete.

use std::collections::BTreeSet;

use synapsor_handler_host::Limits;
use synapsor_protocol::{Columns, RecordedRead};

use crate::bundle::MANIFEST_FILE;
use crate::case::{Answer, Case};
use crate::code::ProblemCode;
use crate::limits;
use crate::manifest::Manifest;
use crate::place;
use crate::problem::{Problem, nearest};

/// Limits the manifest asks for beyond what any handler is given.
pub(crate) fn limit_problems(manifest: &Manifest) -> Vec<Problem> {
    let too_high = |(name, needed, max): (&str, u64, u64)| {
        let message = format!("expected at most `{max}`, found `{needed}`");
        Problem::new(ProblemCode::LimitTooHigh, format!("{MANIFEST_FILE} $.limits.{name}"), message)
    };
    limits::beyond(&manifest.limits, &Limits::MAX).into_iter().map(too_high).collect()
}

/// What a case uses without the manifest declaring it.
pub(crate) fn case_problems(manifest: &Manifest, case: &Case) -> Vec<Problem> {
    let file = case.file();
    let mut found = Undeclared { problems: Vec::new() };
    let arguments = manifest.arguments.keys().collect();
    found.columns(&format!("{file} $.call.arguments"), &case.call.arguments, &arguments, "an argument");
    found.columns(&format!("{file} $.row"), &case.row, &manifest.row.iter().collect(), "a column of the row");
    let settings: Vec<_> =
        case.call.settings.keys().filter(|name| manifest.setting(name).is_none()).collect();
    for name in settings {
        let known = manifest.settings.keys().map(String::as_str);
        found.add(place::under(&format!("{file} $.call.settings"), name), name, "a setting", known);
    }
    for (at, read) in case.reads.iter().enumerate() {
        found.read(&format!("{file} $.reads[{at}]"), read, manifest);
    }
    if let Answer::Change { columns, .. } = &case.expect {
        let writes = manifest.writes.iter().collect();
        found.columns(&format!("{file} $.expect.change.columns"), columns, &writes, "a column it may write");
    }
    found.problems
}

struct Undeclared {
    problems: Vec<Problem>,
}

impl Undeclared {
    fn columns(&mut self, place: &str, used: &Columns, declared: &BTreeSet<&String>, what: &str) {
        for name in used.keys().filter(|name| !declared.contains(name)) {
            self.add(place::under(place, name), name, what, declared.iter().map(|name| name.as_str()));
        }
    }

    fn read(&mut self, place: &str, recorded: &RecordedRead, manifest: &Manifest) {
        let (RecordedRead::Get { read, .. } | RecordedRead::Find { read, .. }) = recorded;
        let Some(declared) = manifest.reads.get(read) else {
            self.add(format!("{place}.read"), read, "a read", manifest.reads.keys().map(String::as_str));
            return;
        };
        let columns = declared.columns.iter().collect();
        match recorded {
            RecordedRead::Get { row, .. } => {
                if let Some(row) = row {
                    self.columns(&format!("{place}.row"), row, &columns, "a column of the read");
                }
            }
            RecordedRead::Find { filters, rows, .. } => {
                let declared = declared.filters.iter().collect();
                self.columns(&format!("{place}.filters"), filters, &declared, "a filter of the read");
                for (at, row) in rows.iter().enumerate() {
                    self.columns(&format!("{place}.rows[{at}]"), row, &columns, "a column of the read");
                }
            }
        }
    }

    fn add<'a>(&mut self, place: String, name: &str, what: &str, known: impl IntoIterator<Item = &'a str>) {
        let message = format!("`{name}` is not declared in `{MANIFEST_FILE}` as {what}");
        let problem = Problem::new(ProblemCode::CaseUndeclared, place, message);
        self.problems.push(problem.maybe_hint(nearest(name, known)));
    }
}
