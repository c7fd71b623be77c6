//! `mcp serve` says on the log when its handlers are ready, or which is not and why.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::json;
use synapsor_protocol::Engine;

use crate::running::Running;
use crate::world::World;

/// The first line of the log of a server whose client stays.
fn first_line(world: &World) -> String {
    let mut command = world.command(&["mcp", "serve"]);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = Running::start(piped);
    let mut line = String::new();
    let mut log = BufReader::new(child.stderr.take().expect("stderr"));
    log.read_line(&mut line).expect("the server writes");
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_when_its_handlers_are_ready_or_which_is_not_and_why() {
    let world = World::new(Engine::Sqlite).await;
    let line = first_line(&world);
    assert!(line.contains("all handlers are loaded handlers=1 took_ms="), "{line}");

    let mut config = world.config();
    let digest = format!("sha256:{}", "0".repeat(64));
    World::capability(&mut config, "billing.propose_plan_waiver")["handler"]["digest"] = json!(digest);
    world.write_config(&config);
    let line = first_line(&world);
    assert!(line.contains("ERROR") && line.contains("billing.propose_plan_waiver"), "{line}");
    assert!(line.contains("HANDLER_DIGEST_MISMATCH"), "{line}");
}
