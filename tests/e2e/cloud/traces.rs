//! What a delegated call leaves in the ledger of the runner that handed it on: that it was made and what came of it, and no value.

use serde_json::{Value as Json, json};

use super::standin::Behaviour::{Hangs, Mostly, Says};
use super::standin::{ADAPTER, CALL, PROPOSE, READ, Standin, TOKEN as RUNNER_TOKEN};
use super::{READ_ALIAS, config, world};
use crate::http::peer::{Request, connect};
use crate::http::server::Server;
use crate::world::{World, call};

/// Everything that is on record about calls, newest first.
fn audits(world: &World) -> Vec<Json> {
    let listed = world.ask(&["query-audit", "list"]);
    listed["query_audit"].as_array().unwrap_or_else(|| panic!("{listed}")).clone()
}

/// Every byte of the ledger.
fn ledger(world: &World) -> String {
    let of = |suffix: &str| {
        let mut path = world.ledger_path().into_os_string();
        path.push(suffix);
        std::fs::read(path).unwrap_or_default()
    };
    String::from_utf8_lossy(&[of(""), of("-wal")].concat()).into_owned()
}

/// A world in which one call was answered with a proposal, one with a row, and one came to nothing.
async fn called(standin: &Standin) -> World {
    let world = world(standin).await;
    let said = json!({ "result": { "status": "review_required", "proposal_id": "wrp_9", "evidence_id": "ev 9",
        "customer": "Jane Roe" } });
    standin.there(CALL, [Mostly(said)]);
    let client = world.client().await;
    let arguments = json!({ "invoice_id": "INV-3001", "reason": "a promise of Jane" });
    let made = call(&client, "billing__propose_late_fee_waiver", arguments).await;
    assert!(!made.is_error, "{}", made.content);
    let read = call(&client, READ_ALIAS, json!({ "invoice_id": "INV-3001" })).await;
    assert!(!read.is_error, "{}", read.content);
    standin.there(CALL, [Says(500, json!({}))]);
    let unknown = call(&client, READ_ALIAS, json!({ "invoice_id": "INV-3001" })).await;
    assert!(unknown.is_error);
    client.close().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegated_call_is_on_record_with_its_digests_and_the_services_ids_and_without_a_value() {
    let standin = Standin::new().await;
    let world = called(&standin).await;
    let found = audits(&world);
    let [unknown, read, made] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((&made["capability"], &read["capability"]), (&json!(PROPOSE), &json!(READ)));
    for audit in [made, read, unknown] {
        assert_eq!((&audit["tenant"], &audit["principal"]), (&json!("acme"), &json!("support.agent")));
        assert_eq!(audit["delegated"]["adapter_id"], json!(ADAPTER));
        assert!(audit["delegated"]["took_ms"].is_u64(), "{audit}");
    }
    assert_eq!(
        made["delegated"]["service_ids"],
        json!({ "proposal_id": "wrp_9" }),
        "an id holds nothing but an id"
    );
    assert_eq!(unknown["refused"], json!("CLOUD_OUTCOME_UNKNOWN"));
    assert_eq!(unknown["delegated"].get("answer_digest"), None);
    assert_eq!(
        read["delegated"]["arguments_digest"], unknown["delegated"]["arguments_digest"],
        "the same arguments"
    );
    assert_ne!(read["delegated"]["arguments_digest"], made["delegated"]["arguments_digest"]);
    let sent: Vec<Json> =
        standin.asked().into_iter().map(|asked| asked.document["step_key"].clone()).collect();
    for audit in [made, read, unknown] {
        assert!(
            sent.contains(&audit["delegated"]["call_id"]),
            "the service knows it by the same id: {audit}"
        );
    }
    let kept = ledger(&world);
    for value in ["INV-3001", "Jane", "a promise", "5500", RUNNER_TOKEN, standin.url.as_str()] {
        assert!(!kept.contains(value), "{value} is in the ledger");
    }
    assert!(kept.contains("wrp_9"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_knows_records_knows_this_one() {
    let standin = Standin::new().await;
    let world = called(&standin).await;
    let searched = world.ask(&["activity", "search", "--capability", PROPOSE]);
    assert_eq!(searched["activity"][0]["kind"], json!("query_audit"), "{searched}");
    let id = searched["activity"][0]["audit_id"].as_str().unwrap_or_else(|| panic!("{searched}")).to_owned();
    let shown = world.run(&["query-audit", "show", &id]);
    for part in ["by the service", ADAPTER, "proposal_id wrp_9", "support.agent of tenant acme"] {
        assert!(shown.stdout.contains(part), "{part}: {}", shown.stdout);
    }
    let refused = world.ask(&["query-audit", "list", "--refused", "CLOUD_OUTCOME_UNKNOWN"]);
    assert_eq!(refused["query_audit"].as_array().map(Vec::len), Some(1), "{refused}");
    let events = world.ask(&["events", "tail", "--kind", "call_delegated"]);
    assert_eq!(events.to_string().matches("call_delegated").count(), 3, "{events}");
    let file = world.folder.path().join("call.json").display().to_string();
    assert_eq!(world.run(&["query-audit", "export", &id, "--output", &file]).exit, 0);
    assert_eq!(world.run(&["store", "verify", "--export", &file]).exit, 0, "an export proves itself");
    let verified = world.ask(&["store", "verify"]);
    assert_eq!(verified["misfit"], json!(null), "{verified}");
    let stats = world.ask(&["store", "stats"]);
    assert_eq!(stats["records"]["query_audit"], json!(3), "{stats}");
    // What is old enough goes, and leaves its events.
    let archive = world.folder.path().join("gone.jsonl").display().to_string();
    let pruned =
        world.ask(&["store", "prune", "--older-than", "0s", "--archive", &archive, "--apply", "--yes"]);
    assert_eq!(pruned["pruned"]["events"], json!(3), "{pruned}");
    assert!(std::fs::read_to_string(archive).expect("an archive").contains("wrp_9"));
    assert_eq!(audits(&world), Vec::<Json>::new());
    assert_eq!(world.run(&["store", "verify"]).exit, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_with_such_a_record_goes_to_a_server_and_is_proved_there() {
    let standin = Standin::new().await;
    let mut world = called(&standin).await;
    let books = synapsor_test_servers::postgres().await;
    world.set(crate::world::LEDGER_URL, books.url());
    let moved = world.run(&["store", "migrate", "--to", "env:LEDGER_URL", "--json"]);
    assert_eq!(moved.exit, 0, "{moved:?}");
    world.set("SYNAPSOR_LOCAL_STORE", "env:LEDGER_URL");
    assert_eq!(audits(&world).len(), 3);
    assert_eq!(world.run(&["store", "verify"]).exit, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_here_or_given_up_on_is_on_record_too() {
    let standin = Standin::new().await;
    let mut world = world(&standin).await;
    let server = Server::start(&mut world, &[]);
    let send =
        |arguments: Json| Request::alone("tools/call", json!({ "name": READ, "arguments": arguments }));
    let refused = server.send(&send(json!({ "invoice_id": "INV-3001", "tenant_id": "otherco" })));
    let refused = refused.message()["result"]["structuredContent"]["error"]["reason"].clone();
    assert_eq!(refused, json!("MODEL_CANNOT_OVERRIDE_BINDING"));
    let absent = Request::alone("tools/call", json!({ "name": "billing__none", "arguments": {} }));
    assert_eq!(server.send(&absent).code(), "MCP_TOOL_NOT_FOUND");
    standin.there(CALL, [Hangs]);
    let mut client = connect(&server.address);
    std::io::Write::write_all(&mut client, &send(json!({ "invoice_id": "INV-3001" })).bytes(&server.address))
        .expect("is sent");
    while standin.times(CALL) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    drop(client);
    standin.given_up().await;
    let found = loop {
        let found = audits(&world);
        if found.len() == 3 {
            break found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let codes: Vec<&str> = found.iter().filter_map(|audit| audit["refused"].as_str()).collect();
    assert_eq!(codes, ["CLOUD_OUTCOME_UNKNOWN", "MCP_TOOL_NOT_FOUND", "MODEL_CANNOT_OVERRIDE_BINDING"]);
    assert_eq!(found[1].get("delegated"), None, "it was handed to nobody");
    assert_eq!(world.run(&["store", "verify"]).exit, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_recorded_is_not_told_and_not_to_be_repeated() {
    let standin = Standin::new().await;
    let world = world(&standin).await;
    world.write_config(&config());
    let client = world.client().await;
    // Somebody else holds the ledger's write lock for longer than anybody waits.
    let held = rusqlite::Connection::open(world.ledger_path()).expect("a ledger");
    held.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let answered = call(&client, READ_ALIAS, json!({ "invoice_id": "INV-3001" })).await;
    held.execute_batch("ROLLBACK").expect("given back");
    let error = &answered.content["error"];
    assert_eq!(
        (&error["reason"], &error["retryable"]),
        (&json!("CLOUD_OUTCOME_UNKNOWN"), &json!(false)),
        "{}",
        answered.content
    );
    assert!(!answered.content.to_string().contains("5500"), "{}", answered.content);
    client.close().await;
}
