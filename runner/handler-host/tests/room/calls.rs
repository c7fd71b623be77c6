//! Ordinary calls: what goes in, what comes out, what is reported, and how many run at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use synapsor_handler_host::{EngineSettings, HandlerAnswer, HandlerCall, Limits};
use synapsor_protocol::{Code, Columns, Digest, Usage, Value};

use crate::support::{
    Table, call, columns, component, engine, engine_with, every_type, fixtures, guest, load, load_with,
    no_reads,
};

#[tokio::test]
async fn a_change_comes_back_with_its_summary_its_log_and_what_was_used() {
    let run = load("waives_fee").propose(call(), no_reads()).await.expect("answers");
    let columns = columns([("late_fee_cents", Value::Integer(0))]);
    assert_eq!(run.answer, HandlerAnswer::Change { columns, summary: Some(r"waived in full\u{a}".into()) });
    assert_eq!(run.log, [r"info: waived in full\u{a}"]);
    let Usage { fuel, memory_bytes, reads, rows, output_bytes, wall_us } = run.usage;
    assert!(fuel > 0 && wall_us > 0, "{:?}", run.usage);
    assert_eq!((memory_bytes, reads, rows, output_bytes), (4 * 65_536, 0, 0, 14 + 8 + 15));
}

#[tokio::test]
async fn a_business_no_is_an_answer_not_an_error() {
    let run = load("refuses").propose(call(), no_reads()).await.expect("answers");
    let refusal = HandlerAnswer::Refusal { code: "CAP_REACHED".into(), message: "the cap is used".into() };
    assert_eq!(run.answer, refusal);
}

#[tokio::test]
async fn every_type_of_value_passes_through_unchanged() {
    let handler = load("echoes_row");
    for row in [every_type(), Columns::new(), columns([("t", Value::Text(String::new()))])] {
        let run =
            handler.propose(HandlerCall { row: row.clone(), ..call() }, no_reads()).await.expect("answers");
        assert_eq!(run.answer, HandlerAnswer::Change { columns: row, summary: None });
    }
}

#[tokio::test]
async fn every_call_sees_fresh_memory_and_uses_the_same_fuel() {
    let handler = load("counts_calls");
    let first = handler.propose(call(), no_reads()).await.expect("answers");
    for _ in 0..20 {
        let again = handler.propose(call(), no_reads()).await.expect("answers again");
        assert_eq!((again.answer, again.usage.fuel), (first.answer.clone(), first.usage.fuel));
    }
}

#[tokio::test]
async fn nothing_of_one_call_is_left_in_the_memory_of_the_next() {
    let settings = EngineSettings { slots: 1, ..EngineSettings::default() };
    let handler = load_with(&engine_with(settings), "looks_around", Limits::default());
    let with = |text: &str| HandlerCall { row: columns([("secret", Value::Text(text.into()))]), ..call() };
    let found = |code: &str| HandlerAnswer::Refusal { code: code.into(), message: code.into() };
    let run = handler.propose(with("~canary~"), no_reads()).await.expect("answers");
    assert_eq!(run.answer, found("FOUND"), "the guest finds what it was given");
    let run = handler.propose(with("nothing!"), no_reads()).await.expect("answers");
    assert_eq!(run.answer, found("CLEAN"));
}

#[tokio::test]
async fn where_there_is_no_address_space_for_a_pool_calls_still_run() {
    let settings = EngineSettings { slots: 1_000_000, threads: 1, ..EngineSettings::default() };
    let handler = load_with(&engine_with(settings), "refuses", Limits::default());
    assert!(handler.propose(call(), no_reads()).await.is_ok());
}

#[tokio::test]
async fn as_many_calls_as_slots_and_line_hold_all_get_their_turn() {
    let settings = EngineSettings { queue_wait_ms: 60_000, ..EngineSettings::default() };
    let (slots, queue_max) = (settings.slots, settings.queue_max);
    let handler = load_with(&engine_with(settings), "refuses", Limits::default());
    let calls: Vec<_> = (0..slots + queue_max)
        .map(|_| {
            let handler = handler.clone();
            tokio::spawn(async move { handler.propose(call(), no_reads()).await.map(drop) })
        })
        .collect();
    for ended in calls {
        assert_eq!(ended.await.expect("does not panic"), Ok(()));
    }
}

#[tokio::test]
async fn an_answer_that_comes_with_the_last_of_the_fuel_comes_too_late() {
    let engine = crate::support::engine();
    let needed = load("waives_fee").propose(call(), no_reads()).await.expect("answers").usage.fuel;
    let enough = load_with(&engine, "waives_fee", Limits { fuel: needed + 1, ..Limits::default() });
    assert!(enough.propose(call(), no_reads()).await.is_ok());
    let little = load_with(&engine, "waives_fee", Limits { fuel: needed, ..Limits::default() });
    let error = little.propose(call(), no_reads()).await.expect_err("nothing is left");
    assert_eq!((error.code, error.usage.fuel), (Code::GuestFuel, needed));
}

#[tokio::test]
async fn an_answer_one_byte_over_its_limit_is_refused() {
    let engine = crate::support::engine();
    let limits = Limits { output_bytes: 36, ..Limits::default() };
    let error =
        load_with(&engine, "waives_fee", limits).propose(call(), no_reads()).await.expect_err("37 bytes");
    assert_eq!(error.code, Code::GuestOutputTooLarge);
    assert_eq!(error.message, "expected an answer of at most 36 bytes, found 37");
}

#[tokio::test]
async fn a_guest_that_computes_too_long_meets_its_deadline() {
    let limits = Limits { timeout_ms: 1, fuel: Limits::MAX.fuel, ..Limits::default() };
    let handler = load_with(&crate::support::engine(), "takes_its_time", limits);
    let error = handler.propose(call(), no_reads()).await.expect_err("1 ms is too little");
    assert_eq!(error.code, Code::GuestDeadline);
    assert!(error.refusal().code.retryable());
}

