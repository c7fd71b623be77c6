//! The rules every patch meets, and the change set that comes of it.

use serde_json::{Value as Json, json};
use synapsor_invocation::Answer;
use synapsor_protocol::{Guard, ProposalState, Value};

use crate::desk::{Desk, config};

const PROPOSE: &str = "support.propose_update";
const ACME: [(&str, &str); 2] = [("SYNAPSOR_TENANT_ID", "acme"), ("SYNAPSOR_PRINCIPAL", "agent")];

fn arguments(ticket: &str, status: &str, credit: Json) -> Json {
    json!({ "ticket_id": ticket, "status": status, "credit": credit })
}

#[tokio::test]
async fn a_patch_is_exact_guarded_and_leaves_the_source_alone() {
    let desk = Desk::new().await;
    let answer = desk.call(PROPOSE, arguments("T-1", "pending", json!(250))).await.expect("a proposal");
    let Answer::Proposal(answer) = answer else { panic!("a proposal") };
    let change = &answer.proposal.change_set;
    assert_eq!((answer.state, answer.repeated), (ProposalState::PendingReview, false));
    assert_eq!(change.before.get("credit"), Some(&Value::Integer(100)));
    assert_eq!(change.patch.get("credit"), Some(&Value::Integer(250)));
    assert_eq!(
        change.patch.get("note"),
        Some(&Value::Null),
        "an optional argument that is absent clears its column"
    );
    assert_eq!(change.after.get("status"), Some(&Value::Text("pending".into())));
    let Guard::Version { column, expected, .. } = &change.guard else { panic!("a version guard") };
    assert_eq!((column.as_str(), expected), ("version", &Value::Integer(1)));
    assert!(!change.before.contains_key("secret_note"), "a column nobody listed is not captured");
    assert_eq!(answer.diff["credit"].before, Some(Value::Integer(100)));
    let source = rusqlite::Connection::open(desk.folder.path().join("app.db")).expect("the source");
    let status: String =
        source.query_row("SELECT status FROM tickets WHERE id = 'T-1'", [], |row| row.get(0)).expect("a row");
    assert_eq!(status, "open");
}

#[tokio::test]
async fn each_broken_rule_has_its_code() {
    let desk = Desk::new().await;
    let cases = [
        (arguments("T-1", "pending", json!(-1)), "PATCH_BELOW_MINIMUM"),
        (arguments("T-1", "pending", json!(1001)), "PATCH_ABOVE_MAXIMUM"),
        (arguments("T-1", "closed", json!(1)), "PATCH_TRANSITION_NOT_ALLOWED"),
        (arguments("T-2", "open", json!(1)), "PATCH_TRANSITION_NOT_ALLOWED"),
        (arguments("T-3", "open", json!(1)), "PATCH_TRANSITION_TYPE_INVALID"),
        (arguments("T-1", "open", json!(100)), "PATCH_EMPTY"),
        (arguments("T-9", "pending", json!(1)), "ROW_NOT_FOUND"),
        (arguments("T-0", "pending", json!(1)), "ROW_NOT_FOUND"),
    ];
    for (arguments, code) in cases {
        let shown = arguments.to_string();
        assert_eq!(desk.refused(PROPOSE, arguments).await, code, "{shown}");
    }
    assert!(desk.proposals().await.is_empty());
}

#[tokio::test]
async fn a_row_without_a_version_cannot_be_guarded() {
    let mut config = config();
    config["capabilities"][1].as_object_mut().expect("an object").remove("transition_guards");
    let desk = Desk::with(&config, &ACME).await;
    assert_eq!(desk.refused(PROPOSE, arguments("T-3", "open", json!(1))).await, "CONFLICT_GUARD_MISSING");
}

#[tokio::test]
async fn an_equal_proposal_while_one_is_pending_is_that_one() {
    let desk = Desk::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let answer = desk.call(PROPOSE, arguments("T-1", "pending", json!(5))).await.expect("a proposal");
        let Answer::Proposal(answer) = answer else { panic!("a proposal") };
        assert_eq!(answer.repeated, !ids.is_empty());
        ids.push(answer.proposal.proposal_id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(desk.proposals().await.len(), 1);
}
