//! Columns that a capability redacts: the model that may see one sees it, and the ledger never holds it.

use serde_json::{Value as Json, json};
use synapsor_invocation::Answer;
use synapsor_protocol::{RedactedRow, Value};

use crate::desk::{Desk, config};

const READ: &str = "support.inspect_ticket";
const PROPOSE: &str = "support.propose_update";
const ACME: [(&str, &str); 2] = [("SYNAPSOR_TENANT_ID", "acme"), ("SYNAPSOR_PRINCIPAL", "agent")];
const CANARY: &str = "canary-7f9e@example.com";

/// A desk whose tickets hold a person's address, which both capabilities read and redact.
async fn desk() -> Desk {
    let mut config = config();
    for capability in [0, 1] {
        let visible = &mut config["capabilities"][capability]["visible_columns"];
        visible.as_array_mut().expect("a list").push(json!("secret_note"));
        config["capabilities"][capability]["redact"] = json!(["secret_note"]);
    }
    let desk = Desk::with(&config, &ACME).await;
    let source = rusqlite::Connection::open(desk.folder.path().join("app.db")).expect("the source");
    source.execute("UPDATE tickets SET secret_note = ?1", [CANARY]).expect("rows");
    desk
}

fn waive(note: &str) -> Json {
    json!({ "ticket_id": "T-1", "status": "pending", "credit": 5, "note": note })
}

#[tokio::test]
async fn the_answer_shows_a_redacted_value_and_the_record_does_not() {
    let desk = desk().await;
    let Answer::Read(answer) = desk.call(READ, json!({ "ticket_id": "T-1" })).await.expect("a row") else {
        panic!("a row")
    };
    assert_eq!(answer.data["secret_note"], Value::Text(CANARY.into()));
    let address = format!("synapsor://evidence/{}", answer.evidence_id);
    let record = desk.runtime.resource(&address).await.expect("evidence");
    assert_eq!((&record["redacted"], record["row"].get("secret_note")), (&json!(["secret_note"]), None));
    let evidence = desk.ledger.evidence(&answer.evidence_id).await.expect("readable").expect("evidence");
    let (id, key) = (Value::Text("T-1".into()), desk.ledger.redaction_key().await.expect("a key"));
    let row = RedactedRow { tenant: "acme", source: "app", schema: "main", table: "tickets", key: &id };
    let stands = key.redact(&row, "secret_note", &Value::Text(CANARY.into())).expect("a digest");
    assert_eq!(
        evidence.redacted["secret_note"], stands,
        "whoever has value and key can tell that it was this one"
    );
    assert!(!desk.ledger_holds(CANARY));
}

#[tokio::test]
async fn a_proposal_keeps_a_digest_and_an_equal_one_is_still_recognised() {
    let desk = desk().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let Answer::Proposal(answer) = desk.call(PROPOSE, waive("why not")).await.expect("a proposal") else {
            panic!("a proposal")
        };
        let change = &answer.proposal.change_set;
        assert!(change.redacted.contains_key("secret_note"));
        assert!(!change.before.contains_key("secret_note") && !change.after.contains_key("secret_note"));
        ids.push(answer.proposal.proposal_id);
    }
    assert_eq!(ids[0], ids[1]);
    let replay = desk.runtime.resource(&format!("synapsor://replay/{}", ids[0])).await.expect("a replay");
    assert!(!replay.to_string().contains(CANARY));
    assert!(!desk.ledger_holds(CANARY));
    assert_eq!(desk.ledger.verify().await.expect("readable").misfit, None);
}

#[tokio::test]
async fn an_argument_that_repeats_a_redacted_value_is_refused_and_not_kept() {
    let desk = desk().await;
    let refusal = desk.call(PROPOSE, waive(&format!("{CANARY} asked for it"))).await.expect_err("refused");
    assert_eq!(refusal.code.as_str(), "REDACTED_VALUE_REPEATED");
    assert!(!refusal.message.contains(CANARY), "{}", refusal.message);
    assert!(desk.proposals().await.is_empty());
    assert!(!desk.ledger_holds(CANARY));
}

#[tokio::test]
async fn one_row_has_one_digest_and_another_row_with_the_same_value_another() {
    let desk = desk().await;
    let mut digests = Vec::new();
    for ticket in ["T-1", "T-1", "T-2"] {
        let Answer::Read(answer) = desk.call(READ, json!({ "ticket_id": ticket })).await.expect("a row")
        else {
            panic!("a row")
        };
        let evidence = desk.ledger.evidence(&answer.evidence_id).await.expect("readable").expect("evidence");
        digests.push(evidence.redacted["secret_note"].clone());
    }
    assert_eq!(digests[0], digests[1]);
    assert_ne!(digests[0], digests[2]);
}
