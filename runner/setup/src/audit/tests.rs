//! The rules over tools written as a table: what is found, and what is not.

use expect_test::expect_file;
use serde_json::json;

use super::*;

fn at() -> Moment {
    Moment::from_micros(1_781_965_868_000_000).expect("a moment")
}

fn found(tool: &Json) -> Vec<&'static str> {
    let report = audit("test", &json!({ "tools": [tool] }), at());
    report.findings.iter().map(|finding| finding.code.as_str()).collect()
}

/// A tool of that name that is otherwise beyond reproach, with these inputs.
fn tool(name: &str, inputs: &[&str]) -> Json {
    let properties: serde_json::Map<String, Json> =
        inputs.iter().map(|input| ((*input).to_owned(), json!({ "type": "string" }))).collect();
    json!({
        "name": name,
        "description": "Something about orders of a shop.",
        "inputSchema": { "type": "object", "properties": properties },
        "outputSchema": { "type": "object" },
        "annotations": { "readOnlyHint": false },
        "_meta": { "cases": "cases/" },
    })
}

#[test]
fn the_example_has_the_published_counts() {
    let document: Json = serde_json::from_str(EXAMPLE).expect("JSON");
    let report = audit(EXAMPLE_NAME, &document, at());
    let Summary { tools_inspected, high, medium, low, total_findings } = report.summary;
    assert_eq!((tools_inspected, high, medium, low, total_findings), (6, 15, 12, 12, 39), "{report:#?}");
    assert_eq!(report.risk, Some(Risk::High));
}

#[test]
fn the_committed_page_of_rules_is_the_list() {
    expect_file!["../../../../docs/reference/audit-rules.md"].assert_eq(&reference());
}

#[test]
fn what_a_name_and_its_inputs_say_is_judged() {
    let direct = ["WRITE_WITHOUT_PROPOSAL_BOUNDARY", "NO_IDEMPOTENCY_FIELD", "NO_CONFLICT_GUARD"];
    for (name, inputs, expected) in [
        ("get_order", &["order_id"][..], &[][..]),
        ("orders.inspect", &["order_id"], &[]),
        ("propose_refund", &["order_id", "reason"], &[]),
        ("propose_merge", &["left", "right"], &[]),
        ("get_commit_status", &["commit_id"], &[]),
        ("list_approved_proposals", &[], &[]),
        ("search_orders", &["query"], &[]),
        ("query", &["sql"], &["GENERIC_SQL_TOOL", "WRITE_TOOL_ACCEPTS_ARBITRARY_SQL"]),
        ("pg.runQuery", &["statement"], &["GENERIC_SQL_TOOL", "WRITE_TOOL_ACCEPTS_ARBITRARY_SQL"]),
        ("orders_report", &["sql"], &["GENERIC_SQL_TOOL", "WRITE_TOOL_ACCEPTS_ARBITRARY_SQL"]),
        ("list_rows", &["tableName"], &["ARBITRARY_IDENTIFIER_INPUT"]),
        ("get_order", &["TenantID", "order_id"], &["MODEL_CONTROLLED_TRUST_SCOPE"]),
        ("get_order", &["user_id"], &["MODEL_CONTROLLED_TRUST_SCOPE"]),
        ("get_user", &["user_id"], &[]),
        ("propose_refund", &["expected_version"], &["MODEL_CONTROLLED_TRUST_SCOPE"]),
        ("cancel_order", &["order_id"], &direct),
        ("cancel_order", &["order_id", "idempotency_key", "expected_version"], &direct[..1]),
        (
            "approve_proposal",
            &["id", "request_id", "etag"],
            &["MODEL_CALLABLE_COMMIT_OR_APPROVAL", "WRITE_WITHOUT_PROPOSAL_BOUNDARY"],
        ),
        ("get_or_create_order", &["order_id"], &["AMBIGUOUS_READ_WRITE_TOOL"]),
    ] {
        assert_eq!(found(&tool(name, inputs)), expected, "{name} {inputs:?}");
    }
}

