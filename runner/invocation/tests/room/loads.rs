//! Handlers are loaded a few at a time, each once, and the calls that need them wait, but not for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use synapsor_invocation::{Handlers, LoadHandler};
use synapsor_protocol::{Code, Refusal};
use tokio::sync::Semaphore;

/// Loads that are refused once they are let go, and how many of them were begun, and how many ran at once.
#[derive(Default)]
struct Watch {
    begun: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
}

fn slow(name: &str, watch: &Arc<Watch>, gate: &Arc<Semaphore>) -> (String, LoadHandler) {
    let (watch, gate, message) = (Arc::clone(watch), Arc::clone(gate), format!("`{name}` is missing"));
    let load: LoadHandler = Box::new(move || {
        let (watch, gate, message) = (Arc::clone(&watch), Arc::clone(&gate), message.clone());
        Box::pin(async move {
            watch.begun.fetch_add(1, Ordering::SeqCst);
            watch.most.fetch_max(watch.running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let _pass = gate.acquire().await.expect("is open");
            watch.running.fetch_sub(1, Ordering::SeqCst);
            Err(Refusal::new(Code::HandlerNotLoaded, message))
        })
    });
    (name.to_owned(), load)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_handler_that_fails_to_load_is_named_and_none_is_loaded_twice() {
    let (watch, gate) = (Arc::new(Watch::default()), Arc::new(Semaphore::new(8)));
    let handlers = Handlers::new(["a", "b", "c", "d", "e"].map(|name| slow(name, &watch, &gate)));
    let (first, again) = (handlers.load_all().await, handlers.load_all().await);
    assert_eq!(first, again);
    assert_eq!(first, handlers.readiness());
    assert!(first.loaded.is_empty() && first.waiting.is_empty() && !first.is_ready(), "{first:?}");
    assert_eq!(first.failed.keys().collect::<Vec<_>>(), ["a", "b", "c", "d", "e"]);
    assert!(first.failed["c"].message.contains("`c` is missing"), "{first:?}");
    assert_eq!(watch.begun.load(Ordering::SeqCst), 5);
    assert!(watch.most.load(Ordering::SeqCst) <= 2, "a load may be a whole compiler");
}

#[tokio::test]
async fn a_call_waits_for_the_load_that_is_under_way() {
    let (watch, gate) = (Arc::new(Watch::default()), Arc::new(Semaphore::new(0)));
    let handlers = Handlers::new([slow("a", &watch, &gate)]);
    let (all, called) = (handlers.clone(), handlers.clone());
    let all = tokio::spawn(async move { all.load_all().await });
    let called = tokio::spawn(async move { called.get("a").await.map(|_| ()) });
    while watch.begun.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    assert!(!called.is_finished() && !all.is_finished());
    gate.add_permits(1);
    assert_eq!(called.await.expect("ends").expect_err("is refused").code, Code::HandlerNotLoaded);
    assert_eq!(all.await.expect("ends").failed.len(), 1);
    assert_eq!(watch.begun.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_call_that_has_waited_long_enough_is_told_to_come_back_and_the_load_goes_on() {
    let (watch, gate) = (Arc::new(Watch::default()), Arc::new(Semaphore::new(0)));
    let handlers = Handlers::new([slow("a", &watch, &gate)]).call_wait(Duration::from_millis(1));
    let told = handlers.get("a").await.map(|_| ()).expect_err("is not loaded");
    assert_eq!(told.code, Code::HandlerLoading);
    assert!(told.code.retryable() && told.message.contains("`a`"), "{told:?}");
    gate.add_permits(1);
    handlers.load("a").await;
    assert_eq!(handlers.get("a").await.map(|_| ()).expect_err("is refused").code, Code::HandlerNotLoaded);
    assert_eq!(watch.begun.load(Ordering::SeqCst), 1, "it was not begun anew");
}

#[tokio::test]
async fn only_when_all_are_loaded_is_it_ready() {
    assert!(Handlers::default().readiness().is_ready(), "no handlers, nothing to wait for");
    let (watch, gate) = (Arc::new(Watch::default()), Arc::new(Semaphore::new(8)));
    let handlers = Handlers::new(["a", "b"].map(|name| slow(name, &watch, &gate)));
    let before = handlers.readiness();
    assert!(!before.is_ready() && before.failed.is_empty(), "{before:?}");
    assert_eq!(before.waiting.iter().collect::<Vec<_>>(), ["a", "b"]);
    handlers.load("b").await;
    let half = handlers.readiness();
    assert_eq!(half.waiting.iter().collect::<Vec<_>>(), ["a"]);
    assert_eq!(half.failed["b"].code, Code::HandlerNotLoaded);
    handlers.load("of no capability").await;
}

#[tokio::test]
async fn a_load_that_breaks_is_a_bug_that_every_call_names() {
    let load: LoadHandler = Box::new(|| Box::pin(async { Err(broken()) }));
    let handlers = Handlers::new([("a".to_owned(), load)]);
    for _ in 0..2 {
        assert_eq!(handlers.get("a").await.map(|_| ()).expect_err("is refused").code, Code::Internal);
    }
    assert_eq!(handlers.load_all().await.failed["a"].code, Code::Internal);
}

fn broken() -> Refusal {
    panic!("a load that breaks")
}
