//! What a worker does with a control plane that lies or fails: nothing is written that was not approved and allowed, and it goes on.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use synapsor_protocol::{Engine, Proposal};

use super::stand_in::{Answer, StandIn, ask};
use super::{control_plane, free_port, state, token, worker};
use crate::running::Running;
use crate::unsettled::approved;
use crate::world::{Answered, World};

on_every_engine!(
    a_changed_job_is_refused_with_a_code_and_nothing_is_written,
    a_job_that_is_repeated_or_given_to_two_workers_changes_its_row_once,
    answers_that_cannot_be_used_are_said_and_the_job_after_them_is_carried_out,
    a_control_plane_that_is_away_for_longer_than_a_lease_finds_every_job_settled_once,
);

/// A job as it was changed on its way, and what the worker says of it.
struct Lie {
    what: &'static str,
    tells: fn(&mut Json),
    code: &'static str,
}

const LIES: &[Lie] = &[
    Lie {
        what: "another value",
        tells: |told| told["job"]["patch"]["late_fee_cents"] = json!({ "integer": 1 }),
        code: "WRITEBACK_JOB_MISMATCH",
    },
    Lie {
        what: "another column",
        tells: |told| told["job"]["patch"]["balance_cents"] = json!({ "integer": 0 }),
        code: "PATCH_COLUMN_NOT_ALLOWED",
    },
    Lie {
        what: "a wider list of columns",
        tells: |told| told["job"]["handover"]["allowed_columns"] = json!(["balance_cents"]),
        code: "PATCH_COLUMN_NOT_ALLOWED",
    },
    Lie {
        what: "another tenant",
        tells: |told| told["job"]["tenant"] = json!("otherco"),
        code: "TENANT_GUARD_MISMATCH",
    },
    Lie {
        what: "another row",
        tells: |told| told["job"]["target"]["key"] = json!({ "text": "INV-3002" }),
        code: "WRITEBACK_JOB_MISMATCH",
    },
    Lie {
        what: "another table",
        tells: |told| told["job"]["target"]["table"] = json!("customers"),
        code: "WRITEBACK_JOB_MISMATCH",
    },
    Lie {
        what: "a row that looked otherwise",
        tells: |told| told["job"]["before"]["late_fee_cents"] = json!({ "integer": 7 }),
        code: "WRITEBACK_JOB_MISMATCH",
    },
    Lie {
        what: "no guard",
        tells: |told| told["job"]["guard"]["advance"] = json!("none"),
        code: "WRITEBACK_JOB_MISMATCH",
    },
    Lie {
        what: "another source than the worker drains",
        tells: |told| {
            sealed_again(told, |change| change["target"]["source"] = json!("books"));
            told["job"]["target"]["source"] = json!("books");
        },
        code: "RUNNER_SCOPE_MISMATCH",
    },
    Lie {
        what: "another worker's job",
        tells: |told| told["job"]["handover"]["runner_id"] = json!("worker-2"),
        code: "RUNNER_SCOPE_MISMATCH",
    },
    Lie {
        what: "another project's job",
        tells: |told| told["job"]["handover"]["project_id"] = json!("theirs"),
        code: "RUNNER_SCOPE_MISMATCH",
    },
    Lie {
        what: "a lease that was over before it began",
        tells: |told| {
            told["job"]["handover"]["lease"]["expires_at"] = json!("2001-01-01T00:00:00.000000Z");
        },
        code: "WRITEBACK_LEASE_EXPIRED",
    },
    Lie {
        what: "a proposal that was edited",
        tells: |told| {
            told["proposal"]["change_set"]["patch"]["late_fee_cents"] = json!({ "integer": 1 });
        },
        code: "PROPOSAL_HASH_MISMATCH",
    },
    Lie {
        what: "a proposal that was edited and sealed again, which nobody approved",
        tells: |told| {
            let approved = told["approval"].clone();
            sealed_again(told, |change| change["patch"]["late_fee_cents"] = json!({ "integer": 1 }));
            told["approval"] = approved;
        },
        code: "WRITEBACK_JOB_MISMATCH",
    },
    Lie {
        what: "everything edited and sealed again, for a column the worker's config does not open",
        tells: |told| {
            sealed_again(told, |change| {
                change["patch"] = json!({ "balance_cents": { "integer": 0 } });
                change["allowed_columns"] = json!(["balance_cents"]);
            });
            told["job"]["patch"] = json!({ "balance_cents": { "integer": 0 } });
            told["job"]["handover"]["allowed_columns"] = json!(["balance_cents"]);
        },
        code: "WRITEBACK_NOT_REVIEWED",
    },
    Lie {
        what: "everything edited and sealed again, for a table the worker's config does not open",
        tells: |told| {
            sealed_again(told, |change| change["target"]["table"] = json!("customers"));
            told["job"]["target"]["table"] = json!("customers");
        },
        code: "WRITEBACK_NOT_REVIEWED",
    },
    Lie {
        what: "a person's no",
        tells: |told| told["approval"]["verdict"] = json!("rejected"),
        code: "WRITEBACK_JOB_MISMATCH",
    },
    Lie {
        what: "a yes to something else",
        tells: |told| told["approval"]["proposal_id"] = json!("wrp_other"),
        code: "WRITEBACK_JOB_MISMATCH",
    },
    Lie {
        what: "the key of a row of which nothing is redacted",
        tells: |told| told["row_key"] = json!("0".repeat(64)),
        code: "WRITEBACK_JOB_MISMATCH",
    },
    Lie {
        what: "a form nobody knows",
        tells: |told| told["schema_version"] = json!("synapsor.writeback-assignment.v9"),
        code: "WRITEBACK_JOB_MISMATCH",
    },
];