#[test]
fn a_hint_is_not_believed_against_the_name() {
    let mut liar = tool("delete_order", &["request_id", "etag"]);
    liar["annotations"] = json!({ "readOnlyHint": true });
    assert_eq!(found(&liar), ["WRITE_WITHOUT_PROPOSAL_BOUNDARY"]);
    let mut honest = tool("orders", &["request_id", "etag"]);
    honest["annotations"] = json!({ "destructiveHint": true });
    assert_eq!(found(&honest), ["WRITE_WITHOUT_PROPOSAL_BOUNDARY"]);
}

#[test]
fn names_deep_in_a_schema_are_seen_and_listed_values_are_no_names() {
    let mut deep = tool("list_rows", &[]);
    deep["inputSchema"] = json!({ "type": "object", "properties": {
        "options": { "type": "array", "items": { "type": "object", "properties": { "table": { "type": "string" } } } },
    } });
    assert_eq!(found(&deep), ["ARBITRARY_IDENTIFIER_INPUT"]);
    deep["inputSchema"] =
        json!({ "type": "object", "properties": { "table": { "enum": ["open", "paid"] } } });
    assert_eq!(found(&deep), Vec::<&str>::new());
}

#[test]
fn what_says_nothing_of_itself_is_found_out() {
    assert_eq!(
        found(&json!({ "name": "orders" })),
        ["NO_STRUCTURED_OUTPUT_SCHEMA", "MISSING_BUSINESS_DESCRIPTION", "MISSING_RISK_ANNOTATIONS"]
    );
}

#[test]
fn a_list_is_found_wherever_it_stands_and_a_tool_once() {
    let list = json!([{ "toolName": "a" }, { "tool_name": "b" }, { "name": "a" }]);
    for document in [
        list.clone(),
        json!({ "tools": list }),
        json!({ "jsonrpc": "2.0", "id": 2, "result": { "tools": list } }),
        json!({ "mcpServers": { "one": { "tools": [{ "name": "a" }] }, "two": { "tools": [{ "name": "b" }] } } }),
        json!({ "data": { "adapter": { "manifest": { "tools": { "a": {}, "b": {} } } } } }),
    ] {
        let names: Vec<String> = tools(&document).into_iter().map(|tool| tool.name).collect();
        assert_eq!(names, ["a", "b"], "{document}");
    }
    let nothing = audit("test", &json!({ "whatever": [1, null] }), at());
    assert_eq!(nothing.findings[0].code, AuditCode::NoToolsFound);
}

#[test]
fn a_document_without_end_is_not_searched_without_end() {
    let mut deep = json!({ "tools": [{ "name": "hidden" }] });
    for _ in 0..60 {
        deep = json!({ "result": deep, "data": { "x": 1 } });
    }
    assert!(tools(&deep).is_empty());
    let many: Vec<Json> = (0..TOOLS_MAX + 9).map(|number| json!({ "name": format!("t{number}") })).collect();
    assert_eq!(tools(&json!(many)).len(), TOOLS_MAX);
}

#[test]
fn a_draft_keeps_business_values_and_nothing_a_model_may_not_set() {
    let document: Json = serde_json::from_str(EXAMPLE).expect("JSON");
    let drafts = candidates(&audit(EXAMPLE_NAME, &document, at()), &document);
    let named: Vec<&Json> = drafts.candidates.iter().map(|draft| &draft.capability["name"]).collect();
    assert_eq!(
        named,
        ["app.propose_approve_refund", "app.propose_update_customer", "app.propose_delete_order"]
    );
    assert!(drafts.candidates.iter().all(|draft| !draft.enabled && !draft.decide.is_empty()));
    let [refund, customer, ..] = drafts.candidates.as_slice() else { panic!("{drafts:?}") };
    assert_eq!(
        (&refund.left_out, &customer.left_out),
        (&vec!["approved_by".into()], &vec!["tenant_id".into()])
    );
    assert_eq!(customer.capability["args"], json!({ "customer_id": { "type": "string" } }));
    assert_eq!(drafts.without_candidate.len(), 3);
}
