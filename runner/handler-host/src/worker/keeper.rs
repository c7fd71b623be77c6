//! Keeps one worker alive: starts it, waits for it to end, and starts the next, later each time it ends early.
//!
//! One thread does this for as long as the engine lives. It must: a worker ends with the thread that started it.

use std::io::{self, PipeReader, PipeWriter, Write as _};
use std::process::Child;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::frame;
use super::link::{Link, lost};
use super::message::{FROM_WORKER_BYTES_MAX, FromWorker, Start};
use super::resident::Resident;
use crate::allowance::Allowance;
use crate::code::Code;
use crate::error::Error;
use crate::helper::{GUESTS, Helper};
use crate::limits::EngineSettings;
use crate::sandbox::Confinement;
use crate::stop::Stop;

/// How long a worker may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a call waits for a worker to be there.
const CALL_WAIT: Duration = Duration::from_secs(2);
/// A worker that lived this long did not end early.
const SETTLED: Duration = Duration::from_secs(60);
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The process guests run in, whichever it is at the moment.
pub(crate) struct Worker {
    current: watch::Receiver<Option<Arc<Link>>>,
    stopping: Arc<Stopping>,
    runtime: Handle,
    handlers: AtomicU64,
}

/// Set once, when the engine ends.
#[derive(Default)]
struct Stopping {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Worker {
    /// Starts the first worker and the thread that keeps one alive. `runtime` carries its pipes.
    pub(crate) fn start(helper: Helper, settings: &EngineSettings, runtime: Handle) -> io::Result<Self> {
        let EngineSettings { limits_max, slots, threads, .. } = settings;
        let start = Start { limits_max: *limits_max, slots: *slots, threads: *threads };
        let (publish, current) = watch::channel(None);
        let stopping = Arc::new(Stopping::default());
        let (first, started) = std::sync::mpsc::sync_channel(1);
        let keeper =
            Keeper { helper, start, runtime: runtime.clone(), publish, stopping: Arc::clone(&stopping) };
        std::thread::Builder::new().name("handler-keeper".into()).spawn(move || keeper.keep(&first))?;
        started.recv().map_err(|_ended| io::Error::other("the keeper's thread ended"))??;
        Ok(Self { current, stopping, runtime, handlers: AtomicU64::new(0) })
    }

    /// Gives a handler to the worker, which says whether its world fits. Blocks until then.
    pub(crate) fn load(self: &Arc<Self>, code: Code, allowance: Allowance) -> Result<Resident, Error> {
        let handler = self.handlers.fetch_add(1, Ordering::Relaxed);
        let resident = Resident::new(Arc::clone(self), handler, code, allowance);
        // The caller's thread may belong to a runtime, where waiting for another one is not allowed.
        let given = std::thread::scope(|scope| {
            let wait = || self.runtime.block_on(resident.give());
            std::thread::Builder::new()
                .name("handler-load".into())
                .spawn_scoped(scope, wait)
                .map(|wait| wait.join())
        });
        match given.map_err(Error::Threads)? {
            Ok(given) => given.map(|()| resident),
            Err(_panic) => Err(Error::Worker(io::Error::other("the wait for it broke"))),
        }
    }

    /// The worker that is there, now or shortly.
    pub(super) async fn link(&self) -> Result<Arc<Link>, Stop> {
        let mut current = self.current.clone();
        let there = tokio::time::timeout(CALL_WAIT, current.wait_for(Option::is_some)).await;
        there.ok().and_then(|there| there.ok()?.clone()).ok_or_else(lost)
    }

    /// What keeps the worker in.
    pub(crate) fn confinement(&self) -> Option<Confinement> {
        self.current.borrow().as_ref().map(|link| link.confinement)
    }

    /// The worker's process.
    pub(crate) fn process_id(&self) -> Option<u32> {
        self.current.borrow().as_ref().map(|link| link.process_id)
    }