/// Edits the change set and everything that names its digest, as somebody would who has the control plane.
fn sealed_again(told: &mut Json, edit: fn(&mut Json)) {
    edit(&mut told["proposal"]["change_set"]);
    let proposal: Proposal = serde_json::from_value(told["proposal"].clone()).expect("a proposal");
    let digest = json!(proposal.recompute_digest().expect("canonical"));
    told["proposal"]["digest"] = digest.clone();
    told["job"]["proposal_digest"] = digest.clone();
    told["approval"]["proposal_digest"] = digest;
}

/// A real assignment of that invoice's proposal, as worker-1 gets it.
fn assignment(world: &World, invoice: &str) -> Json {
    let port = free_port();
    let _plane = control_plane(world, port);
    let (_, token) = token(world, "worker-1", "app");
    approved(world, invoice);
    let claim = json!({ "source_id": "app", "runner_id": "worker-1", "limit": 1, "lease_seconds": 600 });
    let (status, given) = ask(port, Some(&token), "POST /v1/writeback/jobs/claim", &claim.to_string());
    assert_eq!((status, given["jobs"].as_array().map(Vec::len)), (200, Some(1)), "{given}");
    given["jobs"][0].clone()
}

/// A control plane that answers claims from a list, then has no job, and keeps the results it is told.
fn telling(answers: Vec<Answer>) -> (StandIn, Arc<Mutex<Vec<Json>>>) {
    let (results, mut answers) = (Arc::new(Mutex::new(Vec::new())), VecDeque::from(answers));
    let told = Arc::clone(&results);
    let plane = StandIn::new(None, move |asked| match () {
        () if asked.is("claim") => answers.pop_front().unwrap_or_else(|| jobs(&[])),
        () if asked.is("result") => {
            told.lock().expect("kept").push(asked.body["end"].clone());
            Answer::Yes(json!({ "ok": true, "state": "pending_worker" }))
        }
        () => Answer::Yes(json!({ "ok": true })),
    });
    (plane, results)
}

fn jobs(jobs: &[&Json]) -> Answer {
    Answer::Yes(json!({ "ok": true, "jobs": jobs }))
}

fn drained(world: &World, plane: &StandIn, more: &[&str]) -> Answered {
    let words = [&["--until-empty"], more].concat();
    worker(world, plane.port, "worker-1", "syn_wbr_00", &words).output().expect("it runs").into()
}

