//! One trial: break an apply once, look, repeat the apply until it ends, look again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use synapsor_protocol::Engine;
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::bench::{Answered, Bench, Desk, copy, finished};
use crate::clock;
use crate::disk::{self, DiskPlan, How};
use crate::proxy::{Plan, Proxy};
use crate::settle::{Place, repeated, settle};
use crate::table::{Ended, Table};

/// How soon an apply that is told to stop ends.
const STOPS_WITHIN: Duration = Duration::from_secs(10);

/// What breaks the apply.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Blow {
    /// The wire.
    Cut(Plan),
    /// SIGKILL to the runner, when the wire gets there: the plan holds it.
    Kill(Plan),
    /// SIGKILL to the runner, that part of an apply's usual time after it started.
    KillAfter { permille: u32 },
    /// The same, and the one that takes it up is killed at such a moment as well.
    KillTwice { permille: [u32; 2] },
    /// SIGTERM at such a moment.
    TerminateAfter { permille: u32 },
    /// SIGSTOP when the wire gets there; another runner comes and ends; SIGCONT. What the first one was sending arrives
    /// at once, or only then.
    Stop { plan: Plan, late: bool },
    /// The disk. Where it stops the runner, as for [`Blow::Stop`].
    Disk(DiskPlan),
    /// SIGKILL at such a moment to a runner whose clock is that far ahead.
    Jump { seconds: i64, permille: u32 },
    /// Another host with a copy of the ledger carries the proposal out as well: before this one, or at the same time.
    Copies { at_once: bool },
    /// That many appliers at once.
    Crowd(usize),
}

/// A trial to be made.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) engine: Engine,
    /// The name in the table; the step it strikes at where there is none.
    pub(crate) point: Option<String>,
    pub(crate) mode: String,
    pub(crate) blow: Blow,
    /// What the broken apply may answer; anything that is true where it is empty.
    pub(crate) may_say: &'static [&'static str],
}

impl Case {
    fn place(&self, point: String) -> Place {
        Place { engine: self.engine, point, mode: self.mode.clone() }
    }
}

/// Makes every trial, `workers` at a time on each engine, each worker on a database of its own.
pub(crate) async fn run_all(cases: Vec<Case>, workers: usize) -> Table {
    let table = Arc::new(Mutex::new(Table::default()));
    let mut running = JoinSet::new();
    for engine in [Engine::Postgres, Engine::Mysql, Engine::Sqlite] {
        let mine: Vec<Case> = cases.iter().rev().filter(|case| case.engine == engine).cloned().collect();
        let queue = Arc::new(Mutex::new(mine));
        let wanted = queue.lock().expect("unused yet").len();
        for _ in 0..workers.min(wanted) {
            let (queue, table) = (Arc::clone(&queue), Arc::clone(&table));
            running.spawn(async move {
                let bench = Bench::new(engine).await;
                loop {
                    let Some(case) = queue.lock().expect("no panic with this held").pop() else { break };
                    let ended = run(&bench, &case).await;
                    table.lock().expect("no panic with this held").add(ended);
                }
            });
        }
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("a worker ends");
    }
    Arc::into_inner(table).expect("the workers are gone").into_inner().expect("no panic with this held")
}

/// Makes one trial.
pub(crate) async fn run(bench: &Bench, case: &Case) -> Ended {
    let desk = bench.desk().await;
    let (answers, struck) = struck_down(&desk, case.blow).await;
    let point = case.point.clone().or(struck).unwrap_or_else(|| "untouched".into());
    settle(desk, case.place(point), case.may_say, &answers).await
}

/// Makes one trial in which something else happens as well, from when the wire gets there.
pub(crate) async fn run_with(
    bench: &Bench,
    case: &Case,
    plan: Plan,
    disaster: impl Future<Output = ()>,
) -> Ended {
    let desk = bench.desk().await;
    let proxy = Proxy::start(bench.engine, bench.database.url(), Some(plan)).await;
    let mut apply = desk.apply(Some(proxy.url()));
    let disaster = async {
        proxy.strike().await;
        disaster.await;
        proxy.release();
    };
    let (answered, ()) = tokio::join!(finished(&mut apply), disaster);
    settle(desk, case.place(case.point.clone().unwrap_or_default()), case.may_say, &[answered]).await
}

