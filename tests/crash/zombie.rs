//! The runner is stopped, another one carries out the same proposal, and the first one wakes up in a changed world.

use synapsor_protocol::Engine;

use crate::disk::{DiskPlan, How};
use crate::proxy::{Action, At, Plan};
use crate::sweep::traffic;
use crate::trial::{Blow, Case, run_all};
use crate::volume::{Draw, volume};

/// Most of a trial is waiting for the limits of a server.
const WORKERS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_wakes_up_late_changes_nothing_twice() {
    let mut cases = Vec::new();
    for engine in [Engine::Postgres, Engine::Mysql] {
        let requests = traffic(engine).await.requests;
        let begin = requests.iter().position(|step| *step == "s.begin").expect("a transaction");
        // A step may take several requests; in CI one stands for all.
        let first_of_step =
            |number: &usize| *number > begin && !requests[..number - 1].contains(&requests[number - 1]);
        for number in (1..=requests.len()).filter(|number| volume() > 1 || first_of_step(number)) {
            let case = |mode: &str, action, late| {
                let blow = Blow::Stop { plan: Plan::new(At::Request(number), action), late };
                Case { engine, point: None, mode: mode.into(), blow, may_say: &[] }
            };
            cases.push(case("stopped as it asks", Action::Hold, false));
            cases.push(case("stopped, and its request arrives when it wakes", Action::Hold, true));
            cases.push(case("stopped before it hears the answer", Action::HoldAnswer, false));
        }
    }
    run_all(cases, WORKERS).await.finish("the runner is stopped, another one takes over, and it wakes up");
}

/// In the middle of a write, with the locks of ledger and source in its hands.
#[tokio::test(flavor = "multi_thread")]
async fn a_runner_stopped_with_a_file_in_its_hands_changes_nothing_twice() {
    /// Steps of an apply on a SQLite source, at least.
    const STEPS: u64 = 70;
    let mut draw = Draw::new();
    let stride = if volume() > 1 { 1 } else { 4 };
    let first = 1 + draw.below(stride);
    let cases = (first..=STEPS).step_by(usize::try_from(stride).expect("small")).map(|at| {
        let at = usize::try_from(at).expect("small");
        let blow = Blow::Disk(DiskPlan { at, how: How::Stop });
        Case { engine: Engine::Sqlite, point: None, mode: "stopped before it".into(), blow, may_say: &[] }
    });
    let title = format!("the runner is stopped at its disk, and it wakes up ({})", draw.setting());
    run_all(cases.collect(), WORKERS).await.finish(&title);
}