async fn a_changed_job_is_refused_with_a_code_and_nothing_is_written(world: World) {
    let truth = assignment(&world, "INV-3001");
    let before = (world.invoice("INV-3001").await, world.invoice("INV-3002").await);
    for Lie { what, tells, code } in LIES {
        let mut told = truth.clone();
        tells(&mut told);
        assert_ne!(told, truth, "{what}");
        let (plane, results) = telling(vec![jobs(&[&told])]);
        let drained = drained(&world, &plane, &[]);
        assert_eq!(drained.json()["ended"], json!({ *code: 1 }), "{what}: {drained:?}");
        let results = results.lock().expect("kept").clone();
        assert_eq!(results, [json!({ "came_to_nothing": { "code": code } })], "{what}");
    }
    assert_eq!((world.invoice("INV-3001").await, world.invoice("INV-3002").await), before);
    assert_eq!(world.receipts().await, 0);
    // The same worker, told the truth.
    let (plane, _) = telling(vec![jobs(&[&truth])]);
    assert_eq!(drained(&world, &plane, &[]).json()["ended"], json!({ "applied": 1 }));
    assert_eq!(world.invoice("INV-3001").await.late_fee_cents, "0");
}

async fn a_job_that_is_repeated_or_given_to_two_workers_changes_its_row_once(world: World) {
    let job = assignment(&world, "INV-3001");
    // To two workers at the same time, twice to each, and once more when it is over.
    let planes = [(); 2].map(|()| telling(vec![jobs(&[&job, &job]), jobs(&[&job])]).0);
    let running = planes.each_ref().map(|plane| {
        let words = ["--until-empty", "--concurrency", "2"];
        Running::start(&mut worker(&world, plane.port, "worker-1", "syn_wbr_00", &words))
    });
    let mut counts = (0, 0);
    for child in running {
        let drained = child.ended();
        let of = |outcome: &str| drained.json()["ended"][outcome].as_u64().unwrap_or_default();
        assert!(drained.stderr.contains("gave a job out twice"), "{}", drained.stderr);
        counts = (counts.0 + of("applied"), counts.1 + of("already_applied"));
    }
    // A job that was still under way when it came again is not begun again, so not every repetition counts.
    assert!(counts.0 == 1 && (1..=3).contains(&counts.1), "{counts:?}");
    assert_eq!((world.invoice("INV-3001").await.late_fee_cents.as_str(), world.receipts().await), ("0", 1));
}

const UNAVAILABLE: &str = "CONTROL_PLANE_UNAVAILABLE";
const INVALID: &str = "CONTROL_PLANE_ANSWER_INVALID";

/// Answers to a claim that are none, and what the worker says of each. What may pass is asked three times at once.
fn failures() -> Vec<(&'static str, Vec<Answer>)> {
    let thrice = |answer: fn() -> Answer| vec![answer(), answer(), answer()];
    vec![
        (UNAVAILABLE, thrice(|| Answer::Close)),
        (UNAVAILABLE, thrice(|| Answer::Status(503, "<html>"))),
        (UNAVAILABLE, thrice(|| Answer::Status(429, ""))),
        (
            UNAVAILABLE,
            thrice(|| Answer::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"ok\":true,\"jo")),
        ),
        (UNAVAILABLE, thrice(|| Answer::Bytes("SSH-2.0-hunter2\r\n"))),
        (INVALID, vec![Answer::Endless]),
        (INVALID, vec![Answer::Status(200, "<html>hunter2</html>")]),
        (INVALID, vec![Answer::Status(200, "{\"ok\":true}")]),
        (INVALID, vec![Answer::Status(200, "{\"ok\":true,\"jobs\":[{\"sql\":\"hunter2\"}]}")]),
        (INVALID, vec![Answer::Status(200, "{\"ok\":false,\"jobs\":[]}")]),
        (INVALID, vec![Answer::Status(302, "")]),
        (INVALID, vec![Answer::Status(404, "{}")]),
    ]
}

