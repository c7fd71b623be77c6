//! `tools/call`: answers and refusals in both forms and both eras, each held against the tool's own output schema.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use synapsor_mcp::ServeOptions;

use crate::client::{Client, Era};
use crate::world::World;

/// A client that checks every result against what the tool declared.
pub(crate) struct Checked {
    client: Client,
    schemas: BTreeMap<String, jsonschema::Validator>,
}

impl Checked {
    async fn new(world: &World, era: Era) -> Self {
        Self::with(world, era, ServeOptions::new("0")).await
    }

    pub(crate) async fn with(world: &World, era: Era, options: ServeOptions) -> Self {
        let mut client = Client::ready_with(world, era, options).await;
        let list = client.result("tools/list", json!({})).await;
        let schemas = list["tools"].as_array().unwrap().iter().map(|tool| {
            let validator = jsonschema::validator_for(&tool["outputSchema"]).unwrap();
            (tool["title"].as_str().unwrap().to_owned(), validator)
        });
        let schemas = schemas.collect();
        Self { client, schemas }
    }

    /// The structured content of a call by canonical name, and whether it is an error.
    pub(crate) async fn call(&mut self, capability: &str, arguments: Json) -> (Json, bool) {
        let mut result = self.client.call(capability, arguments).await;
        let content = result["structuredContent"].take();
        let problems: Vec<String> =
            self.schemas[capability].iter_errors(&content).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{problems:?}\n{content:#}");
        assert_eq!(result["content"].as_array().unwrap().len(), 1);
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Json>(text).unwrap(), content, "text and structure say the same");
        (content, result["isError"].as_bool().unwrap())
    }
}

const INSPECT: &str = "billing.inspect_invoice";
const WAIVE: &str = "billing.propose_late_fee_waiver";
const PLAN: &str = "billing.propose_plan_waiver";

fn invoice(id: &str) -> Json {
    json!({ "invoice_id": id })
}

fn waiver(id: &str) -> Json {
    json!({ "invoice_id": id, "reason": "goodwill" })
}

#[tokio::test]
async fn a_read_in_the_first_form() {
    let world = World::first_form().await;
    for era in Era::BOTH {
        let mut tools = Checked::new(&world, era).await;
        let (read, is_error) = tools.call(INSPECT, invoice("INV-3001")).await;
        assert!(!is_error);
        assert_eq!(read["status"], "ok");
        assert_eq!(read["action"], INSPECT);
        assert_eq!(read["mode"], "review");
        assert_eq!(read["business_object"], json!({ "type": "invoices", "id": "INV-3001" }));
        assert_eq!(read["data"]["late_fee_cents"], 5500);
        assert_eq!(read["data"]["updated_at"], "2026-06-20T14:31:08.123456Z");
        assert_eq!(read["trusted_context"]["tenant_id"], "acme");
        assert_eq!(read["trusted_context"]["provenance"], "static_dev");
        let evidence = read["evidence_bundle_id"].as_str().unwrap();
        assert_eq!(read["evidence_resource"], format!("synapsor://evidence/{evidence}"));
        assert_eq!(read["source_database_changed"], false);
    }
}

#[tokio::test]
async fn a_read_in_the_second_form() {
    let world = World::demo().await;
    for era in Era::BOTH {
        let mut tools = Checked::new(&world, era).await;
        let (read, is_error) = tools.call(INSPECT, invoice("INV-3001")).await;
        assert!(!is_error);
        assert_eq!((&read["ok"], &read["kind"]), (&json!(true), &json!("read")));
        assert_eq!(read["data"]["late_fee_cents"], 5500);
        assert_eq!(read["_meta"]["canonical_capability"], INSPECT);
        assert_eq!(read["_meta"]["tenant_id"], "acme");
    }
}

