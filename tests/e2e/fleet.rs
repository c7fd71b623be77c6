//! Workers and a control plane, each a process of its own: jobs are drained once, whoever dies, and nobody else is let in.

mod deaths;
mod doctor;
mod drain;
mod encrypted;
pub(crate) mod hostile;
mod lies;
mod overtaken;
mod redacted;
mod stand_in;
mod stops;
mod strangers;

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::running::Running;
use crate::unsettled::approved;
use crate::world::World;

/// A lease; a killed worker's job is free after it.
const LEASE_SECONDS: &str = "15";

on_every_engine!(
    a_worker_without_a_ledger_applies_once_and_tells_what_stands_in_the_way,
    a_killed_workers_job_is_settled_by_the_next_one,
);

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr()).expect("a free port").port()
}

/// A control plane that listens.
fn control_plane(world: &World, port: u16) -> Running {
    control_plane_with(world, port, &[])
}

/// The same with more options.
fn control_plane_with(world: &World, port: u16, more: &[&str]) -> Running {
    let port = port.to_string();
    let mut command = world.command(&[&["control-plane", "serve", "--port", &port], more].concat());
    let mut running = Running::start(command.stderr(Stdio::piped()));
    let mut lines = BufReader::new(running.stderr.take().expect("piped"));
    let mut told = String::new();
    while !told.contains("listening on") {
        assert!(lines.read_line(&mut told).expect("a line") > 0, "{told}");
    }
    // Somebody has to read on, or its log would fill the pipe.
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    running
}

/// A runner token for that worker.
fn token(world: &World, runner: &str, source: &str) -> (String, String) {
    let made = world.ask(&["control-plane", "token", "make", "--runner", runner, "--source", source]);
    let text = |value: &Json| value.as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    (text(&made["token"]["id"]), text(&made["secret"]))
}

/// A worker as it is started on another machine: with everything but a ledger.
fn worker(world: &World, port: u16, name: &str, token: &str, more: &[&str]) -> std::process::Command {
    worker_leasing(LEASE_SECONDS, world, port, name, token, more)
}

