//! What a hosted service answered, in the two published forms.
//!
//! Invariant: the service's own members never stand where the runner's do: not beside `ok`, `error` or `code` in the second form,
//! and under the runner's four in the first, which is the published overlay of one over the other.

use rmcp::model::JsonObject;
use serde_json::{Map, Value as Json, json};
use synapsor_invocation::{DelegatedAnswer, ToolKind};

use super::shown::notice_schema;
use super::{Shown, object, put, v2};

/// Where what is cut here is whole.
const RECORD: &str = "the hosted service";

/// Members of the first form that are the runner's.
const OWN: [&str; 4] = ["mode", "adapter_id", "tool_name", "source_database_mutated"];

pub(super) fn v1(answer: &DelegatedAnswer, value_bytes_max: usize) -> Json {
    let shown = Shown::document(&answer.result, value_bytes_max);
    let notice = shown.notice(RECORD);
    let mut envelope = Json::Object(shown.columns);
    let own = [json!("cloud"), json!(answer.adapter_id), json!(answer.capability), json!(false)];
    for (name, value) in OWN.into_iter().zip(own) {
        put(&mut envelope, name, Some(value));
    }
    put(&mut envelope, "truncated", notice);
    envelope
}

/// Open, since what else a service says is its own.
pub(super) fn v1_schema() -> JsonObject {
    JsonObject::from_iter([
        ("type".to_owned(), json!("object")),
        (
            "anyOf".to_owned(),
            json!([
                {
                    "required": OWN,
                    "properties": {
                        "mode": { "const": "cloud" },
                        "adapter_id": { "type": "string" },
                        "tool_name": { "type": "string" },
                        "source_database_mutated": { "const": false },
                    },
                },
                {
                    "required": ["ok", "code", "error", "retryable", "source_changed"],
                    "properties": { "ok": { "const": false } },
                },
            ]),
        ),
    ])
}

pub(super) fn v2(answer: &DelegatedAnswer, value_bytes_max: usize) -> Json {
    let DelegatedAnswer { capability, kind, adapter_id, result } = answer;
    let shown = Shown::document(result, value_bytes_max);
    let notice = shown.notice(RECORD);
    let mut envelope = json!({
        "ok": true,
        "summary": format!("the hosted service carried out `{capability}`"),
        "action": capability,
        "kind": kind_name(*kind),
        "data": shown.columns,
        "source_database_changed": false,
        "_meta": { "canonical_capability": capability, "adapter_id": adapter_id },
    });
    put(&mut envelope, "next", (*kind == ToolKind::Proposal).then(|| json!(v2::NEXT)));
    put(&mut envelope, "truncated", notice);
    envelope
}

pub(super) fn v2_schema(kind: ToolKind) -> Json {
    let next = (kind == ToolKind::Proposal).then(|| ("next".to_owned(), json!({ "type": "string" })));
    let mut properties: Map<String, Json> = next.into_iter().collect();
    let all = [
        ("ok", json!({ "const": true })),
        ("summary", json!({ "type": "string" })),
        ("action", json!({ "type": "string" })),
        ("kind", json!({ "const": kind_name(kind) })),
        ("data", json!({ "type": "object" })),
        ("source_database_changed", json!({ "const": false })),
        (
            "_meta",
            object(
                json!({ "canonical_capability": { "type": "string" }, "adapter_id": { "type": "string" } }),
                &[],
            ),
        ),
        ("truncated", notice_schema()),
    ];
    properties.extend(all.into_iter().map(|(name, schema)| (name.to_owned(), schema)));
    object(Json::Object(properties), &["truncated"])
}

fn kind_name(kind: ToolKind) -> &'static str {
    match kind {
        ToolKind::Read => "read",
        ToolKind::Proposal => "proposal",
    }
}

#[cfg(test)]
mod tests {
    use synapsor_invocation::{Answer, ResultFormat, ToolDescription, ToolOrigin};

    use super::*;

    fn answer(kind: ToolKind, result: Json) -> Answer {
        Answer::Delegated(Box::new(DelegatedAnswer {
            capability: "billing.inspect_invoice".to_owned(),
            kind,
            adapter_id: "mcp.billing".to_owned(),
            result: result.as_object().cloned().expect("an object"),
        }))
    }

    fn envelope(format: ResultFormat, answer: &Answer, bytes_max: usize) -> Json {
        super::super::of_answer(format, answer, bytes_max).structured_content.expect("an envelope")
    }

    #[test]
    fn whatever_a_service_says_satisfies_the_schema_and_takes_no_place_of_the_runners() {
        let said = [
            json!({}),
            json!({ "status": "review_required", "proposal_id": "wrp_1", "nested": { "a": [1, null] } }),
            json!({ "ok": 7, "error": { "a": 1 }, "code": [], "kind": 3, "_meta": "x", "data": "y", "mode": "root" }),
        ];
        for format in [ResultFormat::V1, ResultFormat::V2] {
            for kind in [ToolKind::Read, ToolKind::Proposal] {
                let tool = ToolDescription {
                    name: "billing.inspect_invoice".to_owned(),
                    kind,
                    description: String::new(),
                    scopes: Vec::new(),
                    input_schema: json!({}),
                    data_schema: json!({ "type": "object" }),
                    origin: ToolOrigin::Service { adapter_id: "mcp.billing".to_owned() },
                };
                let schema = Json::Object(super::super::schema(format, &tool));
                let validator = jsonschema::validator_for(&schema).expect("a schema");
                for said in &said {
                    let envelope = envelope(format, &answer(kind, said.clone()), 64 * 1024);
                    assert!(validator.is_valid(&envelope), "{format:?} {kind:?}: {envelope}");
                    let own = if format == ResultFormat::V1 { "/mode" } else { "/action" };
                    let expected =
                        if format == ResultFormat::V1 { "cloud" } else { "billing.inspect_invoice" };
                    assert_eq!(envelope.pointer(own), Some(&json!(expected)));
                }
            }
        }
    }

    #[test]
    fn long_texts_are_cut_wherever_they_stand_and_that_is_said() {
        let long = answer(ToolKind::Read, json!({ "row": { "notes": ["x".repeat(4000)] }, "id": "INV-1" }));
        let envelope = envelope(ResultFormat::V2, &long, 1024);
        assert!(envelope.to_string().len() <= 1024, "{envelope}");
        assert_eq!(envelope["truncated"]["columns"], json!(["row"]));
        assert_eq!(envelope["data"]["id"], json!("INV-1"));
    }
}
