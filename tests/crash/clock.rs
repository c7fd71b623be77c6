//! The clock jumps by a day while an apply is under way, or the machine slept for as long: what a lease is worth changes,
//! what the source's receipt is worth does not (`clock.c`).

use synapsor_protocol::Engine;
use tokio::process::Command;

use crate::preload::library;
use crate::trial::{Blow, Case, run_all};
use crate::volume::{Draw, volume};

const DAY_S: i64 = 24 * 60 * 60;
const TIMES: u64 = 4;

/// Puts the wrong clock under a command.
pub(crate) fn ahead(command: &mut Command, seconds: i64) {
    command.env("LD_PRELOAD", library("clock")).env("CRASH_CLOCK_AHEAD_S", seconds.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_by_a_day_changes_nothing_twice() {
    let mut draw = Draw::new();
    let mut cases = Vec::new();
    for engine in [Engine::Postgres, Engine::Mysql, Engine::Sqlite] {
        for (mode, seconds) in
            [("a day ahead, killed, then right", DAY_S), ("a day behind, killed, then right", -DAY_S)]
        {
            for _ in 0..TIMES * volume() {
                let permille = u32::try_from(draw.below(1_200)).expect("small");
                let (point, mode) = (Some("the clock".into()), mode.into());
                cases.push(Case {
                    engine,
                    point,
                    mode,
                    blow: Blow::Jump { seconds, permille },
                    may_say: &[],
                });
            }
        }
    }
    run_all(cases, 2).await.finish(&format!("the clock jumps ({})", draw.setting()));
}
