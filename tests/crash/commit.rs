//! COMMIT, exactly: lost before it arrives, torn, reset, closed, answered into nowhere.

use std::time::Duration;

use synapsor_protocol::Engine;

use crate::proxy::{Action, At, Plan};
use crate::trial::{Blow, Case, run_all};
use crate::volume::volume;

/// The answers to a COMMIT whose fate the machine settles by itself.
const SETTLED: &[&str] = &["applied"];
/// The answer where the source stays away.
const UNKNOWN: &[&str] = &["unknown (4)"];

/// Often enough that both outcomes of a race are seen.
const TIMES: u64 = 10;

const MODES: [(&str, Action, u64); 8] = [
    ("dropped before it arrives", Action::Drop, TIMES),
    ("half of it arrives", Action::Half, TIMES),
    ("arrives, both ends reset", Action::ForwardReset, TIMES),
    ("arrives, both ends closed", Action::ForwardClose, TIMES),
    ("its answer is lost", Action::LoseAnswer, TIMES),
    ("half of its answer arrives", Action::HalfAnswer, TIMES),
    ("arrives late", Action::Delay(Duration::from_millis(700)), 3),
    // The runner waits to its own limit.
    ("its answer is swallowed, nobody is told", Action::Swallow, 1),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_lost_in_any_way_ends_in_exactly_one_change() {
    let mut cases = Vec::new();
    for engine in [Engine::Postgres, Engine::Mysql] {
        for (mode, action, times) in MODES.iter().rev() {
            for _ in 0..times * volume() {
                let blow = Blow::Cut(Plan::new(At::Commit, *action));
                let (point, mode) = (Some("COMMIT".into()), (*mode).to_owned());
                cases.push(Case { engine, point, mode, blow, may_say: SETTLED });
            }
        }
    }
    run_all(cases, 3).await.finish("COMMIT is cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_stays_away_after_commit_is_unknown_until_it_answers_again() {
    let mut cases = Vec::new();
    for engine in [Engine::Postgres, Engine::Mysql] {
        for (mode, action) in [
            ("dropped, source stays away", Action::Drop),
            ("answer lost, source stays away", Action::LoseAnswer),
        ] {
            for _ in 0..volume() {
                let blow = Blow::Cut(Plan::new(At::Commit, action).for_good());
                let (point, mode) = (Some("COMMIT".into()), mode.to_owned());
                cases.push(Case { engine, point, mode, blow, may_say: UNKNOWN });
            }
        }
    }
    run_all(cases, 2).await.finish("COMMIT is cut, and nobody can connect any more");
}
