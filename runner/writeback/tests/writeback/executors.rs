//! Executors of the application: what is sent, what is believed, and what becomes of the proposal. Every way they fail is in
//! `failures`.

use std::path::PathBuf;

use serde_json::{Value as Json, json};
use synapsor_protocol::{Code, Engine, EventKind, Outcome, ProposalId, ProposalState, SourceChanged, Value};
use synapsor_writeback::{CommandReach, Conclusion, DryRun, ExecutorSettings, Reach, SourceSays, StopSwitch};

use crate::bench::{Bench, Setup};
use crate::standin::{Behaviour, NEXT_SECRET, SECRET, Standin, TOKEN, at, signed};

pub(crate) const NAME: &str = "refunds_api";
pub(crate) const WAIVED: (&str, Value) = ("fee_cents", Value::Integer(0));

/// A bench whose proposals are for that executor.
async fn bench(executor: ExecutorSettings) -> Bench {
    let setup = Setup { executor: NAME.into(), executors: vec![executor], ..Setup::on(Engine::Sqlite) };
    setup.bench().await
}

/// A bench, an approved proposal, and the endpoint it goes to.
async fn approved(behaviours: impl IntoIterator<Item = Behaviour>) -> (Bench, ProposalId, Standin) {
    let standin = Standin::that(behaviours).await;
    let bench = bench(standin.executor(NAME)).await;
    let id = bench.approved(&[WAIVED]).await;
    (bench, id, standin)
}

pub(crate) fn says(over: Json) -> Behaviour {
    Behaviour::Says(200, over)
}

pub(crate) fn raw(text: &str) -> Behaviour {
    Behaviour::Raw(text.as_bytes().to_vec())
}

#[tokio::test]
async fn the_request_tells_the_whole_approved_change_and_is_signed_with_both_keys() {
    let (bench, id, standin) = approved([says(json!({"rows_affected": 1, "new_version": 8}))]).await;
    let report = bench.apply_to(&id, Outcome::Applied).await;
    assert_eq!(report.source_changed, SourceChanged::Yes);
    let receipt = report.receipt.expect("a receipt");
    assert_eq!((receipt.rows_affected, receipt.new_version), (1, Some(Value::Integer(8))));
    assert_eq!(bench.fee().await, "5500", "the runner itself writes nothing");

    let asked = standin.asked();
    let [asked] = asked.as_slice() else { panic!("asked once: {asked:?}") };
    let request = asked.document();
    let schema = include_str!("../../../../docs/reference/executor-request.v1.schema.json");
    let schema: Json = serde_json::from_str(schema).expect("a schema");
    for required in schema["required"].as_array().expect("names") {
        assert!(request.get(required.as_str().expect("a name")).is_some(), "{required}");
    }
    assert_eq!(request["purpose"], "execute");
    assert_eq!(request["approval"]["approved_by"], "alice");
    assert_eq!((&request["principal"], &request["tenant"]), (&json!("agent"), &json!("acme")));
    assert_eq!((&request["before"]["fee_cents"], &request["patch"]["fee_cents"]), (&json!(5500), &json!(0)));
    assert_eq!(request["guard"]["expected"], json!(7));
    assert_eq!(request["attempt"], json!(1));

    let header = |name: &str| asked.headers[name].as_str();
    assert_eq!(header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(header("idempotency-key"), request["idempotency_key"]);
    assert_eq!(header("x-synapsor-proposal-id"), id.as_str());
    assert_eq!(header("x-synapsor-issued-at"), request["issued_at"]);
    assert_eq!((header("x-synapsor-key-id"), header("x-synapsor-next-key-id")), ("2026", "2027"));
    assert_eq!(header("x-synapsor-signature"), signed(SECRET, &asked.body));
    assert_eq!(header("x-synapsor-next-signature"), signed(NEXT_SECRET, &asked.body));
}

#[tokio::test]
async fn a_success_is_final_and_nobody_is_asked_again() {
    let (bench, id, standin) = approved([says(json!({}))]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    bench.apply_to(&id, Outcome::AlreadyApplied).await;
    assert_eq!(standin.asked().len(), 1);
    let refused = bench.desk().reopen(&id, "lead", "again").await.expect_err("final");
    assert_eq!(refused.code, Code::ProposalNotReopenable);
}

#[tokio::test]
async fn a_no_is_recorded_with_the_application_s_own_code_and_can_be_tried_again() {
    let no = |status: &str, code: &str| json!({"status": status, "safe_error_code": code});
    for (answer, outcome, code) in [
        (Behaviour::Says(422, no("failed", "ACCOUNT_CLOSED")), Outcome::Failed, Code::ExecutorFailed),
        (Behaviour::Says(409, no("conflict", "ACCOUNT_CLOSED")), Outcome::Conflict, Code::ExecutorConflict),
        (Behaviour::Says(500, no("failed", "ACCOUNT_CLOSED")), Outcome::Failed, Code::ExecutorFailed),
        (says(no("failed", "ACCOUNT_CLOSED")), Outcome::Failed, Code::ExecutorFailed),
    ] {
        let (bench, id, standin) = approved([answer, says(json!({}))]).await;
        let report = bench.apply_to(&id, outcome).await;
        let receipt = report.receipt.expect("a receipt");
        assert_eq!((receipt.code, receipt.source_changed), (Some(code), SourceChanged::No));
        assert_eq!(receipt.executor_code.as_deref(), Some("ACCOUNT_CLOSED"));
        let again = bench.apply(&id).await.expect_err("over until somebody says otherwise");
        assert_eq!(again.code, Code::ProposalNotApproved);

        bench.desk().reopen(&id, "lead", "the account is open again").await.expect("reopened");
        bench.apply_to(&id, Outcome::Applied).await;
        let keys: Vec<Json> =
            standin.asked().iter().map(|asked| asked.document()["idempotency_key"].clone()).collect();
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0], keys[1]);
        assert!(bench.ledger.verify().await.expect("readable").holds());
    }
}

