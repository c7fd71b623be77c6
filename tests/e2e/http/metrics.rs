//! The page of metrics: behind a token of its own, with numbers and names of the config, and nothing of what was read or asked.

use std::time::Duration;

use serde_json::json;

use crate::http::peer::Request;
use crate::http::server::{Server, TOKEN};
use crate::http::telemetry::{CANARY, call, calls, world};
use crate::world::World;

const METRICS_TOKEN: &str = "metrics-token-0123456789-0123456789";

fn page(token: &str) -> Request {
    Request::bare("GET", "/metrics").with("Authorization", &format!("Bearer {token}"))
}

fn lines(server: &Server) -> String {
    let answer = server.send(&page(METRICS_TOKEN));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("text/plain; version=0.0.4; charset=utf-8"))
    );
    answer.body
}

async fn started(words: &[&str]) -> (World, Server) {
    let mut world = world().await;
    world.set("SYNAPSOR_METRICS_TOKEN", METRICS_TOKEN);
    let server = Server::start(&mut world, words);
    (world, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_counts_calls_and_holds_nothing_of_what_was_read_or_asked() {
    let (_world, server) = started(&[]).await;
    calls(&server);
    let text = lines(&server);
    for line in [
        r#"synapsor_tool_calls_total{capability="billing.inspect_invoice",code="",outcome="ok"} 2"#,
        r#"synapsor_tool_calls_total{capability="billing.inspect_invoice",code="ROW_NOT_FOUND",outcome="refused"} 1"#,
        r#"synapsor_tool_calls_total{capability="unknown",code="MCP_TOOL_NOT_FOUND",outcome="refused"} 1"#,
        r#"synapsor_tool_call_duration_seconds_count{capability="billing.inspect_invoice",outcome="ok"} 2"#,
        r#"synapsor_proposals_total{capability="billing.propose_plan_waiver"} 1"#,
        r#"synapsor_handler_fuel_count{capability="billing.propose_plan_waiver"} 1"#,
        r#"synapsor_http_turned_away_total{code="TOKEN_INVALID"} 1"#,
        "synapsor_sessions 0",
        "synapsor_ledger_waiting 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    for secret in [CANARY, TOKEN, METRICS_TOKEN, "acme", "support.agent", "INV-3001", "INV-3002"] {
        assert!(!text.contains(secret), "`{secret}` is on the page");
    }
    let (status, log) = server.stop();
    assert!(status.success() && !log.contains(METRICS_TOKEN) && !log.contains(CANARY), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_waits_already_is_not_counted_again_and_a_call_over_its_limit_is_turned_away() {
    let mut world = world().await;
    let mut config = world.config();
    config["rate_limits"] = json!({ "calls_per_minute_per_capability": 2 });
    world.write_config(&config);
    world.set("SYNAPSOR_METRICS_TOKEN", METRICS_TOKEN);
    let server = Server::start(&mut world, &[]);
    let propose = || {
        server.send(&call(
            "billing__propose_late_fee_waiver",
            json!({ "invoice_id": "INV-3001", "reason": "goodwill" }),
        ))
    };
    assert_eq!([propose().status, propose().status], [200, 200]);
    let over = propose();
    assert_eq!((over.status, over.code().as_str()), (429, "RATE_LIMITED"), "{over:?}");
    assert!(
        over.header("retry-after")
            .is_some_and(|seconds| (1..=31).contains(&seconds.parse::<u64>().expect("seconds")))
    );
    let text = lines(&server);
    for line in [
        r#"synapsor_proposals_total{capability="billing.propose_late_fee_waiver"} 1"#,
        r#"synapsor_tool_calls_total{capability="billing.propose_late_fee_waiver",code="",outcome="ok"} 2"#,
        r#"synapsor_http_turned_away_total{code="RATE_LIMITED"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_counted_while_they_are_open() {
    let (_world, server) = started(&[]).await;
    let session = crate::http::eras::open(&server, "2025-11-25");
    let becomes = |line: &str| {
        let has = || lines(&server).lines().any(|found| found == line);
        let came = (0..600).any(|_| {
            has() || {
                std::thread::sleep(Duration::from_millis(50));
                false
            }
        });
        assert!(came, "{line}\n{}", lines(&server));
    };
    becomes("synapsor_sessions 1");
    let end = Request::in_session(&session, 9, "ping", json!({})).by("DELETE").saying("");
    assert_eq!(server.send(&end).status, 204);
    becomes("synapsor_sessions 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_own_token_opens_the_page_and_that_opens_nothing_else() {
    let (_world, server) = started(&["--allow-origin", "https://app.example"]).await;
    let bare = || Request::bare("GET", "/metrics");
    for (request, status) in [
        (page(METRICS_TOKEN), 200),
        (bare(), 401),
        (page(TOKEN), 401),
        (page("metrics-token-0123456789-012345678"), 401),
        (bare().with("Authorization", &format!("Basic {METRICS_TOKEN}")), 401),
        (bare().to(&format!("/metrics?token={METRICS_TOKEN}")), 400),
        (page(METRICS_TOKEN).with("Authorization", &format!("Bearer {METRICS_TOKEN}")), 400),
        (page(METRICS_TOKEN).with("Origin", "https://evil.example"), 403),
        (page(METRICS_TOKEN).instead("Host", "evil.example"), 403),
        (page(METRICS_TOKEN).by("POST"), 405),
        (Request::read("INV-3001").instead("Authorization", &format!("Bearer {METRICS_TOKEN}")), 401),
    ] {
        let answer = server.send(&request);
        assert_eq!(answer.status, status, "{request:?}: {answer:?}");
        assert!(status == 200 || !answer.body.contains("synapsor_"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_there_is_no_page_and_a_bad_or_shared_one_stops_the_start() {
    let mut world = world().await;
    let server = Server::start(&mut world, &[]);
    for token in [TOKEN, METRICS_TOKEN] {
        assert_eq!(server.send(&page(token)).status, 404);
    }
    drop(server);
    let refused = |world: &World, words: &[&str]| {
        let answered =
            world.run(&[&["mcp", "serve-streamable-http", "--port", "0", "--json"], words].concat());
        (answered.exit, answered.code())
    };
    let named = ["--metrics-token-env", "OTHER"];
    assert_eq!(refused(&world, &named), (1, "HTTP_AUTH_TOKEN_MISSING".into()));
    world.set("OTHER", "too short");
    assert_eq!(refused(&world, &named), (1, "HTTP_AUTH_TOKEN_WEAK".into()));
    world.set("OTHER", TOKEN);
    assert_eq!(refused(&world, &named), (1, "HTTP_AUTH_TOKEN_WEAK".into()));
    assert_ne!(
        world.run(&["mcp", "serve", "--metrics-token-env", "OTHER"]).exit,
        0,
        "there is no page over stdio"
    );
}
