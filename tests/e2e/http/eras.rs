//! Both eras on one address: sessions by handshake, and requests that stand alone.

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::http::peer::{Answer, Request};
use crate::http::server::Server;
use crate::world::World;

/// Opens a session; its id.
pub(crate) fn open(server: &Server, version: &str) -> String {
    let answer = server.send(&Request::initialize(version));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.message()["result"]["protocolVersion"], json!(version), "{answer:?}");
    let session = answer.header("mcp-session-id").expect("a session").to_owned();
    let note = Request::post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
        .with("Mcp-Session-Id", &session);
    let noted = server.send(&note);
    assert_eq!((noted.status, noted.body.as_str()), (202, ""));
    session
}

fn names(answer: &Answer) -> Vec<String> {
    let message = answer.message();
    let tools = message["result"]["tools"].as_array().expect("tools");
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_the_handshake_era_work_in_a_session_of_their_own() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &[]);
    for version in ["2025-06-18", "2025-11-25"] {
        let session = open(&server, version);
        let ask = |id, method: &str, params: Json| {
            server.send(
                &Request::in_session(&session, id, method, params).instead("MCP-Protocol-Version", version),
            )
        };
        assert_eq!(names(&ask(1, "tools/list", json!({}))).len(), 3);
        let call = json!({ "name": "billing__inspect_invoice", "arguments": { "invoice_id": "INV-3001" } });
        let read = ask(2, "tools/call", call);
        let message = read.message();
        assert_eq!((read.status, &message["id"]), (200, &json!(2)));
        assert_eq!(message["result"]["structuredContent"]["data"]["id"], json!("INV-3001"), "{read:?}");
        assert_eq!(message["result"].get("resultType"), None, "of the other era");
        let end = Request::bare("DELETE", "/mcp").with("Mcp-Session-Id", &session);
        let bearer = format!("Bearer {}", crate::http::server::TOKEN);
        assert_eq!(server.send(&end.with("Authorization", &bearer)).status, 204);
        let after = ask(3, "tools/list", json!({}));
        assert_eq!((after.status, after.code().as_str()), (404, "HTTP_SESSION_NOT_FOUND"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_2026_stands_alone_and_says_what_it_is() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &[]);
    let discovered = server.send(&Request::alone("server/discover", json!({}))).message();
    assert!(discovered["result"]["supportedVersions"].to_string().contains("2026-07-28"), "{discovered}");
    let listed = server.send(&Request::alone("tools/list", json!({})).with("Mcp-Session-Id", "whatever"));
    assert_eq!(listed.header("content-type"), Some("application/json"));
    assert_eq!(listed.header("mcp-session-id"), None, "no session is ever made");
    let result = &listed.message()["result"];
    assert_eq!(result["resultType"], json!("complete"), "{listed:?}");
    assert_eq!(result["cacheScope"], json!("private"));
    assert!(result["ttlMs"].is_u64());
    assert_eq!(names(&listed).len(), 3);
    let read = server.send(&Request::read("INV-3001"));
    assert_eq!(read.message()["result"]["structuredContent"]["data"]["id"], json!("INV-3001"), "{read:?}");
    assert_eq!(read.header("cache-control"), Some("no-store"));
}

/// An answer but for what is new in each.
fn comparable(answer: &Answer) -> (u16, Option<String>, Json) {
    let mut message = answer.message();
    let result = message.get_mut("result");
    let evidence = result.and_then(|result| result.pointer_mut("/structuredContent/evidence/bundle_id"));
    if let Some(id) = evidence.map(Json::take) {
        let text = message["result"]["content"][0]["text"].as_str().expect("a text");
        message["result"]["content"][0]["text"] =
            json!(text.replace(id.as_str().expect("an id"), "EVIDENCE"));
    }
    (answer.status, answer.header("content-type").map(str::to_owned), message)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_call_is_answered_like_one_that_is_not() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &[]);
    let call = |name: &str, arguments: Json| {
        Request::alone("tools/call", json!({ "name": name, "arguments": arguments }))
    };
    for plain in [
        Request::read("INV-3001"),
        Request::read("INV-0"),
        call("billing.inspect_invoice", json!({ "invoice_id": "INV-3001" })),
        call("billing__inspect_invoice", json!({ "invoice_id": "INV-3001", "tenant_id": "other" })),
        call("billing__no_such_tool", json!({})),
        Request::read("INV-3001").changed(|body| body["params"]["unknown"] = json!(1)),
    ] {
        // Any header of an argument's sends a call the long way.
        let other = plain.clone().with("Mcp-Param-Unasked", "x");
        assert_eq!(comparable(&server.send(&plain)), comparable(&server.send(&other)), "{plain:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_headers_or_meta_do_not_fit_is_refused_and_reads_nothing() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &[]);
    let read = || Request::read("INV-3001");
    let version = "io.modelcontextprotocol/protocolVersion";
    let meta_without = |key: &str| {
        read().changed(|body| _ = body["params"]["_meta"].as_object_mut().expect("an object").remove(key))
    };
    for refused in [
        read().without("Mcp-Method"),
        read().instead("Mcp-Method", "tools/list"),
        read().without("Mcp-Name"),
        read().instead("Mcp-Name", "billing__propose_late_fee_waiver"),
        read().without("MCP-Protocol-Version"),
        read().instead("MCP-Protocol-Version", "2025-11-25"),
        meta_without(version),
        meta_without("io.modelcontextprotocol/clientCapabilities"),
        read().changed(|body| body["params"]["_meta"][version] = json!("2027-01-01")),
    ] {
        let answer = server.send(&refused);
        assert_eq!(answer.status, 400, "{refused:?} {answer:?}");
        assert!(answer.message()["error"]["code"].is_i64(), "{answer:?}");
    }
    let recorded = world.run(&["evidence", "list", "--json"]);
    assert!(!recorded.stdout.contains("INV-3001"), "{recorded:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_anything_is_served() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &[]);
    for request in
        [Request::read("INV-3001").without("Accept"), Request::read("INV-3001").instead("Accept", "*/*")]
    {
        assert_eq!(server.send(&request).status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_made_over_http_waits_for_a_person() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &[]);
    let before = world.invoice("INV-3001").await;
    let arguments = json!({ "invoice_id": "INV-3001", "reason": "a mistake of ours" });
    let call = json!({ "name": "billing__propose_late_fee_waiver", "arguments": arguments });
    let proposed = server.send(&Request::alone("tools/call", call)).message();
    let id =
        proposed["result"]["structuredContent"]["proposal"]["id"].as_str().expect("a proposal").to_owned();
    assert_eq!(world.invoice("INV-3001").await, before);
    world.approve(&id);
    assert_eq!(world.run(&["apply", &id]).exit, 0);
    assert_eq!(world.invoice("INV-3001").await.late_fee_cents, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_that_the_server_lives_and_whether_its_handlers_are_ready_to_anybody() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &[]);
    let alive = server.send(&Request::bare("GET", "/healthz"));
    let expected = json!({ "ok": true, "transport": "streamable-http", "tools": 3, "sessions": 0 });
    assert_eq!((alive.status, alive.message()), (200, expected));
    let ready = || server.send(&Request::bare("GET", "/readyz"));
    let deadline = std::time::Instant::now() + crate::http::server::PATIENCE;
    let mut answer = ready();
    while answer.status == 503 && std::time::Instant::now() < deadline {
        answer = ready();
    }
    let loaded = json!({ "loaded": ["billing.propose_plan_waiver"], "waiting": [], "failed": {} });
    assert_eq!((answer.status, answer.message()), (200, json!({ "ok": true, "handlers": loaded })));

    let mut config = world.config();
    let digest = format!("sha256:{}", "0".repeat(64));
    World::capability(&mut config, "billing.propose_plan_waiver")["handler"]["digest"] = json!(digest);
    world.write_config(&config);
    let other = Server::start(&mut world, &[]);
    let mut answer = other.send(&Request::bare("GET", "/readyz"));
    while answer.message()["handlers"]["failed"] == json!({}) && std::time::Instant::now() < deadline {
        answer = other.send(&Request::bare("GET", "/readyz"));
    }
    let failed = json!({ "billing.propose_plan_waiver": "HANDLER_DIGEST_MISMATCH" });
    assert_eq!((answer.status, &answer.message()["handlers"]["failed"]), (503, &failed));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_one_named_origin_may_read_answers_and_others_may_not() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &["--cors-origin", "https://app.example"]);
    let asked = Request::bare("OPTIONS", "/mcp").with("Origin", "https://app.example");
    let answer = server.send(&asked.with("Access-Control-Request-Method", "POST"));
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (204, Some("https://app.example"))
    );
    assert!(answer.header("access-control-allow-headers").is_some_and(|names| names.contains("mcp-method")));
    let read = server.send(&Request::read("INV-3001").with("Origin", "https://app.example"));
    assert_eq!(read.header("access-control-allow-origin"), Some("https://app.example"));
    assert!(
        read.header("access-control-expose-headers").is_some_and(|names| names.contains("mcp-session-id"))
    );

    let stranger = server.send(&Request::read("INV-3001").with("Origin", "https://evil.example"));
    assert_eq!((stranger.status, stranger.header("access-control-allow-origin")), (403, None));
    let silent = Server::start(&mut world, &[]);
    let own = format!("http://{}", silent.address);
    let answer = silent.send(&Request::bare("OPTIONS", "/mcp").with("Origin", &own));
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (401, None), "CORS is off");
}
