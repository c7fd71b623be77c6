//! Calls that are not answered, answered with something else, or answered in somebody else's name.

use std::time::Duration;

use serde_json::json;
use synapsor_protocol::{Code, SourceChanged};

use crate::asked::{call, served};
use crate::standin::Behaviour::{self, Drips, Floods, Hangs, Mostly, Raw, Says, Stays};
use crate::standin::{CALL, PROPOSE, READ, Standin, TOKEN, read};

/// What a call comes to, and how often it was sent.
async fn refused(behaviour: Behaviour) -> (Code, SourceChanged, usize) {
    let standin = Standin::new().await;
    let delegation = served(&standin).await;
    standin.there(CALL, [behaviour]);
    let refusal = call(&delegation, READ, json!({ "invoice_id": "INV-3001" })).await.expect_err("no answer");
    assert!(!format!("{refusal:?}").contains(TOKEN), "{refusal:?}");
    (refusal.code, refusal.source_changed, standin.times(CALL))
}

#[tokio::test]
async fn a_call_is_sent_once_whatever_comes_back_and_said_to_be_unknown_where_it_is() {
    use SourceChanged::{No, Unknown, Yes};
    let status = |status: u16, error: &str| Says(status, json!({ "ok": false, "error": error }));
    let raw = |text: &str| Raw(text.to_owned());
    let table = [
        (Hangs, Code::CloudOutcomeUnknown, Unknown),
        (Drips, Code::CloudOutcomeUnknown, Unknown),
        (raw(""), Code::CloudOutcomeUnknown, Unknown),
        (
            raw("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"ok\":true,\"res"),
            Code::CloudOutcomeUnknown,
            Unknown,
        ),
        (raw("220 mail.example ESMTP\r\n"), Code::CloudOutcomeUnknown, Unknown),
        (status(500, "ROW_NOT_FOUND"), Code::CloudOutcomeUnknown, Unknown),
        (status(502, "bad_gateway"), Code::CloudOutcomeUnknown, Unknown),
        (Floods, Code::CloudAnswerInvalid, Unknown),
        (Says(200, json!("rubbish")), Code::CloudAnswerInvalid, Unknown),
        (Mostly(json!({ "result": [1, 2] })), Code::CloudAnswerInvalid, Unknown),
        (Mostly(json!({ "result": { "late_fee_cents": "many" } })), Code::CloudAnswerInvalid, Unknown),
        (Mostly(json!({ "tool": PROPOSE })), Code::CloudAnswerInvalid, Unknown),
        (Mostly(json!({ "step_key": "call-2" })), Code::CloudAnswerInvalid, Unknown),
        (Mostly(json!({ "adapter_id": "mcp.other" })), Code::CloudAnswerInvalid, Unknown),
        (Mostly(json!({ "result": { "note": TOKEN } })), Code::CloudAnswerInvalid, Unknown),
        (Mostly(json!({ "result": { "source_database_mutated": true } })), Code::CloudAnswerInvalid, Yes),
        (status(401, "unauthorized"), Code::CloudTokenRefused, No),
        (status(403, "adapter:invoke"), Code::CloudTokenRefused, No),
        (status(404, "tool_not_found"), Code::McpToolNotFound, No),
        (status(409, "ROW_NOT_FOUND"), Code::RowNotFound, No),
        (status(422, "limit_reached"), Code::CloudRefused, No),
        (status(429, "slow_down"), Code::CloudUnavailable, No),
    ];
    // At once: some take as long as they are given.
    let refused = table.map(|(behaviour, code, changed)| {
        (format!("{behaviour:?}"), (code, changed, 1), tokio::spawn(refused(behaviour)))
    });
    for (behaviour, expected, refused) in refused {
        assert_eq!(refused.await.expect("a refusal"), expected, "{behaviour}");
    }
}

#[tokio::test]
async fn an_answer_that_was_sent_ahead_is_no_answer_to_the_next_call() {
    let answer = |cents: u64| {
        let body = json!({ "ok": true, "result": { "late_fee_cents": cents } }).to_string();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    let standin = Standin::new().await;
    let delegation = served(&standin).await;
    // Two answers on a connection that stays open, then one whose length leaves a second one behind it.
    let hidden = answer(1).replace("200 OK", "200 OK\r\nx: y");
    for bytes in [format!("{}{}", answer(7), answer(666)), format!("{hidden}{}", answer(666))] {
        standin.there(CALL, [Stays(bytes)]);
        let first = call(&delegation, READ, json!({ "invoice_id": "INV-3001" })).await.expect("an answer");
        assert_ne!(first["late_fee_cents"], json!(666));
        for _ in 0..3 {
            let next = call(&delegation, READ, json!({ "invoice_id": "INV-3002" })).await.expect("an answer");
            assert_eq!(next["late_fee_cents"], json!(5500), "its own");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_wherever_it_leads() {
    let elsewhere = Standin::new().await;
    for (status, to, code) in [
        (302, "http://169.254.169.254/latest/meta-data", Code::CloudAnswerInvalid),
        (307, elsewhere.url.as_str(), Code::CloudAnswerInvalid),
        (303, elsewhere.url.as_str(), Code::CloudOutcomeUnknown),
    ] {
        let answer = format!("HTTP/1.1 {status} Go\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(refused(Raw(answer)).await.0, code, "{status} {to}");
    }
    assert!(elsewhere.asked().is_empty(), "the token went nowhere else");
}

#[tokio::test]
async fn a_call_that_finds_nobody_was_certainly_not_carried_out() {
    let standin = Standin::new().await;
    let delegation = served(&standin).await;
    assert!(call(&delegation, READ, json!({ "invoice_id": "INV-3001" })).await.is_ok());
    standin.goes_away().await;
    let refusal = call(&delegation, READ, json!({ "invoice_id": "INV-3001" })).await.expect_err("nobody");
    assert_eq!((refusal.code, refusal.source_changed), (Code::CloudUnavailable, SourceChanged::No));
    assert_eq!(standin.times(CALL), 1);
}

#[tokio::test]
async fn giving_a_call_up_hangs_up_on_the_service() {
    let standin = Standin::new().await;
    let delegation = served(&standin).await;
    standin.there(CALL, [Hangs]);
    let calling = call(&delegation, READ, json!({ "invoice_id": "INV-3001" }));
    let seen = async {
        while standin.times(CALL) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = calling => panic!("it has no answer"),
        () = seen => {}
    }
    standin.given_up().await;
    assert_eq!(standin.times(CALL), 1);
}

#[tokio::test]
async fn a_tool_that_went_away_makes_the_list_stale_and_a_no_does_not() {
    let standin = Standin::new().await;
    let delegation = served(&standin).await;
    let mut stale = std::pin::pin!(delegation.delegate.list_went_stale());
    standin.there(CALL, [Says(422, json!({ "ok": false, "error": "limit_reached" }))]);
    let arguments = json!({ "invoice_id": "INV-3001", "reason": "a promise" });
    let refusal = call(&delegation, PROPOSE, arguments.clone()).await.expect_err("a no");
    assert_eq!(refusal.code, Code::CloudRefused);
    let at_once = tokio::time::timeout(Duration::ZERO, stale.as_mut()).await;
    assert!(at_once.is_err(), "the tool is still there");
    standin.has(vec![read()]);
    let refusal = call(&delegation, PROPOSE, arguments).await.expect_err("gone");
    assert_eq!(refusal.code, Code::McpToolNotFound);
    stale.await;
}
