//! A diagnosis for people, and as a page to be handed on.

use synapsor_setup::doctor::{Diagnosis, Finding, Section, Severity, Verdict};

use super::page::Page;
use super::{count, inert, markdown, style};

/// A line a section, and under it what was found.
pub(crate) fn screen(diagnosis: &Diagnosis) -> String {
    let mut lines: Vec<String> = diagnosis.sections.iter().flat_map(section).collect();
    lines.push(verdict(diagnosis));
    lines.join("\n")
}

fn section(section: &Section) -> Vec<String> {
    let name = format!("{:<12}", section.name.as_str());
    let Some(looked_at) = &section.looked_at else {
        return vec![format!("{} {name} {}", style::dim("skip"), style::dim("not looked at"))];
    };
    let word = match section.worst() {
        None => style::good("pass"),
        Some(Severity::Note) => style::dim("note"),
        Some(Severity::Warn) => style::warn("warn"),
        Some(Severity::Fail) => style::bad("fail"),
    };
    let headline = format!("{word} {name} {}", style::dim(inert::text(looked_at)));
    std::iter::once(headline).chain(section.findings.iter().map(finding)).collect()
}

fn finding(finding: &Finding) -> String {
    let code = match finding.severity {
        Severity::Note => style::dim(finding.code.as_str()),
        Severity::Warn => style::warn(finding.code.as_str()),
        Severity::Fail => style::bad(finding.code.as_str()),
    };
    format!(
        "  {code} {}: {}\n    {} {}\n    {} {}",
        inert::text(&finding.about),
        inert::text(&finding.what),
        style::dim("why"),
        inert::text(&finding.why),
        style::dim("fix"),
        inert::text(&finding.fix)
    )
}

fn verdict(diagnosis: &Diagnosis) -> String {
    let (fails, warnings) = (diagnosis.count(Severity::Fail), diagnosis.count(Severity::Warn));
    let word = diagnosis.verdict.as_str();
    let word = match diagnosis.verdict {
        Verdict::Healthy => style::good(word),
        Verdict::NotHealthy => style::bad(word),
    };
    format!("{word}: {}, {}", count(fails, "failure"), count(warnings, "warning"))
}

/// The diagnosis as Markdown, with the version of this runner.
pub(crate) fn report(diagnosis: &Diagnosis, version: &str) -> String {
    let mut page = Page::titled("What the doctor found");
    page.facts(&[
        ("runner", version.to_owned()),
        ("verdict", diagnosis.verdict.as_str().to_owned()),
        ("failures", diagnosis.count(Severity::Fail).to_string()),
        ("warnings", diagnosis.count(Severity::Warn).to_string()),
        ("redaction", "no value of a variable, no URL and no row stands in this report".to_owned()),
    ]);
    for section in &diagnosis.sections {
        page.heading(section.name.as_str());
        page.paragraph(section.looked_at.as_deref().unwrap_or("not looked at"));
        for finding in &section.findings {
            page.subheading(&format!("{}: {}", finding.code.as_str(), finding.about));
            page.facts(&[
                ("what", finding.what.clone()),
                ("why", finding.why.clone()),
                ("fix", finding.fix.clone()),
            ]);
        }
    }
    markdown::written(&page)
}
