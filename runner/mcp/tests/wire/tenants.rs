//! Signed tokens on real sockets: two tenants over one server, what a scope opens, how often may be called, and where a
//! token does not go.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;
use synapsor_mcp::auth::RateSettings;
use synapsor_mcp::http::HttpProtocol;

use crate::issuer::{
    BOTH, Peer, RESOURCE, per_minute, token, token_of, world_on_claims, world_on_claims_and,
};

const READ: &str = "billing__inspect_invoice";
const PROPOSE: &str = "billing__propose_late_fee_waiver";
const ALL: &str = "synapsor:read synapsor:propose";

#[tokio::test]
async fn two_tenants_over_one_server_never_see_each_others_rows_and_records() {
    for over in BOTH {
        let world = world_on_claims().await;
        let peer = Peer::of(&world, over).await;
        let (acme, other) = (token("acme", ALL), token("otherco", ALL));

        let row = peer.call(&acme, READ, json!({ "invoice_id": "INV-3001" })).await;
        assert_eq!(row["data"]["late_fee_cents"], 5500, "{over:?} {row}");
        let row = peer.call(&other, READ, json!({ "invoice_id": "INV-9001" })).await;
        assert_eq!(row["data"]["late_fee_cents"], 7000, "{over:?} {row}");
        for (who, theirs) in [(&acme, "INV-9001"), (&other, "INV-3001")] {
            let refused = peer.call(who, READ, json!({ "invoice_id": theirs })).await;
            let absent = peer.call(who, READ, json!({ "invoice_id": "INV-0000" })).await;
            assert_eq!(refused["error"]["code"], absent["error"]["code"], "{over:?} {refused}");
            let refused = peer.call(who, PROPOSE, json!({ "invoice_id": theirs, "reason": "x" })).await;
            assert_eq!(refused["ok"], false, "{over:?} {refused}");
        }
        let smuggled =
            peer.call(&other, READ, json!({ "invoice_id": "INV-3001", "tenant_id": "acme" })).await;
        assert_eq!(smuggled["ok"], false, "{smuggled}");

        let made = peer.call(&acme, PROPOSE, json!({ "invoice_id": "INV-3001", "reason": "goodwill" })).await;
        assert_eq!(made["ok"], true, "{over:?} {made}");
        let (proposal, evidence) =
            (made["proposal"]["id"].as_str().unwrap(), made["evidence"]["bundle_id"].as_str().unwrap());
        for address in [
            format!("synapsor://proposals/{proposal}"),
            format!("synapsor://evidence/{evidence}"),
            format!("synapsor://replay/{proposal}"),
        ] {
            assert!(peer.record(&acme, &address).await.is_ok(), "{over:?} {address}");
            assert_eq!(peer.record(&other, &address).await, Err(json!("RESOURCE_NOT_FOUND")), "{over:?}");
        }
    }
}

