//! Lists of tools that are late, broken, another's, or not there.

use serde_json::json;
use synapsor_cloud::Service;
use synapsor_protocol::Code;

use crate::asked::settings;
use crate::standin::Behaviour::{self, Drips, Floods, Hangs, Mostly, Raw, Says};
use crate::standin::{READ, Standin, TOKEN, TOOLS, read};

/// Why there is no list, and how often it was asked for.
async fn refused(behaviour: Behaviour) -> (Code, usize) {
    let standin = Standin::new().await;
    standin.there(TOOLS, vec![behaviour; 3]);
    let refusal = Service::new(settings(&standin.url)).expect("usable").adapter().await.expect_err("no list");
    assert!(!format!("{refusal:?}").contains(TOKEN), "{refusal:?}");
    (refusal.code, standin.times(TOOLS))
}

#[tokio::test]
async fn a_list_that_does_not_come_is_asked_for_three_times_and_a_no_is_believed_at_once() {
    let redirect =
        "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n";
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"ok\":true,\"tools\":[";
    let no = |error: &str| json!({ "ok": false, "error": error });
    let table = [
        (Hangs, Code::CloudUnavailable, 3),
        (Drips, Code::CloudUnavailable, 3),
        (Raw(String::new()), Code::CloudUnavailable, 3),
        (Raw(cut.to_owned()), Code::CloudUnavailable, 3),
        (Raw("220 mail.example ESMTP\r\n".to_owned()), Code::CloudUnavailable, 3),
        (Says(500, json!({})), Code::CloudUnavailable, 3),
        (Says(503, json!({})), Code::CloudUnavailable, 3),
        (Says(429, json!({})), Code::CloudUnavailable, 3),
        (Floods, Code::CloudAnswerInvalid, 1),
        (Raw(redirect.to_owned()), Code::CloudAnswerInvalid, 1),
        (Says(200, json!("rubbish")), Code::CloudAnswerInvalid, 1),
        (Says(200, json!({ "ok": true })), Code::CloudAnswerInvalid, 1),
        (Mostly(json!({ "adapter_id": "mcp.other" })), Code::CloudAnswerInvalid, 1),
        (Mostly(json!({ "note": TOKEN })), Code::CloudAnswerInvalid, 1),
        (Mostly(json!({ "tools": [read(), read()] })), Code::CloudAnswerInvalid, 1),
        (Mostly(json!({ "tools": [] })), Code::CloudToolsRefused, 1),
        (Says(401, no("unauthorized")), Code::CloudTokenRefused, 1),
        (Says(403, no("adapter:read")), Code::CloudTokenRefused, 1),
        (Says(404, no("adapter_not_found")), Code::CloudRefused, 1),
        (Says(200, no("adapter_disabled")), Code::CloudRefused, 1),
    ];
    // At once: some take as long as they are given.
    let refused = table.map(|(behaviour, code, times)| {
        (format!("{behaviour:?}"), (code, times), tokio::spawn(refused(behaviour)))
    });
    for (behaviour, expected, refused) in refused {
        assert_eq!(refused.await.expect("a refusal"), expected, "{behaviour}");
    }
}

#[tokio::test]
async fn a_service_that_comes_back_in_time_is_no_trouble() {
    let standin = Standin::new().await;
    standin.there(TOOLS, [Says(503, json!({})), Raw(String::new())]);
    let (delegation, left_out) =
        Service::new(settings(&standin.url)).expect("usable").adapter().await.expect("a list");
    assert_eq!((delegation.tools.len(), left_out.len()), (2, 0));
}

#[tokio::test]
async fn nobody_at_the_address_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let refusal = Service::new(settings(&url)).expect("usable").adapter().await.expect_err("nobody");
    assert_eq!(refusal.code, Code::CloudUnavailable);
}

#[tokio::test]
async fn a_tool_that_may_not_be_shown_is_left_out_and_named_and_cannot_be_called() {
    let standin = Standin::new().await;
    let mut approves = read();
    approves["name"] = json!("billing.approve_proposal");
    let mut broken = read();
    broken["name"] = json!("billing.inspect_order");
    broken["input_schema"] = json!({ "type": "object", "properties": 7 });
    standin.has(vec![approves, read(), broken]);
    let (delegation, left_out) =
        Service::new(settings(&standin.url)).expect("usable").adapter().await.expect("a list");
    let names: Vec<&str> = delegation.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, [READ]);
    let left: Vec<&str> = left_out.iter().map(|left| left.tool.as_str()).collect();
    assert_eq!(left, ["billing.approve_proposal", "billing.inspect_order"]);
    let refusal =
        crate::asked::call(&delegation, "billing.approve_proposal", json!({ "invoice_id": "INV-1" })).await;
    assert_eq!(refusal.expect_err("not served").code, Code::McpToolNotFound);
}
