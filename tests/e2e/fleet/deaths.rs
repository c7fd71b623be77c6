//! A worker killed at each point of its loop, and results that never arrive: the next worker settles all of it, each row changed once.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::json;

use super::stand_in::{Answer, Asked, StandIn};
use super::{control_plane, free_port, state, token, worker};
use crate::running::Running;
use crate::unsettled::{approved, events};
use crate::world::World;

on_servers!(whatever_point_of_its_loop_a_worker_dies_at_the_next_one_settles_its_job_once);

/// A point of the loop.
struct Point {
    what: &'static str,
    /// Whether the worker is at it when it asks this.
    at: fn(&Asked) -> bool,
    /// What becomes of the question.
    answer: Answer,
    /// Whether a row is changed by then.
    changed: bool,
}

/// The row the worker waits for is locked where it dies in between: `fleet.rs` has that one.
const POINTS: [Point; 4] = [
    Point {
        what: "it asked for a job, and nobody heard",
        at: |asked| asked.is("claim"),
        answer: Answer::Close,
        changed: false,
    },
    Point {
        what: "a job was given to it, and it never learned of it",
        at: |asked| asked.is("claim"),
        answer: Answer::PassAndClose,
        changed: false,
    },
    Point {
        what: "the row is changed, and the result is lost",
        at: |asked| asked.is("result"),
        answer: Answer::Close,
        changed: true,
    },
    Point {
        what: "the result is on record, and it never learned of that",
        at: |asked| asked.is("result"),
        answer: Answer::PassAndClose,
        changed: true,
    },
];

async fn whatever_point_of_its_loop_a_worker_dies_at_the_next_one_settles_its_job_once(world: World) {
    let real = free_port();
    let _plane = control_plane(&world, real);
    let (mut proposals, mut rows) = (Vec::new(), 0);
    for (number, Point { what, at, answer, changed }) in POINTS.into_iter().enumerate() {
        let invoice = format!("F-{number}");
        let row = format!(
            "INSERT INTO invoices VALUES ('{invoice}', 'acme', 'CUS-1', 'overdue', 100, 100, NULL, CURRENT_TIMESTAMP)"
        );
        world.database.execute(&row).await;
        let id = approved(&world, &invoice);
        let (there, reached) = channel();
        let mut answer = Some(answer);
        let plane = StandIn::new(Some(real), move |asked| {
            if !at(asked) {
                return Answer::Pass;
            }
            // Once it has died there, nothing is answered any more.
            let answer = answer.take().unwrap_or(Answer::Close);
            let _ = there.send(());
            answer
        });
        let name = format!("worker-{number}");
        let (_, token) = token(&world, &name, "app");
        let mut running = Running::start(&mut worker(&world, plane.port, &name, &token, &[]));
        reached.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("{what}: not reached"));
        // What is passed on arrives before it is killed.
        tokio::time::sleep(Duration::from_millis(500)).await;
        running.kill();
        rows += usize::from(changed);
        proposals.push((what, invoice, id));
        // Which row: the oldest that was free.
        assert_eq!(world.receipts().await, rows, "{what}");
    }
    let (_, token) = token(&world, "worker-9", "app");
    let deadline = Instant::now() + Duration::from_secs(60);
    while proposals.iter().any(|(_, _, id)| state(&world, id) != json!("applied")) {
        assert!(Instant::now() < deadline, "not everything is settled");
        tokio::time::sleep(Duration::from_millis(500)).await;
        let child = Running::start(&mut worker(&world, real, "worker-9", &token, &["--until-empty"]));
        assert_eq!(child.ended().exit, 0);
    }
    for (what, invoice, id) in &proposals {
        assert_eq!(world.invoice(invoice).await.late_fee_cents, "0", "{what}");
        let ends = ["writeback_applied", "writeback_already_applied"];
        let ends = events(&world, id).iter().filter(|kind| ends.contains(&kind.as_str())).count();
        assert_eq!(ends, 1, "{what}");
    }
    assert_eq!(world.receipts().await, proposals.len());
    assert_eq!(world.ask(&["writeback", "reconcile", "list"])["proposals"], json!([]));
    assert_eq!(world.ask(&["store", "verify"])["ok"], json!(true));
}
