//! What a call leaves behind, and what a model may see of it.

use serde_json::json;
use synapsor_invocation::Answer;

use crate::desk::Desk;

const READ: &str = "support.inspect_ticket";
const PROPOSE: &str = "support.propose_update";

async fn events(desk: &Desk, kind: &str) -> i64 {
    let ledger = rusqlite::Connection::open(desk.folder.path().join("ledger.db")).expect("the ledger");
    ledger
        .query_row("SELECT count(*) FROM events WHERE kind = ?1", [kind], |row| row.get(0))
        .expect("a count")
}

#[tokio::test]
async fn a_read_shows_the_visible_columns_and_leaves_evidence() {
    let desk = Desk::new().await;
    let answer = desk.call(READ, json!({ "ticket_id": "T-1" })).await.expect("a row");
    let Answer::Read(answer) = answer else { panic!("a row") };
    assert_eq!(
        answer.data.keys().map(String::as_str).collect::<Vec<_>>(),
        ["credit", "id", "note", "status"]
    );
    let record = desk
        .runtime
        .resource(&format!("synapsor://evidence/{}", answer.evidence_id))
        .await
        .expect("evidence");
    assert_eq!(record["row"]["credit"], json!(100));
    assert!(record["row"].get("tenant_id").is_none(), "captured for the check, not for the model");
    assert_eq!(events(&desk, "evidence_recorded").await, 1);
}

#[tokio::test]
async fn a_refused_call_leaves_its_code_and_no_values() {
    let desk = Desk::new().await;
    for arguments in [
        json!({}),
        json!({ "ticket_id": "canary-7f" }),
        json!({ "ticket_id": "T-1", "tenant_id": "canary-7f" }),
    ] {
        desk.refused(READ, arguments).await;
    }
    assert_eq!(events(&desk, "call_refused").await, 3);
    assert!(!desk.ledger_holds("canary-7f"));
}

#[tokio::test]
async fn a_call_whose_record_would_hold_a_secret_is_refused_and_the_refusal_recorded() {
    let desk = Desk::new().await;
    let source = rusqlite::Connection::open(desk.folder.path().join("app.db")).expect("the source");
    let sql = "UPDATE tickets SET note = 'postgres://u:canary-7f@host/db' WHERE id = 'T-1'";
    source.execute(sql, []).expect("a row");
    assert_eq!(desk.refused(READ, json!({ "ticket_id": "T-1" })).await, "SECRET_MATERIAL_REJECTED");
    let proposed = json!({ "ticket_id": "T-1", "status": "open", "credit": 1, "note": "x" });
    assert_eq!(desk.refused(PROPOSE, proposed).await, "SECRET_MATERIAL_REJECTED");
    assert_eq!(events(&desk, "call_refused").await, 2);
    assert!(!desk.ledger_holds("canary-7f"));
}

#[tokio::test]
async fn a_big_integer_stays_exact_for_the_model() {
    let desk = Desk::new().await;
    let answer = desk.call(READ, json!({ "ticket_id": "T-3" })).await.expect("a row");
    let Answer::Read(answer) = answer else { panic!("a row") };
    assert_eq!(answer.data.get("credit").map(|credit| credit.to_plain()), Some(json!("9007199254740993")));
}

#[tokio::test]
async fn another_tenants_records_are_answered_like_none() {
    let desk = Desk::new().await;
    let arguments = json!({ "ticket_id": "T-1", "status": "pending", "credit": 1 });
    let Answer::Proposal(answer) = desk.call(PROPOSE, arguments).await.expect("a proposal") else {
        panic!("one")
    };
    let id = answer.proposal.proposal_id.to_string();
    let address = format!("synapsor://proposals/{id}");
    assert_eq!(desk.runtime.resource(&address).await.expect("own")["state"], json!("pending_review"));
    let replay = desk.runtime.resource(&format!("synapsor://replay/replay_{id}")).await.expect("own");
    assert_eq!(replay["proposal"]["proposal_id"], json!(id));

    let other = Desk::with(
        &crate::desk::config(),
        &[("SYNAPSOR_TENANT_ID", "otherco"), ("SYNAPSOR_PRINCIPAL", "agent")],
    )
    .await;
    for place in
        [address.as_str(), "synapsor://proposals/wrp_0", "synapsor://tables/tickets", "https://example.com/"]
    {
        let refusal = other.runtime.resource(place).await.expect_err("nothing");
        assert_eq!(refusal.code.as_str(), "RESOURCE_NOT_FOUND", "{place}");
    }
    let refusal = other.runtime.resource("synapsor://proposals/").await.expect_err("nothing");
    assert_eq!(refusal.code.as_str(), "RESOURCE_ID_MISSING");
}
