//! Drafts of capabilities in place of what an audit found.
//!
//! Invariant: a draft serves nothing. It is no config, names no table, and lists what a person has to decide first.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::code::AuditCode;
use super::report::{AuditReport, Finding};
use super::tool::{Input, Tool};
use crate::spelling::folded;

/// The schema version of the document.
pub const CANDIDATES_SCHEMA: &str = "synapsor.capability-candidates.v1";

/// The namespace of a tool that has none.
const NAMESPACE: &str = "app";

/// Drafts, and what has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidates {
    /// [`CANDIDATES_SCHEMA`].
    pub schema_version: &'static str,
    /// What the audit looked at.
    pub target: String,
    /// One for each tool that changes data or decides.
    pub candidates: Vec<Candidate>,
    /// Tools that no capability stands for, and what to do about them.
    pub without_candidate: Vec<Without>,
}

/// A tool that no capability stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Without {
    /// The tool.
    pub tool: String,
    /// What to do about it.
    pub instead: &'static str,
}

/// The draft of one capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The tool it would stand for.
    pub from_tool: String,
    /// What the audit found about that tool.
    pub findings: Vec<AuditCode>,
    /// Always false: a draft is no capability.
    pub enabled: bool,
    /// As it would stand in a config, as far as the list of tools tells.
    pub capability: Json,
    /// Inputs that are left out, because only the runner may set them.
    pub left_out: Vec<String>,
    /// What is missing, by the key in the config that answers it.
    pub decide: Vec<&'static str>,
}

const DECIDE: &[&str] = &[
    "source: which database, and the variables with its URLs",
    "target: schema, table, primary_key, tenant_key (`synapsor inspect` suggests them)",
    "visible_columns: what a caller and a reviewer may see",
    "patch or handler: which columns change, and by which rule",
    "allowed_columns: the only columns that may change",
    "conflict_guard: the column that says which version was seen",
    "approval: who decides",
];

/// What only the runner may set, besides what a config refuses anyway.
const NEVER: &[&str] =
    &["approvedby", "approver", "approverid", "actingas", "onbehalfof", "sql", "rawsql", "statement"];

/// Drafts for everything the report found to change data, out of the document it judged.
pub fn candidates(report: &AuditReport, document: &Json) -> Candidates {
    let (mut candidates, mut without_candidate) = (Vec::new(), Vec::new());
    for tool in super::tools(document) {
        let findings: Vec<&Finding> =
            report.findings.iter().filter(|finding| finding.tool == tool.name).collect();
        let has = |code| findings.iter().any(|finding| finding.code == code);
        if has(AuditCode::GenericSqlTool) {
            without_candidate.push(Without {
                tool: tool.name,
                instead: "look at what agents ask it for, and write one read capability for each; then take it away",
            });
        } else if has(AuditCode::WriteWithoutProposalBoundary)
            || has(AuditCode::ModelCallableCommitOrApproval)
        {
            candidates.push(draft(&tool, &findings));
        }
    }
    Candidates {
        schema_version: CANDIDATES_SCHEMA,
        target: report.target.clone(),
        candidates,
        without_candidate,
    }
}

fn draft(tool: &Tool, findings: &[&Finding]) -> Candidate {
    let is_ours = |input: &&Input| {
        synapsor_protocol::is_reserved(&input.name)
            || input.bare == "tenant"
            || NEVER.contains(&input.bare.as_str())
    };
    let args: Map<String, Json> = tool
        .inputs
        .iter()
        .filter(|input| !is_ours(input))
        .filter_map(|input| Some((input.name.clone(), argument(&input.schema)?)))
        .collect();
    Candidate {
        from_tool: tool.name.clone(),
        findings: findings.iter().map(|finding| finding.code).collect(),
        enabled: false,
        capability: json!({
            "name": name(&tool.name),
            "kind": "proposal",
            "description": format!("Proposes what `{}` did at once; a person decides.", tool.name),
            "args": args,
        }),
        left_out: tool.inputs.iter().filter(is_ours).map(|input| input.name.clone()).collect(),
        decide: DECIDE.to_vec(),
    }
}

/// `update_customer` as `app.propose_update_customer`; a namespace is kept.
fn name(tool: &str) -> String {
    let (namespace, rest) = tool.split_once(['.', '/']).unwrap_or((NAMESPACE, tool));
    format!("{}.propose_{}", folded(namespace), folded(rest))
}

/// A scalar's schema as a config writes it; an object or a list is for a person to take apart.
fn argument(schema: &Json) -> Option<Json> {
    let kind = match schema.get("type")?.as_str()? {
        "string" => "string",
        "number" | "integer" => "number",
        "boolean" => "boolean",
        _ => return None,
    };
    let mut argument = Map::from_iter([("type".to_owned(), json!(kind))]);
    for (ours, theirs) in [
        ("max_length", "maxLength"),
        ("minimum", "minimum"),
        ("maximum", "maximum"),
        ("enum", "enum"),
        ("description", "description"),
    ] {
        if let Some(value) = schema.get(theirs) {
            argument.insert(ours.to_owned(), value.clone());
        }
    }
    Some(Json::Object(argument))
}
