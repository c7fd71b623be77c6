//! The report of an audit, as it is stored and sent.

use serde::Serialize;
use synapsor_protocol::Moment;

use super::code::{AuditCode, Risk};

/// The schema version of the document.
pub const AUDIT_SCHEMA: &str = "synapsor.mcp-audit.v1";

const DISCLAIMER: &str = "a review of what the list of tools says, without calling any; a tool may do other things than it says, and \
                          no finding is no proof that it is safe";

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// [`AUDIT_SCHEMA`].
    pub schema_version: &'static str,
    /// What was looked at.
    pub target: String,
    /// What a report is worth.
    pub disclaimer: &'static str,
    /// When.
    pub generated_at: Moment,
    /// The highest severity there is.
    pub risk: Option<Risk>,
    /// How much of what.
    pub summary: Summary,
    /// Each code once a tool, the worst first.
    pub findings: Vec<Finding>,
}

/// How much of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Tools that were judged.
    pub tools_inspected: usize,
    /// Findings of that severity.
    pub high: usize,
    /// Findings of that severity.
    pub medium: usize,
    /// Findings of that severity.
    pub low: usize,
    /// All of them.
    pub total_findings: usize,
}

/// One thing about one tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad.
    pub severity: Risk,
    /// Which rule.
    pub code: AuditCode,
    /// Which tool; empty where there was none.
    pub tool: String,
    /// What it means.
    pub message: &'static str,
    /// What it was seen by.
    pub evidence: Vec<String>,
    /// What to do instead.
    pub recommendation: &'static str,
}

impl Finding {
    pub(super) fn new(code: AuditCode, tool: &str, evidence: Vec<String>) -> Self {
        let (message, recommendation) = (code.meaning(), code.recommendation());
        Self { severity: code.risk(), code, tool: tool.to_owned(), message, evidence, recommendation }
    }
}

impl AuditReport {
    pub(super) fn new(target: &str, tools_inspected: usize, findings: Vec<Finding>, at: Moment) -> Self {
        let count = |risk| findings.iter().filter(|finding| finding.severity == risk).count();
        let summary = Summary {
            tools_inspected,
            high: count(Risk::High),
            medium: count(Risk::Medium),
            low: count(Risk::Low),
            total_findings: findings.len(),
        };
        Self {
            schema_version: AUDIT_SCHEMA,
            target: target.to_owned(),
            disclaimer: DISCLAIMER,
            generated_at: at,
            risk: findings.iter().map(|finding| finding.severity).min(),
            summary,
            findings,
        }
    }

    /// Whether something is as bad as that, or worse.
    pub fn reaches(&self, risk: Risk) -> bool {
        self.risk.is_some_and(|found| found <= risk)
    }
}
