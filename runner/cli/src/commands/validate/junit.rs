//! A validation as a JUnit report, which every CI system shows: a suite a path, a test a case, and one for all the rest.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use synapsor_bundle::CaseReport;
use synapsor_config::Severity;

use super::subject::{Finding, Subject};

/// The test that stands for everything but the cases.
const REST: &str = "files and component";

pub(super) fn document(subjects: &[Subject]) -> Result<String, SerializeError> {
    let mut report = Report::new("synapsor validate");
    report.add_test_suites(subjects.iter().map(suite));
    report.to_string()
}

fn suite(subject: &Subject) -> TestSuite {
    let path = subject.path.display().to_string();
    let mut suite = TestSuite::new(path.as_str());
    let errors = || subject.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let rest = errors().filter(|finding| !subject.cases.iter().any(|case| is_about(finding, case)));
    suite.add_test_case(test(REST, &path, rest.collect(), None));
    for case in &subject.cases {
        let own: Vec<&Finding> = errors().filter(|finding| is_about(finding, case)).collect();
        suite.add_test_case(test(&case.file, &path, own, Some(case)));
    }
    suite
}

/// A finding about a case begins with its file; the bent inputs of one are the component's fault.
fn is_about(finding: &Finding, case: &CaseReport) -> bool {
    !case.passed && finding.place.split(' ').next() == Some(case.file.as_str())
}

fn test(name: &str, path: &str, findings: Vec<&Finding>, case: Option<&CaseReport>) -> TestCase {
    let status = match findings.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let lines = findings.iter().map(|finding| line(finding)).collect::<Vec<_>>().join("\n");
            status.set_type(first.code).set_message(first.message.as_str()).set_description(lines);
            status
        }
    };
    let mut test = TestCase::new(name, status);
    test.set_classname(path);
    if let Some(case) = case {
        test.set_time(Duration::from_micros(case.usage.wall_us));
    }
    test
}

fn line(finding: &Finding) -> String {
    let hint = finding.hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
    format!("{} {}: {}{hint}", finding.code, finding.place, finding.message)
}
