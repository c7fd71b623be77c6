//! `tools/list`: names, schemas, hints and the keys beside them.

use serde_json::{Value as Json, json};
use synapsor_mcp::{ServeOptions, ToolNames};

use crate::client::{Client, Era};
use crate::world::World;

async fn listed(client: &mut Client) -> Vec<Json> {
    let mut list = client.result("tools/list", json!({})).await;
    serde_json::from_value(list["tools"].take()).unwrap()
}

#[tokio::test]
async fn tools_are_listed_in_config_order_under_names_every_client_accepts() {
    let world = World::demo().await;
    for era in Era::BOTH {
        let mut client = Client::ready(&world, era).await;
        let tools = listed(&mut client).await;
        let names: Vec<_> = tools.iter().map(|tool| (&tool["name"], &tool["title"])).collect();
        let expected = [
            (json!("billing__inspect_invoice"), json!("billing.inspect_invoice")),
            (json!("billing__propose_late_fee_waiver"), json!("billing.propose_late_fee_waiver")),
            (json!("billing__propose_plan_waiver"), json!("billing.propose_plan_waiver")),
        ];
        assert_eq!(names, expected.iter().map(|(name, title)| (name, title)).collect::<Vec<_>>());
        assert_eq!(listed(&mut client).await, tools, "the same list every time");
    }
}

#[tokio::test]
async fn all_four_hints_are_given() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    for tool in listed(&mut client).await {
        let read = tool["_meta"]["synapsor.kind"] == "read";
        let expected = json!({
            "readOnlyHint": read,
            "destructiveHint": false,
            "idempotentHint": true,
            "openWorldHint": false,
        });
        assert_eq!(tool["annotations"], expected, "{}", tool["name"]);
    }
}

#[tokio::test]
async fn the_published_keys_are_beside_each_tool() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    let expected = json!({
        "synapsor.kind": "read",
        "synapsor.source": "app",
        "synapsor.target": "main.invoices",
        "synapsor.raw_sql_exposed": false,
        "synapsor.approval_tool": false,
        "synapsor.canonical_tool_name": "billing.inspect_invoice",
        "synapsor.exposed_tool_name": "billing__inspect_invoice",
        "synapsor.tool_name_style": "openai",
    });
    assert_eq!(listed(&mut client).await[0]["_meta"], expected);
}

#[tokio::test]
async fn schemas_are_valid_objects_and_the_input_is_closed() {
    for world in [World::demo().await, World::first_form().await] {
        let mut client = Client::ready(&world, Era::Handshake).await;
        for tool in listed(&mut client).await {
            for schema in [&tool["inputSchema"], &tool["outputSchema"]] {
                assert_eq!(schema["type"], "object", "{tool}");
                jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{error}: {schema}"));
            }
            assert_eq!(tool["inputSchema"]["additionalProperties"], false);
            let texts = tool["inputSchema"].to_string();
            assert!(!texts.contains("tenant"), "no argument for a trusted value: {texts}");
        }
    }
}

#[tokio::test]
async fn dotted_names_are_served_when_asked_for() {
    let world = World::demo().await;
    let mut options = ServeOptions::new("0");
    options.tool_names = ToolNames::Canonical;
    let mut client = Client::ready_with(&world, Era::Handshake, options).await;
    let tools = listed(&mut client).await;
    assert_eq!(tools[0]["name"], "billing.inspect_invoice");
    assert_eq!(tools[0]["_meta"]["synapsor.tool_name_style"], "canonical");
}

#[tokio::test]
async fn both_names_are_served_when_asked_for_and_mean_the_same() {
    let world = World::demo().await;
    let mut options = ServeOptions::new("0");
    options.tool_names = ToolNames::Both;
    let mut client = Client::ready_with(&world, Era::Stateless, options).await;
    let tools = listed(&mut client).await;
    assert_eq!(tools.len(), 6);
    for pair in tools.chunks(2) {
        assert_eq!(pair[0]["name"], pair[1]["title"]);
        assert_eq!(pair[0]["inputSchema"], pair[1]["inputSchema"]);
    }
}

#[tokio::test]
async fn a_preview_is_what_a_client_sees() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    let runtime = &world.runtime;
    let preview = synapsor_mcp::preview(runtime.tools(), runtime.result_format(), ToolNames::OpenAi).unwrap();
    assert_eq!(preview, listed(&mut client).await);
}

#[tokio::test]
async fn a_read_only_runner_lists_no_proposal() {
    let world = World::with(|config| config["mode"] = json!("read_only")).await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    let tools = listed(&mut client).await;
    assert_eq!(tools.len(), 1);
    let refused = client
        .call("billing.propose_late_fee_waiver", json!({ "invoice_id": "INV-3001", "reason": "x" }))
        .await;
    assert_eq!(refused["structuredContent"]["error"]["reason"], "PROPOSALS_DISABLED");
}

#[tokio::test]
async fn a_cursor_that_was_never_given_is_refused() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    for method in ["tools/list", "resources/templates/list"] {
        assert_eq!(client.error(method, json!({ "cursor": "2" })).await["code"], -32602);
    }
}
