//! What a caller says about its own work: the trace a call belongs to, and a token to hear of its progress.

use serde_json::{Value as Json, json};

use crate::client::{Client, Era};
use crate::world::World;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn call(tool: &str, arguments: Json, meta: Json) -> Json {
    json!({ "name": tool, "arguments": arguments, "_meta": meta })
}

fn inspect(meta: Json) -> Json {
    call("billing__inspect_invoice", json!({ "invoice_id": "INV-3001" }), meta)
}

#[tokio::test]
async fn the_callers_trace_is_kept_with_the_record_of_answers_and_refusals() {
    for era in Era::BOTH {
        let world = World::demo().await;
        let mut client = Client::ready(&world, era).await;
        let meta = json!({ "traceparent": format!("00-{TRACE}-b7ad6b7169203331-01") });
        client.result("tools/call", inspect(meta.clone())).await;
        let nothing = call("billing__inspect_invoice", json!({ "invoice_id": "INV-0000" }), meta);
        client.result("tools/call", nothing).await;
        let audits = world.audit_documents();
        assert_eq!(audits.len(), 2);
        assert!(audits.iter().all(|audit| audit["trace"] == TRACE), "{audits:?}");
    }
}

#[tokio::test]
async fn what_is_no_trace_is_not_kept() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Stateless).await;
    for odd in [json!("DROP TABLE x"), json!(7), json!(format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)))]
    {
        let result = client.result("tools/call", inspect(json!({ "traceparent": odd }))).await;
        assert_eq!(result["isError"], false, "a malformed trace is none, and no reason to refuse");
    }
    assert!(world.audit_documents().iter().all(|audit| audit.get("trace").is_none()));
}

#[tokio::test]
async fn progress_is_told_to_whoever_asks_in_growing_numbers_and_before_the_answer() {
    let world = World::demo().await;
    for era in Era::BOTH {
        let mut client = Client::ready(&world, era).await;
        let arguments = json!({ "invoice_id": "INV-3001", "reason": "goodwill" });
        let meta = json!({ "progressToken": "p-1" });
        client.ask("tools/call", call("billing__propose_late_fee_waiver", arguments, meta)).await;
        let mut steps = Vec::new();
        loop {
            let message = client.receive().await.unwrap();
            if message.get("id").is_some() {
                assert_eq!(message["result"]["isError"], false, "{message}");
                break;
            }
            assert_eq!(message["method"], "notifications/progress", "{message}");
            assert_eq!(message["params"]["progressToken"], "p-1");
            steps.push(message["params"]["progress"].as_f64().unwrap());
        }
        assert_eq!(steps, [1.0, 2.0, 3.0, 4.0]);
    }
}

#[tokio::test]
async fn nobody_who_did_not_ask_hears_of_progress_and_a_refused_call_ends_it() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Stateless).await;
    client.result("tools/call", inspect(json!({}))).await;
    let unknown = call("billing__inspect_invoice", json!({ "colour": "red" }), json!({ "progressToken": 7 }));
    client.ask("tools/call", unknown).await;
    let told = client.told("notifications/progress").await;
    assert_eq!((&told["progress"], &told["total"]), (&json!(4.0), &json!(4.0)), "only that it is recorded");
    assert_eq!(client.receive().await.unwrap()["result"]["isError"], true);
}
