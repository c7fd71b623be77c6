//! Capabilities as tools: what a client sees in `tools/list`, and which capability a called name means.

use std::collections::BTreeMap;
use std::sync::Arc;

use rmcp::model::{JsonObject, MetaObject, Tool, ToolAnnotations};
use serde_json::{Value as Json, json};
use synapsor_invocation::{ResultFormat, ToolDescription, ToolKind, ToolOrigin};

use crate::envelope;
use crate::error::Error;
use crate::names::ToolNames;

/// Marks a tool that somebody else carries out, in its `_meta`.
pub(crate) const DELEGATED_KEY: &str = "synapsor.delegated";

/// The served tools, in config order.
pub(crate) struct Tools {
    list: Vec<Tool>,
    canonical: BTreeMap<String, String>,
}

impl Tools {
    pub(crate) fn new(
        descriptions: &[ToolDescription],
        names: ToolNames,
        format: ResultFormat,
    ) -> Result<Self, Error> {
        let exposed = names.exposed(descriptions.iter().map(|tool| tool.name.as_str()));
        let mut tools = Self { list: Vec::new(), canonical: BTreeMap::new() };
        let each = descriptions.iter().zip(exposed);
        for (description, exposed) in each.flat_map(|(tool, names)| names.into_iter().map(move |n| (tool, n)))
        {
            if let Some(first) = tools.canonical.insert(exposed.clone(), description.name.clone()) {
                return Err(Error::ToolNameTaken { exposed, first, second: description.name.clone() });
            }
            tools.list.push(describe(description, exposed, names, format)?);
        }
        Ok(tools)
    }

    pub(crate) fn list(&self) -> &[Tool] {
        &self.list
    }

    /// The name a capability is listed by; the first, where there are two.
    pub(crate) fn exposed(&self, capability: &str) -> Option<&str> {
        self.list.iter().map(|tool| tool.name.as_ref()).find(|name| self.canonical(name) == capability)
    }

    /// The capability a called name means: an exposed name, or else the name itself.
    pub(crate) fn canonical<'a>(&'a self, called: &'a str) -> &'a str {
        self.canonical.get(called).map_or(called, String::as_str)
    }
}

fn describe(
    tool: &ToolDescription,
    exposed: String,
    names: ToolNames,
    format: ResultFormat,
) -> Result<Tool, Error> {
    let Json::Object(input) = tool.input_schema.clone() else {
        return Err(Error::InputSchema { capability: tool.name.clone() });
    };
    let meta = meta(tool, &exposed, names);
    Ok(Tool::new(exposed, tool.description.clone(), input)
        .with_title(tool.name.clone())
        .with_raw_output_schema(Arc::new(envelope::schema(format, tool)))
        .with_annotations(annotations(tool))
        .with_meta(meta))
}

/// All four hints, always: left out they default to the pessimistic value. Proposing writes to the ledger, so it is not
/// read-only; an equal proposal is returned rather than stored again, so it is idempotent. What a hosted service does with an
/// equal one is not known here.
fn annotations(tool: &ToolDescription) -> ToolAnnotations {
    let reads = tool.kind == ToolKind::Read;
    ToolAnnotations::new()
        .read_only(reads)
        .destructive(false)
        .idempotent(reads || !tool.is_delegated())
        .open_world(tool.is_delegated())
}

fn meta(tool: &ToolDescription, exposed: &str, names: ToolNames) -> MetaObject {
    let kind = match tool.kind {
        ToolKind::Read => "read",
        ToolKind::Proposal => "proposal",
    };
    let origin = match &tool.origin {
        ToolOrigin::Table { source, table, .. } => {
            [("synapsor.source", json!(source)), ("synapsor.target", json!(table))]
        }
        ToolOrigin::Service { adapter_id } => {
            [(DELEGATED_KEY, json!(true)), ("synapsor.adapter", json!(adapter_id))]
        }
    };
    let entries = [
        ("synapsor.kind", json!(kind)),
        ("synapsor.raw_sql_exposed", json!(false)),
        ("synapsor.approval_tool", json!(false)),
        ("synapsor.canonical_tool_name", json!(tool.name)),
        ("synapsor.exposed_tool_name", json!(exposed)),
        ("synapsor.tool_name_style", json!(names.as_str())),
    ];
    MetaObject(
        origin.into_iter().chain(entries).map(|(key, value)| (key.to_owned(), value)).collect::<JsonObject>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(name: &str) -> ToolDescription {
        ToolDescription {
            name: name.to_owned(),
            kind: ToolKind::Read,
            description: String::new(),
            input_schema: json!({ "type": "object" }),
            data_schema: json!({ "type": "object" }),
            scopes: Vec::new(),
            origin: ToolOrigin::Service { adapter_id: String::new() },
        }
    }

    fn refused(descriptions: &[ToolDescription], names: ToolNames) -> Error {
        Tools::new(descriptions, names, ResultFormat::V2).err().expect("refused")
    }

    #[test]
    fn two_capabilities_under_one_name_are_a_refusal_to_start() {
        let suffixed = ToolNames::OpenAi.exposed(["a.b", "a__b"].into_iter()).remove(0).remove(0);
        let descriptions = ["a.b", "a__b", &suffixed].map(description);
        let error = refused(&descriptions, ToolNames::OpenAi);
        assert!(error.to_string().contains("capabilities `a.b` and `a__b_"), "{error}");
        assert_eq!(error.refusal().code.as_str(), "CONFIG_INVALID");
        assert!(Tools::new(&descriptions, ToolNames::Canonical, ResultFormat::V2).is_ok());
        assert_eq!(refused(&descriptions, ToolNames::Both).refusal().code.as_str(), "CONFIG_INVALID");
    }

    #[test]
    fn an_input_schema_that_is_no_object_is_a_bug_and_not_a_panic() {
        let mut odd = description("a.b");
        odd.input_schema = json!(true);
        assert_eq!(refused(&[odd], ToolNames::OpenAi).refusal().code.as_str(), "INTERNAL");
    }

    #[test]
    fn an_exposed_name_means_its_capability_and_any_other_name_itself() {
        let tools = Tools::new(&[description("a.b")], ToolNames::OpenAi, ResultFormat::V2).expect("served");
        assert_eq!(tools.canonical("a__b"), "a.b");
        assert_eq!(tools.canonical("a.b"), "a.b");
        assert_eq!(tools.canonical("c"), "c");
    }
}
