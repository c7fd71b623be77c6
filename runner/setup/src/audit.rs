//! What a list of tools lets a model do to a database, judged by the list alone.
//!
//! Invariant: no tool is called. Invariant: what a tool says of itself is a stranger's text; a hint that it only reads is not
//! believed against its name.

mod code;
mod tool;
mod wording;
mod rules;
mod report;
mod candidates;

use serde_json::Value as Json;
use synapsor_protocol::Moment;

pub use candidates::{CANDIDATES_SCHEMA, Candidate, Candidates, candidates};
pub use code::{AuditCode, Risk, reference};
pub use report::{AUDIT_SCHEMA, AuditReport, Finding, Summary};
pub use tool::{TOOLS_MAX, Tool, tools};

/// The built-in example: six tools as one finds them before anybody has thought about it.
pub const EXAMPLE: &str = include_str!("../../../fixtures/audit/dangerous-db-mcp.json");

/// The example's name on the command line and as a target.
pub const EXAMPLE_NAME: &str = "dangerous-db-mcp";

/// Judges every tool found in a document: a `tools/list` result, or something that holds one.
pub fn audit(target: &str, document: &Json, at: Moment) -> AuditReport {
    let tools = tools(document);
    AuditReport::new(target, tools.len(), of_tools(&tools), at)
}

/// The findings alone, the worst first.
pub fn findings(document: &Json) -> Vec<Finding> {
    of_tools(&tools(document))
}

fn of_tools(tools: &[Tool]) -> Vec<Finding> {
    let mut findings = rules::findings(tools);
    findings.sort_by_key(|finding| finding.severity);
    findings
}

#[cfg(test)]
mod tests;
