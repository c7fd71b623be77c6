//! The JSON-RPC bridge on a real socket: what it answers, and the table of what it refuses.

use serde_json::{Value as Json, json};

use synapsor_mcp::http::HttpProtocol;

use crate::issuer::{Peer, token, world_on_claims};

const ALL: &str = "synapsor:read synapsor:propose";

async fn posted(peer: &Peer, body: &str) -> (u16, String) {
    let request = peer.raw("POST").bearer_auth(token("acme", ALL)).header("content-type", "application/json");
    let answer = request.body(body.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn every_tool_is_listed_with_a_real_schema() {
    let peer = Peer::of(&world_on_claims().await, HttpProtocol::Bridge).await;
    let list = peer.answer(&token("acme", ALL), "tools/list", json!({})).await;
    let tools = list["result"]["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 3);
    for tool in tools {
        let schema = &tool["inputSchema"];
        assert!(jsonschema::meta::is_valid(schema), "{schema}");
        let validator = jsonschema::validator_for(schema).unwrap();
        assert!(!validator.is_valid(&json!({})), "an argument is required");
        assert!(!validator.is_valid(&json!({ "invoice_id": "INV-1", "reason": "a", "tenant_id": "acme" })));
        assert_eq!(tool["_meta"]["synapsor.database_credentials_exposed"], false);
        assert_eq!(tool["_meta"]["synapsor.model_controlled_tenant_authority"], false);
    }
}

#[tokio::test]
async fn a_request_is_answered_under_its_own_id() {
    let peer = Peer::of(&world_on_claims().await, HttpProtocol::Bridge).await;
    for id in [json!(null), json!(0), json!(-7), json!(2.5), json!("a"), json!(""), json!(u64::MAX)] {
        for method in ["tools/list", "no/such/method"] {
            let body = json!({ "jsonrpc": "2.0", "id": id, "method": method }).to_string();
            let (status, text) = posted(&peer, &body).await;
            let answer: Json = serde_json::from_str(&text).unwrap();
            assert_eq!((status, &answer["id"]), (200, &id), "{text}");
        }
    }
}

#[tokio::test]
async fn arguments_are_taken_under_both_published_names() {
    let world = world_on_claims().await;
    let peer = Peer::of(&world, HttpProtocol::Bridge).await;
    for key in ["arguments", "args"] {
        let params = json!({ "name": "billing.inspect_invoice", key: { "invoice_id": "INV-3001" } });
        let answer = peer.answer(&token("acme", ALL), "tools/call", params).await;
        assert_eq!(answer["result"]["isError"], false, "{answer}");
        assert_eq!(answer["result"]["structuredContent"]["data"]["late_fee_cents"], 5500);
    }
}

#[tokio::test]
async fn a_message_without_an_id_is_accepted_and_nothing_is_carried_out() {
    let world = world_on_claims().await;
    let peer = Peer::of(&world, HttpProtocol::Bridge).await;
    let params = json!({ "name": "billing.inspect_invoice", "arguments": { "invoice_id": "INV-3001" } });
    let body = json!({ "jsonrpc": "2.0", "method": "tools/call", "params": params }).to_string();
    assert_eq!(posted(&peer, &body).await, (202, String::new()));
    assert_eq!(world.audits(), 0);
}

/// What is posted, with a good token, and what comes back: status, and the code in the body.
#[tokio::test]
async fn every_wrong_request_is_refused_and_nothing_is_written() {
    let world = world_on_claims().await;
    let peer = Peer::of(&world, HttpProtocol::Bridge).await;
    let rpc = |method: &str, params: Json| {
        json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
    };
    let one = rpc("tools/list", json!({}));
    let call = |params: Json| rpc("tools/call", params);
    let table = [
        (String::new(), 400, -32700),
        ("{".to_owned(), 400, -32700),
        ("tools/list".to_owned(), 400, -32700),
        (format!("[{one},{one}]"), 400, -32600),
        ("[]".to_owned(), 400, -32600),
        ("null".to_owned(), 400, -32600),
        (one.replace("2.0", "1.0"), 400, -32600),
        (one.replace("\"id\":1", "\"id\":{}"), 400, -32600),
        (one.replacen('{', "{\"id\":2,", 1), 400, -32600),
        (format!("{}{}", "[".repeat(500), "]".repeat(500)), 400, -32600),
        (rpc("initialize", json!({})), 200, -32601),
        (rpc("ping", json!({})), 200, -32601),
        (rpc("proposals/approve", json!({ "id": "wrp_1" })), 200, -32601),
        (rpc("tools/apply", json!({})), 200, -32601),
        (rpc("resources/list", json!({})), 200, -32601),
        (rpc("tools/list", json!([])), 200, -32602),
        (rpc("tools/list", json!({ "tenant_id": "otherco" })), 200, -32602),
        (call(json!({})), 200, -32602),
        (call(json!({ "name": 7 })), 200, -32602),
        (call(json!({ "name": "billing.approve", "arguments": {} })), 200, -32602),
        (call(json!({ "name": "billing.inspect_invoice", "arguments": [] })), 200, -32602),
        (call(json!({ "name": "billing.inspect_invoice", "arguments": {}, "args": {} })), 200, -32602),
        (call(json!({ "name": "billing.inspect_invoice", "arguments": {}, "tenant_id": "x" })), 200, -32602),
        (rpc("resources/read", json!({})), 200, -32602),
        (rpc("resources/read", json!({ "uri": 1 })), 200, -32602),
        (rpc("resources/read", json!({ "uri": "synapsor://proposals/" })), 200, -32602),
        (rpc("resources/read", json!({ "uri": "synapsor://proposals/wrp_0" })), 200, -32002),
        (rpc("resources/read", json!({ "uri": "file:///etc/passwd" })), 200, -32002),
        (rpc("resources/read", json!({ "uri": "x".repeat(100_000) })), 200, -32002),
    ];
    for (body, status, code) in table {
        let (found, text) = posted(&peer, &body).await;
        let answer: Json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!((found, &answer["error"]["code"]), (status, &json!(code)), "{body:.200}\n{text}");
    }
    let (status, text) =
        posted(&peer, &one.replace("{}", &format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20)))).await;
    assert_eq!(status, 413, "{text}");
    // An unknown tool is the one refusal of the table that was a call, so it has its record.
    assert_eq!(world.audits(), 1);
}

#[tokio::test]
async fn what_is_no_post_of_json_or_has_no_token_is_refused_at_the_door() {
    let world = world_on_claims().await;
    let peer = Peer::of(&world, HttpProtocol::Bridge).await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let answer = peer.raw(method).bearer_auth(token("acme", ALL)).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()["allow"] == "POST"), (405, true), "{method}");
    }
    for form in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let request = peer.raw("POST").bearer_auth(token("acme", ALL)).header("content-type", form);
        assert_eq!(request.body(body.clone()).send().await.unwrap().status(), 415, "{form:?}");
    }
    let post = || peer.raw("POST").header("content-type", "application/json").body(body.clone());
    assert_eq!(post().send().await.unwrap().status(), 401);
    assert_eq!(post().basic_auth("a", Some("b")).send().await.unwrap().status(), 401);
    assert_eq!(post().bearer_auth("x.y.z").send().await.unwrap().status(), 401);
    let good = || post().bearer_auth(token("acme", ALL));
    assert_eq!(good().send().await.unwrap().status(), 200);
    assert_eq!(good().header("origin", "https://evil.example").send().await.unwrap().status(), 403);
    assert_eq!(good().header("host", "evil.example").send().await.unwrap().status(), 403);
    assert_eq!(good().header("authorization", "Bearer two").send().await.unwrap().status(), 400);
    let elsewhere = peer.get("/sse").await;
    assert_eq!(elsewhere.status(), 404);
    assert_eq!(world.audits(), 0);
}

#[tokio::test]
async fn the_health_of_a_bridge_is_open_and_says_no_secret() {
    let peer = Peer::of(&world_on_claims().await, HttpProtocol::Bridge).await;
    let answer = peer.get("/healthz").await;
    assert_eq!(answer.status(), 200);
    let health: Json = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(health, json!({ "ok": true, "transport": "http", "tools": 3, "mode": "review" }));
}
