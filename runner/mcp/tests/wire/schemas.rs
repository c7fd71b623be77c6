//! Whatever a tool is asked and whatever the row holds, its result satisfies the schema the tool declared for it.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};

use crate::client::Era;
use crate::results::Checked;
use crate::world::World;

const CAPABILITIES: [&str; 3] =
    ["billing.inspect_invoice", "billing.propose_late_fee_waiver", "billing.propose_plan_waiver"];

/// Arguments as a model gets them right, nearly right and quite wrong.
fn arguments() -> impl Strategy<Value = Json> {
    let key = prop_oneof![
        4 => Just(json!("INV-3001")),
        1 => Just(json!("INV-9001")),
        1 => any::<String>().prop_map(Json::from),
        1 => any::<i64>().prop_map(Json::from),
        1 => Just(Json::Null),
    ];
    let reason =
        prop_oneof![3 => "[ -~]{0,40}".prop_map(Json::from), 1 => any::<bool>().prop_map(Json::from)];
    let extra = prop_oneof![4 => Just(None), 1 => Just(Some("tenant_id")), 1 => Just(Some("colour"))];
    (key, proptest::option::weighted(0.8, reason), extra).prop_map(|(key, reason, extra)| {
        let mut arguments = json!({ "invoice_id": key });
        if let Some(reason) = reason {
            arguments["reason"] = reason;
        }
        if let Some(extra) = extra {
            arguments[extra] = json!("x");
        }
        arguments
    })
}

/// What somebody else may have written into the row since.
fn stored() -> impl Strategy<Value = rusqlite::types::Value> {
    use rusqlite::types::Value;
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        any::<String>().prop_map(Value::Text),
        "[a-z]{5000,9000}".prop_map(Value::Text),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Blob),
        any::<f64>().prop_map(Value::Real),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_result_satisfies_the_schema_its_tool_declared() {
    let runtime = tokio::runtime::Handle::current();
    for world in [World::first_form().await, World::demo().await] {
        let mut options = synapsor_mcp::ServeOptions::new("0");
        options.result_bytes_max = 4 * 1024;
        let mut tools = Checked::with(&world, Era::Stateless, options).await;
        let calls = (0..CAPABILITIES.len(), arguments(), stored(), stored());
        let mut runner =
            TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
        let tools = std::cell::RefCell::new(&mut tools);
        let run = runner.run(&calls, |(tool, arguments, text, number)| {
            let source = world.source();
            let sql = "UPDATE invoices SET waiver_reason = ?1, balance_cents = ?2 WHERE id = 'INV-3001'";
            // What the column's own rules refuse stays as it was.
            let _ = source.execute(sql, (&text, &number));
            drop(source);
            let mut tools = tools.borrow_mut();
            // `call` holds each result against the schema.
            tokio::task::block_in_place(|| runtime.block_on(tools.call(CAPABILITIES[tool], arguments)));
            Ok(())
        });
        run.unwrap();
    }
}
