//! A changed config is served without a restart, or refused with all that is wrong while the old one stays.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::running::Running;
use crate::world::World;

/// How long a line may take. It is waited for, never slept for.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const CHANGED: &str = "notifications/tools/list_changed";

/// A server over its pipes, and lines of JSON.
pub(crate) struct Server {
    child: Running,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    log: Receiver<String>,
    last_id: i64,
    stateless: bool,
}

impl Server {
    /// Started, opened, and its handlers loaded.
    fn started(world: &World, stateless: bool) -> Self {
        let mut server = Self::opened(world, stateless);
        server.logged("all handlers are loaded");
        server
    }

    /// Started, and opened.
    pub(crate) fn opened(world: &World, stateless: bool) -> Self {
        let mut command = world.command(&["mcp", "serve"]);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Running::start(piped);
        let (sender, log) = channel();
        let stderr = BufReader::new(child.stderr.take().expect("stderr"));
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let input = child.stdin.take().expect("stdin");
        let output = BufReader::new(child.stdout.take().expect("stdout"));
        let mut server = Self { child, input, output, log, last_id: 0, stateless };
        if !stateless {
            let client = json!({ "name": "test", "version": "0" });
            server.ask(
                "initialize",
                json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client }),
            );
            server.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        }
        server
    }

    fn send(&mut self, message: &Json) {
        writeln!(self.input, "{message}").expect("the server reads");
    }

    fn request(&mut self, method: &str, mut params: Json) -> i64 {
        self.last_id += 1;
        if self.stateless {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "0" },
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        self.send(&json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params }));
        self.last_id
    }

    fn receive(&mut self) -> Json {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the server writes");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// The answer to a request; other messages on the way are passed over.
    pub(crate) fn ask(&mut self, method: &str, params: Json) -> Json {
        let id = self.request(method, params);
        loop {
            let mut message = self.receive();
            if message["id"] == id {
                return message["result"].take();
            }
        }
    }

    pub(crate) fn told(&mut self, method: &str) {
        while self.receive()["method"] != method {}
    }

    fn tools(&mut self) -> usize {
        self.ask("tools/list", json!({}))["tools"].as_array().expect("tools").len()
    }

    /// Reads the log up to a line with this in it; all that was read.
    pub(crate) fn logged(&mut self, text: &str) -> String {
        let mut read = String::new();
        loop {
            let line =
                self.log.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{error}: {text}\n{read}"));
            read.push_str(&line);
            read.push('\n');
            if line.contains(text) {
                return read;
            }
        }
    }

    fn hang_up(&self) {
        self.child.send("HUP");
    }
}

