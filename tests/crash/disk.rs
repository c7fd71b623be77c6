//! The disk under the ledger and under a SQLite source fails at its first step, its second, its third, until a command
//! passes untouched (`disk.c`).

use std::path::Path;

use synapsor_protocol::Engine;
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::bench::Bench;
use crate::preload::library;
use crate::table::Table;
use crate::trial::{Blow, Case, run};
use crate::volume::volume;

/// Files whose path contains it: the ledger's, a SQLite source's, and what SQLite keeps beside them.
const EVERY_FILE: &str = ".db";

/// How the disk breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// SIGKILL before the step.
    Kill,
    /// Half of the step, then SIGKILL.
    Torn,
    /// This one step fails with `EIO`.
    Fail,
    /// From this step on there is no space.
    Full,
    /// From this step on it is read-only.
    ReadOnly,
    /// SIGSTOP before the step.
    Stop,
}

impl How {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Torn => "torn",
            Self::Fail => "fail",
            Self::Full => "full",
            Self::ReadOnly => "readonly",
            Self::Stop => "stop",
        }
    }
}

/// A breakage of the disk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DiskPlan {
    /// The step, from 1; 0 breaks nothing.
    pub(crate) at: usize,
    pub(crate) how: How,
}

impl DiskPlan {
    /// Puts the failing disk under a command; its steps are noted in the log.
    pub(crate) fn under(self, command: &mut Command, log: &Path) {
        command
            .env("LD_PRELOAD", library("disk"))
            .env("CRASH_DISK_FILE", EVERY_FILE)
            .env("CRASH_DISK_LOG", log);
        command.env("CRASH_DISK_AT", self.at.to_string()).env("CRASH_DISK_HOW", self.how.as_str());
    }
}

/// The steps a log holds.
pub(crate) fn steps(log: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Which file a step of an apply is about: with a SQLite source also whether the source comes after it or came before.
pub(crate) fn point(engine: Engine, steps: &[String], at: usize) -> Option<String> {
    let step = steps.get(at.checked_sub(1)?)?;
    let in_source = |step: &String| step.contains("source.db");
    let part = match steps[..at].iter().any(in_source) {
        _ if in_source(step) => "source",
        _ if engine != Engine::Sqlite => "ledger",
        false => "ledger, before the source",
        true => "ledger, after the source",
    };
    Some(format!("{part}: {}", step.replace("source.db", "file").replace("local.db", "file")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_at_any_step_leaves_all_of_the_change_or_nothing() {
    let modes = [
        ("killed before it", How::Kill),
        ("half of it, then killed", How::Torn),
        ("fails once", How::Fail),
        ("full from then on", How::Full),
        ("read-only from then on", How::ReadOnly),
    ];
    let mut sweeps = JoinSet::new();
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
        // Under a server only the ledger has files here, the same ones for every engine.
        let some = engine == Engine::Sqlite || volume() > 1;
        for (mode, how) in modes.into_iter().filter(|(_, how)| some || matches!(how, How::Kill | How::Full)) {
            sweeps.spawn(async move { sweep(engine, mode, how).await });
        }
    }
    let mut table = Table::default();
    while let Some(swept) = sweeps.join_next().await {
        table.merge(swept.expect("a sweep ends"));
    }
    table.finish("the disk fails at every step");
}

async fn sweep(engine: Engine, mode: &str, how: How) -> Table {
    let bench = Bench::new(engine).await;
    let mut table = Table::default();
    for at in 1.. {
        let blow = Blow::Disk(DiskPlan { at, how });
        let ended = run(&bench, &Case { engine, point: None, mode: mode.into(), blow, may_say: &[] }).await;
        let untouched = ended.point == "untouched";
        table.add(ended);
        if untouched {
            break;
        }
    }
    table
}