/// What the applies answered before anything was repeated, and where the blow fell.
async fn struck_down(desk: &Desk<'_>, blow: Blow) -> (Vec<Answered>, Option<String>) {
    let bench = desk.bench;
    match blow {
        Blow::Cut(plan) => {
            let proxy = Proxy::start(bench.engine, bench.database.url(), Some(plan)).await;
            let answered = finished(&mut desk.apply(Some(proxy.url()))).await;
            (vec![answered], proxy.struck().map(str::to_owned))
        }
        Blow::Kill(plan) => {
            let proxy = Proxy::start(bench.engine, bench.database.url(), Some(plan)).await;
            let answered = killed(desk.apply(Some(proxy.url())), proxy.strike()).await;
            // What the runner had sent may still arrive.
            proxy.release();
            (vec![answered], proxy.struck().map(str::to_owned))
        }
        Blow::KillAfter { permille } => {
            let moment = bench.apply_time.mul_f64(f64::from(permille) / 1000.0);
            (vec![killed(desk.apply(None), tokio::time::sleep(moment)).await], None)
        }
        Blow::KillTwice { permille } => {
            let mut answers = Vec::new();
            for permille in permille {
                let moment = bench.apply_time.mul_f64(f64::from(permille) / 1000.0);
                answers.push(killed(desk.apply(None), tokio::time::sleep(moment)).await);
            }
            (answers, None)
        }
        Blow::TerminateAfter { permille } => {
            let moment = bench.apply_time.mul_f64(f64::from(permille) / 1000.0);
            let mut child = desk.apply(None).spawn().expect("the binary runs");
            let pid = child.id().expect("a process that runs");
            tokio::select! {
                () = tokio::time::sleep(moment) => signal(pid, "-TERM"),
                _ = child.wait() => {}
            }
            let ended = tokio::time::timeout(STOPS_WITHIN, child.wait_with_output()).await;
            (vec![ended.expect("told to stop, it ends within 10 s").expect("it ended").into()], None)
        }
        Blow::Jump { seconds, permille } => {
            let moment = bench.apply_time.mul_f64(f64::from(permille) / 1000.0);
            let mut apply = desk.apply(None);
            clock::ahead(&mut apply, seconds);
            (vec![killed(apply, tokio::time::sleep(moment)).await], None)
        }
        Blow::Copies { at_once } => {
            let other = tempfile::tempdir().expect("a folder");
            copy(desk.folder(), other.path());
            let mut theirs = bench.apply(other.path(), &bench.proposal, None);
            let mut answers = vec![];
            if at_once {
                let (theirs, mut ours) = (finished(&mut theirs), desk.apply(None));
                let (theirs, ours) = tokio::join!(theirs, finished(&mut ours));
                answers.extend([theirs, ours]);
            } else {
                answers.push(finished(&mut theirs).await);
            }
            (answers, None)
        }
        Blow::Stop { plan, late } => {
            let proxy = Proxy::start(bench.engine, bench.database.url(), Some(plan)).await;
            let release = |now: bool| {
                if now == late {
                    proxy.release()
                }
            };
            let answers = stopped(desk, desk.apply(Some(proxy.url())), proxy.strike(), release).await;
            (answers, proxy.struck().map(str::to_owned))
        }
        Blow::Disk(plan) => {
            let log = desk.folder().join("disk.log");
            let mut apply = desk.apply(None);
            plan.under(&mut apply, &log);
            let answers = match plan.how {
                How::Stop => stopped(desk, apply, std::future::pending(), |_| {}).await,
                _ => vec![finished(&mut apply).await],
            };
            (answers, disk::point(bench.engine, &disk::steps(&log), plan.at))
        }
        Blow::Crowd(size) => {
            let mut running = JoinSet::new();
            for mut apply in (0..size).map(|_| desk.apply(None)) {
                running.spawn(async move { finished(&mut apply).await });
            }
            (running.join_all().await, None)
        }
    }
}

/// Starts a command and stops it at a moment, or waits until it stops itself; lets another apply come and end; wakes it.
/// `release` hears `false` once it is stopped, and `true` before it wakes.
async fn stopped(
    desk: &Desk<'_>,
    mut command: Command,
    moment: impl Future<Output = ()>,
    release: impl Fn(bool),
) -> Vec<Answered> {
    let mut child = command.spawn().expect("the binary runs");
    let pid = child.id().expect("a process that runs");
    let is_stopped = tokio::select! {
        () = moment => {
            signal(pid, "-STOP");
            true
        }
        () = until_stopped(pid) => true,
        _ = child.wait() => false,
    };
    release(false);
    let mut answers = Vec::new();
    if is_stopped {
        answers.push(repeated(desk).await.0);
    }
    release(true);
    if is_stopped {
        signal(pid, "-CONT");
    }
    answers.push(child.wait_with_output().await.expect("it ended").into());
    answers
}

fn signal(pid: u32, name: &str) {
    let sent = std::process::Command::new("kill").args([name, &pid.to_string()]).status();
    assert!(sent.expect("`kill` runs").success(), "{name} to a process of ours");
}

async fn until_stopped(pid: u32) {
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The state follows the name, which is in parentheses.
        if stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T')) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Starts a command and sends it SIGKILL at a moment, unless it ends before.
pub(crate) async fn killed(mut command: Command, moment: impl Future<Output = ()>) -> Answered {
    let mut child = command.spawn().expect("the binary runs");
    tokio::select! {
        () = moment => child.start_kill().expect("a process of ours"),
        _ = child.wait() => {}
    }
    child.wait_with_output().await.expect("it ended").into()
}
