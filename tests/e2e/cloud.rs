//! Cloud mode through the binary: a hosted service's tools are served, its answers passed on, and a trace without a value is kept.

#[expect(dead_code, reason = "the room's own tests let it misbehave in more ways")]
#[path = "../../runner/cloud/tests/room/standin.rs"]
mod standin;

mod over_http;
mod setting_up;
mod traces;

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::reload::{CHANGED, Server};
use crate::world::{World, call};
use standin::Behaviour::{Hangs, Mostly, Says};
use standin::{
    ADAPTER, CALL, DOCTOR, HEARTBEAT, PROPOSE, READ, REGISTER, Standin, TOKEN, TOOLS, proposal, read,
};

const READ_ALIAS: &str = "billing__inspect_invoice";

/// A world whose runner serves the stand-in's tools.
async fn world(standin: &Standin) -> World {
    let mut world = World::new(Engine::Sqlite).await;
    world.set("CLOUD_URL", &standin.url);
    world.set("CLOUD_TOKEN", TOKEN);
    world.write_config(&config());
    world
}

fn config() -> Json {
    json!({
        "version": 1,
        "mode": "cloud",
        "result_format": 2,
        "cloud": {
            "base_url_env": "CLOUD_URL",
            "runner_token_env": "CLOUD_TOKEN",
            "adapter_id": ADAPTER,
            "runner_id": "runner-1",
            "source_id": "source-1",
            "engines": ["postgres"],
            "session": { "tenant_id": "acme", "principal": "support.agent" },
            "timeout_ms": 5_000,
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hosted_services_tools_are_listed_and_called_and_no_row_and_no_proposal_is_kept_here() {
    let standin = Standin::new().await;
    let world = world(&standin).await;
    let client = world.client().await;
    let tools: Vec<(String, bool)> =
        client.tools().await.expect("a list").into_iter().map(|tool| (tool.name, tool.read_only)).collect();
    let propose = "billing__propose_late_fee_waiver".to_owned();
    assert_eq!(tools, [(READ_ALIAS.to_owned(), true), (propose, false)]);
    let read = call(&client, READ_ALIAS, json!({ "invoice_id": "INV-3001" })).await;
    assert!(!read.is_error, "{:?}", read.content);
    assert_eq!(read.content["data"]["late_fee_cents"], json!(5500));
    assert_eq!(read.content["source_database_changed"], json!(false));
    let sent = standin.asked().pop().expect("a call").document;
    assert_eq!((&sent["tool"], &sent["session"]["tenant_id"]), (&json!(READ), &json!("acme")));
    let overridden =
        call(&client, READ_ALIAS, json!({ "invoice_id": "INV-3001", "tenant_id": "other" })).await;
    assert_eq!(overridden.content["error"]["reason"], json!("MODEL_CANNOT_OVERRIDE_BINDING"));
    standin.there(CALL, [Says(500, json!({}))]);
    let unknown = call(&client, READ_ALIAS, json!({ "invoice_id": "INV-3001" })).await;
    let error = &unknown.content["error"];
    assert_eq!(
        (&error["reason"], &error["source_changed"]),
        (&json!("CLOUD_OUTCOME_UNKNOWN"), &json!("unknown"))
    );
    assert_eq!(error["retryable"], json!(false), "a call that may have been carried out is not repeated");
    client.close().await;
    for (list, field) in [("proposals", "proposals"), ("evidence", "evidence")] {
        assert_eq!(world.ask(&[list, "list"])[field], json!([]), "nothing is kept here");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_form_is_the_published_overlay() {
    let standin = Standin::new().await;
    let world = world(&standin).await;
    let mut config = config();
    config["result_format"] = json!(1);
    world.write_config(&config);
    standin.there(
        CALL,
        [Mostly(json!({ "result": { "status": "review_required", "proposal_id": "wrp_1", "mode": "x" } }))],
    );
    let client = world.client().await;
    let arguments = json!({ "invoice_id": "INV-3001", "reason": "a promise" });
    let made = call(&client, "billing__propose_late_fee_waiver", arguments).await;
    let expected = json!({ "mode": "cloud", "adapter_id": ADAPTER, "tool_name": PROPOSE,
        "source_database_mutated": false, "status": "review_required", "proposal_id": "wrp_1" });
    assert_eq!(made.content, expected);
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_went_away_is_listed_no_more_and_clients_are_told() {
    let standin = Standin::new().await;
    let world = world(&standin).await;
    let mut server = Server::opened(&world, false);
    let names = |listed: &Json| -> Vec<Json> {
        listed["tools"].as_array().expect("tools").iter().map(|tool| tool["title"].clone()).collect()
    };
    assert_eq!(names(&server.ask("tools/list", json!({}))), [json!(READ), json!(PROPOSE)]);
    // Between the list and the call one tool went, and one came that may not be shown.
    let mut approves = read();
    approves["name"] = json!("billing.approve_proposal");
    standin.has(vec![read(), approves]);
    let arguments = json!({ "invoice_id": "INV-3001", "reason": "a promise" });
    server.ask("tools/call", json!({ "name": PROPOSE, "arguments": arguments }));
    server.told(CHANGED);
    assert_eq!(names(&server.ask("tools/list", json!({}))), [json!(READ)]);
    let log = server.logged("the changed config is served");
    assert!(log.contains("billing.approve_proposal") && log.contains("not served"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_reads_only_serves_what_says_that_it_reads() {
    let standin = Standin::new().await;
    let world = world(&standin).await;
    let listed = world.ask(&["tools", "preview", "--read-only"]);
    assert_eq!(listed["tools"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed["tools"][0]["title"], json!(READ));
    let all = world.ask(&["tools", "preview"]);
    assert_eq!(all["tools"].as_array().map(Vec::len), Some(2), "{all}");
    assert_eq!(world.run(&["smoke", "boundary"]).exit, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_from_the_command_line_is_delegated_too() {
    let standin = Standin::new().await;
    let world = world(&standin).await;
    let read = world.ask(&["propose", READ, "--args", r#"{"invoice_id":"INV-3001"}"#]);
    assert_eq!(read["result"]["late_fee_cents"], json!(5500), "{read}");
    standin.there(CALL, [Says(503, json!({}))]);
    let unknown = world.run(&["propose", READ, "--args", r#"{"invoice_id":"INV-3001"}"#, "--json"]);
    assert_eq!((unknown.exit, unknown.code().as_str()), (4, "CLOUD_OUTCOME_UNKNOWN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn connecting_says_what_would_be_served_and_shows_no_secret() {
    let standin = Standin::new().await;
    let mut world = world(&standin).await;
    world.set("SYNAPSOR_LOG_LEVEL", "trace");
    let mut approves = proposal();
    approves["name"] = json!("billing.approve_proposal");
    standin.has(vec![read(), approves]);
    let connected = world.run(&["cloud", "connect", "--json"]);
    assert_eq!(connected.exit, 0, "{connected:?}");
    let document = connected.json();
    assert_eq!(document["token_checked"], json!(true));
    assert_eq!(document["tools"], json!([{ "name": READ, "kind": "read" }]));
    assert_eq!(document["not_served"][0]["tool"], json!("billing.approve_proposal"));
    let paths: Vec<String> = standin.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, [DOCTOR, REGISTER, HEARTBEAT, TOOLS]);
    let shown = world.run(&["cloud", "connect"]);
    for printed in [&connected, &shown] {
        for secret in [TOKEN, standin.url.as_str()] {
            assert!(!printed.stdout.contains(secret), "{}", printed.stdout);
        }
        assert!(!printed.stderr.contains(TOKEN), "{}", printed.stderr);
    }
    assert!(shown.stdout.contains("runner-1") && shown.stdout.contains("not served"), "{}", shown.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_set_up_or_not_there_is_said_before_anything_is_served() {
    let standin = Standin::new().await;
    let mut world = world(&standin).await;
    let mut placeholder = config();
    placeholder["cloud"]["source_id"] = json!("src_replace_me");
    world.write_config(&placeholder);
    let refused = world.run(&["cloud", "connect", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "CLOUD_NOT_CONFIGURED"));
    world.write_config(&config());
    standin.there(DOCTOR, [Says(401, json!({ "ok": false }))]);
    let refused = world.run(&["cloud", "connect", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "CLOUD_TOKEN_REFUSED"));
    standin.has(vec![json!({ "name": "approve" })]);
    let refused = world.run(&["mcp", "serve", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "CLOUD_TOOLS_REFUSED"));
    world.set("CLOUD_URL", "https://169.254.169.254/");
    let refused = world.run(&["cloud", "connect", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "CLOUD_ADDRESS_NOT_ALLOWED"));
    world.set("CLOUD_URL", "http://127.0.0.1:9");
    let refused = world.run(&["mcp", "serve", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (3, "CLOUD_UNAVAILABLE"));
    world.unset("CLOUD_TOKEN");
    let refused = world.run(&["mcp", "serve", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "CLOUD_NOT_CONFIGURED"));
    assert!(refused.stdout.contains("CLOUD_TOKEN"), "{}", refused.stdout);
    world.write_config(&world.config());
    let refused = world.run(&["cloud", "connect", "--json"]);
    assert_eq!(
        (refused.exit, refused.code().as_str()),
        (1, "CLOUD_NOT_CONFIGURED"),
        "a config of another mode"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_hangs_up_on_the_service() {
    let standin = Standin::new().await;
    let world = world(&standin).await;
    standin.there(CALL, [Hangs]);
    let client = world.client().await;
    let calling = call(&client, READ_ALIAS, json!({ "invoice_id": "INV-3001" }));
    let asked = async {
        while standin.times(CALL) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        _ = calling => panic!("it has no answer"),
        () = asked => {}
    }
    // The client leaves, and with it its call.
    client.close().await;
    standin.given_up().await;
}
