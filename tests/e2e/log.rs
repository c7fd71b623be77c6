//! The log of a server: what it says of a call, in JSON where that is asked for, and what it never says.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::running::Running;
use crate::world::{Answered, World};

/// Stands in the row and in the arguments, and may stand nowhere in the log.
const CANARY: &str = "canary-4711";

/// A server that is told these lines, to its end.
fn served(world: &World, words: &[&str]) -> Answered {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "0" },
        "io.modelcontextprotocol/clientCapabilities": {},
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    });
    let mut calls = String::new();
    for (id, tool, arguments) in [
        (1, "billing.inspect_invoice", json!({ "invoice_id": "INV-3001" })),
        (2, "billing.propose_late_fee_waiver", json!({ "invoice_id": "INV-3001", "reason": CANARY })),
        (3, "billing.inspect_invoice", json!({ "invoice_id": CANARY })),
        (4, "billing.inspect_invoice", json!({ "invoice_id": "INV-3001", CANARY: CANARY })),
        (5, CANARY, json!({})),
    ] {
        let params = json!({ "name": tool, "arguments": arguments, "_meta": meta });
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        calls.push_str(&format!("{call}\n"));
    }
    let mut command = world.command(&[&["mcp", "serve"], words].concat());
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Running::start(piped);
    child.stdin.take().expect("stdin").write_all(calls.as_bytes()).expect("the server reads");
    child.ended()
}

async fn world() -> World {
    let mut world = World::new(Engine::Sqlite).await;
    world
        .database
        .execute(&format!("UPDATE invoices SET waiver_reason = '{CANARY}' WHERE id = 'INV-3001'"))
        .await;
    let ours = ["cli", "mcp", "invocation", "ledger", "source", "handler_host"];
    let filter: Vec<String> = ours.iter().map(|room| format!("synapsor_{room}=trace")).collect();
    world.set("SYNAPSOR_LOG_LEVEL", &format!("info,{}", filter.join(",")));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_log_says_how_each_call_ended_and_no_value_of_it() {
    let world = world().await;
    let answered = served(&world, &["--log-format", "json"]);
    assert!(answered.stdout.contains(CANARY), "the client does get the row");
    assert!(!answered.stderr.contains(CANARY), "{}", answered.stderr);
    let lines: Vec<Json> = answered
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert!(lines.iter().all(|line| line["level"].is_string() && line["message"].is_string()), "{lines:?}");
    let mut ended: Vec<&Json> = lines.iter().filter(|line| line["message"] == "a call ended").collect();
    ended.sort_by_key(|line| (line["capability"].to_string(), line["status"].to_string()));
    let said: Vec<(&str, &str)> = ended
        .iter()
        .map(|line| (line["capability"].as_str().expect("text"), line["status"].as_str().expect("text")))
        .collect();
    let expected = [
        ("billing.inspect_invoice", "ARGUMENT_UNKNOWN"),
        ("billing.inspect_invoice", "ROW_NOT_FOUND"),
        ("billing.inspect_invoice", "ok"),
        ("billing.propose_late_fee_waiver", "ok"),
        ("unknown", "MCP_TOOL_NOT_FOUND"),
    ];
    assert_eq!(said, expected);
    let proposed = ended[3];
    assert_eq!(
        (&proposed["source"], &proposed["columns"]),
        (&json!("app"), &json!("late_fee_cents,waiver_reason"))
    );
    assert!(proposed["proposal"].as_str().is_some_and(|id| id.starts_with("wrp_")), "{proposed}");
    assert!(proposed["took_ms"].is_u64(), "{proposed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_for_people_says_the_same_and_an_unknown_form_is_refused() {
    let world = world().await;
    let answered = served(&world, &[]);
    assert!(
        answered.stderr.contains("a call ended") && !answered.stderr.contains(CANARY),
        "{}",
        answered.stderr
    );
    let wrong = world.run(&["mcp", "serve", "--log-format", "xml"]);
    assert_eq!(wrong.exit, 2, "{wrong:?}");
}
