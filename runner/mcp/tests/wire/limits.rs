//! What a careless or hostile client can send, and that the next client request is still answered.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::client::{Client, Era};
use crate::world::World;

async fn still_serves(client: &mut Client) {
    let list = client.result("tools/list", json!({})).await;
    assert_eq!(list["tools"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_not_a_message_is_answered_and_survived() {
    let world = World::demo().await;
    let nested = |levels: usize| {
        format!("{{\"jsonrpc\":\"2.0\",\"id\":5,\"x\":{}1{}}}", "[".repeat(levels), "]".repeat(levels))
    };
    let huge = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{}\"}}", "x".repeat(16 * 1024 * 1024));
    let (deep, deeper) = (nested(80), nested(400_000));
    let cases: [(&[u8], i64, Json); 16] = [
        (b"{", -32700, Json::Null),
        (b"hello", -32700, Json::Null),
        (b"\xff\xfe", -32700, Json::Null),
        (br#"{"jsonrpc":"2.0","id":1,"method":"\ud800"}"#, -32700, json!(1)),
        (br#"{"jsonrpc":"2.0","id":2,"method":"ping","method":"pong"}"#, -32600, json!(2)),
        (br#"{"jsonrpc":"2.0","id":2,"id":3,"method":"ping"}"#, -32600, Json::Null),
        (br#"{"jsonrpc":"2.0","id":4,"method":"ping","params":{"x":{"a":1,"\u0061":1}}}"#, -32600, json!(4)),
        (br#"{"jsonrpc":"2.0","id":6,"method":"ping","params":{"x":[1e400]}}"#, -32600, json!(6)),
        (b"[]", -32600, Json::Null),
        (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600, Json::Null),
        (b"7", -32600, Json::Null),
        (br#"{"jsonrpc":"1.0","id":"a","method":"ping"}"#, -32600, json!("a")),
        (br#"{"jsonrpc":"2.0","id":3}"#, -32600, json!(3)),
        (deep.as_bytes(), -32600, json!(5)),
        (deeper.as_bytes(), -32600, json!(5)),
        (huge.as_bytes(), -32600, Json::Null),
    ];
    for era in Era::BOTH {
        let mut client = Client::ready(&world, era).await;
        for (line, code, id) in &cases {
            client.send_line(line).await;
            let answer = client.receive().await.unwrap();
            let start = String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned();
            assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), id), "{start}: {answer}");
            assert!(answer.get("result").is_none());
        }
        still_serves(&mut client).await;
    }
}

#[tokio::test]
async fn blank_lines_and_line_ends_of_both_kinds_are_fine() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    client.send_line(b"").await;
    client.send_line(b"  \r").await;
    client.send_line(b"\xEF\xBB\xBF{\"jsonrpc\":\"2.0\",\"id\":41,\"method\":\"ping\"}\r").await;
    let answer = client.receive().await.unwrap();
    assert_eq!(answer, json!({ "jsonrpc": "2.0", "id": 41, "result": {} }));
}

#[tokio::test]
async fn an_id_in_use_is_refused_and_the_first_request_is_answered() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    let lock = lock_source(&world);
    let call = json!({
        "jsonrpc": "2.0", "id": "same", "method": "tools/call",
        "params": { "name": "billing__inspect_invoice", "arguments": { "invoice_id": "INV-3001" } },
    });
    client.send(call.clone()).await;
    client.send(call).await;
    let refused = client.receive().await.unwrap();
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!("same"), &json!(-32600)));
    drop(lock);
    let answered = client.receive().await.unwrap();
    assert_eq!(
        (&answered["id"], &answered["result"]["isError"]),
        (&json!("same"), &json!(false)),
        "{answered}"
    );
}

#[tokio::test]
async fn a_cancelled_call_is_dropped_without_an_answer() {
    let world = World::demo().await;
    for era in Era::BOTH {
        let mut client = Client::ready(&world, era).await;
        let lock = lock_source(&world);
        let arguments = json!({ "invoice_id": "INV-3001" });
        let id = client
            .ask("tools/call", json!({ "name": "billing__inspect_invoice", "arguments": arguments }))
            .await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        client.notify("notifications/cancelled", json!({ "requestId": id, "reason": "enough" })).await;
        still_serves(&mut client).await;
        drop(lock);
        still_serves(&mut client).await;
    }
}

#[tokio::test]
async fn more_requests_at_once_than_may_be_in_flight_are_all_answered() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Stateless).await;
    let arguments = json!({ "invoice_id": "INV-3001" });
    let mut waiting = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let params = json!({ "name": "billing__inspect_invoice", "arguments": arguments });
        waiting.insert(client.ask("tools/call", params).await);
    }
    while !waiting.is_empty() {
        let answer = client.receive().await.unwrap();
        assert_eq!(answer["result"]["isError"], false, "{answer}");
        assert!(waiting.remove(&answer["id"].as_i64().unwrap()), "answered once: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_reads_no_answers_is_not_read_from_for_ever() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    let nonsense = "x".repeat(1024);
    let mut taken = 0;
    while tokio::time::timeout(Duration::from_millis(500), client.send_line(nonsense.as_bytes()))
        .await
        .is_ok()
    {
        taken += 1;
        assert!(taken < 5_000, "the server piles up answers nobody reads");
    }
    for _ in 0..taken {
        assert_eq!(client.receive().await.unwrap()["error"]["code"], -32700);
    }
}

/// Another program holds the whole source; reads wait. Let go by dropping.
fn lock_source(world: &World) -> rusqlite::Connection {
    let connection = world.source();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    connection
}

#[tokio::test]
async fn an_argument_given_twice_or_rounded_on_the_way_reaches_no_tool() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    for arguments in [
        r#"{"invoice_id":"INV-3001","invoice_id":"INV-3002"}"#,
        r#"{"invoice_id":"INV-3001","amount":99.99999999999999999999}"#,
    ] {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{{"name":"billing__inspect_invoice","arguments":{arguments}}}}}"#
        );
        client.send_line(line.as_bytes()).await;
        let answer = client.receive().await.unwrap();
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(-32600), &json!(9)), "{answer}");
    }
    still_serves(&mut client).await;
}

#[tokio::test]
async fn a_tool_name_of_any_length_is_answered_and_recorded() {
    let world = World::demo().await;
    let mut client = Client::ready(&world, Era::Handshake).await;
    for length in [10, 100_000] {
        let name = "x".repeat(length);
        let answer = client.error("tools/call", json!({ "name": name, "arguments": {} })).await;
        assert_eq!(answer["data"]["code"], json!("MCP_TOOL_NOT_FOUND"), "{length}");
    }
    assert_eq!(world.audits(), 2);
}
