//! A component that keeps breaking is suspended, tried again, and serves again.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use synapsor_handler_host::{
    EngineSettings, Handler, HandlerEngine, Limits, PAUSE_MS, ReadError, STOPS_IN_A_ROW,
};
use synapsor_protocol::{Clock, Code, Digest, Moment};

use crate::support::{Table, call, component, engine, fixtures, guest, load_with, no_reads};

/// A clock the test sets.
#[derive(Default)]
struct SetClock(AtomicI64);

impl SetClock {
    fn pass_ms(&self, ms: u64) {
        self.0.fetch_add(ms.cast_signed() * 1_000, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Moment {
        Moment::from_micros(1_750_000_000_000_000 + self.0.load(Ordering::Relaxed)).expect("in range")
    }
}

fn suspending() -> (HandlerEngine, Arc<SetClock>) {
    let clock = Arc::new(SetClock::default());
    let settings = EngineSettings { slots: 4, threads: 2, ..EngineSettings::default() };
    (HandlerEngine::suspending(settings, Arc::clone(&clock) as _).expect("starts"), clock)
}

async fn code(handler: &Handler) -> Option<Code> {
    handler.propose(call(), no_reads()).await.err().map(|error| error.code)
}

/// Answers with enough fuel and is stopped with little.
fn breaking(engine: &HandlerEngine) -> Handler {
    load_with(engine, "waives_fee", Limits { fuel: 100, ..Limits::default() })
}

#[tokio::test]
async fn five_stops_suspend_a_component_and_one_answer_after_the_pause_brings_it_back() {
    let (engine, clock) = suspending();
    let (broken, works) = (breaking(&engine), load_with(&engine, "waives_fee", Limits::default()));
    let other = load_with(&engine, "refuses", Limits::default());
    for _ in 0..STOPS_IN_A_ROW {
        assert_eq!(code(&broken).await, Some(Code::GuestFuel));
    }
    assert_eq!(code(&broken).await, Some(Code::HandlerSuspended));
    assert_eq!(code(&works).await, Some(Code::HandlerSuspended), "the same component, whoever loaded it");
    assert_eq!(code(&other).await, None, "another one is not concerned");

    let suspended = engine.suspensions();
    assert_eq!(suspended.len(), 1);
    assert_eq!((&suspended[0].component, suspended[0].code), (broken.digest(), Code::GuestFuel));
    assert_eq!(broken.suspension().as_ref(), suspended.first());

    clock.pass_ms(PAUSE_MS);
    assert_eq!(code(&broken).await, Some(Code::GuestFuel), "one call tries");
    assert_eq!(code(&works).await, Some(Code::HandlerSuspended), "and the pause begins anew");
    clock.pass_ms(PAUSE_MS);
    assert_eq!(code(&works).await, None);
    assert_eq!(engine.suspensions(), []);
    assert_eq!(code(&broken).await, Some(Code::GuestFuel));
}

#[tokio::test]
async fn a_suspended_call_is_refused_with_words_and_may_be_repeated() {
    let (engine, _clock) = suspending();
    let broken = breaking(&engine);
    for _ in 0..STOPS_IN_A_ROW {
        broken.propose(call(), no_reads()).await.expect_err("is stopped");
    }
    let error = broken.propose(call(), no_reads()).await.expect_err("is suspended");
    let expected = "the handler was stopped 5 times in a row, the last time with `GUEST_FUEL`; it is tried again after 30 s";
    assert_eq!(error.message, expected);
    assert!(error.code.retryable());
}

#[tokio::test]
async fn business_refusals_and_unanswered_reads_never_suspend() {
    let (engine, _clock) = suspending();
    let refuses = load_with(&engine, "refuses", Limits::default());
    let reads = load_with(&engine, "gets", Limits::default());
    for _ in 0..3 * STOPS_IN_A_ROW {
        assert_eq!(code(&refuses).await, None);
        let failing = Arc::new(Table::failing(ReadError::Unavailable));
        let error = reads.propose(call(), failing).await.expect_err("no row");
        assert_eq!(error.code, Code::GuestReadFailed);
    }
    assert_eq!(engine.suspensions(), []);
}

#[tokio::test]
async fn a_caller_that_goes_away_while_trying_leaves_the_try_to_the_next() {
    let (engine, clock) = suspending();
    let broken = load_with(&engine, "gets", Limits { fuel: 100, ..Limits::default() });
    for _ in 0..STOPS_IN_A_ROW {
        assert_eq!(code(&broken).await, Some(Code::GuestFuel));
    }
    clock.pass_ms(PAUSE_MS);
    let works = load_with(&engine, "gets", Limits::default());
    let stuck = Arc::new(Table { delay: std::time::Duration::from_secs(3_600), ..Table::default() });
    let gone = tokio::time::timeout(std::time::Duration::from_millis(20), works.propose(call(), stuck)).await;
    assert!(gone.is_err());
    assert_eq!(code(&works).await, None);
}

#[tokio::test]
async fn an_engine_that_judges_handlers_suspends_none() {
    let component = component(&fixtures().join("hostile/unreachable.wat"));
    let engine = engine();
    let handler = engine.load(&component, &Digest::of_bytes(&component), Limits::default()).expect("loads");
    for _ in 0..2 * STOPS_IN_A_ROW {
        assert_eq!(code(&handler).await, Some(Code::GuestTrap));
    }
    assert!(engine.suspensions().is_empty() && guest("refuses") != component);
}