#[tokio::test]
async fn a_token_without_the_tenants_claim_gets_nothing() {
    for over in BOTH {
        let world = world_on_claims().await;
        let peer = Peer::of(&world, over).await;
        for claims in [
            json!({ "sub": "a", "scope": ALL }),
            json!({ "sub": "a", "scope": ALL, "org": { "tenant": ["acme"] } }),
            json!({ "sub": "a", "scope": ALL, "org": { "tenant": "" } }),
            json!({ "sub": "a", "scope": ALL, "tenant_id": "acme" }),
        ] {
            let refused = peer.call(&token_of(&claims), READ, json!({ "invoice_id": "INV-3001" })).await;
            assert_eq!(refused["ok"], false, "{over:?} {claims} {refused}");
            assert!(refused.to_string().contains("/org/tenant"), "{over:?} {refused}");
            assert!(!refused.to_string().contains("late_fee_cents\":5500"), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_proposal_needs_its_scope_and_the_answer_says_which() {
    for over in BOTH {
        let world = world_on_claims().await;
        let peer = Peer::of(&world, over).await;
        let reader = token("acme", "synapsor:read");
        assert_eq!(peer.call(&reader, READ, json!({ "invoice_id": "INV-3001" })).await["ok"], true);
        let arguments = json!({ "invoice_id": "INV-3001", "reason": "goodwill" });
        for name in [PROPOSE, "billing.propose_late_fee_waiver"] {
            let before = world.audits();
            let answer = peer
                .ask(&reader, "tools/call", json!({ "name": name, "arguments": arguments.clone() }))
                .await;
            assert_eq!(answer.status(), 403, "{over:?}");
            let challenge = answer.headers()["www-authenticate"].to_str().unwrap().to_owned();
            assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
            assert!(challenge.contains("scope=\"synapsor:propose\""), "{challenge}");
            assert!(
                challenge.contains("resource_metadata=\"https://runner.example/.well-known/"),
                "{challenge}"
            );
            assert!(answer.text().await.unwrap().contains("SCOPE_INSUFFICIENT"));
            assert_eq!(world.audits(), before, "nothing is written");
        }
        let made = peer.call(&token("acme", "synapsor:propose"), PROPOSE, arguments).await;
        assert_eq!(made["ok"], true, "{over:?} {made}");
    }
}

#[tokio::test]
async fn the_metadata_is_open_under_both_of_its_addresses_and_nothing_else_is() {
    for over in BOTH {
        let peer = Peer::of(&world_on_claims().await, over).await;
        for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"] {
            let answer = peer.get(path).await;
            assert_eq!(answer.status(), 200, "{over:?} {path}");
            let document: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            assert_eq!(document["resource"], RESOURCE);
            assert_eq!(document["authorization_servers"], json!(["https://id.example"]));
        }
        assert_eq!(peer.get("/.well-known/oauth-protected-resource/other").await.status(), 404);
        assert_eq!(peer.get("/mcp").await.status(), 401);
    }
}

#[tokio::test]
async fn a_principal_over_its_limit_is_told_when_to_come_back_and_another_one_is_served() {
    for over in BOTH {
        let world = world_on_claims().await;
        let settings =
            RateSettings { requests_per_minute_per_principal: per_minute(2), ..RateSettings::default() };
        let peer = Peer::limited(&world, over, settings).await;
        let (acme, other) = (token("acme", ALL), token("otherco", ALL));
        for _ in 0..2 {
            assert_eq!(peer.ask(&acme, "tools/list", json!({})).await.status(), 200, "{over:?}");
        }
        let answer = peer.ask(&acme, "tools/list", json!({})).await;
        assert_eq!(answer.status(), 429, "{over:?}");
        let seconds: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=31).contains(&seconds), "{seconds}");
        assert!(answer.text().await.unwrap().contains("RATE_LIMITED"));
        assert_eq!(peer.ask(&other, "tools/list", json!({})).await.status(), 200, "{over:?}");
    }
}

#[tokio::test]
async fn a_capability_over_its_limit_is_said_by_the_status_with_when_to_come_back_and_leaves_no_record() {
    for over in BOTH {
        let world = world_on_claims().await;
        let settings =
            RateSettings { calls_per_minute_per_capability: per_minute(1), ..RateSettings::default() };
        let peer = Peer::limited(&world, over, settings).await;
        let arguments = json!({ "invoice_id": "INV-3001" });
        assert_eq!(peer.call(&token("acme", ALL), READ, arguments.clone()).await["ok"], true);
        let before = world.audits();
        let call = json!({ "name": READ, "arguments": arguments });
        let refused = peer.ask(&token("otherco", ALL), "tools/call", call).await;
        assert_eq!(refused.status(), 429, "{over:?}");
        let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=61).contains(&seconds), "{seconds}");
        let said: serde_json::Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
        assert_eq!((&said["id"], &said["error"]["data"]["retryable"]), (&json!(1), &json!(true)), "{said}");
        assert_eq!(said["error"]["data"]["code"], "RATE_LIMITED");
        assert_eq!(world.audits(), before);
    }
}

