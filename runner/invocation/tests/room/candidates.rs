//! Candidates in shadow: whatever one does, the live call is answered as without it, and what it did is on record.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use synapsor_config::Capability;
use synapsor_handler_host::{EngineSettings, HandlerEngine, Limits};
use synapsor_invocation::{Answer, Candidates, Handlers, LoadHandler, LoadedHandler, ToolCall};
use synapsor_ledger::{EventFilter, Filter};
use synapsor_protocol::value::plain_object;
use synapsor_protocol::{CandidateEnding, CandidateRun, Code, Digest, EventKind, Likeness, Refusal};
use synapsor_test_guests::{component, fixtures, guest};
use tokio::task::JoinSet;

use crate::desk::Desk;

const WAIVE: &str = "billing.propose_waiver";

fn config() -> Json {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let target = json!({ "schema": "main", "table": "fees", "primary_key": "id", "tenant_key": "tenant_id" });
    json!({
        "version": 1,
        "mode": "review",
        "sources": { "app": { "engine": "sqlite", "path": "app.db" } },
        "contexts": { "desk": { "provider": "environment" } },
        "capabilities": [{
            "name": WAIVE, "kind": "proposal", "source": "app", "context": "desk", "target": target,
            "args": { "fee_id": { "type": "string" } },
            "lookup": { "id_from_arg": "fee_id" },
            "visible_columns": ["id", "late_fee_cents", "version"],
            "handler": {
                "bundle": "handlers/one", "digest": digest("1"),
                "shadow": { "bundle": "handlers/two", "digest": digest("2") },
            },
            "allowed_columns": ["late_fee_cents"],
            "conflict_guard": { "column": "version" },
        }],
    })
}

/// A capability's handler, loaded from these bytes or refused.
fn loads(loaded: Result<Vec<u8>, Refusal>) -> Handlers {
    let load: LoadHandler = Box::new(move || {
        let loaded = loaded.clone().and_then(|component| {
            // A clock stops the whole engine, so each has its own, as a runner's have.
            let settings = EngineSettings { slots: 4, threads: 1, ..EngineSettings::default() };
            let engine = HandlerEngine::new(settings).expect("wasm runs here");
            let limits = Limits { fuel: 5_000_000, ..Limits::default() };
            let handler = engine.load(&component, &Digest::of_bytes(&component), limits);
            Ok(LoadedHandler {
                name: "fees".into(),
                version: "0.1.0".into(),
                handler: handler.map_err(|error| error.refusal())?,
                reads: Arc::default(),
                writes: BTreeSet::from(["late_fee_cents".to_owned()]),
            })
        });
        Box::pin(std::future::ready(loaded))
    });
    Handlers::new([(WAIVE.to_owned(), load)])
}

fn hostile(name: &str) -> Vec<u8> {
    component(&fixtures().join(format!("hostile/{name}.wat")))
}

/// A desk whose handler is that guest, with these candidates beside it.
async fn desk(live: &str, candidates: Option<Handlers>) -> (Desk, Option<Candidates>) {
    let environment = [("SYNAPSOR_TENANT_ID", "acme"), ("SYNAPSOR_PRINCIPAL", "agent")];
    let mut desk = Desk::with_handlers(&config(), &environment, loads(Ok(guest(live)))).await;
    let checked = synapsor_config::check(&config().to_string()).config.expect("valid");
    let tried: Vec<Arc<Capability>> = checked
        .capabilities
        .iter()
        .filter_map(|capability| capability.with_candidate())
        .map(Arc::new)
        .collect();
    let candidates = candidates.and_then(|handlers| Candidates::new(tried, handlers, desk.ledger.notebook()));
    if let Some(candidates) = &candidates {
        desk.runtime = desk.runtime.with_candidates(candidates.clone());
    }
    (desk, candidates)
}

/// What a call was answered, as far as a caller can tell two calls apart that came one after the other.
async fn told(desk: &Desk) -> Json {
    match desk.call(WAIVE, json!({ "fee_id": "F-1" })).await {
        Ok(Answer::Proposal(answer)) => {
            let change = &answer.proposal.change_set;
            json!([
                change.digest().expect("canonical"),
                plain_object(&change.patch),
                answer.state,
                change.summary
            ])
        }
        Ok(other) => panic!("no proposal: {other:?}"),
        Err(refusal) => json!([refusal.code, refusal.handler_code, refusal.message]),
    }
}

