//! How a session opens in each era, what the server says of itself, and how serving ends.

use std::time::{Duration, Instant};

use serde_json::json;
use synapsor_mcp::ServeOptions;

use crate::client::{Client, Era};
use crate::world::World;

fn options() -> ServeOptions {
    ServeOptions::new("1.2.3")
}

#[tokio::test]
async fn every_handshake_version_is_agreed_to_and_a_newer_one_falls_back() {
    let world = World::demo().await;
    let cases = [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ];
    for (asked, agreed) in cases {
        let mut client = Client::silent(&world, Era::Handshake, options());
        let answer = client.initialize(asked).await;
        let result = &answer["result"];
        assert_eq!(result["protocolVersion"], agreed, "{asked}");
        assert_eq!(result["serverInfo"]["name"], "synapsor-runner");
        assert_eq!(result["serverInfo"]["version"], "1.2.3");
        assert_eq!(
            result["capabilities"],
            json!({
                "tools": { "listChanged": true },
                "prompts": { "listChanged": true },
                "resources": { "subscribe": true },
                "completions": {},
            })
        );
        assert!(result["instructions"].as_str().unwrap().contains("cannot approve"));
    }
}

#[tokio::test]
async fn discovery_needs_no_session_and_says_how_long_it_may_be_kept() {
    let world = World::demo().await;
    let mut client = Client::silent(&world, Era::Stateless, options());
    let result = client.result("server/discover", json!({})).await;
    let versions = result["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!("2026-07-28")) && versions.contains(&json!("2025-11-25")));
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["cacheScope"], "private");
    assert!(result["ttlMs"].as_u64().unwrap() > 0);
    assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "synapsor-runner");
    // The probe binds nobody: the same process still takes a handshake.
    assert_eq!(client.initialize("2025-06-18").await["result"]["protocolVersion"], "2025-06-18");
}

#[tokio::test]
async fn each_era_gets_its_own_result_shape_from_one_process() {
    let world = World::demo().await;
    let mut stateless = Client::ready(&world, Era::Stateless).await;
    let list = stateless.result("tools/list", json!({})).await;
    assert_eq!((&list["resultType"], &list["cacheScope"]), (&json!("complete"), &json!("private")));
    assert!(list["ttlMs"].as_u64().is_some());
    assert_eq!(list["_meta"]["io.modelcontextprotocol/serverInfo"]["version"], "0.0.0-test");

    let mut handshake = Client::ready(&world, Era::Handshake).await;
    let list = handshake.result("tools/list", json!({})).await;
    for later in ["resultType", "ttlMs", "cacheScope", "_meta"] {
        assert!(list.get(later).is_none(), "`{later}` is not part of the handshake era");
    }
}

#[tokio::test]
async fn a_request_without_version_and_capabilities_is_refused_before_any_session() {
    let world = World::demo().await;
    let mut client = Client::silent(&world, Era::Handshake, options());
    assert_eq!(client.error("tools/list", json!({})).await["code"], -32602);
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28" });
    assert_eq!(client.error("tools/list", json!({ "_meta": meta })).await["code"], -32602);
}

#[tokio::test]
async fn an_unknown_version_is_refused_with_the_ones_that_are_known() {
    let world = World::demo().await;
    let mut client = Client::silent(&world, Era::Handshake, options());
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2031-01-01",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "0" },
    });
    let error = client.error("server/discover", json!({ "_meta": meta })).await;
    assert_eq!(error["code"], -32022);
    assert_eq!(error["data"]["requested"], "2031-01-01");
    assert!(error["data"]["supported"].as_array().unwrap().contains(&json!("2026-07-28")));
}

#[tokio::test]
async fn a_notification_before_the_session_is_passed_over() {
    let world = World::demo().await;
    let mut client = Client::silent(&world, Era::Handshake, options());
    client.notify("notifications/initialized", json!({})).await;
    client.notify("notifications/cancelled", json!({ "requestId": 9 })).await;
    client.send(json!({ "jsonrpc": "2.0", "id": 77, "result": {} })).await;
    assert_eq!(client.initialize("2025-11-25").await["result"]["protocolVersion"], "2025-11-25");
}

#[tokio::test]
async fn what_is_not_offered_is_not_a_method() {
    let world = World::demo().await;
    for era in Era::BOTH {
        let mut client = Client::ready(&world, era).await;
        for method in
            ["tools/approve", "proposals/approve", "logging/setLevel", "sampling/createMessage", "tasks/get"]
        {
            let params = json!({ "name": "x", "uri": "x", "level": "info", "taskId": "x" });
            assert_eq!(client.error(method, params).await["code"], -32601, "{method} {era:?}");
        }
    }
    let mut client = Client::ready(&world, Era::Stateless).await;
    client.result("tools/list", json!({})).await;
    assert_eq!(client.error("ping", json!({})).await["code"], -32601, "2026-07-28 has no ping");
}

#[tokio::test]
async fn serving_ends_with_the_client_at_any_point() {
    let world = World::demo().await;
    let mut silent = Client::silent(&world, Era::Handshake, options());
    silent.hang_up();
    silent.end().await.unwrap();

    for era in Era::BOTH {
        let mut client = Client::ready(&world, era).await;
        client.result("tools/list", json!({})).await;
        let started = Instant::now();
        client.hang_up();
        assert!(client.receive().await.is_none());
        client.end().await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_still_gets_the_answers_it_asked_for() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Stateless).await;
    let arguments = json!({ "invoice_id": "INV-3001" });
    let id =
        client.ask("tools/call", json!({ "name": "billing__inspect_invoice", "arguments": arguments })).await;
    client.hang_up();
    let answer = client.receive().await.unwrap();
    assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!(id), &json!(false)));
    assert!(client.receive().await.is_none());
}

#[tokio::test]
async fn serving_ends_when_the_caller_says_stop() {
    let world = World::demo().await;
    let mut silent = Client::silent(&world, Era::Handshake, options());
    silent.stop();
    silent.end().await.unwrap();
    let mut client = Client::ready(&world, Era::Handshake).await;
    client.stop();
    assert!(client.receive().await.is_none());
    client.end().await.unwrap();
}

#[tokio::test]
async fn a_client_that_takes_no_answers_is_gone() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Stateless).await;
    client.ask("tools/list", json!({})).await;
    client.end().await.unwrap();
}