    pub(super) fn now(&self) -> Option<Arc<Link>> {
        self.current.borrow().clone()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stopping.stop();
        if let Some(link) = self.now() {
            link.end();
        }
    }
}

impl Stopping {
    fn stop(&self) {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits; `true` as soon as the engine ends.
    fn within(&self, pause: Duration) -> bool {
        let set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let (set, _) =
            self.changed.wait_timeout_while(set, pause, |set| !*set).unwrap_or_else(PoisonError::into_inner);
        *set
    }
}

/// The keeper's thread.
struct Keeper {
    helper: Helper,
    start: Start,
    runtime: Handle,
    publish: watch::Sender<Option<Arc<Link>>>,
    stopping: Arc<Stopping>,
}

impl Keeper {
    /// `first` hears how the first start went; when that failed, nothing is kept.
    fn keep(self, first: &std::sync::mpsc::SyncSender<io::Result<()>>) {
        let mut link = match self.start_one() {
            Ok(link) => {
                // The engine waits for it.
                let _ = first.send(Ok(()));
                Some(link)
            }
            Err(error) => {
                let _ = first.send(Err(error));
                return;
            }
        };
        let mut early_ends = 0;
        loop {
            let lived = link.take().map_or(Duration::ZERO, |link| self.live(link));
            early_ends = if lived < SETTLED { early_ends + 1 } else { 1 };
            if self.stopping.within(pause(early_ends)) {
                return;
            }
            match self.start_one() {
                Ok(started) => link = Some(started),
                Err(error) => tracing::error!(%error, "the process that runs handlers does not start"),
            }
        }
    }

    /// One worker's life, until calls can no longer reach it.
    fn live(&self, link: Arc<Link>) -> Duration {
        let started = Instant::now();
        if self.stopping.within(Duration::ZERO) {
            link.end();
        }
        let ended = link.wait();
        self.publish.send_replace(None);
        if !self.stopping.within(Duration::ZERO) {
            tracing::error!(
                process = link.process_id,
                ?ended,
                "the process that runs handlers ended; another is started"
            );
        }
        started.elapsed()
    }

    /// A worker that calls can reach from now on.
    fn start_one(&self) -> io::Result<Arc<Link>> {
        let (its_input, to_worker) = io::pipe()?;
        let (from_worker, its_output) = io::pipe()?;
        // Its own ends are closed here with the command, so that its end is the end of what it says.
        let mut process = self.helper.command(GUESTS).stdin(its_input).stdout(its_output).spawn()?;
        match greet(&to_worker, &from_worker, &self.start, &mut process) {
            Ok(confinement) => {
                report(&process, confinement);
                let _carried_by = self.runtime.enter();
                let link = Link::open(from_worker.into(), to_worker.into(), process, confinement)?;
                self.publish.send_replace(Some(Arc::clone(&link)));
                Ok(link)
            }
            Err(error) => {
                process.kill()?;
                process.wait()?;
                Err(error)
            }
        }
    }
}

/// Tells a new worker what it is for, and hears that it is ready. One that says nothing is ended.
fn greet(
    mut to_worker: &PipeWriter,
    mut from_worker: &PipeReader,
    start: &Start,
    process: &mut Child,
) -> io::Result<Confinement> {
    to_worker.write_all(&frame::of(start)?)?;
    let (heard, hears) = std::sync::mpsc::sync_channel(1);
    let said = std::thread::scope(|scope| {
        let hear = move || heard.send(frame::next_now(&mut from_worker, FROM_WORKER_BYTES_MAX));
        std::thread::Builder::new().name("handler-greeting".into()).spawn_scoped(scope, hear)?;
        hears.recv_timeout(START_TIMEOUT).or_else(|error| {
            if error == RecvTimeoutError::Timeout {
                // What it never said ends with it, and with that the thread that waits for it.
                process.kill()?;
            }
            Err(io::Error::from(io::ErrorKind::TimedOut))
        })
    })?;
    match said? {
        FromWorker::Ready(confinement) => Ok(confinement),
        _ => Err(io::Error::other("the process did not say that it is ready")),
    }
}

fn report(process: &Child, confinement: Confinement) {
    let Confinement { no_new_privileges, landlock, seccomp, files_refused, network_refused } = confinement;
    let process = process.id();
    if confinement.is_tight() {
        tracing::info!(
            process,
            no_new_privileges,
            landlock,
            seccomp,
            "handlers run in a process without files or network"
        );
    } else {
        tracing::warn!(
            process,
            no_new_privileges,
            landlock,
            seccomp,
            files_refused,
            network_refused,
            "handlers run in a process of their own, but this kernel does not keep it from files and network"
        );
    }
}

/// None after the first end, then twice as long each time.
fn pause(early_ends: u32) -> Duration {
    match early_ends {
        0 | 1 => Duration::ZERO,
        more => PAUSE_FIRST.saturating_mul(1 << more.saturating_sub(2).min(16)).min(PAUSE_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_before_a_start_doubles_to_its_maximum() {
        let pauses = [1, 2, 3, 4, 9, 100].map(|ends| pause(ends).as_millis());
        assert_eq!(pauses, [0, 100, 200, 400, 10_000, 10_000]);
    }
}