#[tokio::test]
async fn more_calls_than_slots_wait_and_more_than_the_line_holds_are_told_to_come_back() {
    let settings = EngineSettings {
        slots: 1,
        queue_max: 2,
        queue_wait_ms: 10_000,
        threads: 1,
        ..EngineSettings::default()
    };
    let handler = load_with(&engine_with(settings), "gets", Limits::default());
    let reads = Arc::new(Table { delay: Duration::from_millis(100), ..Table::default() });
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let (handler, reads) = (handler.clone(), Arc::clone(&reads));
            tokio::spawn(async move { handler.propose(call(), reads).await })
        })
        .collect();
    let mut codes = Vec::new();
    for ended in calls {
        codes.push(ended.await.expect("does not panic").map(drop).map_err(|error| error.code));
    }
    assert_eq!(codes.iter().filter(|code| code.is_ok()).count(), 3, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == Err(Code::HandlerBusy)).count(), 2, "{codes:?}");
}

#[tokio::test]
async fn a_looping_guest_keeps_neither_the_callers_thread_nor_another_guest_waiting() {
    let settings = EngineSettings { slots: 8, threads: 1, ..EngineSettings::default() };
    let engine = engine_with(settings);
    let slow = load_with(&engine, "takes_its_time", Limits { fuel: Limits::MAX.fuel, ..Limits::default() });
    let quick = load_with(&engine, "refuses", Limits::default());
    let busy: Vec<_> = (0..4)
        .map(|_| {
            let slow = slow.clone();
            tokio::spawn(async move { slow.propose(call(), no_reads()).await })
        })
        .collect();
    tokio::task::yield_now().await;
    let started = Instant::now();
    quick.propose(call(), no_reads()).await.expect("answers between the others' slices");
    let waited = started.elapsed();
    for ended in busy {
        let run = ended.await.expect("does not panic").expect("answers in the end");
        assert!(u128::from(run.usage.wall_us) > waited.as_micros(), "{waited:?} against {:?}", run.usage);
    }
}

#[tokio::test]
async fn ordinary_calls_are_answered_while_as_many_guests_as_may_run_loop_without_end() {
    let engine = engine_with(EngineSettings { slots: 8, threads: 2, ..EngineSettings::default() });
    let endless = component(&fixtures().join("hostile/endless_loop.wat"));
    let limits = Limits { fuel: u64::MAX, timeout_ms: u64::MAX, ..Limits::default() };
    let endless = engine.load(&endless, &Digest::of_bytes(&endless), limits).expect("loads");
    let ordinary = load_with(&engine, "gets", Limits { timeout_ms: u64::MAX, ..Limits::default() });
    let looping: Vec<_> = (0..7)
        .map(|_| {
            let endless = endless.clone();
            // The host's own limits end each of them after some seconds, the deadline on a slow machine; another begins in
            // its place.
            tokio::spawn(async move {
                loop {
                    let ended = endless.propose(call(), no_reads()).await.expect_err("has no end");
                    assert!(matches!(ended.code, Code::GuestFuel | Code::GuestDeadline), "{ended:?}");
                }
            })
        })
        .collect();
    for _ in 0..20 {
        tokio::task::yield_now().await;
        ordinary.propose(call(), no_reads()).await.expect("answers between the others' slices");
    }
    for one in looping {
        one.abort();
        assert!(one.await.is_err_and(|ended| ended.is_cancelled()), "it was still looping");
    }
}

#[tokio::test]
async fn where_there_is_no_pool_answers_fuel_and_limits_are_the_same() {
    let pooled = engine();
    let on_demand = engine_with(EngineSettings { slots: 1_000_000, threads: 2, ..EngineSettings::default() });
    let hostile =
        ["memory_bomb", "table_bomb", "deep_recursion", "endless_loop", "read_flood", "huge_output"];
    let hostile = hostile.map(|name| component(&fixtures().join(format!("hostile/{name}.wat"))));
    let ordinary = ["waives_fee", "refuses", "gets", "finds", "echoes_row"].map(guest);
    for component in hostile.iter().chain(&ordinary) {
        let mut runs = Vec::new();
        for engine in [&pooled, &on_demand] {
            let handler =
                engine.load(component, &Digest::of_bytes(component), Limits::default()).expect("loads");
            let run = handler.propose(call(), no_reads()).await;
            let run = run.map(|run| (run.answer, run.usage.fuel, run.usage.memory_bytes, run.log));
            runs.push(run.map_err(|e| (e.code, e.message, e.usage.fuel, e.usage.memory_bytes, e.log)));
        }
        assert_eq!(runs.first(), runs.last());
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_frees_its_slot() {
    let settings = EngineSettings { slots: 1, queue_max: 1, threads: 1, ..EngineSettings::default() };
    let handler =
        load_with(&engine_with(settings), "gets", Limits { timeout_ms: 10_000, ..Limits::default() });
    let stuck = Arc::new(Table { delay: Duration::from_secs(3_600), ..Table::default() });
    let gone = tokio::time::timeout(Duration::from_millis(50), handler.propose(call(), stuck)).await;
    assert!(gone.is_err());
    assert!(handler.propose(call(), no_reads()).await.is_ok());
}

#[test]
fn an_engine_can_be_dropped_inside_a_runtime_with_a_call_under_way() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    runtime.block_on(async {
        let handler = load("takes_its_time");
        let call = tokio::spawn(async move { handler.propose(call(), no_reads()).await.map(drop) });
        tokio::time::sleep(Duration::from_millis(5)).await;
        call.abort();
    });
}