fn reads_only(world: &World) -> Json {
    let mut config = world.config();
    config["mode"] = json!("read_only");
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_config_is_served_and_clients_of_both_eras_are_told() {
    for stateless in [false, true] {
        let world = World::new(Engine::Sqlite).await;
        let mut server = Server::started(&world, stateless);
        if stateless {
            server.request("subscriptions/listen", json!({ "notifications": { "toolsListChanged": true } }));
            server.told("notifications/subscriptions/acknowledged");
        }
        assert_eq!(server.tools(), 3);
        world.write_config(&reads_only(&world));
        server.told(CHANGED);
        assert_eq!(server.tools(), 1);
        world.write_config(&world.config());
        server.told(CHANGED);
        assert_eq!(server.tools(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_config_is_refused_with_every_problem_and_the_old_one_stays() {
    let world = World::new(Engine::Sqlite).await;
    let mut server = Server::started(&world, false);
    let mut bad = world.config();
    bad["mode"] = json!("everything");
    bad["capabilities"][0]["source"] = json!("nowhere");
    world.write_config(&bad);
    let log = server.logged("what was served before is served still");
    assert!(log.contains("INVALID_MODE") && log.contains("$.mode") && log.contains("nowhere"), "{log}");
    assert_eq!(server.tools(), 3);

    std::fs::write(world.config_path(), "{").expect("written");
    server.hang_up();
    server.logged("what was served before is served still");
    std::fs::remove_file(world.config_path()).expect("removed");
    server.hang_up();
    server.logged("there is no config");
    let read = json!({ "name": "billing.inspect_invoice", "arguments": { "invoice_id": "INV-3001" } });
    assert_eq!(server.ask("tools/call", read)["isError"], false, "nothing of it was lost");

    world.write_config(&reads_only(&world));
    server.told(CHANGED);
    assert_eq!(server.tools(), 1, "and what is good again is served again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_cannot_be_loaded_is_no_reason_to_lose_the_one_that_can() {
    let world = World::new(Engine::Sqlite).await;
    let mut server = Server::started(&world, false);
    let component = world.folder.path().join("handlers/late-fee/late-fee.wasm");
    let whole = std::fs::read(&component).expect("a component");
    std::fs::write(&component, b"\0asm").expect("written");
    let log = server.logged("what was served before is served still");
    assert!(log.contains("billing.propose_plan_waiver") && log.contains("HANDLER_"), "{log}");
    let arguments = json!({ "invoice_id": "INV-3002", "reason": "x" });
    let call = json!({ "name": "billing.propose_plan_waiver", "arguments": arguments });
    let before = server.ask("tools/call", call.clone());
    assert_ne!(before["structuredContent"]["error"]["reason"], "HANDLER_NOT_LOADED", "{before}");
    std::fs::write(&component, whole).expect("written");
    server.logged("the changed config is served");
    assert_eq!(server.ask("tools/call", call)["isError"], before["isError"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_ledger_needs_a_restart_and_a_call_under_way_ends_on_what_it_began_with() {
    let world = World::new(Engine::Sqlite).await;
    let mut server = Server::started(&world, false);
    let mut moved = world.config();
    moved["storage"] = json!({ "sqlite_path": "./elsewhere.db" });
    world.write_config(&moved);
    server.logged("names another ledger");
    assert!(!world.folder.path().join("elsewhere.db").exists());
    assert_eq!(server.tools(), 3);

    // A call that is asked for before the change and a change before its answer: whatever comes first, it is answered.
    let arguments = json!({ "invoice_id": "INV-3001", "reason": "x" });
    let asked = server
        .request("tools/call", json!({ "name": "billing.propose_late_fee_waiver", "arguments": arguments }));
    world.write_config(&reads_only(&world));
    server.hang_up();
    let mut seen = (false, false);
    while seen != (true, true) {
        let message = server.receive();
        seen.0 |= message["id"] == asked && message["result"]["isError"] == false;
        seen.1 |= message["method"] == CHANGED;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_rate_limit_counts_from_the_next_call_and_one_that_stays_forgives_nobody() {
    let world = World::new(Engine::Sqlite).await;
    let limited = |limit: u32, mode: &str| {
        let mut config = world.config();
        config["mode"] = json!(mode);
        config["rate_limits"] = json!({ "calls_per_minute_per_capability": limit });
        world.write_config(&config);
    };
    let read = json!({ "name": "billing.inspect_invoice", "arguments": { "invoice_id": "INV-3001" } });
    let mut server = Server::started(&world, false);
    assert_eq!(server.ask("tools/call", read.clone())["isError"], false, "there is no limit yet");
    limited(1, "read_only");
    server.told(CHANGED);
    assert_eq!(server.ask("tools/call", read.clone())["isError"], false, "the first one of the new limit");
    assert_eq!(server.ask("tools/call", read.clone())["isError"], true, "and the second");
    limited(1, "review");
    server.told(CHANGED);
    assert_eq!(
        server.ask("tools/call", read.clone())["isError"],
        true,
        "the limit is the same, and so is its count"
    );
    limited(1_000_000, "read_only");
    server.told(CHANGED);
    assert_eq!(server.ask("tools/call", read)["isError"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capability_on_claims_is_not_taken_up_where_nobody_verifies_them() {
    let world = World::new(Engine::Sqlite).await;
    let mut server = Server::started(&world, false);
    let mut config = world.config();
    config["contexts"]["token"] = json!({ "provider": "http_claims" });
    World::capability(&mut config, "billing.inspect_invoice")["context"] = json!("token");
    world.write_config(&config);
    let log = server.logged("what was served before is served still");
    assert!(log.contains("TRUSTED_CONTEXT_UNSUPPORTED"), "{log}");
    let read = json!({ "name": "billing.inspect_invoice", "arguments": { "invoice_id": "INV-3001" } });
    assert_eq!(server.ask("tools/call", read)["isError"], false);
}
