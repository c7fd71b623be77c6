//! Traces and metrics sent over OTLP: to a receiver that is named, with nothing of what was read or asked, and to nobody else.

use axum::http::StatusCode;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::http::collector::{Collector, attribute};
use crate::http::peer::Request;
use crate::http::server::{Server, TOKEN};
use crate::world::World;

/// Stands in the row, in arguments and in names that do not exist, and may stand nowhere in telemetry.
pub(crate) const CANARY: &str = "canary-4711";

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER_TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "b7ad6b7169203331";

/// A world whose row and whose tenant's principal are known by their names.
pub(crate) async fn world() -> World {
    let world = World::new(Engine::Sqlite).await;
    world
        .database
        .execute(&format!("UPDATE invoices SET waiver_reason = '{CANARY}' WHERE id = 'INV-3001'"))
        .await;
    world
}

/// A call of 2026-07-28.
pub(crate) fn call(tool: &str, arguments: Json) -> Request {
    Request::alone("tools/call", json!({ "name": tool, "arguments": arguments }))
}

/// Waits until every handler is loaded.
pub(crate) fn ready(server: &Server) {
    while server.send(&Request::bare("GET", "/readyz")).status != 200 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Calls that are carried out, refused, unknown, and turned away.
pub(crate) fn calls(server: &Server) {
    ready(server);
    let traced = |request: Request, trace: &str| {
        request.changed(|body| {
            body["params"]["_meta"]["traceparent"] = json!(format!("00-{trace}-{PARENT}-01"));
        })
    };
    let read = || call("billing__inspect_invoice", json!({ "invoice_id": "INV-3001" }));
    let waive =
        |invoice| call("billing__propose_plan_waiver", json!({ "invoice_id": invoice, "reason": CANARY }));
    for (request, status) in [
        (traced(read(), TRACE), 200),
        (read().with("traceparent", &format!("00-{OTHER_TRACE}-{PARENT}-01")), 200),
        (traced(waive("INV-3002"), TRACE), 200),
        (call("billing__inspect_invoice", json!({ "invoice_id": CANARY })), 200),
        (call("billing__inspect_invoice", json!({ "invoice_id": "INV-3001", CANARY: CANARY })), 200),
        (call(CANARY, json!({ CANARY: CANARY })), 200),
        (read().instead("Authorization", &format!("Bearer {CANARY}-{CANARY}-{CANARY}")), 401),
    ] {
        let answer = server.send(&request);
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_spans_of_their_callers_traces_and_hold_nothing_of_what_was_read_or_asked() {
    let collector = Collector::answering(StatusCode::OK).await;
    let mut world = world().await;
    world.set("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url);
    world.set("OTEL_EXPORTER_OTLP_HEADERS", "x-key=receivers-secret");
    world.set("SYNAPSOR_RUNNER_ID", "runner-7");
    world.set("SYNAPSOR_LOG_LEVEL", "info,synapsor_cli=trace,synapsor_mcp=trace");
    let server = Server::start(&mut world, &["--log-format", "json"]);
    calls(&server);
    let (status, log) = server.stop();
    assert!(status.success(), "{log}");

    // Only what is flushed at the end has been sent by now.
    let spans = collector.spans();
    assert_eq!(spans.len(), 6, "one for each call, and none for what was turned away: {spans:#?}");
    let (resource, _) = &spans[0];
    assert_eq!(attribute(&resource.attributes, "service.name").as_deref(), Some("synapsor-runner"));
    assert_eq!(attribute(&resource.attributes, "service.instance.id").as_deref(), Some("runner-7"));
    let of_trace = |trace: &str| {
        let found = spans.iter().filter(|(_, span)| hex(&span.trace_id) == trace);
        found.map(|(_, span)| span.clone()).collect::<Vec<_>>()
    };
    for trace in [TRACE, OTHER_TRACE] {
        assert!(of_trace(trace).iter().all(|span| hex(&span.parent_span_id) == PARENT));
    }
    assert_eq!((of_trace(TRACE).len(), of_trace(OTHER_TRACE).len()), (2, 1));
    let proposal = of_trace(TRACE)
        .into_iter()
        .find(|span| span.name == "tools/call billing.propose_plan_waiver")
        .expect("the proposal");
    let of = |name: &str| attribute(&proposal.attributes, name);
    assert_eq!(of("status").as_deref(), Some("ok"));
    assert_eq!((of("source").as_deref(), of("engine").as_deref()), (Some("app"), Some("sqlite")));
    assert_eq!(of("table").as_deref(), Some("main.invoices"));
    assert!(of("columns").is_some_and(|columns| columns.contains("late_fee_cents")), "{proposal:?}");
    assert!(of("proposal").is_some_and(|id| id.starts_with("wrp_")), "{proposal:?}");
    assert!(of("fuel").is_some_and(|fuel| fuel != "0"), "{proposal:?}");
    assert!(spans.iter().all(|(_, span)| span.events.is_empty()), "what is logged stays on the log");

    assert!(collector.was_told("x-key", "receivers-secret"));
    for secret in [CANARY, TOKEN, "acme", "support.agent", "INV-3001", "INV-3002", "receivers-secret"] {
        assert!(!collector.has(secret), "`{secret}` was sent");
    }
    for secret in [CANARY, TOKEN, "acme", "receivers-secret"] {
        assert!(!log.contains(secret), "`{secret}` was logged: {log}");
    }
    metrics_hold(&collector);
}

/// The same numbers as on the page of metrics.
fn metrics_hold(collector: &Collector) {
    let metrics = collector.metrics();
    let named =
        |name: &str| metrics.iter().find(|metric| metric.name == name).and_then(|metric| metric.data.clone());
    let Some(Data::Sum(calls)) = named("synapsor.tool.calls") else { panic!("no calls: {metrics:#?}") };
    let ended = |attributes: &[KeyValue]| {
        ["capability", "outcome", "code"]
            .map(|name| attribute(attributes, name).unwrap_or_default())
            .join(" ")
    };
    let mut ends: Vec<String> = calls.data_points.iter().map(|point| ended(&point.attributes)).collect();
    ends.sort();
    assert_eq!(
        ends,
        [
            "billing.inspect_invoice ok ",
            "billing.inspect_invoice refused ARGUMENT_UNKNOWN",
            "billing.inspect_invoice refused ROW_NOT_FOUND",
            "billing.propose_plan_waiver ok ",
            "unknown refused MCP_TOOL_NOT_FOUND",
        ]
    );
    for name in ["synapsor.tool.call.duration", "synapsor.proposals", "synapsor.handler.fuel"] {
        assert!(named(name).is_some(), "{name}: {metrics:#?}");
    }
    for name in ["synapsor.http.turned_away", "synapsor.sessions", "synapsor.ledger.waiting"] {
        assert!(named(name).is_some(), "{name}: {metrics:#?}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_receiver_nothing_is_started_and_one_for_traces_alone_gets_no_metrics() {
    let collector = Collector::answering(StatusCode::OK).await;
    let mut world = world().await;
    world.set("OTEL_SERVICE_NAME", "named");
    world.set("OTEL_TRACES_EXPORTER", "otlp");
    let server = Server::start(&mut world, &[]);
    assert!(!server.threads().iter().any(|name| name.starts_with("OpenTelemetry")), "{:?}", server.threads());
    drop(server);

    world.set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("{}/v1/traces", collector.url));
    let server = Server::start(&mut world, &[]);
    assert!(server.threads().iter().any(|name| name.starts_with("OpenTelemetry")), "{:?}", server.threads());
    assert_eq!(server.send(&Request::read("INV-3001")).status, 200);
    assert!(server.stop().0.success());
    let spans = collector.spans();
    let (resource, span) = &spans[0];
    assert_eq!(attribute(&resource.attributes, "service.name").as_deref(), Some("named"));
    assert!(span.parent_span_id.is_empty() && collector.metrics().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_refuses_or_never_answers_changes_nothing_for_clients_and_delays_no_end() {
    let refusing = Collector::answering(StatusCode::UNAUTHORIZED).await;
    // Takes connections into its queue, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("http://user:receivers-secret@{}", silent.local_addr().expect("an address"));
    for (url, said) in [
        (refusing.url.clone(), "does not take it"),
        ("http://127.0.0.1:1".to_owned(), "does not take it"),
        (silent, "did not take everything in time"),
    ] {
        let mut world = world().await;
        world.set("OTEL_EXPORTER_OTLP_ENDPOINT", &url);
        let server = Server::start(&mut world, &[]);
        assert_eq!(server.send(&Request::read("INV-3001")).status, 200);
        let (status, log) = server.stop();
        assert!(status.success(), "{log}");
        assert!(log.contains(said) && !log.contains("receivers-secret"), "{url}: {log}");
    }
    assert!(refusing.requests() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_cannot_be_spoken_to_stops_a_server_and_no_other_command() {
    let mut world = world().await;
    world.set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
    world.set("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let refused = world.run(&["mcp", "serve", "--json"]);
    assert_eq!((refused.exit, refused.code()), (2, "CONFIG_INVALID".to_owned()), "{refused:?}");
    assert_eq!(world.run(&["config", "validate"]).exit, 0);
}
