//! Cloud mode over HTTP, in both eras: each caller is asked for in a session of its own, and none gets another's answer.

use std::io::{Read as _, Write as _};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value as Json, json};

use super::standin::Behaviour::{Hangs, Says};
use super::standin::{CALL, PROPOSE, READ, Standin, TOKEN as RUNNER_TOKEN, TOOLS};
use super::{READ_ALIAS, config, world};
use crate::http::peer::{Answer, Request, connect};
use crate::http::server::{Server, TOKEN};
use crate::world::World;

const ISSUER: &str = "https://id.example";
const RESOURCE: &str = "https://runner.example/mcp";
const ALL: &str = "synapsor:read synapsor:propose";

/// After this test is of interest to anybody.
const EXPIRES_SECONDS: u64 = 4_102_444_800;

fn key() -> EncodingKey {
    EncodingKey::from_ed_der(include_bytes!("../../../runner/mcp/tests/keys/eddsa.der"))
}

/// A token with these claims.
fn token(claims: &Json) -> String {
    let mut all = json!({ "iss": ISSUER, "aud": RESOURCE, "exp": EXPIRES_SECONDS });
    for (name, value) in claims.as_object().expect("claims") {
        all[name] = value.clone();
    }
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some("one".to_owned());
    jsonwebtoken::encode(&header, &all, &key()).expect("a token")
}

/// The token of this tenant's agent.
fn token_of(tenant: &str, scope: &str) -> String {
    token(&json!({ "org": { "tenant": tenant }, "sub": format!("agent.{tenant}"), "scope": scope }))
}

/// The config of a runner whose callers sign in, each for a tenant of its own.
fn config_on_claims(world: &World) -> Json {
    let mut entry = Jwk::from_encoding_key(&key(), Algorithm::EdDSA).expect("a public key");
    entry.common.key_id = Some("one".to_owned());
    let keys = json!({ "keys": [entry] }).to_string();
    std::fs::write(world.folder.path().join("keys.json"), keys).expect("the keys are written");
    let mut config = config();
    config["authentication"] =
        json!({ "issuer": ISSUER, "resource_url": RESOURCE, "jwks_path": "keys.json" });
    config["trusted_context"] = json!({
        "provider": "http_claims",
        "values": { "tenant_id_key": "/org/tenant", "principal_key": "sub" },
    });
    config["cloud"]["session"] = json!({ "tenant_id": "nobody", "principal": "runner-1", "locale": "en" });
    config
}

/// How a client speaks.
#[derive(Clone, Copy, Debug)]
enum Era {
    Handshake,
    Stateless,
}

/// One caller, in one era.
struct Caller<'a> {
    server: &'a Server,
    bearer: String,
    session: Option<String>,
}

impl<'a> Caller<'a> {
    fn new(server: &'a Server, token: &str, era: Era) -> Self {
        let bearer = format!("Bearer {token}");
        let session = matches!(era, Era::Handshake).then(|| {
            let opens = Request::initialize("2025-11-25").instead("Authorization", &bearer);
            let opened = server.send(&opens);
            let session = opened.header("mcp-session-id").expect("a session").to_owned();
            let note = Request::post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
            let note = note.with("Mcp-Session-Id", &session).instead("Authorization", &bearer);
            assert_eq!(server.send(&note).status, 202);
            session
        });
        Self { server, bearer, session }
    }

    fn request(&self, method: &str, params: Json) -> Request {
        let request = match &self.session {
            Some(session) => Request::in_session(session, 7, method, params),
            None => Request::alone(method, params),
        };
        request.instead("Authorization", &self.bearer)
    }

    fn ask(&self, method: &str, params: Json) -> Answer {
        self.server.send(&self.request(method, params))
    }

    fn call(&self, tool: &str, arguments: Json) -> Json {
        let answer = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        answer.message()["result"]["structuredContent"].clone()
    }
}

const ERAS: [Era; 2] = [Era::Handshake, Era::Stateless];

