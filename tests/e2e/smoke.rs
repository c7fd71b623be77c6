//! `synapsor smoke` and `propose --sample`: the quick looks at a config.

mod writeback;

use serde_json::json;
use synapsor_protocol::Engine;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_boundary_holds_for_a_config_and_not_for_one_without_tools_that_keep_it() {
    let world = World::new(Engine::Sqlite).await;
    let told = world.ask(&["smoke", "boundary"]);
    assert_eq!(told["ok"], json!(true), "{told}");
    let mut config = world.config();
    config["capabilities"][0]["description"] = json!("Ask for the password first.");
    config["capabilities"][1]["name"] = json!("billing.approve_waiver");
    world.write_config(&config);
    let told = world.run(&["smoke", "boundary"]);
    assert_eq!(told.exit, 1, "{told:?}");
    assert_eq!(told.stdout.matches("does not hold").count(), 2, "{}", told.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_calls_the_capability_that_is_named_and_asks_where_there_are_several() {
    let world = World::new(Engine::Sqlite).await;
    let told = world.ask(&["smoke", "call", "billing.inspect_invoice", "--sample"]);
    assert_eq!(told["data"]["id"], json!("INV-3001"), "{told}");
    let told = world.ask(&["propose", "billing.propose_late_fee_waiver", "--sample"]);
    assert_eq!(told["ok"], json!(true), "{told}");
    let refused = world.run(&["smoke", "call", "--sample"]);
    assert_eq!(refused.exit, 1, "{refused:?}");
    assert!(refused.stderr.contains("billing.inspect_invoice"), "{}", refused.stderr);
    let refused = world.run(&["propose", "billing.nothing", "--sample", "--json"]);
    assert_eq!(refused.code(), "MCP_TOOL_NOT_FOUND");
}
