//! Arguments: what is accepted, and the code for everything else.

use serde_json::{Value as Json, json};
use synapsor_invocation::Answer;
use synapsor_protocol::Value;

use crate::desk::{Desk, config};

const READ: &str = "support.inspect_ticket";
const PROPOSE: &str = "support.propose_update";

fn update(changed: Json) -> Json {
    let mut arguments = json!({ "ticket_id": "T-1", "status": "pending", "credit": 10 });
    for (name, value) in changed.as_object().expect("an object") {
        arguments.as_object_mut().expect("an object").insert(name.clone(), value.clone());
    }
    arguments
}

#[tokio::test]
async fn each_wrong_argument_has_its_code_and_nothing_is_proposed() {
    let desk = Desk::new().await;
    let long = "1".repeat(70_000);
    let cases = [
        (READ, json!({}), "ARGUMENT_REQUIRED"),
        (READ, json!({ "ticket_id": null }), "ARGUMENT_REQUIRED"),
        (READ, json!({ "ticket_id": 1 }), "ARGUMENT_TYPE_INVALID"),
        (READ, json!({ "ticket_id": {} }), "ARGUMENT_TYPE_INVALID"),
        (READ, json!({ "ticket_id": "12345678901234567" }), "ARGUMENT_TOO_LONG"),
        (READ, json!({ "ticket_id": "T-1", "colour": 1 }), "ARGUMENT_UNKNOWN"),
        (READ, json!({ "ticket_id": "T-1", "tenant_id": "otherco" }), "MODEL_CANNOT_OVERRIDE_BINDING"),
        (
            READ,
            json!({ "ticket_id": "T-1", "colour": 1, "TenantID": "otherco" }),
            "MODEL_CANNOT_OVERRIDE_BINDING",
        ),
        (READ, json!({ "ticket_id": "T-1", "expected_version": 1 }), "MODEL_CANNOT_OVERRIDE_BINDING"),
        (READ, json!({ "ticket_id": long }), "INVALID_INPUT"),
        (PROPOSE, update(json!({ "credit": "ten" })), "ARGUMENT_TYPE_INVALID"),
        (PROPOSE, update(json!({ "credit": "1e3" })), "ARGUMENT_TYPE_INVALID"),
        (PROPOSE, update(json!({ "credit": true })), "ARGUMENT_TYPE_INVALID"),
        (PROPOSE, update(json!({ "credit": 0.123_456_789_012_345_67 })), "ARGUMENT_TYPE_INVALID"),
        (PROPOSE, update(json!({ "credit": -6 })), "ARGUMENT_BELOW_MINIMUM"),
        (PROPOSE, update(json!({ "credit": "100000.0001" })), "ARGUMENT_ABOVE_MAXIMUM"),
        (PROPOSE, update(json!({ "status": "gone" })), "ARGUMENT_NOT_ALLOWED"),
        (PROPOSE, update(json!({ "urgent": "yes" })), "ARGUMENT_TYPE_INVALID"),
        (PROPOSE, update(json!({ "note": "a\u{0}b" })), "INVALID_INPUT"),
        ("support.unknown", json!({}), "MCP_TOOL_NOT_FOUND"),
        ("execute_sql", json!({ "sql": "DROP TABLE tickets" }), "MCP_TOOL_NOT_FOUND"),
    ];
    for (name, arguments, code) in cases {
        let shown = arguments.to_string().chars().take(80).collect::<String>();
        assert_eq!(desk.refused(name, arguments).await, code, "{name} {shown}");
    }
    assert!(desk.proposals().await.is_empty());
}

#[tokio::test]
async fn numbers_arrive_exact() {
    let mut config = config();
    config["capabilities"][1]["numeric_bounds"] = json!({});
    config["capabilities"][1]["args"]["credit"] = json!({ "type": "number" });
    let environment = [("SYNAPSOR_TENANT_ID", "acme"), ("SYNAPSOR_PRINCIPAL", "agent")];
    let desk = Desk::with(&config, &environment).await;
    for (given, stored) in [
        (json!(7), Value::Integer(7)),
        (json!("9007199254740993"), Value::Integer(9_007_199_254_740_993)),
        (json!(i64::MIN), Value::Integer(i64::MIN)),
    ] {
        let answer = desk.call(PROPOSE, update(json!({ "credit": given }))).await.expect("a proposal");
        let Answer::Proposal(answer) = answer else { panic!("a proposal") };
        assert_eq!(answer.proposal.change_set.patch.get("credit"), Some(&stored));
    }
}

#[tokio::test]
async fn the_tenant_and_the_principal_come_from_the_environment_alone() {
    let desk = Desk::with(&config(), &[("SYNAPSOR_PRINCIPAL", "agent")]).await;
    assert_eq!(desk.refused(READ, json!({ "ticket_id": "T-1" })).await, "TRUSTED_BINDING_MISSING");
    let desk =
        Desk::with(&config(), &[("SYNAPSOR_TENANT_ID", "otherco"), ("SYNAPSOR_PRINCIPAL", "agent")]).await;
    assert_eq!(desk.refused(READ, json!({ "ticket_id": "T-1" })).await, "ROW_NOT_FOUND");
    assert!(desk.call(READ, json!({ "ticket_id": "T-9" })).await.is_ok());
}

#[tokio::test]
async fn read_only_mode_serves_reads_and_hides_proposals() {
    let mut config = config();
    config["mode"] = json!("read_only");
    let environment = [("SYNAPSOR_TENANT_ID", "acme"), ("SYNAPSOR_PRINCIPAL", "agent")];
    let desk = Desk::with(&config, &environment).await;
    assert_eq!(desk.runtime.tools().len(), 1);
    assert_eq!(desk.refused(PROPOSE, update(json!({}))).await, "PROPOSALS_DISABLED");
}
