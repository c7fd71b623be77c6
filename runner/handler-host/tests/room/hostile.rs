//! Every guest in `fixtures/hostile` ends with the code its first line names, and the engine lives on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use synapsor_handler_host::{Allowance, EngineSettings, HandlerEngine, Limits, Wasi};
use synapsor_protocol::{Code, Digest};

use crate::support::{Table, call, component, engine, engine_with, fixtures, load_with, no_reads};

fn fixture_files() -> Vec<PathBuf> {
    let folder = fixtures().join("hostile");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder exists")
        .map(|entry| entry.expect("is listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wat"))
        .collect();
    files.sort();
    files
}

fn expected(path: &PathBuf) -> String {
    let text = std::fs::read_to_string(path).expect("is text");
    let code = text.lines().next().and_then(|line| line.strip_prefix(";; expect: "));
    code.unwrap_or_else(|| panic!("{} does not begin with `;; expect: CODE`", path.display())).to_owned()
}

/// What the guest is loaded with: WASI where its second line asks for it.
fn allowance(path: &PathBuf) -> Allowance {
    let text = std::fs::read_to_string(path).expect("is text");
    let wasi = if text.contains("\n;; wasi: deny_all\n") { Wasi::DenyAll } else { Wasi::None };
    Allowance { limits: Limits::default(), wasi }
}

/// How the guest ended, loaded and called once.
async fn ended(engine: &HandlerEngine, path: &PathBuf) -> Result<(), (Code, String)> {
    let component = component(path);
    let handler = engine
        .load(&component, &Digest::of_bytes(&component), allowance(path))
        .map_err(|error| (error.refusal().code, error.to_string()))?;
    let run = handler.propose(call(), Arc::new(Table::default())).await;
    run.map(drop).map_err(|error| (error.code, error.message))
}

#[tokio::test]
async fn every_hostile_guest_ends_with_the_code_it_names_and_the_next_call_works() {
    let engine = engine();
    let ordinary = load_with(&engine, "refuses", Limits::default());
    let files = fixture_files();
    assert!(files.len() >= 40, "found {}", files.len());
    let mut wrong = Vec::new();
    for path in files {
        let found = ended(&engine, &path).await;
        let expected = expected(&path);
        if found.as_ref().err().map(|(code, _)| code.as_str()) != Some(expected.as_str()) {
            wrong.push(format!("{}: expected {expected}, found {found:?}", path.display()));
        }
        ordinary.propose(call(), no_reads()).await.expect("the next call works");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_hostile_guest_ends_the_same_way_with_the_same_fuel_every_time() {
    let engine = engine();
    for name in ["endless_loop", "memory_bomb", "deep_recursion", "read_flood", "log_flood", "bad_decimal"] {
        let component = component(&fixtures().join(format!("hostile/{name}.wat")));
        let handler =
            engine.load(&component, &Digest::of_bytes(&component), Limits::default()).expect("loads");
        let first = handler.propose(call(), no_reads()).await.expect_err("is stopped");
        let second = handler.propose(call(), no_reads()).await.expect_err("is stopped");
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

#[tokio::test]
async fn what_an_error_says_holds_nothing_the_guest_wrote() {
    let engine = engine();
    for path in fixture_files() {
        if let Err((_, message)) = ended(&engine, &path).await {
            assert!(!message.contains(char::is_control) && message.len() < 400, "{message}");
            assert!(!message.contains("1e9") && !message.contains("all is well"), "{message}");
        }
    }
}
