//! A runner is killed, and so is the one that recovers what it left, at every point the recovery passes.

use std::sync::{Arc, Mutex};

use synapsor_protocol::Engine;
use tokio::task::JoinSet;

use crate::settle::{Place, settle};
use crate::strike::{Mode, approved, passed, recover, struck};
use crate::table::Table;

/// Where the first one dies, and where the one that comes after it. After a COMMIT there is nothing left to write.
const KILLS: [(&str, &[&str]); 2] = [
    (
        "s.update",
        &[
            "recover.scan",
            "recover.resolve",
            "l.claim.post",
            "s.begin",
            "s.receipt",
            "s.update",
            "s.commit.pre",
            "s.commit.post",
            "s.readback",
            "l.receipt.pre",
            "l.receipt.post",
        ],
    ),
    (
        "s.commit.post",
        &["recover.scan", "recover.resolve", "l.claim.post", "s.connect", "l.receipt.pre", "l.receipt.post"],
    ),
];

/// Points after which the row and its receipt are there.
const AFTER_COMMIT: [&str; 4] = ["s.commit.post", "s.readback", "l.receipt.pre", "l.receipt.post"];

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_that_is_killed_as_well_is_recovered() {
    let table = Arc::new(Mutex::new(Table::default()));
    let mut running = JoinSet::new();
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
        let table = Arc::clone(&table);
        running.spawn(async move {
            let bench = approved(engine).await;
            for (first, seconds) in KILLS {
                for second in seconds {
                    let desk = bench.desk().await;
                    let killed = struck(&mut desk.apply(None), &Mode::Kill.at(first)).await;
                    let again = struck(&mut recover(&desk), &Mode::Kill.at(second)).await;
                    let (point, mode) = (format!("{first}, then {second}"), "killed twice".to_owned());
                    let missed = !passed(&killed, first) || !passed(&again, second);
                    let place = Place { engine, point, mode };
                    let mut ended = settle(desk, place, &["killed and killed"], &[killed, again]).await;
                    let all_left = AFTER_COMMIT.contains(&first) || AFTER_COMMIT.contains(second);
                    let then = if all_left { "then already_applied" } else { "then applied" };
                    if missed || !ended.outcome.trim_end_matches(" at last").ends_with(then) {
                        ended.wrong.push(format!("expected two kills, {then}: {}", ended.outcome));
                    }
                    table.lock().expect("no panic with this held").add(ended);
                }
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("a worker ends");
    }
    let table = Arc::into_inner(table).expect("the workers are gone").into_inner().expect("no panic");
    table.finish("the runner is killed, and so is its recovery");
}
