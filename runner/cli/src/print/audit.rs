//! An audit for people, as a page, and as SARIF. What tools say of themselves is a stranger's text.

use synapsor_setup::audit::{AuditReport, Finding, Risk};

use super::page::Page;
use super::sarif::{self, Entry, Level};
use super::{count, inert, markdown, style};

/// Findings by tool, the worst tool first.
pub(crate) fn screen(report: &AuditReport) -> String {
    let mut lines = vec![format!("{} {}", style::strong("audit of"), inert::text(&report.target))];
    let mut tools: Vec<&str> = Vec::new();
    for finding in &report.findings {
        if !tools.contains(&finding.tool.as_str()) {
            tools.push(&finding.tool);
        }
    }
    for tool in tools {
        lines.push(String::new());
        lines.push(style::strong(if tool.is_empty() { "-".to_owned() } else { inert::text(tool) }));
        lines.extend(report.findings.iter().filter(|finding| finding.tool == tool).map(line));
    }
    lines.push(String::new());
    lines.push(verdict(report));
    lines.push(format!("{} {}", style::dim("note:"), report.disclaimer));
    lines.join("\n")
}

fn line(finding: &Finding) -> String {
    let word = format!("{:<6}", finding.severity.as_str());
    let word = match finding.severity {
        Risk::High => style::bad(word),
        Risk::Medium => style::warn(word),
        Risk::Low => style::dim(word),
    };
    let evidence = evidence(finding);
    let because = if evidence.is_empty() { String::new() } else { format!(" ({})", inert::text(&evidence)) };
    format!(
        "  {word} {}: {}{because}\n         {} {}",
        finding.code.as_str(),
        finding.message,
        style::dim("instead:"),
        finding.recommendation
    )
}

fn verdict(report: &AuditReport) -> String {
    let summary = &report.summary;
    let looked = count(summary.tools_inspected, "tool");
    match report.risk {
        None => format!("{} {looked}, no findings", style::good("clean")),
        Some(risk) => {
            let word = match risk {
                Risk::High => style::bad(risk.as_str()),
                Risk::Medium => style::warn(risk.as_str()),
                Risk::Low => style::dim(risk.as_str()),
            };
            format!(
                "{word} {looked}, {}: {} HIGH, {} MEDIUM, {} LOW",
                count(summary.total_findings, "finding"),
                summary.high,
                summary.medium,
                summary.low
            )
        }
    }
}

/// A page to share.
pub(crate) fn page(report: &AuditReport) -> String {
    let mut page = Page::titled("MCP audit");
    let summary = &report.summary;
    page.facts(&[
        ("Target", report.target.clone()),
        ("When", report.generated_at.to_string()),
        ("Risk", report.risk.map_or("none found", Risk::as_str).to_owned()),
        ("Tools", summary.tools_inspected.to_string()),
        ("Findings", format!("{} high, {} medium, {} low", summary.high, summary.medium, summary.low)),
    ]);
    let row = |finding: &Finding| {
        vec![
            finding.severity.as_str().to_owned(),
            finding.tool.clone(),
            finding.code.as_str().to_owned(),
            finding.message.to_owned(),
            evidence(finding),
            finding.recommendation.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = report.findings.iter().map(row).collect();
    page.table(&["Severity", "Tool", "Code", "Means", "Seen by", "Instead"], rows);
    page.paragraph(report.disclaimer);
    markdown::written(&page)
}

/// For code hosts.
pub(crate) fn sarif(report: &AuditReport) -> String {
    let entry = |finding| entry(report, finding);
    sarif::document(&report.findings.iter().map(entry).collect::<Vec<_>>())
}

fn entry<'a>(report: &AuditReport, finding: &'a Finding) -> Entry<'a> {
    Entry {
        rule: finding.code.as_str(),
        meaning: finding.message,
        level: match finding.severity {
            Risk::High => Level::Error,
            Risk::Medium => Level::Warning,
            Risk::Low => Level::Note,
        },
        message: format!("{}: {} ({})", finding.tool, finding.message, finding.recommendation),
        file: report.target.clone(),
        place: &finding.tool,
    }
}

fn evidence(finding: &Finding) -> String {
    finding.evidence.join(", ")
}
