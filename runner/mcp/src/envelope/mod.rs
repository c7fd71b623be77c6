//! The shape of a tool result: the published first or second form, and the schema each tool declares for it.
//!
//! Invariant: whatever [`of_answer`] and [`of_refusal`] return for a tool satisfies what [`schema`] returns for it.
//! Invariant: a refusal carries its code, its safe text and hint, and nothing else of what went wrong.

mod delegated;
mod shown;
mod v1;
mod v2;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde_json::{Map, Value as Json, json};
use synapsor_invocation::{Answer, ResultFormat, ToolDescription, ToolKind};
use synapsor_protocol::{EvidenceId, ProposalId, Refusal};

use shown::Shown;

/// Below this many bytes a value is not cut any shorter, however large the result is.
const VALUE_BYTES_FLOOR: usize = 64;

/// The result of a call that was carried out, with long column values cut until its envelope fits `bytes_max` bytes.
pub(crate) fn of_answer(format: ResultFormat, answer: &Answer, bytes_max: usize) -> CallToolResult {
    let mut value_bytes_max = bytes_max;
    loop {
        let envelope = match (format, answer) {
            (ResultFormat::V1, Answer::Read(read)) => v1::read(read, value_bytes_max),
            (ResultFormat::V1, Answer::Proposal(proposal)) => v1::proposal(proposal, value_bytes_max),
            (ResultFormat::V1, Answer::Delegated(answer)) => delegated::v1(answer, value_bytes_max),
            (ResultFormat::V2, Answer::Delegated(answer)) => delegated::v2(answer, value_bytes_max),
            (ResultFormat::V2, Answer::Read(read)) => v2::read(read, value_bytes_max),
            (ResultFormat::V2, Answer::Proposal(proposal)) => v2::proposal(proposal, value_bytes_max),
        };
        let text = envelope.to_string();
        if value_bytes_max <= VALUE_BYTES_FLOOR || text.len() <= bytes_max {
            return result(envelope, text, false);
        }
        value_bytes_max /= 2;
    }
}

/// The result of a call that was refused.
pub(crate) fn of_refusal(format: ResultFormat, capability: &str, refusal: &Refusal) -> CallToolResult {
    let envelope = refusal_envelope(format, capability, refusal);
    let text = envelope.to_string();
    result(envelope, text, true)
}

fn refusal_envelope(format: ResultFormat, capability: &str, refusal: &Refusal) -> Json {
    match format {
        ResultFormat::V1 => v1::refusal(refusal),
        ResultFormat::V2 => v2::refusal(capability, refusal),
    }
}

/// The envelope in both of its forms, of which the text is printed once.
fn result(envelope: Json, text: String, is_error: bool) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(envelope);
    result.is_error = Some(is_error);
    result
}

/// The JSON Schema of every result of a tool, refusals included.
pub(crate) fn schema(format: ResultFormat, tool: &ToolDescription) -> JsonObject {
    if tool.is_delegated() {
        return match format {
            ResultFormat::V1 => delegated::v1_schema(),
            ResultFormat::V2 => either(&delegated::v2_schema(tool.kind), &v2::refusal_schema()),
        };
    }
    let (answer, refusal) = match (format, tool.kind) {
        (ResultFormat::V1, ToolKind::Read) => (v1::read_schema(&tool.data_schema), v1::refusal_schema()),
        (ResultFormat::V1, ToolKind::Proposal) => {
            (v1::proposal_schema(&shown::diff_schema(&tool.data_schema)), v1::refusal_schema())
        }
        (ResultFormat::V2, ToolKind::Read) => (v2::read_schema(&tool.data_schema), v2::refusal_schema()),
        (ResultFormat::V2, ToolKind::Proposal) => {
            (v2::proposal_schema(&shown::diff_schema(&tool.data_schema)), v2::refusal_schema())
        }
    };
    either(&answer, &refusal)
}

/// One closed object that is either of two. `anyOf` alone would say the same, but clients of the handshake era know only
/// `type`, `properties` and `required`, so every property is named at the top as well.
fn either(left: &Json, right: &Json) -> JsonObject {
    let (of_left, of_right) = (properties(left), properties(right));
    let mut all = of_left.clone();
    let (mut only_left, mut only_right) = (Map::new(), Map::new());
    for (name, schema) in of_right {
        match of_left.get(&name) {
            Some(other) if *other != schema => {
                all.insert(name.clone(), json!({ "anyOf": [other, schema] }));
                only_left.insert(name.clone(), other.clone());
                only_right.insert(name, schema);
            }
            _ => {
                all.insert(name, schema);
            }
        }
    }
    let branch = |schema: &Json, own: Map<String, Json>| match own.is_empty() {
        true => json!({ "required": schema.get("required") }),
        false => json!({ "required": schema.get("required"), "properties": own }),
    };
    JsonObject::from_iter([
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), Json::Object(all)),
        ("additionalProperties".to_owned(), json!(false)),
        ("anyOf".to_owned(), json!([branch(left, only_left), branch(right, only_right)])),
    ])
}

fn properties(object: &Json) -> Map<String, Json> {
    object.get("properties").and_then(Json::as_object).cloned().unwrap_or_default()
}

/// A closed object: every property listed, all required but the ones named.
fn object(properties: Json, optional: &[&str]) -> Json {
    let required: Vec<&str> = properties
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
        .filter(|name| !optional.contains(name))
        .collect();
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn put(envelope: &mut Json, name: &str, value: Option<Json>) {
    if let (Some(fields), Some(value)) = (envelope.as_object_mut(), value) {
        fields.insert(name.to_owned(), value);
    }
}

fn evidence_address(id: &EvidenceId) -> String {
    format!("synapsor://evidence/{id}")
}

fn proposal_address(id: &ProposalId) -> String {
    format!("synapsor://proposals/{id}")
}

fn replay_address(id: &ProposalId) -> String {
    format!("synapsor://replay/{id}")
}

#[cfg(test)]
mod tests {
    use synapsor_invocation::ToolOrigin;
    use synapsor_protocol::Code;

    use super::*;

    #[test]
    fn every_refusal_satisfies_the_schema_of_every_kind_of_tool() {
        for format in [ResultFormat::V1, ResultFormat::V2] {
            for kind in [ToolKind::Read, ToolKind::Proposal] {
                let table = ToolOrigin::Table {
                    source: String::new(),
                    engine: synapsor_protocol::Engine::Sqlite,
                    table: String::new(),
                };
                let service = ToolOrigin::Service { adapter_id: "mcp.billing".to_owned() };
                for origin in [table, service] {
                    let tool = ToolDescription {
                        name: "a.b".to_owned(),
                        kind,
                        description: String::new(),
                        input_schema: json!({}),
                        data_schema: json!({ "type": "object" }),
                        scopes: Vec::new(),
                        origin,
                    };
                    let schema = Json::Object(schema(format, &tool));
                    let validator = jsonschema::validator_for(&schema).expect("a schema");
                    for code in Code::ALL {
                        let plain = Refusal::new(*code, "no");
                        let mut full = plain.clone().hint("try this");
                        full.handler_code = Some("over_cap".to_owned());
                        for refusal in [plain, full] {
                            let envelope = refusal_envelope(format, "a.b", &refusal);
                            assert!(validator.is_valid(&envelope), "{format:?} {kind:?}: {envelope}");
                        }
                    }
                    assert!(
                        !validator.is_valid(&json!({})),
                        "a schema that everything satisfies says nothing"
                    );
                }
            }
        }
    }
}