#[tokio::test]
async fn after_an_unclear_attempt_an_executor_that_is_away_does_not_make_it_certain() {
    let away = raw("HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n");
    let (bench, id, _standin) = approved([Behaviour::Hangs, away]).await;
    bench.apply_to(&id, Outcome::Unknown).await;
    let refused = bench.apply(&id).await.expect_err("turned away");
    assert_eq!((refused.code, refused.source_changed), (Code::ExecutorTurnedAway, SourceChanged::Unknown));
    assert_eq!(bench.state(&id).await, ProposalState::ReconciliationRequired);
}

#[tokio::test]
async fn what_certainly_did_not_arrive_is_sent_a_few_times_and_then_said() {
    // A port that was just free: nobody listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    drop(listener);
    let bench = bench(at(NAME, &url)).await;
    let id = bench.approved(&[WAIVED]).await;
    let refused = bench.apply(&id).await.expect_err("nobody is there");
    assert_eq!((refused.code, refused.source_changed), (Code::ExecutorUnavailable, SourceChanged::No));
    assert!(refused.code.retryable());
    assert_eq!(bench.state(&id).await, ProposalState::Approved);
    let events = bench.ledger.replay(&id).await.expect("readable").events;
    assert_eq!(events.last().map(|event| event.kind), Some(EventKind::WritebackInterrupted));
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_not_asked() {
    for url in
        ["http://169.254.169.254/latest", "https://10.0.0.7/", "http://93.184.215.14/", "http://[fe80::1]/"]
    {
        let bench = bench(at(NAME, url)).await;
        let id = bench.approved(&[WAIVED]).await;
        let refused = bench.apply(&id).await.expect_err("not allowed");
        assert_eq!(refused.code, Code::ExecutorAddressNotAllowed, "{url}");
        assert!(!refused.message.contains("169.254"), "{}", refused.message);
        assert_eq!(bench.state(&id).await, ProposalState::Approved);
    }
    let missing = Reach::Missing { why: "`REFUNDS_URL` is not set".into() };
    let bench = bench(ExecutorSettings { reach: missing, ..at(NAME, "unused") }).await;
    let id = bench.approved(&[WAIVED]).await;
    let refused = bench.apply(&id).await.expect_err("nothing to ask");
    assert_eq!(refused.code, Code::ExecutorNotConfigured);
    assert!(refused.message.contains("`REFUNDS_URL` is not set"), "{}", refused.message);
}

#[tokio::test]
async fn a_dry_run_and_a_look_ask_and_record_nothing() {
    let answers = [
        says(json!({"status": "would_apply"})),
        says(json!({"status": "not_found"})),
        says(json!({"status": "conflict", "changed_columns": ["note"]})),
        says(json!({"status": "already_applied"})),
    ];
    let (bench, id, standin) = approved(answers).await;
    let head = bench.ledger.verify().await.expect("a chain").head;
    let report = bench.desk().apply(&id, true).await.expect("a dry run");
    assert_eq!(report.would, Some(DryRun::Apply));
    let looked = bench.desk().inspect(&id).await.expect("a look");
    let changed_columns = vec!["note".to_owned()];
    let would = DryRun::Conflict { code: Code::ExecutorConflict, changed_columns };
    assert_eq!((looked.source, looked.conclusion), (SourceSays::NoReceipt { would }, Conclusion::Agreed));
    let looked = bench.desk().inspect(&id).await.expect("a look");
    assert_eq!(looked.source, SourceSays::Applied);
    let purposes: Vec<Json> =
        standin.asked().iter().map(|asked| asked.document()["purpose"].clone()).collect();
    assert_eq!(purposes, ["dry_run", "look_up", "dry_run", "look_up"]);
    assert_eq!(bench.ledger.verify().await.expect("a chain").head, head);
}

/// An executor that is this script; `$1` is where it may leave a trace.
pub(crate) fn script(text: &str, trace: &std::path::Path) -> ExecutorSettings {
    let words = ["sh", "-c", text, "script", trace.to_str().expect("a path")].map(str::to_owned).to_vec();
    let environment =
        vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned()), ("APP".to_owned(), "1".to_owned())];
    let reach = Reach::Command(CommandReach { words, environment, folder: PathBuf::from(".") });
    ExecutorSettings { name: NAME.into(), reach, timeout_ms: 1_000 }
}

