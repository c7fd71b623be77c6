//! What a model is shown: the boundary of every list of tools, and what an audit says of this one. Pure.

use serde_json::{Value as Json, json};
use synapsor_protocol::Moment;

use super::code::DoctorCode;
use super::finding::{Finding, Section, SectionName};
use crate::audit::audit;
use crate::boundary::boundary;

/// The tools of a config, as clients get them.
pub fn exposure(tools: &[Json], at: Moment) -> Section {
    let broken = boundary(tools).into_iter().filter(|check| !check.holds).map(|check| {
        let what = format!("expected that {}, found {}", check.check.meaning(), check.found.join(", "));
        let fix = "rename or leave out what it names; `synapsor tools preview` shows the list";
        Finding::new(DoctorCode::ToolBoundary, "tools", what, fix)
    });
    let report = audit("tools", &json!({ "tools": tools }), at);
    let audited = report.findings.iter().map(|found| {
        let what = format!("{}: {}", found.code.as_str(), found.code.meaning());
        Finding::new(DoctorCode::ToolFinding, found.tool.clone(), what, found.code.recommendation())
    });
    let findings = broken.chain(audited).collect();
    Section::of(SectionName::Exposure, format!("{} tools", tools.len()), findings)
}