#[tokio::test]
async fn a_proposal_in_both_forms_changes_nothing_and_says_so() {
    let first = World::first_form().await;
    let mut tools = Checked::new(&first, Era::Handshake).await;
    let (v1, is_error) = tools.call(WAIVE, waiver("INV-3001")).await;
    assert!(!is_error);
    assert_eq!(v1["status"], "review_required");
    assert_eq!(v1["diff"]["late_fee_cents"], json!({ "before": 5500, "proposed": 0 }));
    assert_eq!(v1["diff"]["waiver_reason"], json!({ "before": null, "proposed": "goodwill" }));
    assert_eq!(v1["target"], json!({ "type": "invoices", "id": "INV-3001", "tenant_id": "acme" }));
    assert_eq!(v1["writeback"]["status"], "not_applied");

    let second = World::demo().await;
    let mut tools = Checked::new(&second, Era::Stateless).await;
    let (v2, is_error) = tools.call(WAIVE, waiver("INV-3001")).await;
    assert!(!is_error);
    assert_eq!(v2["proposal"]["diff"], v1["diff"]);
    assert_eq!(v2["proposal"]["state"], "pending_review");
    assert_eq!(v2["proposal"]["target"], "invoices:INV-3001");
    assert_eq!(v2["proposal"]["writeback"], json!({ "mode": "direct_update", "applied": false }));

    for world in [first, second] {
        let fee: i64 = world
            .source()
            .query_row("SELECT late_fee_cents FROM invoices WHERE id = 'INV-3001'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(fee, 5500);
    }
}

#[tokio::test]
async fn proposing_again_returns_the_waiting_proposal() {
    let world = World::demo().await;
    let mut tools = Checked::new(&world, Era::Stateless).await;
    let (first, _) = tools.call(WAIVE, waiver("INV-3001")).await;
    let (again, is_error) = tools.call(WAIVE, waiver("INV-3001")).await;
    assert!(!is_error);
    assert_eq!(first["proposal"]["repeated"], false);
    assert_eq!(again["proposal"]["repeated"], true);
    assert_eq!(first["proposal"]["id"], again["proposal"]["id"]);
}

#[tokio::test]
async fn a_shadow_proposal_says_that_it_is_never_applied() {
    let world = World::with(|config| {
        config["mode"] = json!("shadow");
        config["result_format"] = json!(1);
    })
    .await;
    let mut tools = Checked::new(&world, Era::Handshake).await;
    let (proposal, _) = tools.call(WAIVE, waiver("INV-3001")).await;
    assert_eq!(proposal["status"], "shadow_proposal_created");
}

#[tokio::test]
async fn refusals_are_error_results_with_a_stable_code() {
    let too_long = "x".repeat(65);
    let cases = [
        (INSPECT, invoice("INV-0000"), "ROW_NOT_FOUND", "NOT_FOUND_IN_TENANT"),
        (INSPECT, invoice("INV-9001"), "ROW_NOT_FOUND", "NOT_FOUND_IN_TENANT"),
        (INSPECT, json!({}), "ARGUMENT_REQUIRED", "INVALID_ARGUMENT"),
        (INSPECT, json!({ "invoice_id": 7 }), "ARGUMENT_TYPE_INVALID", "INVALID_ARGUMENT"),
        (INSPECT, invoice(&too_long), "ARGUMENT_TOO_LONG", "INVALID_ARGUMENT"),
        (
            INSPECT,
            json!({ "invoice_id": "INV-3001", "tenant_id": "otherco" }),
            "MODEL_CANNOT_OVERRIDE_BINDING",
            "POLICY_VIOLATION",
        ),
        (
            WAIVE,
            json!({ "invoice_id": "INV-3001", "reason": "x", "principal": "boss" }),
            "MODEL_CANNOT_OVERRIDE_BINDING",
            "POLICY_VIOLATION",
        ),
        (
            INSPECT,
            json!({ "invoice_id": "INV-3001", "colour": "red" }),
            "ARGUMENT_UNKNOWN",
            "INVALID_ARGUMENT",
        ),
        (WAIVE, invoice("INV-3001"), "ARGUMENT_REQUIRED", "INVALID_ARGUMENT"),
        (PLAN, waiver("INV-3002"), "HANDLER_NOT_LOADED", "INTERNAL"),
    ];
    let (first, second) = (World::first_form().await, World::demo().await);
    for era in Era::BOTH {
        let mut v1 = Checked::new(&first, era).await;
        let mut v2 = Checked::new(&second, era).await;
        for (capability, arguments, reason, code) in &cases {
            let (flat, is_error) = v1.call(capability, arguments.clone()).await;
            assert!(is_error, "{flat}");
            assert_eq!((&flat["ok"], &flat["code"]), (&json!(false), &json!(reason)), "{arguments}");
            assert_eq!((&flat["source_changed"], &flat["retryable"]), (&json!("no"), &json!(false)));

            let (nested, is_error) = v2.call(capability, arguments.clone()).await;
            assert!(is_error, "{nested}");
            let error = &nested["error"];
            assert_eq!((&error["reason"], &error["code"]), (&json!(reason), &json!(code)), "{arguments}");
            assert_eq!((&error["message"], &error["source_changed"]), (&flat["error"], &json!("no")));
        }
    }
}

#[tokio::test]
async fn a_refusal_never_repeats_what_the_database_said() {
    let world = World::first_form().await;
    world
        .source()
        .execute_batch("ALTER TABLE invoices RENAME COLUMN balance_cents TO renamed_by_accident")
        .unwrap();
    let mut tools = Checked::new(&world, Era::Handshake).await;
    let (refused, is_error) = tools.call(INSPECT, invoice("INV-3001")).await;
    assert!(is_error);
    let text = refused.to_string().to_lowercase();
    for word in ["select", "no such column", "renamed_by_accident", "sqlite", "app.db"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[tokio::test]
async fn both_names_of_a_tool_are_accepted_and_no_other() {
    let world = World::demo().await;
    for era in Era::BOTH {
        let mut client = Client::ready(&world, era).await;
        for name in ["billing__inspect_invoice", "billing.inspect_invoice"] {
            assert_eq!(client.call(name, invoice("INV-3001")).await["isError"], false);
        }
        let long = "x".repeat(1000);
        for name in ["billing_inspect_invoice", "BILLING.INSPECT_INVOICE", "approve", "", &long] {
            let error =
                client.error("tools/call", json!({ "name": name, "arguments": invoice("INV-3001") })).await;
            assert_eq!(error["code"], -32602, "{name}");
        }
    }
}

#[tokio::test]
async fn malformed_parameters_are_refused_as_parameters() {
    let world = World::demo().await;
    for era in Era::BOTH {
        let mut client = Client::ready(&world, era).await;
        let cases = [
            ("tools/call", json!({})),
            ("tools/call", json!({ "name": 7 })),
            ("tools/call", json!({ "name": "billing__inspect_invoice", "arguments": ["INV-3001"] })),
            ("resources/read", json!({ "uri": null })),
        ];
        for (method, params) in cases {
            assert_eq!(client.error(method, params.clone()).await["code"], -32602, "{method} {params}");
        }
    }
}

#[tokio::test]
async fn a_result_over_the_limit_is_cut_and_says_where_the_whole_is() {
    for world in [World::first_form().await, World::demo().await] {
        let essay = "é".repeat(100_000);
        world
            .source()
            .execute("UPDATE invoices SET waiver_reason = ?1 WHERE id = 'INV-3001'", [&essay])
            .unwrap();
        let mut options = ServeOptions::new("0");
        options.result_bytes_max = 8 * 1024;
        let mut tools = Checked::with(&world, Era::Handshake, options).await;
        for (capability, arguments) in [(INSPECT, invoice("INV-3001")), (WAIVE, waiver("INV-3001"))] {
            let (content, is_error) = tools.call(capability, arguments).await;
            assert!(!is_error, "{content}");
            assert!(content.to_string().len() <= 8 * 1024);
            assert_eq!(content["truncated"]["columns"], json!(["waiver_reason"]));
            assert!(content["truncated"]["note"].as_str().unwrap().contains("synapsor://"));
        }
    }
}