/// Answers as the request says, with `status`.
pub(crate) const REPEAT: &str = r#"
read -r line
of() { printf '%s' "$line" | sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
printf '{"schema_version":"synapsor.executor-answer.v1","proposal_id":"%s","proposal_digest":"%s","idempotency_key":"%s","status":"%s"}' \
  "$(of proposal_id)" "$(of proposal_digest)" "$(of idempotency_key)" "$status"
"#;

#[tokio::test]
async fn a_command_gets_the_request_on_its_input_and_nothing_in_its_environment_but_what_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("environment");
    let bench = bench(script(&format!("env > \"$1\"\nstatus=applied\n{REPEAT}"), &trace)).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    let seen = std::fs::read_to_string(&trace).expect("it ran");
    // What a shell makes up by itself is not handed to it.
    let mut names: Vec<&str> =
        seen.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    names.retain(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name));
    names.sort_unstable();
    assert_eq!(names, ["APP", "PATH"]);
}

#[tokio::test]
async fn a_command_that_nobody_waits_for_any_more_is_killed_with_what_it_has_started() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("children");
    let executor = script("sleep 300 & echo $! > \"$1.new\" && mv \"$1.new\" \"$1\"; wait", &trace);
    let bench = bench(ExecutorSettings { timeout_ms: 300_000, ..executor }).await;
    let id = bench.approved(&[WAIVED]).await;
    let desk = bench.desk();
    let applying = tokio::spawn(async move { desk.apply(&id, false).await });
    let child = seen_within_a_minute("its child", async || std::fs::read_to_string(&trace).ok()).await;
    applying.abort();
    seen_within_a_minute("its child's end", async || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.trim())).unwrap_or_default();
        (status.is_empty() || status.contains("State:\tZ")).then_some(())
    })
    .await;
}

/// Looks for something again and again.
async fn seen_within_a_minute<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..6_000 {
        if let Some(seen) = look().await {
            return seen;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{what} is not seen");
}

#[tokio::test]
async fn told_to_stop_an_executor_is_asked_nothing_and_is_what_the_refusal_names() {
    let (bench, id, standin) = approved([says(json!({}))]).await;
    let switch = StopSwitch::new();
    switch.throw();
    let desk = bench.desk().stopping_on(switch.signal());
    let refused = desk.apply(&id, false).await.expect_err("stopped");
    assert_eq!((refused.code, refused.source_changed), (Code::Interrupted, SourceChanged::No));
    let expected = "executor `refunds_api`: the apply was told to stop before anything was sent";
    assert_eq!(refused.message, expected);
    assert!(standin.asked().is_empty());
    bench.apply_to(&id, Outcome::Applied).await;
}

#[tokio::test]
async fn a_dry_run_that_is_not_answered_says_so_and_nothing_is_recorded() {
    for behaviour in [says(json!({"status": "applied"})), raw("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n")]
    {
        let (bench, id, _standin) = approved([behaviour]).await;
        let head = bench.ledger.verify().await.expect("a chain").head;
        let refused = bench.desk().apply(&id, true).await.expect_err("no answer");
        assert_eq!((refused.code, refused.source_changed), (Code::ExecutorUnavailable, SourceChanged::No));
        assert_eq!(refused.message, "executor `refunds_api`: it does not say what it would do");
        assert_eq!(bench.ledger.verify().await.expect("a chain").head, head);
    }
}

#[tokio::test]
async fn a_check_asks_and_changes_nothing() {
    use synapsor_protocol::standin::CountingIds;
    let check = |executor: ExecutorSettings| async move {
        executor.check(&CountingIds::from(1), &crate::bench::stopped()).await.map_err(|refusal| refusal.code)
    };
    let echo = json!({"schema_version": "synapsor.executor-check.v1", "nonce": "x", "ready": true});
    for (behaviour, expected) in [
        (says(echo), Code::ExecutorUnavailable),
        (raw("HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n"), Code::ExecutorTurnedAway),
        (raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"), Code::ExecutorUnavailable),
        (Behaviour::Hangs, Code::ExecutorUnavailable),
    ] {
        let standin = Standin::that([behaviour]).await;
        assert_eq!(check(standin.executor(NAME)).await, Err(expected));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let ready = "sed 's/\"ready\":false/\"ready\":true/'";
    assert_eq!(check(script(ready, folder.path())).await, Ok(()));
}