/// The run that is recorded some time after the call.
async fn recorded(desk: &Desk) -> CandidateRun {
    for _ in 0..3_000 {
        let mut found = None;
        desk.ledger.each_candidate_run(&Filter::default(), |run| found = Some(run)).await.expect("readable");
        if let Some(run) = found {
            let report = desk.ledger.verify().await.expect("readable");
            assert!(report.holds(), "{report:?}");
            return run;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no run was recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_pass_beside_a_candidate_that_never_ends() {
    let never: LoadHandler = Box::new(|| Box::pin(pending()));
    let never = Handlers::new([(WAIVE.to_owned(), never)]);
    let (desk, candidates) = desk("waives_fee", Some(never)).await;
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let runtime = desk.runtime.clone();
        callers.spawn(async move {
            for _ in 0..125 {
                let arguments = json!({ "fee_id": "F-1" }).as_object().cloned().expect("an object");
                runtime.invoke(ToolCall::new(WAIVE, arguments)).await.expect("answered");
            }
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller.expect("every call was answered");
    }
    assert_eq!(
        candidates.map(|candidates| (candidates.missed(), candidates.waiting())),
        Some((1000 - 64, 64))
    );
    let runs = EventFilter { kind: Some(EventKind::ShadowCandidateRan), ..EventFilter::default() };
    assert_eq!(desk.ledger.latest_events(&runs, 10).await.expect("readable"), []);
    assert_eq!(desk.proposals().await.len(), 1, "one open proposal, whoever else looks at its calls");
    let report = desk.ledger.verify().await.expect("readable");
    assert!(report.holds() && report.events == 1 + 1000, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_candidate_does_the_call_is_answered_as_without_it_and_the_run_is_on_record() {
    let (alone, _) = desk("waives_fee", None).await;
    let expected = told(&alone).await;
    let refused = |code| Refusal::new(code, "not this one");
    let failed = |code| (CandidateEnding::Failed { code }, None);
    for (candidate, (ending, likeness)) in [
        (Ok(hostile("endless_loop")), failed(Code::GuestFuel)),
        (Ok(hostile("memory_bomb")), failed(Code::GuestMemory)),
        (Ok(hostile("unreachable")), failed(Code::GuestTrap)),
        (Ok(hostile("infinite")), failed(Code::GuestAbi)),
        (Ok(hostile("huge_output")), failed(Code::GuestOutputTooLarge)),
        (Ok(hostile("imports_files")), failed(Code::HandlerImportNotGranted)),
        (Ok(b"no component".to_vec()), failed(Code::HandlerInvalid)),
        (Err(refused(Code::NotFound)), failed(Code::NotFound)),
        (Err(refused(Code::HandlerDigestMismatch)), failed(Code::HandlerDigestMismatch)),
        (
            Ok(guest("refuses")),
            (CandidateEnding::Refused { code: "CAP_REACHED".into() }, Some(Likeness::NewlyRefused)),
        ),
    ] {
        let (desk, _) = desk("waives_fee", Some(loads(candidate))).await;
        assert_eq!(told(&desk).await, expected, "{ending:?}");
        let run = recorded(&desk).await;
        assert_eq!((&run.ending, run.likeness), (&ending, likeness), "{run:?}");
        assert_eq!((run.dropped_before, run.capability.as_str()), (0, WAIVE));
        assert!(run.candidate.as_str().ends_with("2222") && run.proposal_id.is_some());
        assert_eq!(told(&desk).await, expected, "and so is the next: {ending:?}");
    }
}

/// Every record about candidates: how many of runs, and of how many calls it says that they were not shown.
async fn told_of(desk: &Desk) -> (u64, u64) {
    let (mut runs, mut not_shown) = (0, 0);
    let count = |run: CandidateRun| {
        let is_run = run.ending != CandidateEnding::NotShown;
        runs += u64::from(is_run);
        not_shown += run.dropped_before + u64::from(!is_run);
    };
    desk.ledger.each_candidate_run(&Filter::default(), count).await.expect("readable");
    (runs, not_shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_when_the_server_stops_is_run_or_recorded_as_not_shown_and_so_is_what_was_dropped() {
    let never: LoadHandler = Box::new(|| Box::pin(pending()));
    let never = Handlers::new([(WAIVE.to_owned(), never)]);
    let (stuck, candidates) = desk("waives_fee", Some(never)).await;
    let candidates = candidates.expect("candidates");
    let outcomes = Arc::new(std::sync::Mutex::new(std::collections::BTreeMap::<&str, u64>::new()));
    let seen = Arc::clone(&outcomes);
    candidates.watch(Box::new(move |capability, outcome| {
        assert_eq!(capability, WAIVE);
        *seen.lock().expect("nobody panicked").entry(outcome.as_str()).or_default() += 1;
    }));
    for _ in 0..70 {
        told(&stuck).await;
    }
    assert_eq!((candidates.waiting(), candidates.missed()), (64, 6));
    candidates.drain(Duration::from_millis(20)).await;
    assert_eq!(told_of(&stuck).await, (0, 70), "none is lost");
    assert_eq!((candidates.waiting(), candidates.missed()), (0, 0));
    assert_eq!(*outcomes.lock().expect("nobody panicked"), [("not_shown", 70)].into(), "each is told once");
    assert!(stuck.ledger.verify().await.expect("readable").holds());
    // Whoever is quick enough runs.
    let (quick, candidates) = desk("waives_fee", Some(loads(Ok(guest("waives_fee"))))).await;
    for _ in 0..3 {
        told(&quick).await;
    }
    let candidates = candidates.expect("candidates");
    candidates.drain(Duration::from_secs(60)).await;
    assert_eq!(told_of(&quick).await, (3, 0));
    // A call that was under way all that time is not shown, and that is on record too.
    told(&quick).await;
    while candidates.missed() > 0 || told_of(&quick).await != (3, 1) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_does_not_wait_as_long_as_one_that_only_changed_its_config() {
    let never: LoadHandler = Box::new(|| Box::pin(pending()));
    let never = Handlers::new([(WAIVE.to_owned(), never)]);
    let (stuck, candidates) = desk("waives_fee", Some(never)).await;
    let candidates = candidates.expect("candidates");
    for _ in 0..70 {
        told(&stuck).await;
    }
    let for_a_day = tokio::spawn({
        let candidates = candidates.clone();
        async move { candidates.drain(Duration::from_secs(86_400)).await }
    });
    candidates.drain(Duration::from_millis(20)).await;
    for_a_day.await.expect("it ended as well");
    assert_eq!(told_of(&stuck).await, (0, 70), "none is lost, and none is told of twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_many_were_not_shown_is_not_lost_with_a_record_that_could_not_be_written() {
    let opens = Arc::new(tokio::sync::Notify::new());
    let gate = Arc::clone(&opens);
    let waits: LoadHandler = Box::new(move || {
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            gate.notified().await;
            Err(Refusal::new(Code::NotFound, "not this one"))
        })
    });
    let waits = Handlers::new([(WAIVE.to_owned(), waits)]);
    let (desk, candidates) = desk("waives_fee", Some(waits)).await;
    let candidates = candidates.expect("candidates");
    for _ in 0..70 {
        told(&desk).await;
    }
    let ledger = rusqlite::Connection::open(desk.folder.path().join("ledger.db")).expect("the ledger");
    ledger.busy_timeout(Duration::from_secs(30)).expect("patience");
    let refuse = "CREATE TRIGGER no_more BEFORE INSERT ON evidence BEGIN SELECT RAISE(ABORT, 'no room'); END";
    ledger.execute_batch(refuse).expect("made");
    opens.notify_one();
    while candidates.waiting() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        (told_of(&desk).await, candidates.missed()),
        ((0, 0), 6),
        "they wait for a record that can be written"
    );
    ledger.execute_batch("DROP TRIGGER no_more").expect("gone");
    told(&desk).await;
    candidates.drain(Duration::from_secs(60)).await;
    assert_eq!((told_of(&desk).await, candidates.missed()), ((1, 6), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_takes_longer_to_load_than_a_call_waits_is_shown_the_call_all_the_same() {
    let slow = loads(Ok(guest("waives_fee"))).call_wait(Duration::ZERO);
    let (desk, _) = desk("waives_fee", Some(slow)).await;
    told(&desk).await;
    assert_eq!(recorded(&desk).await.likeness, Some(Likeness::Same));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_answers_the_same_uses_the_same_fuel() {
    let (desk, _) = desk("waives_fee", Some(loads(Ok(guest("waives_fee"))))).await;
    told(&desk).await;
    let run = recorded(&desk).await;
    assert_eq!((run.likeness, run.differing_columns.len()), (Some(Likeness::Same), 0), "{run:?}");
    let fuel = |used: Option<synapsor_protocol::Used>| used.map(|used| used.fuel);
    assert!(fuel(run.live_used).is_some() && fuel(run.live_used) == fuel(run.candidate_used), "{run:?}");
    assert!(!desk.ledger_holds("waived in full\n\n"), "nothing else of it is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_is_shown_what_the_live_handler_refused_and_nothing_it_was_not_asked() {
    let (desk, _) = desk("refuses", Some(loads(Ok(guest("waives_fee"))))).await;
    assert_eq!(desk.refused(WAIVE, json!({ "fee_id": "F-0" })).await, "ROW_NOT_FOUND");
    assert_eq!(desk.refused(WAIVE, json!({ "fee": "F-1" })).await, "ARGUMENT_UNKNOWN");
    assert_eq!(told(&desk).await[1], json!("CAP_REACHED"));
    let run = recorded(&desk).await;
    assert_eq!((run.likeness, &run.proposal_id), (Some(Likeness::NewlyAllowed), &None));
    assert!(matches!(run.ending, CandidateEnding::Proposed { .. }), "{run:?}");
    let mut runs = 0;
    desk.ledger.each_candidate_run(&Filter::default(), |_| runs += 1).await.expect("readable");
    assert_eq!(runs, 1);
    assert!(desk.proposals().await.is_empty(), "what a candidate would have proposed is no proposal");
}
