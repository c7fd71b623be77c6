//! A worker whose lease is over while its apply is on its way: another one has the job, and the first is told so and lets go.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::stand_in::{Answer, StandIn};
use super::stops::{patient, under_way};
use super::{control_plane, free_port, state, token, worker, worker_leasing};
use crate::running::Running;
use crate::unsettled::{approved, events};
use crate::world::World;

on_servers!(a_worker_that_was_overtaken_lets_go_and_the_other_one_changes_the_row_once);

/// The way to a database, on which nothing passes any more once somebody asks for a row's lock.
struct Stalling {
    port: u16,
    stalled: Arc<AtomicBool>,
}

impl Stalling {
    fn before(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let stalled = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stalled);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(&address)) else { return };
                let (back, front) =
                    (server.try_clone().expect("two halves"), client.try_clone().expect("two halves"));
                let [out, home] = [Arc::clone(&seen), Arc::clone(&seen)];
                std::thread::spawn(move || pass(client, server, &out));
                std::thread::spawn(move || pass(back, front, &home));
            }
        });
        Self { port, stalled }
    }
}

/// Hands everything on until one side hangs up; once it is stalled not even that is told.
fn pass(mut from: TcpStream, mut to: TcpStream, stalled: &AtomicBool) {
    let mut some = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut some) {
        let asks = some[..count].windows(10).any(|words| words == b"FOR UPDATE");
        let is_stalled = stalled.fetch_or(asks, Ordering::SeqCst) || asks;
        if !is_stalled && to.write_all(&some[..count]).is_err() {
            break;
        }
    }
    match stalled.load(Ordering::SeqCst) {
        // The other side waits in the dark for as long as the test lasts.
        true => std::mem::forget(to),
        false => drop(to.shutdown(Shutdown::Both)),
    }
}

async fn a_worker_that_was_overtaken_lets_go_and_the_other_one_changes_the_row_once(world: World) {
    patient(&world);
    let real = free_port();
    let _plane = control_plane(&world, real);
    let (_, one) = token(&world, "worker-1", "app");
    let (_, other) = token(&world, "worker-2", "app");
    // In between its claims are shortened, so that the control plane gives the job away while it still counts on its lease.
    let between = StandIn::new(Some(real), |asked| match asked.is("claim") {
        true => {
            let mut shorter = asked.body.clone();
            shorter["lease_seconds"] = json!(15);
            Answer::PassInstead(shorter)
        }
        false => Answer::Pass,
    });
    let url = world.variable("APP_WRITE_URL").expect("a credential").to_owned();
    let address = url.split('@').next_back().and_then(|rest| rest.split('/').next()).expect("an address");
    let way = Stalling::before(address.to_owned());
    let id = approved(&world, "INV-3001");
    let mut slow = worker_leasing("60", &world, between.port, "worker-1", &one, &[]);
    slow.env("APP_WRITE_URL", url.replace(address, &format!("127.0.0.1:{}", way.port)));
    let loser = under_way(&world, slow, &id).await;
    assert!(way.stalled.load(Ordering::SeqCst), "its apply is on its way");

    let winner = Running::start(&mut worker(&world, real, "worker-2", &other, &[]));
    let deadline = Instant::now() + Duration::from_secs(60);
    while state(&world, &id) != json!("applied") {
        assert!(Instant::now() < deadline, "nobody overtakes it: {:?}", events(&world, &id));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    winner.send("TERM");
    let won = winner.ended();
    assert_eq!((won.exit, &won.json()["ended"]), (0, &json!({ "applied": 1 })), "{won:?}");

    // Its first renewal comes after a third of a minute.
    tokio::time::sleep(Duration::from_secs(9)).await;
    loser.send("TERM");
    let lost = loser.ended();
    assert_eq!(lost.exit, 0, "{lost:?}");
    assert!(lost.json()["ended"].get("applied").is_none(), "{lost:?}");
    for told in ["a lease is lost", "code=WRITEBACK_LEASE_EXPIRED", "worker-1"] {
        assert!(lost.stderr.contains(told), "{told}: {}", lost.stderr);
    }
    assert_eq!((world.invoice("INV-3001").await.late_fee_cents.as_str(), world.receipts().await), ("0", 1));
    let ends = events(&world, &id).iter().filter(|kind| *kind == "writeback_applied").count();
    assert_eq!((ends, state(&world, &id)), (1, json!("applied")), "settled once");
    assert_eq!(world.ask(&["writeback", "reconcile", "list"])["proposals"], json!([]));
    assert_eq!(world.ask(&["store", "verify"])["ok"], json!(true));
}
