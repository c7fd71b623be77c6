//! The runner is killed: at every request of its wire, before and after the answer, and at drawn moments.

use synapsor_protocol::Engine;

use crate::proxy::{Action, At, Plan};
use crate::sweep::traffic;
use crate::trial::{Blow, Case, run_all};
use crate::volume::{Draw, volume};

/// Of each kind on each engine: a hundred applies and more are told to stop.
const MOMENTS: u64 = 34;
/// Of those that die twice on each engine.
const TWICE: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_killed_at_any_request_leaves_all_of_the_change_or_nothing() {
    let mut cases = Vec::new();
    for engine in [Engine::Postgres, Engine::Mysql] {
        let requests = traffic(engine).await.requests.len();
        for (mode, action) in
            [("killed as it asks", Action::Hold), ("killed before it hears the answer", Action::HoldAnswer)]
        {
            cases.extend((1..=requests + 1).map(|number| {
                let blow = Blow::Kill(Plan::new(At::Request(number), action));
                Case { engine, point: None, mode: mode.into(), blow, may_say: &[] }
            }));
        }
    }
    run_all(cases, 3).await.finish("the runner is killed at every request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_killed_at_any_moment_leaves_all_of_the_change_or_nothing() {
    let mut draw = Draw::new();
    let mut cases = Vec::new();
    for engine in [Engine::Postgres, Engine::Mysql, Engine::Sqlite] {
        for _ in 0..MOMENTS * volume() {
            let mut permille = || u32::try_from(draw.below(1_200)).expect("small");
            let kill = Blow::KillAfter { permille: permille() };
            let terminate = Blow::TerminateAfter { permille: permille() };
            for (mode, blow) in [("killed", kill), ("told to stop", terminate)] {
                let (point, mode) = (Some("a drawn moment".into()), mode.into());
                cases.push(Case { engine, point, mode, blow, may_say: &[] });
            }
        }
    }
    let title = format!("the runner is killed, or told to stop, at drawn moments ({})", draw.setting());
    run_all(cases, 2).await.finish(&title);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_killed_again_while_it_recovers_changes_the_row_once() {
    let mut draw = Draw::new();
    let mut cases = Vec::new();
    for engine in [Engine::Postgres, Engine::Mysql, Engine::Sqlite] {
        for _ in 0..TWICE * volume() {
            let permille = [(); 2].map(|()| u32::try_from(draw.below(1_100)).expect("small"));
            let (point, mode) = (Some("two drawn moments".into()), "killed, and killed again".into());
            cases.push(Case { engine, point, mode, blow: Blow::KillTwice { permille }, may_say: &[] });
        }
    }
    let title = format!("the runner is killed, and so is the one that takes it up ({})", draw.setting());
    run_all(cases, 2).await.finish(&title);
}