async fn answers_that_cannot_be_used_are_said_and_the_job_after_them_is_carried_out(world: World) {
    let job = assignment(&world, "INV-3001");
    let (mut answers, mut expected) = (Vec::new(), (0, 0));
    for (code, failing) in failures() {
        answers.extend(failing);
        // Heard again, it pauses no longer than at first.
        answers.push(jobs(&[]));
        let count = if code == INVALID { &mut expected.1 } else { &mut expected.0 };
        *count += 1;
    }
    answers.push(jobs(&[&job]));
    let (plane, results) = telling(answers);
    let child = Running::start(&mut worker(&world, plane.port, "worker-1", "syn_wbr_00", &[]));
    let deadline = Instant::now() + Duration::from_secs(60);
    while results.lock().expect("kept").is_empty() {
        assert!(Instant::now() < deadline, "the job is not reached");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    child.send("TERM");
    let told = child.ended();
    assert_eq!((told.exit, &told.json()["ended"]), (0, &json!({ "applied": 1 })), "{told:?}");
    let said = |code: &str| told.stderr.matches(&format!("code={code} ")).count();
    assert_eq!((said(UNAVAILABLE), said(INVALID)), expected, "{}", told.stderr);
    assert!(!told.stderr.contains("hunter2"), "{}", told.stderr);
    assert_eq!((world.invoice("INV-3001").await.late_fee_cents.as_str(), world.receipts().await), ("0", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_are_too_large_together_are_asked_for_one_by_one() {
    let world = World::new(Engine::Sqlite).await;
    let job = assignment(&world, "INV-3001");
    let (limits, mut left) = (Arc::new(Mutex::new(Vec::new())), Some(job));
    let asked_for = Arc::clone(&limits);
    let plane = StandIn::new(None, move |asked| match () {
        () if asked.is("claim") => {
            asked_for.lock().expect("kept").push(asked.body["limit"].clone());
            match (asked.body["limit"].as_u64(), left.take()) {
                (Some(1), Some(job)) => jobs(&[&job]),
                (_, Some(job)) => {
                    left = Some(job);
                    Answer::Endless
                }
                (_, None) => jobs(&[]),
            }
        }
        () => Answer::Yes(json!({ "ok": true, "state": "applied" })),
    });
    let drained = drained(&world, &plane, &["--concurrency", "4"]);
    assert_eq!(drained.json()["ended"], json!({ "applied": 1 }), "{drained:?}");
    let limits = limits.lock().expect("kept").clone();
    assert!(limits.starts_with(&[json!(4), json!(2), json!(1)]), "{limits:?}");
    assert_eq!((world.invoice("INV-3001").await.late_fee_cents.as_str(), world.receipts().await), ("0", 1));
}

/// Stands for an hour: the lease is over, the result was given up, and the loop has begun to pause.
async fn a_control_plane_that_is_away_for_longer_than_a_lease_finds_every_job_settled_once(world: World) {
    let real = free_port();
    let _plane = control_plane(&world, real);
    let (_, token) = token(&world, "worker-1", "app");
    let first = approved(&world, "INV-3001");
    let away = Arc::new(AtomicBool::new(false));
    let (leaving, mut been_away) = (Arc::clone(&away), false);
    let plane = StandIn::new(Some(real), move |asked| {
        // It goes when the job it gave out is done.
        if asked.is("result") && !been_away {
            leaving.store(true, Ordering::SeqCst);
            been_away = true;
        }
        if leaving.load(Ordering::SeqCst) { Answer::Close } else { Answer::Pass }
    });
    let child = Running::start(&mut worker(&world, plane.port, "worker-1", &token, &[]));
    let until = async |what: &str, done: &dyn Fn() -> bool| {
        let deadline = Instant::now() + Duration::from_secs(90);
        while !done() {
            assert!(Instant::now() < deadline, "{what}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    until("the job is not done", &|| away.load(Ordering::SeqCst)).await;
    let second = approved(&world, "INV-3002");
    tokio::time::sleep(Duration::from_secs(17)).await;
    assert_eq!(state(&world, &first), json!("pending_worker"), "nobody was told");
    away.store(false, Ordering::SeqCst);
    let settled = |id: &str| state(&world, id) == json!("applied");
    until("it is not heard again", &|| settled(&first) && settled(&second)).await;
    child.send("TERM");
    let told = child.ended();
    let expected = json!({ "already_applied": 1, "applied": 2 });
    assert_eq!((told.exit, &told.json()["ended"]), (0, &expected), "{told:?}");
    assert!(told.stderr.contains(UNAVAILABLE), "{}", told.stderr);
    for invoice in ["INV-3001", "INV-3002"] {
        assert_eq!(world.invoice(invoice).await.late_fee_cents, "0", "{invoice}");
    }
    assert_eq!(world.receipts().await, 2);
}