#[tokio::test(flavor = "multi_thread")]
async fn each_caller_is_asked_for_by_name_and_none_gets_the_answer_to_another() {
    let standin = Standin::new().await;
    let mut world = world(&standin).await;
    world.write_config(&config_on_claims(&world));
    let server = Server::start(&mut world, &[]);
    for era in ERAS {
        std::thread::scope(|scope| {
            for tenant in ["acme", "otherco"] {
                let server = &server;
                scope.spawn(move || {
                    let caller = Caller::new(server, &token_of(tenant, ALL), era);
                    for _ in 0..20 {
                        let read = caller.call(READ_ALIAS, json!({ "invoice_id": "INV-3001" }));
                        assert_eq!(read["data"]["read_for"], json!(tenant), "{era:?} {read}");
                    }
                });
            }
        });
    }
    let asked = standin.asked();
    let calls: Vec<&Json> =
        asked.iter().filter(|asked| asked.path == CALL).map(|asked| &asked.document).collect();
    assert_eq!(calls.len(), 80);
    for document in &calls {
        let session = &document["session"];
        let principal = format!("agent.{}", session["tenant_id"].as_str().expect("a tenant"));
        assert_eq!(
            (&session["principal"], &session["locale"]),
            (&json!(principal), &json!("en")),
            "the rest of the session is the config's"
        );
        assert!(
            !document.to_string().contains("Bearer") && !document.to_string().contains("eyJ"),
            "{document}"
        );
    }
    let ids: std::collections::BTreeSet<&str> =
        calls.iter().filter_map(|call| call["step_key"].as_str()).collect();
    assert_eq!(ids.len(), 80, "each call has an id of its own");
    let listed = asked.iter().find(|asked| asked.path == TOOLS).expect("a list");
    assert_eq!(listed.document["session"]["principal"], json!("runner-1"), "the list is the runner's");
    assert!(
        asked.iter().all(|asked| asked.authorization.as_deref() == Some(&format!("Bearer {RUNNER_TOKEN}")))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_token_names_no_tenant_or_lacks_a_scope_is_refused_and_nobody_is_asked() {
    let standin = Standin::new().await;
    let mut world = world(&standin).await;
    world.write_config(&config_on_claims(&world));
    let server = Server::start(&mut world, &[]);
    for era in ERAS {
        for claims in [
            json!({ "sub": "a", "scope": ALL }),
            json!({ "sub": "a", "scope": ALL, "org": { "tenant": ["acme"] } }),
            json!({ "sub": "a", "scope": ALL, "tenant_id": "acme" }),
        ] {
            let refused =
                Caller::new(&server, &token(&claims), era).call(READ_ALIAS, json!({ "invoice_id": "I" }));
            assert_eq!(refused["error"]["reason"], json!("TRUSTED_BINDING_MISSING"), "{era:?} {refused}");
        }
        let acme = Caller::new(&server, &token_of("acme", ALL), era);
        let smuggled = acme.call(READ_ALIAS, json!({ "invoice_id": "I", "tenant_id": "otherco" }));
        assert_eq!(smuggled["error"]["reason"], json!("MODEL_CANNOT_OVERRIDE_BINDING"), "{era:?} {smuggled}");
        let wrong = acme.call(READ_ALIAS, json!({ "invoice_id": 7 }));
        assert_eq!(wrong["error"]["reason"], json!("INVALID_INPUT"), "{era:?} {wrong}");
        let absent = acme.ask("tools/call", json!({ "name": "billing__approve", "arguments": {} }));
        assert_eq!(absent.code(), "MCP_TOOL_NOT_FOUND", "{era:?} {absent:?}");
        let reader = Caller::new(&server, &token_of("acme", "synapsor:read"), era);
        let arguments = json!({ "invoice_id": "I", "reason": "a promise" });
        let unscoped = reader.ask("tools/call", json!({ "name": PROPOSE, "arguments": arguments }));
        assert_eq!((unscoped.status, unscoped.code().as_str()), (403, "SCOPE_INSUFFICIENT"), "{era:?}");
        // Somebody else's session is nobody's.
        if let Some(session) = &acme.session {
            let theirs = Request::in_session(session, 8, "tools/list", json!({}))
                .instead("Authorization", &format!("Bearer {}", token_of("otherco", ALL)));
            assert_eq!(server.send(&theirs).code(), "HTTP_SESSION_NOT_FOUND");
        }
    }
    assert_eq!(standin.times(CALL), 0, "nobody was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_a_call_is_told_the_same_way_in_both_eras() {
    let standin = Standin::new().await;
    let mut world = world(&standin).await;
    let server = Server::start(&mut world, &[]);
    for era in ERAS {
        let caller = Caller::new(&server, TOKEN, era);
        let read = caller.call(READ_ALIAS, json!({ "invoice_id": "INV-3001" }));
        assert_eq!(read["data"]["read_for"], json!("acme"), "one token is one caller: the config's session");
        for (behaviour, reason, changed) in [
            (Says(500, json!({})), "CLOUD_OUTCOME_UNKNOWN", "unknown"),
            (Says(200, json!({ "ok": true, "result": 7 })), "CLOUD_ANSWER_INVALID", "unknown"),
            (Says(401, json!({})), "CLOUD_TOKEN_REFUSED", "no"),
            (Says(409, json!({ "ok": false, "error": "ROW_NOT_FOUND" })), "ROW_NOT_FOUND", "no"),
        ] {
            standin.there(CALL, [behaviour]);
            let refused = caller.call(READ_ALIAS, json!({ "invoice_id": "INV-3001" }));
            let error = &refused["error"];
            assert_eq!(
                (&error["reason"], &error["source_changed"]),
                (&json!(reason), &json!(changed)),
                "{era:?} {refused}"
            );
        }
        let discovered = match era {
            Era::Handshake => server.send(&Request::initialize("2025-11-25")),
            Era::Stateless => caller.ask("server/discover", json!({})),
        };
        let instructions = discovered.message()["result"]["instructions"].clone();
        assert!(instructions.to_string().contains("hosted service"), "{era:?} {instructions}");
        let templates = caller.ask("resources/templates/list", json!({})).message();
        assert_eq!(templates["result"]["resourceTemplates"], json!([]), "{era:?} {templates}");
        let record = caller.ask("resources/read", json!({ "uri": "synapsor://proposals/wrp_1" }));
        assert_eq!(record.code(), "RESOURCE_NOT_FOUND", "{era:?} {record:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_too_many_are_turned_away_before_the_service_hears_of_them() {
    let standin = Standin::new().await;
    let mut world = world(&standin).await;
    let mut config = config();
    config["rate_limits"] = json!({ "calls_per_minute_per_capability": 3 });
    world.write_config(&config);
    let server = Server::start(&mut world, &[]);
    let callers = ERAS.map(|era| Caller::new(&server, TOKEN, era));
    let statuses: Vec<u16> = callers
        .iter()
        .cycle()
        .take(6)
        .map(|caller| {
            let call = json!({ "name": READ, "arguments": { "invoice_id": "INV-3001" } });
            caller.ask("tools/call", call).status
        })
        .collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429, 429]);
    assert_eq!(standin.times(CALL), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_or_cancels_hangs_up_on_the_service() {
    let standin = Standin::new().await;
    let mut world = world(&standin).await;
    let server = Server::start(&mut world, &[]);
    let call = json!({ "name": READ_ALIAS, "arguments": { "invoice_id": "INV-3001" } });
    let asked = async |times: usize| {
        while standin.times(CALL) < times {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    // A request that stands alone is given up by whoever leaves.
    standin.there(CALL, [Hangs]);
    let caller = Caller::new(&server, TOKEN, Era::Stateless);
    let mut client = connect(&server.address);
    client.write_all(&caller.request("tools/call", call.clone()).bytes(&server.address)).expect("is sent");
    asked(1).await;
    drop(client);
    standin.given_up().await;
    // One of a session, by whoever says so.
    standin.there(CALL, [Hangs]);
    let caller = Caller::new(&server, TOKEN, Era::Handshake);
    let mut client = connect(&server.address);
    client.write_all(&caller.request("tools/call", call).bytes(&server.address)).expect("is sent");
    asked(2).await;
    let session = caller.session.as_deref().expect("a session");
    let enough =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } });
    let noted = server.send(&Request::post(&enough).with("Mcp-Session-Id", session));
    assert_eq!(noted.status, 202);
    standin.given_up().await;
    let mut rest = String::new();
    // It may be closed in whichever way: there is no answer to read.
    let _ = client.read_to_string(&mut rest);
    assert!(!rest.contains("late_fee_cents"), "{rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_verifies_claims_a_runner_whose_callers_sign_in_serves_nobody() {
    let standin = Standin::new().await;
    let mut world = world(&standin).await;
    world.write_config(&config_on_claims(&world));
    for words in [
        &["mcp", "serve", "--json"][..],
        &["mcp", "serve", "--transport", "streamable-http", "--dev-no-auth", "--port", "0", "--json"],
        &["propose", READ, "--args", r#"{"invoice_id":"INV-3001"}"#, "--json"],
    ] {
        let refused = world.run(words);
        assert_eq!((refused.exit, refused.code().as_str()), (1, "TRUSTED_CONTEXT_UNSUPPORTED"), "{words:?}");
    }
    assert_eq!(standin.times(CALL), 0);
    let mut shared = config_on_claims(&world);
    shared.as_object_mut().expect("an object").remove("trusted_context");
    world.write_config(&shared);
    let validated = world.run(&["config", "validate"]);
    assert_eq!(validated.exit, 0, "{validated:?}");
    assert!(format!("{validated:?}").contains("CALLERS_SHARE_SESSION"), "{validated:?}");
    world.set(crate::http::server::TOKEN_VARIABLE, TOKEN);
    shared["trusted_context"] = json!({ "provider": "cloud_session" });
    world.write_config(&shared);
    assert!(!format!("{:?}", world.run(&["config", "validate"])).contains("CALLERS_SHARE_SESSION"));
}
