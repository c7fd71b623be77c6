//! A validation as SARIF.

use synapsor_config::Severity;

use super::subject::{Finding, Subject};
use crate::print::sarif::{self, Entry, Level};

pub(super) fn document(subjects: &[Subject]) -> String {
    let findings = subjects.iter().flat_map(|subject| &subject.findings);
    sarif::document(&findings.map(entry).collect::<Vec<_>>())
}

fn entry(finding: &Finding) -> Entry<'_> {
    Entry {
        rule: finding.code,
        meaning: finding.meaning,
        level: match finding.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
        },
        message: match &finding.hint {
            Some(hint) => format!("{}: {} ({hint})", finding.place, finding.message),
            None => format!("{}: {}", finding.place, finding.message),
        },
        file: finding.file.to_string_lossy().into_owned(),
        place: &finding.place,
    }
}