/// Collects the whole log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// On one thread, so that the log of the server is the log of the test.
#[tokio::test(flavor = "current_thread")]
async fn no_token_is_in_the_log_the_ledger_or_an_answer() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    for over in BOTH {
        let world = world_on_claims().await;
        let peer = Peer::of(&world, over).await;
        let good = token("acme", ALL);
        let poor = token("acme", "openid");
        let forged = format!("{}x", token("globex", ALL));
        let mut answers = String::new();
        for token in [&good, &poor, &forged] {
            for (method, params) in [
                ("tools/list", json!({})),
                ("tools/call", json!({ "name": READ, "arguments": { "invoice_id": "INV-3001" } })),
                (
                    "tools/call",
                    json!({ "name": PROPOSE, "arguments": { "invoice_id": "INV-3001", "reason": "a" } }),
                ),
                ("resources/read", json!({ "uri": "synapsor://proposals/wrp_0" })),
            ] {
                let answer = peer.ask(token, method, params).await;
                answers.push_str(&format!("{:?}", answer.headers()));
                answers.push_str(&answer.text().await.unwrap());
            }
        }
        let ledger = world.ledger_bytes();
        let log = log.0.lock().unwrap().clone();
        assert!(
            !log.is_empty() && answers.contains("TOKEN_INVALID") && answers.contains("SCOPE_INSUFFICIENT")
        );
        for token in [&good, &poor, &forged] {
            // The signature alone would do to know it again, and the payload says who it is.
            for part in token.split('.').skip(1) {
                assert!(!answers.contains(part), "{over:?}: an answer");
                for (what, bytes) in [("the ledger", &ledger), ("the log", &log)] {
                    assert!(!bytes.windows(part.len()).any(|w| w == part.as_bytes()), "{over:?}: {what}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_tool_with_scopes_of_its_own_is_listed_for_and_answers_to_those_who_have_them() {
    for over in BOTH {
        let world =
            world_on_claims_and(|config| config["capabilities"][0]["scopes"] = json!(["billing:read"])).await;
        let peer = Peer::of(&world, over).await;
        let (without, with) = (token("acme", "synapsor:read"), token("acme", "synapsor:read billing:read"));
        let read = json!({ "name": "billing__inspect_invoice", "arguments": { "invoice_id": "INV-3001" } });
        for (token, seen) in [(&without, false), (&with, true)] {
            let list = peer.answer(token, "tools/list", json!({})).await;
            assert_eq!(list.to_string().contains("billing__inspect_invoice"), seen, "{over:?} {list}");
            assert!(list.to_string().contains("billing__propose_late_fee_waiver"), "{over:?} {list}");
        }
        let refused = peer.ask(&without, "tools/call", read.clone()).await;
        assert_eq!(refused.status(), 403, "{over:?}");
        let challenge = refused.headers()["www-authenticate"].to_str().unwrap().to_owned();
        assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
        assert!(challenge.contains("scope=\"billing:read\""), "{challenge}");
        assert_eq!(world.audits(), 0, "nothing was read for it");
        assert_eq!(peer.ask(&with, "tools/call", read).await.status(), 200, "{over:?}");
        assert_eq!(world.audits(), 1);
    }
}

#[tokio::test]
async fn a_prompt_of_a_tool_that_is_not_listed_is_none() {
    let world =
        world_on_claims_and(|config| config["capabilities"][0]["scopes"] = json!(["billing:read"])).await;
    let peer = Peer::of(&world, HttpProtocol::Streamable).await;
    let (without, with) = (token("acme", "synapsor:read"), token("acme", "synapsor:read billing:read"));
    let named = json!({ "name": "billing__inspect_invoice", "arguments": { "invoice_id": "INV-3001" } });
    for (token, seen) in [(&without, false), (&with, true)] {
        let list = peer.answer(token, "prompts/list", json!({})).await;
        assert_eq!(list.to_string().contains("billing__inspect_invoice"), seen, "{list}");
        let overview = peer.answer(token, "prompts/get", json!({ "name": "how_to_use_these_tools" })).await;
        assert_eq!(overview.to_string().contains("billing__inspect_invoice"), seen, "{overview}");
        let got = peer.answer(token, "prompts/get", named.clone()).await;
        assert_eq!(got.get("result").is_some(), seen, "{got}");
    }
}
