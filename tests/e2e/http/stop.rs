//! Clients that leave and servers that stop, in the middle of a call that a database holds up.

use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;
use synapsor_protocol::Engine;

use crate::http::peer::{Answer, Request, connect};
use crate::http::server::{PATIENCE, Server};
use crate::world::World;

on_servers!(
    a_client_that_leaves_cancels_the_statement_its_call_waits_for,
    a_client_that_leaves_the_bridge_cancels_its_statement_too
);

/// Statements of others on the locked table that the server is at work on.
async fn waiting(world: &World) -> String {
    let sql = match world.database.engine() {
        Engine::Mysql => {
            "SELECT CAST(count(*) AS CHAR) FROM information_schema.processlist WHERE db = DATABASE() \
             AND state LIKE 'Waiting for table%'"
        }
        _ => {
            "SELECT count(*)::text FROM pg_stat_activity WHERE state = 'active' AND wait_event_type = 'Lock' \
             AND datname = current_database()"
        }
    };
    world.database.scalar(sql).await.expect("a count")
}

/// What keeps everybody else from the invoices, and what ends that.
fn lock(engine: Engine) -> (&'static str, &'static str) {
    match engine {
        Engine::Mysql => ("LOCK TABLES invoices WRITE", "UNLOCK TABLES"),
        _ => ("BEGIN; LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE", "ROLLBACK"),
    }
}

async fn until(world: &World, expected: &str) {
    let deadline = Instant::now() + PATIENCE;
    while waiting(world).await != expected {
        assert!(Instant::now() < deadline, "expected {expected} statements to wait");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Reads may take a minute from now on, so that nothing but what is tested ends them.
fn be_patient(world: &World) {
    let mut config = world.config();
    config["sources"]["app"]["statement_timeout_ms"] = json!(60_000);
    world.write_config(&config);
}

async fn a_client_that_leaves_cancels_the_statement_its_call_waits_for(mut world: World) {
    be_patient(&world);
    let server = Server::start(&mut world, &[]);
    leave_in_the_middle(&world, &server, &Request::read("INV-3001")).await;
}

async fn a_client_that_leaves_the_bridge_cancels_its_statement_too(mut world: World) {
    be_patient(&world);
    let server = Server::bridge(&mut world, &[]);
    let arguments = json!({ "invoice_id": "INV-3001" });
    let params = json!({ "name": "billing.inspect_invoice", "arguments": arguments });
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    leave_in_the_middle(&world, &server, &Request::post(&call)).await;
}

async fn leave_in_the_middle(world: &World, server: &Server, read: &Request) {
    let (lock, unlock) = lock(world.database.engine());
    assert_eq!(server.send(read).status, 200);
    let mut session = world.database.session().await;
    session.execute(lock).await;
    let mut client = connect(&server.address);
    client.write_all(&read.bytes(&server.address)).expect("is sent");
    until(world, "1").await;
    drop(client);
    until(world, "0").await;
    session.execute(unlock).await;
    let next = server.send(read);
    assert_eq!((next.status, next.code().as_str()), (200, "-"), "and the next call is served: {next:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_told_to_stop_answers_what_it_is_at_work_on() {
    let mut world = World::new(Engine::Postgres).await;
    be_patient(&world);
    let mut server = Server::start(&mut world, &["--drain-timeout-ms", "20000"]);
    assert_eq!(server.send(&Request::read("INV-3001")).status, 200);
    let mut session = world.database.session().await;
    session.execute("BEGIN; LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE").await;
    let mut client = connect(&server.address);
    client.write_all(&Request::read("INV-3001").bytes(&server.address)).expect("is sent");
    until(&world, "1").await;
    server.tell_to_stop();
    let deadline = Instant::now() + PATIENCE;
    while std::net::TcpStream::connect(&server.address).is_ok() {
        assert!(Instant::now() < deadline, "it takes nobody new");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(server.lives());
    session.execute("ROLLBACK").await;
    let answer = Answer::rest_of(client);
    assert_eq!((answer.status, answer.code().as_str()), (200, "-"), "{answer:?}");
    let (status, log) = server.ended();
    assert!(status.success(), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_notifications_does_not_hold_up_a_stop() {
    let mut world = World::new(Engine::Sqlite).await;
    let mut server = Server::start(&mut world, &["--drain-timeout-ms", "60000"]);
    let session = super::eras::open(&server, "2025-11-25");
    let bearer = format!("Bearer {}", super::server::TOKEN);
    let listen = Request::bare("GET", "/mcp")
        .with("Authorization", &bearer)
        .with("Accept", "text/event-stream")
        .with("MCP-Protocol-Version", "2025-11-25")
        .with("Mcp-Session-Id", &session);
    let mut client = connect(&server.address);
    client.write_all(&listen.bytes(&server.address)).expect("is sent");
    // The head of the answer is there, so the stream is open.
    let mut first = [0; 12];
    std::io::Read::read_exact(&mut client, &mut first).expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    let told = Instant::now();
    server.tell_to_stop();
    let (status, log) = server.ended();
    assert!(status.success() && told.elapsed() < PATIENCE, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_flushed_by_themselves_unless_each_waits_for_the_disk() {
    let mut world = World::new(Engine::Sqlite).await;
    let flushes = |server: &Server| server.threads().iter().any(|name| name == "ledger-flush");
    let server = Server::start(&mut world, &[]);
    assert!(!flushes(&server), "nothing was read yet");
    assert_eq!(server.send(&Request::read("INV-3001")).status, 200);
    // A thread gives itself its name, so that it may run for a moment without.
    let deadline = Instant::now() + PATIENCE;
    while !flushes(&server) {
        assert!(Instant::now() < deadline, "{:?}", server.threads());
    }
    assert!(server.stop().0.success());

    let mut config = world.config();
    config["ledger"] = serde_json::json!({ "reads_wait_for_disk": true });
    world.write_config(&config);
    let server = Server::start(&mut world, &[]);
    assert_eq!(server.send(&Request::read("INV-3001")).status, 200);
    assert!(!flushes(&server));
    assert!(server.stop().0.success());
    let listed = world.ask(&["evidence", "list"]);
    assert_eq!(listed["evidence"].as_array().map(Vec::len), Some(2), "{listed:#}");
}
