//! Every way an executor fails, in one table: what is recorded, whether what is said of the source is true, and that it can be
//! tried again until it has succeeded once.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use synapsor_protocol::{Code, Engine, Outcome, ProposalId, ProposalState, SourceChanged};
use synapsor_writeback::{CommandReach, ExecutorSettings, HttpReach, Reach, SigningKey};
use tokio::sync::Mutex;

use crate::bench::{Bench, Setup};
use crate::executors::{NAME, REPEAT, WAIVED, raw, says, script};
use crate::on_engine;
use crate::standin::{Application, Behaviour, NEXT_SECRET, Standin, at};

on_engine!(postgres, Postgres: however_it_fails_the_truth_is_told_and_one_try_succeeds);
on_engine!(mysql, Mysql: however_it_fails_the_truth_is_told_and_one_try_succeeds);

/// One way to fail.
struct Row {
    what: &'static str,
    fails: Fails,
    ends: Ends,
}

enum Fails {
    /// An endpoint that behaves so.
    Endpoint(Behaviour),
    /// An honest one that is asked with a secret it does not know.
    Forged,
    /// An address nobody may ask.
    Address(&'static str),
    /// A command that is this script.
    Command(String),
    /// A command that is not there.
    NoCommand,
}

/// How an attempt ends.
#[derive(Clone, Copy)]
enum Ends {
    /// Nobody knows whether it was carried out, and this says why.
    Unknown(Code),
    /// It was not, and that is on record.
    No(Outcome, Code),
    /// It was not, and the proposal is where it was.
    Nothing(Code),
}

fn endpoint(what: &'static str, behaviour: Behaviour, ends: Ends) -> Row {
    Row { what, fails: Fails::Endpoint(behaviour), ends }
}

/// What may have been carried out. Each is tried with an application that did, and with one that did not.
fn unclear() -> Vec<Row> {
    let rubbish = Ends::Unknown(Code::ExecutorAnswerInvalid);
    let lost = Ends::Unknown(Code::ExecutorAnswerLost);
    let late = Ends::Unknown(Code::ExecutorTimeout);
    let other = "f".repeat(64);
    let body = |status: &str, text: &str| {
        raw(&format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{text}", text.len()))
    };
    let binary = Behaviour::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\xff\xfe{}".to_vec());
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"sta";
    vec![
        endpoint("hangs", Behaviour::Hangs, late),
        endpoint("drips", Behaviour::Drips, late),
        endpoint("sends a gigabyte", Behaviour::Floods, rubbish),
        endpoint("closes at once", raw(""), lost),
        endpoint("closes in the head", raw("HTTP/1.1 20"), lost),
        endpoint("closes half-way", Behaviour::Raw(half.to_vec()), lost),
        endpoint("closes its half only", Behaviour::ClosesHalf(half), lost),
        endpoint("has a head without end", raw(&"HTTP/1.1 200 OK\r\nx: ".to_owned().repeat(100_000)), lost),
        endpoint("speaks no HTTP", raw("220 mail.example ESMTP\r\n"), lost),
        endpoint("says ok", body("200 OK", "ok"), rubbish),
        endpoint("says nothing", raw("HTTP/1.1 204 No\r\n\r\n"), rubbish),
        endpoint("is not UTF-8", binary, rubbish),
        endpoint("breaks", body("500 No", ""), rubbish),
        endpoint("is away behind a proxy", body("503 No", "<html>"), rubbish),
        endpoint(
            "did it and sends elsewhere",
            raw("HTTP/1.1 303 See\r\nlocation: /done\r\ncontent-length: 0\r\n\r\n"),
            rubbish,
        ),
        endpoint("lies about its status", Behaviour::Says(500, json!({})), rubbish),
        endpoint("applied no row", says(json!({ "rows_affected": 0 })), rubbish),
        endpoint("failed with rows", says(json!({ "status": "failed", "rows_affected": 3 })), rubbish),
        endpoint("answers for another proposal", says(json!({ "proposal_id": "wrp_9" })), rubbish),
        endpoint("answers for another key", says(json!({ "idempotency_key": other })), rubbish),
        endpoint(
            "answers for another content",
            says(json!({ "proposal_digest": format!("sha256:{other}") })),
            rubbish,
        ),
        endpoint(
            "speaks another version",
            says(json!({ "schema_version": "synapsor.executor-answer.v9" })),
            rubbish,
        ),
        endpoint("has a word of its own", says(json!({ "status": "maybe" })), rubbish),
    ]
}

/// What was certainly not carried out.
fn certain() -> Vec<Row> {
    let away = Ends::Nothing(Code::ExecutorTurnedAway);
    let no = |status: u16, word: &str, outcome, code| {
        let said = json!({ "status": word, "safe_error_code": "ACCOUNT_CLOSED" });
        endpoint("says no", Behaviour::Says(status, said), Ends::No(outcome, code))
    };
    let turned_away = |status: u16, more: &str| {
        let text = format!("HTTP/1.1 {status} No\r\n{more}content-length: 0\r\n\r\n");
        endpoint("turns it away", raw(&text), away)
    };
    let metadata = "location: http://169.254.169.254/latest/meta-data\r\n";
    let not_allowed = Ends::Nothing(Code::ExecutorAddressNotAllowed);
    vec![
        no(409, "conflict", Outcome::Conflict, Code::ExecutorConflict),
        no(200, "conflict", Outcome::Conflict, Code::ExecutorConflict),
        no(422, "failed", Outcome::Failed, Code::ExecutorFailed),
        no(500, "failed", Outcome::Failed, Code::ExecutorFailed),
        turned_away(401, ""),
        turned_away(403, ""),
        turned_away(404, ""),
        turned_away(413, ""),
        turned_away(429, ""),
        turned_away(301, metadata),
        turned_away(302, metadata),
        turned_away(307, metadata),
        turned_away(308, "location: https://elsewhere.example/\r\n"),
        Row { what: "knows another secret", fails: Fails::Forged, ends: away },
        Row {
            what: "is a metadata address",
            fails: Fails::Address("http://169.254.169.254/"),
            ends: not_allowed,
        },
        Row {
            what: "is in a private network",
            fails: Fails::Address("https://10.0.0.7/"),
            ends: not_allowed,
        },
        Row {
            what: "is no command",
            fails: Fails::NoCommand,
            ends: Ends::Nothing(Code::ExecutorNotConfigured),
        },
    ]
}

fn commands() -> Vec<Row> {
    let late = Ends::Unknown(Code::ExecutorTimeout);
    let rubbish = Ends::Unknown(Code::ExecutorAnswerInvalid);
    let no = Ends::No(Outcome::Failed, Code::ExecutorFailed);
    let answers = |status: &str| format!("status={status}\n{REPEAT}");
    let rows: Vec<(&'static str, String, Ends)> = vec![
        ("forks, and both hang", "sleep 600 & echo $! >> \"$1\"; sleep 600".into(), late),
        ("leaves its output to its child", "sleep 600 & echo $! >> \"$1\"".into(), late),
        ("writes a gigabyte", "head -c 1073741824 /dev/zero".into(), rubbish),
        ("ends well without a word", "true".into(), rubbish),
        ("is not UTF-8", "printf '\\377\\376{}'".into(), rubbish),
        ("ends with an error", "exit 3".into(), rubbish),
        ("dies by a signal", "kill -KILL $$".into(), rubbish),
        ("says applied and dies", format!("{}\nkill -KILL $$", answers("applied")), rubbish),
        ("says applied and ends with an error", format!("{}\nexit 3", answers("applied")), rubbish),
        ("says failed and ends with an error", format!("{}\nexit 3", answers("failed")), no),
    ];
    rows.into_iter().map(|(what, text, ends)| Row { what, fails: Fails::Command(text), ends }).collect()
}

async fn however_it_fails_the_truth_is_told_and_one_try_succeeds(engine: Engine) {
    let setup = Setup { executor: NAME.into(), executors: vec![at(NAME, "unused")], ..Setup::on(engine) };
    let mut bench = setup.bench().await;
    let application = Application::on(bench.database.session().await);
    let folder = tempfile::tempdir().expect("a folder");
    let children = folder.path().join("children");
    for row in [certain(), commands()].into_iter().flatten() {
        fails_and_succeeds(&mut bench, &application, &row, false, &children).await;
    }
    for mut row in unclear() {
        fails_and_succeeds(&mut bench, &application, &row, false, &children).await;
        if let Fails::Endpoint(behaviour) = row.fails {
            row.fails = Fails::Endpoint(Behaviour::Acts(Box::new(behaviour)));
        }
        fails_and_succeeds(&mut bench, &application, &row, true, &children).await;
    }
    assert!(bench.ledger.verify().await.expect("readable").holds());
    for child in std::fs::read_to_string(&children).expect("the children's ids").lines() {
        let status = std::fs::read_to_string(format!("/proc/{child}/status")).unwrap_or_default();
        assert!(status.is_empty() || status.contains("State:\tZ"), "a child went on: {status}");
    }
}

/// One row: it fails, what is said of it holds, the application is mended, and a person has it carried out.
async fn fails_and_succeeds(
    bench: &mut Bench,
    application: &Arc<Mutex<Application>>,
    row: &Row,
    acted: bool,
    children: &Path,
) {
    let what = format!("{}, {}", row.what, if acted { "having acted" } else { "not having acted" });
    bench.execute("UPDATE invoices SET fee_cents = 5500, version = 7 WHERE id = 'INV-1'").await;
    let (executor, standin) = failing(row, application, children).await;
    bench.setup.executors = vec![executor];
    let id = bench.approved(&[WAIVED]).await;
    let state = match row.ends {
        Ends::Unknown(code) => {
            let report = bench.apply_to(&id, Outcome::Unknown).await;
            assert_eq!(report.source_changed, SourceChanged::Unknown, "{what}");
            assert_eq!(report.receipt.expect("a receipt").code, Some(code), "{what}");
            ProposalState::ReconciliationRequired
        }
        Ends::No(outcome, code) => {
            let receipt = bench.apply_to(&id, outcome).await.receipt.expect("a receipt");
            assert_eq!((receipt.code, receipt.source_changed), (Some(code), SourceChanged::No), "{what}");
            let again = bench.apply(&id).await.expect_err("over until somebody says otherwise");
            assert_eq!(again.code, Code::ProposalNotApproved, "{what}");
            if outcome == Outcome::Failed { ProposalState::Failed } else { ProposalState::Conflict }
        }
        Ends::Nothing(code) => {
            let refused = bench.apply(&id).await.expect_err("not carried out");
            assert_eq!((refused.code, refused.source_changed), (code, SourceChanged::No), "{what}");
            ProposalState::Approved
        }
    };
    assert_eq!(bench.state(&id).await, state, "{what}");
    assert_eq!((bench.fee().await == "0", bench.version().await == "8"), (acted, acted), "{what}");
    assert!(
        standin.is_none_or(|standin| standin.asked().len() == 1),
        "{what}: asked once, and not elsewhere"
    );
    succeeds(bench, application, &id, row.ends, acted, &what).await;
}

/// A person has it tried again with an application that is mended. The row is changed once, and that is final.
async fn succeeds(
    bench: &mut Bench,
    application: &Arc<Mutex<Application>>,
    id: &ProposalId,
    ended: Ends,
    acted: bool,
    what: &str,
) {
    let honest = Standin::of(Some(application), [Behaviour::Honest]).await;
    bench.setup.executors = vec![honest.executor(NAME)];
    let reopened = bench.desk().reopen(id, "lead", "the application is mended").await;
    let outcome = if matches!(ended, Ends::Unknown(_)) {
        assert_eq!(reopened.expect_err("unknown is no failure").code, Code::ProposalNotReopenable, "{what}");
        bench.desk().settle(id).await.expect("settled").expect("there was something").outcome
    } else {
        // What never began is approved still, and stays so.
        assert_eq!(reopened.expect("may be tried").state, ProposalState::Approved, "{what}");
        bench.apply(id).await.expect("carried out").outcome
    };
    let expected = if acted { Outcome::AlreadyApplied } else { Outcome::Applied };
    assert_eq!(outcome, Some(expected), "{what}");
    assert_eq!((bench.fee().await.as_str(), bench.version().await.as_str()), ("0", "8"), "{what}: once");
    let asked = honest.asked().len();
    bench.apply_to(id, Outcome::AlreadyApplied).await;
    assert_eq!(honest.asked().len(), asked, "{what}: a success is final");
    let refused = bench.desk().reopen(id, "lead", "once more").await.expect_err("final");
    assert_eq!(refused.code, Code::ProposalNotReopenable, "{what}");
}

/// The executor that fails so, and the stand-in behind it.
async fn failing(
    row: &Row,
    application: &Arc<Mutex<Application>>,
    children: &Path,
) -> (ExecutorSettings, Option<Standin>) {
    match &row.fails {
        Fails::Endpoint(behaviour) => {
            let standin = Standin::of(Some(application), [behaviour.clone()]).await;
            (standin.executor(NAME), Some(standin))
        }
        Fails::Forged => {
            let standin = Standin::of(Some(application), [Behaviour::Honest]).await;
            let mut executor = standin.executor(NAME);
            if let Reach::Http(HttpReach { keys, .. }) = &mut executor.reach {
                *keys = vec![SigningKey { id: "2026".into(), secret: NEXT_SECRET.into() }];
            }
            (executor, Some(standin))
        }
        Fails::Address(url) => (at(NAME, url), None),
        Fails::Command(text) => (script(text, children), None),
        Fails::NoCommand => {
            let words = vec!["/nowhere/at/all".to_owned()];
            let reach = CommandReach { words, environment: Vec::new(), folder: ".".into() };
            (ExecutorSettings { reach: Reach::Command(reach), ..at(NAME, "unused") }, None)
        }
    }
}
