//! Every point, in every mode, on every engine: 26 x 3 x 3 cells, each with the outcome it must have.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use synapsor_protocol::Engine;
use tokio::task::JoinSet;

use crate::cell::cell;
use crate::expected::expected;
use crate::names::{MARK, POINTS, VARIABLE, held};
use crate::strike::{Mode, approved};
use crate::table::Table;

const ENGINES: [Engine; 3] = [Engine::Sqlite, Engine::Postgres, Engine::Mysql];

/// How many trials of a mode run at once on one engine. Who stands still costs nothing.
fn workers(mode: Mode) -> usize {
    if mode == Mode::Stall { 9 } else { 1 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_broken_at_any_point_ends_in_exactly_one_change_and_as_expected() {
    let table = Arc::new(Mutex::new(Table::default()));
    let mut running = JoinSet::new();
    for (engine, mode) in ENGINES.iter().flat_map(|engine| Mode::ALL.map(|mode| (*engine, mode))) {
        let queue = Arc::new(Mutex::new(POINTS.to_vec()));
        for _ in 0..workers(mode) {
            let (queue, table) = (Arc::clone(&queue), Arc::clone(&table));
            running.spawn(async move {
                let bench = approved(engine).await;
                loop {
                    let next = queue.lock().expect("no panic with this held").pop();
                    let Some(point) = next else { break };
                    let mut ended = cell(&bench, point, mode).await;
                    let expected = expected(engine, point, mode);
                    if !expected.contains(&ended.outcome.as_str()) {
                        ended.wrong.push(format!("expected {expected:?}, found `{}`", ended.outcome));
                    }
                    table.lock().expect("no panic with this held").add(ended);
                }
            });
        }
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("a worker ends");
    }
    let table = Arc::into_inner(table).expect("the workers are gone").into_inner().expect("no panic");
    assert_eq!(table.trials(), (ENGINES.len() * POINTS.len() * Mode::ALL.len()) as u64);
    table.finish("the runner is broken at every point");
}

#[test]
fn every_point_is_in_the_binary() {
    let named = POINTS.map(|point| format!("{MARK}{point}"));
    let mut texts: Vec<&str> = named.iter().map(String::as_str).collect();
    texts.push(VARIABLE);
    let expected: BTreeSet<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(held(env!("CARGO_BIN_EXE_synapsor"), &texts), expected);
}
