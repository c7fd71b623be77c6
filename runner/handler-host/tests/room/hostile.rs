//! Every hostile guest ends with the code it is expected to end with, and the engine lives on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use synapsor_handler_host::{Allowance, EngineSettings, Handler, HandlerEngine, Limits, Wasi};
use synapsor_protocol::{Code, Digest};
use synapsor_test_guests::{HostileGuest, hostile};

use crate::support::{Table, call, component, engine, engine_with, fixtures, load_with, no_reads};

/// What memory may be kept after a guest is gone: what the allocator holds on to, not what guests took.
const SLACK_BYTES: u64 = 32 * 1024 * 1024;

fn allowance(guest: &HostileGuest) -> Allowance {
    let default = Limits::default();
    Allowance {
        limits: Limits {
            fuel: guest.limit("fuel").unwrap_or(default.fuel),
            timeout_ms: guest.limit("timeout_ms").unwrap_or(default.timeout_ms),
            ..default
        },
        wasi: if guest.wasi { Wasi::DenyAll } else { Wasi::None },
    }
}

fn load(engine: &HandlerEngine, guest: &HostileGuest) -> Result<Handler, (Code, String)> {
    let digest = Digest::of_bytes(&guest.component);
    engine
        .load(&guest.component, &digest, allowance(guest))
        .map_err(|error| (error.refusal().code, error.to_string()))
}

async fn called(handler: &Handler) -> Result<(), (Code, String)> {
    let run = handler.propose(call(), Arc::new(Table::default())).await;
    run.map(drop).map_err(|error| (error.code, error.message))
}

/// Bytes of this process that are in memory.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel says how much is in memory");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line for it");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

#[tokio::test]
async fn every_hostile_guest_ends_with_its_code_and_the_next_call_works_in_the_same_memory() {
    let engine = engine();
    let ordinary = load_with(&engine, "refuses", Limits::default());
    let guests = hostile();
    assert!(guests.len() >= 90, "found {}", guests.len());
    let mut wrong = Vec::new();
    let mut loaded = Vec::new();
    for guest in &guests {
        let ended = match load(&engine, guest) {
            Ok(handler) => {
                let ended = called(&handler).await;
                loaded.push(handler);
                ended
            }
            Err(refused) => Err(refused),
        };
        match ended {
            Err((code, message)) if code.as_str() == guest.code && message.contains(guest.words) => {
                let inert = !message.contains(char::is_control) && message.len() < 400;
                assert!(inert && !message.contains("1e9") && !message.contains("all is well"), "{message}");
            }
            ended => wrong
                .push(format!("{}: expected {} ({}), found {ended:?}", guest.name, guest.code, guest.words)),
        }
        ordinary.propose(call(), no_reads()).await.expect("the next call works");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // Everything was touched once; from here on nothing may be added.
    let before = resident_bytes();
    for _ in 0..2 {
        for handler in &loaded {
            called(handler).await.expect_err("ends as it did");
        }
    }
    let after = resident_bytes();
    assert!(after < before + SLACK_BYTES, "{before} bytes before, {after} after");
}

#[tokio::test]
async fn a_hostile_guest_ends_the_same_way_with_the_same_fuel_every_time() {
    let engine = engine();
    let names = [
        "endless_loop",
        "memory_bomb",
        "deep_recursion",
        "read_flood",
        "log_flood",
        "bad_decimal",
        "waits_for_the_clock",
        "prints_without_end",
    ];
    for guest in hostile().iter().filter(|guest| names.contains(&guest.name.as_str())) {
        let handler = load(&engine, guest).expect("loads");
        let first = handler.propose(call(), no_reads()).await.expect_err("is stopped");
        let second = handler.propose(call(), no_reads()).await.expect_err("is stopped");
        let name = &guest.name;
        assert_eq!((first.code, first.usage.fuel), (second.code, second.usage.fuel), "{name}");
        assert_eq!(
            (first.message, first.log, first.reads),
            (second.message, second.log, second.reads),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut_and_holds_no_control_characters() {
    let component = component(&fixtures().join("hostile/log_flood.wat"));
    let handler = engine().load(&component, &Digest::of_bytes(&component), Limits::default()).expect("loads");
    let error = handler.propose(call(), no_reads()).await.expect_err("is stopped");
    assert_eq!(error.log.len(), 65);
    assert!(error.log.iter().all(|line| !line.contains(char::is_control)), "{:?}", error.log.first());
    assert!(
        error.log.last().is_some_and(|line| line.ends_with("more lines were dropped")),
        "{:?}",
        error.log.last()
    );
}

#[tokio::test]
async fn a_guest_that_does_nothing_but_call_the_host_lets_others_run() {
    let engine = engine_with(EngineSettings { slots: 4, threads: 1, ..EngineSettings::default() });
    let component = component(&fixtures().join("hostile/log_flood.wat"));
    let limits = Limits { fuel: 500_000_000, timeout_ms: 10_000, ..Limits::default() };
    let flood = engine.load(&component, &Digest::of_bytes(&component), limits).expect("loads");
    let ordinary = load_with(&engine, "refuses", Limits::default());
    let flooding = tokio::spawn(async move { flood.propose(call(), no_reads()).await });
    tokio::time::sleep(Duration::from_millis(10)).await;
    let started = Instant::now();
    ordinary.propose(call(), no_reads()).await.expect("answers");
    let waited_us = started.elapsed().as_micros();
    let error = flooding.await.expect("does not panic").expect_err("is stopped");
    assert!(waited_us * 4 < u128::from(error.usage.wall_us), "{waited_us} µs of {:?}", error.usage);
}

#[tokio::test]
async fn without_fuel_to_stop_it_a_loop_meets_the_deadline() {
    let component = component(&fixtures().join("hostile/endless_loop.wat"));
    let limits = Limits { fuel: u64::MAX, timeout_ms: 100, ..Limits::default() };
    let handler = engine().load(&component, &Digest::of_bytes(&component), limits).expect("loads");
    let started = Instant::now();
    let error = handler.propose(call(), no_reads()).await.expect_err("is stopped");
    assert_eq!(error.code, Code::GuestDeadline);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