/// The same with leases of another length.
fn worker_leasing(
    seconds: &str,
    world: &World,
    port: u16,
    name: &str,
    token: &str,
    more: &[&str],
) -> std::process::Command {
    let words = ["runner", "start", "--lease-seconds", seconds, "--poll-interval-ms", "50", "--json"];
    let mut command = world.command(&[&words, more].concat());
    command
        .env("SYNAPSOR_CONTROL_PLANE_URL", format!("http://127.0.0.1:{port}"))
        .env("SYNAPSOR_RUNNER_ID", name)
        .env("SYNAPSOR_SOURCE_ID", "app")
        .env("SYNAPSOR_RUNNER_TOKEN", token)
        .env("SYNAPSOR_LOCAL_STORE", "/nowhere/at/all.db")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn state(world: &World, id: &str) -> Json {
    world.ask(&["proposals", "show", id])["state"].clone()
}

async fn a_worker_without_a_ledger_applies_once_and_tells_what_stands_in_the_way(world: World) {
    let port = free_port();
    let plane = control_plane(&world, port);
    let (token_id, token) = token(&world, "worker-1", "app");
    let drain = || -> crate::world::Answered {
        worker(&world, port, "worker-1", &token, &["--until-empty"]).output().expect("it runs").into()
    };
    let (first, second) = (approved(&world, "INV-3001"), approved(&world, "INV-3002"));
    let moved = "UPDATE invoices SET late_fee_cents = 1 WHERE id = 'INV-3002'";
    world.database.execute(moved).await;
    let drained = drain();
    assert_eq!(drained.exit, 0, "{drained:?}");
    assert_eq!(drained.json()["ended"], json!({ "applied": 1, "conflict": 1 }), "{drained:?}");
    assert!(!drained.stderr.contains(&token) && !drained.stderr.contains("bank delay"), "{}", drained.stderr);
    for told in ["worker-1", "invoices", "late_fee_cents", "duration_ms"] {
        assert!(drained.stderr.contains(told), "the log tells {told}: {}", drained.stderr);
    }
    assert_eq!((state(&world, &first), state(&world, &second)), (json!("applied"), json!("conflict")));
    assert_eq!(world.invoice("INV-3001").await.late_fee_cents, "0");
    assert_eq!(world.invoice("INV-3002").await.late_fee_cents, "1");
    assert_eq!(drain().json()["ended"], json!({}), "nothing waits");

    // What the worker's own config does not allow stays as it was, whatever the control plane sends.
    let third = approved(&world, "INV-3003");
    let config = world.config();
    let mut narrow = config.clone();
    World::capability(&mut narrow, "billing.propose_late_fee_waiver")["allowed_columns"] =
        json!(["waiver_reason"]);
    World::capability(&mut narrow, "billing.propose_late_fee_waiver")["patch"] =
        json!({ "waiver_reason": { "from_arg": "reason" } });
    World::capability(&mut narrow, "billing.propose_late_fee_waiver")
        .as_object_mut()
        .expect("a capability")
        .remove("numeric_bounds");
    world.write_config(&narrow);
    assert_eq!(drain().json()["ended"], json!({ "WRITEBACK_NOT_REVIEWED": 1 }));
    world.write_config(&config);
    assert_eq!(world.invoice("INV-3003").await.late_fee_cents, "1200");
    assert_eq!(state(&world, &third), json!("pending_worker"));

    let forged: crate::world::Answered =
        worker(&world, port, "worker-1", "syn_wbr_00", &["--until-empty"]).output().expect("it runs").into();
    assert_eq!((forged.exit, forged.code().as_str()), (1, "TOKEN_INVALID"), "{forged:?}");
    let other: crate::world::Answered =
        worker(&world, port, "worker-2", &token, &["--until-empty"]).output().expect("it runs").into();
    assert_eq!((other.exit, other.code().as_str()), (1, "RUNNER_SCOPE_MISMATCH"), "{other:?}");
    let (_, elsewhere) = self::token(&world, "worker-1", "books");
    let other: crate::world::Answered =
        worker(&world, port, "worker-1", &elsewhere, &["--until-empty"]).output().expect("it runs").into();
    assert_eq!((other.exit, other.code().as_str()), (1, "RUNNER_SCOPE_MISMATCH"), "{other:?}");
    world.ask(&["control-plane", "token", "revoke", &token_id]);
    let revoked = drain();
    assert_eq!((revoked.exit, revoked.code().as_str()), (1, "TOKEN_INVALID"), "{revoked:?}");
    let listed = world.ask(&["control-plane", "token", "list"]);
    assert_eq!(listed["tokens"].as_array().map(Vec::len), Some(2), "{listed}");
    assert!(
        !listed.to_string().contains(&token) && listed["tokens"][0]["revoked_at"].is_string(),
        "{listed}"
    );
    let unknown = world.run(&["control-plane", "token", "revoke", "rtk_nothing", "--json"]);
    assert_eq!((unknown.exit, unknown.code().as_str()), (1, "RECORD_NOT_FOUND"));
    assert_eq!(world.ask(&["store", "verify"])["ok"], json!(true));
    drop(plane);
}

async fn a_killed_workers_job_is_settled_by_the_next_one(world: World) {
    let port = free_port();
    let _plane = control_plane(&world, port);
    let (_, token) = token(&world, "worker-1", "app");
    let id = approved(&world, "INV-3001");
    let lock = crate::unsettled::locked(&world).await;
    let mut killed = Running::start(&mut worker(&world, port, "worker-1", &token, &[]));
    let deadline = Instant::now() + Duration::from_secs(20);
    while state(&world, &id) != json!("pending_worker") {
        assert!(Instant::now() < deadline, "nobody claims the job");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    killed.kill();
    drop(lock);
    let mut next = Running::start(&mut worker(&world, port, "worker-1", &token, &[]));
    let deadline = Instant::now() + Duration::from_secs(60);
    while state(&world, &id) != json!("applied") {
        assert!(Instant::now() < deadline && next.try_wait().expect("alive").is_none(), "nobody settles it");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    next.send("TERM");
    let told = next.ended();
    assert_eq!(told.exit, 0, "{told:?}");
    assert_eq!((world.invoice("INV-3001").await.late_fee_cents.as_str(), world.receipts().await), ("0", 1));
    let rejected = world.run(&["proposals", "reject", &id, "--yes", "--reason", "too late", "--json"]);
    assert_eq!(rejected.exit, 1, "{rejected:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lacks_everything_says_so_at_once() {
    let mut world = World::new(Engine::Postgres).await;
    world.unset("APP_WRITE_URL");
    let answered = world.run(&["runner", "start", "--json"]);
    assert_eq!((answered.exit, answered.code().as_str()), (1, "RUNNER_NOT_CONFIGURED"), "{answered:?}");
    for name in ["CONTROL_PLANE_URL", "RUNNER_TOKEN", "RUNNER_ID", "SOURCE_ID", "DATABASE_URL", "ENGINE"] {
        assert!(answered.stdout.contains(&format!("`SYNAPSOR_{name}`")), "{name}: {}", answered.stdout);
    }
    let answered = world.run(&["start", "--concurrency", "4", "--json"]);
    assert_eq!((answered.exit, answered.code().as_str()), (1, "RUNNER_NOT_CONFIGURED"), "{answered:?}");
    let open = world.run(&["control-plane", "serve", "--host", "0.0.0.0", "--json"]);
    assert_eq!((open.exit, open.code().as_str()), (1, "BIND_NOT_LOCAL"), "{open:?}");
}
