//! `synapsor benchmark`: its snapshots, and that its fixture shows our tools as they are.

use std::process::Command;

use expect_test::expect_file;
use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::world::{Answered, BINARY, World};

fn benchmark(words: &[&str]) -> Answered {
    let mut command = Command::new(BINARY);
    command.args(["benchmark", "mcp-efficiency"]).args(words).env_clear();
    command.output().expect("the binary runs").into()
}

#[test]
fn the_committed_snapshots_are_what_it_measures() {
    expect_file!["../../fixtures/benchmark/mcp-efficiency.txt"].assert_eq(&benchmark(&[]).stdout);
    expect_file!["../../fixtures/benchmark/mcp-efficiency.json"].assert_eq(&benchmark(&["--json"]).stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_capabilities_are_the_ones_the_demo_serves() {
    let fixture = include_str!("../../fixtures/benchmark/late-fee-waiver.json");
    let fixture: Json = serde_json::from_str(fixture).expect("the fixture");
    let world = World::new(Engine::Sqlite).await;
    let listed = world.ask(&["tools", "preview", "--alias-mode", "canonical"]);
    for expected in fixture["semantic"]["tools"].as_array().expect("tools") {
        let served =
            listed["tools"].as_array().expect("tools").iter().find(|tool| tool["name"] == expected["name"]);
        let served = served.unwrap_or_else(|| panic!("{expected} is not served"));
        for part in ["description", "inputSchema"] {
            assert_eq!(served[part], expected[part], "{}", expected["name"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configs_own_tools_are_measured_beside() {
    let world = World::new(Engine::Sqlite).await;
    let own = world.ask(&["benchmark", "mcp-efficiency"])["configured_tools"].clone();
    assert_eq!(own["exposed_tools"], json!(3), "{own}");
    assert!(own["listed"]["bytes"].as_u64() > own["to_model"]["bytes"].as_u64(), "{own}");
    assert!(world.run(&["benchmark", "mcp-efficiency"]).stdout.contains("the config's own tools: 3"));
}

#[test]
fn a_benchmark_that_is_not_there_and_a_config_that_is_not_are_refused() {
    let unknown =
        Command::new(BINARY).args(["benchmark", "speed"]).env_clear().output().expect("the binary runs");
    assert_eq!(Answered::from(unknown).exit, 2);
    let absent = benchmark(&["--config", "nowhere.json", "--json"]);
    assert_eq!((absent.exit, absent.code().as_str()), (2, "NOT_FOUND"));
}
