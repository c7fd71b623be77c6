//! The host's end of one worker's life: many calls through one pair of pipes, each with its own answers.
//!
//! Invariant: whatever ends the link ends every call on it; nobody waits for a worker that is gone.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use synapsor_protocol::Code;
use tokio::net::unix::pipe::Sender;
use tokio::sync::{OnceCell, mpsc, oneshot};

use super::ear::Ear;
use super::message::{Answer, Asked, FromWorker, ToWorker};
use super::outbox::Outbox;
use super::verify::{self, Breach};
use crate::allowance::Allowance;
use crate::code::Code as NativeCode;
use crate::limits::Limits;
use crate::messages::{Ending, HandlerCall};
use crate::reads::ReadDesk;
use crate::sandbox::Confinement;
use crate::slots::Slot;
use crate::stop::Stop;

/// How much longer than its deadline a call may take to say that it met it.
const LATE_MS: u64 = 5_000;
/// What one call can have to say before the host listens: an ask, and its end.
const EVENTS_MAX: usize = 2;

/// One worker, for as long as it lives.
pub(super) struct Link {
    outbox: Arc<Outbox>,
    ear: Ear,
    pub(super) confinement: Confinement,
    pub(super) process_id: u32,
    process: Mutex<Child>,
    desk: Mutex<Desk>,
    calls: AtomicU64,
}

/// Who waits for what.
#[derive(Default)]
struct Desk {
    gone: bool,
    calls: HashMap<u64, InFlight>,
    loads: HashMap<u64, oneshot::Sender<Result<(), String>>>,
    /// What this worker was given, each once.
    given: HashMap<u64, Arc<OnceCell<()>>>,
}

/// A call until the worker says it ended, also when nobody waits for it any more: until then it takes a slot.
struct InFlight {
    events: mpsc::Sender<Event>,
    _slot: Slot,
}

enum Event {
    Ask(Asked),
    Ended(Ending),
}

/// Why a handler is not in the worker.
pub(super) enum NotLoaded {
    /// The worker is gone.
    Lost,
    /// The engine does not take it, in its words.
    Refused(String),
}

impl Link {
    /// Takes over a worker that has said it is ready. Must be called inside the engine's own runtime.
    pub(super) fn open(
        from_worker: OwnedFd,
        to_worker: OwnedFd,
        process: Child,
        confinement: Confinement,
    ) -> io::Result<Arc<Self>> {
        let outbox = Outbox::new(Sender::from_owned_fd(to_worker)?);
        let link = Arc::new(Self {
            outbox: Arc::clone(&outbox),
            ear: Ear::new(from_worker),
            confinement,
            process_id: process.id(),
            process: Mutex::new(process),
            desk: Mutex::default(),
            calls: AtomicU64::new(0),
        });
        tokio::spawn(async move { outbox.drain().await });
        Ear::listen_here(&link);
        Ok(link)
    }

    /// Waits for the process to end, then lets every call know.
    pub(super) fn wait(&self) -> io::Result<ExitStatus> {
        let process = i32::try_from(self.process_id).ok().and_then(Pid::from_raw);
        let process = process.ok_or(io::ErrorKind::NotFound)?;
        // Without taking its status: until that is taken, under the lock, no other process can have this id.
        while waitid(WaitId::Pid(process), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?.is_none() {}
        let status = lock(&self.process).wait();
        self.close();
        status
    }

    /// Ends the worker.
    pub(super) fn end(&self) {
        if let Err(error) = lock(&self.process).kill() {
            tracing::error!(%error, "the handlers' process could not be ended");
        }
    }

    /// Makes sure the worker has a handler; sends it on the first call.
    pub(super) async fn give(
        self: &Arc<Self>,
        handler: u64,
        code: &NativeCode,
        allowance: Allowance,
    ) -> Result<(), NotLoaded> {
        let cell = Arc::clone(lock(&self.desk).given.entry(handler).or_default());
        cell.get_or_try_init(|| self.load(handler, code, allowance)).await.copied()
    }

    async fn load(
        self: &Arc<Self>,
        handler: u64,
        code: &NativeCode,
        allowance: Allowance,
    ) -> Result<(), NotLoaded> {
        Ear::listen_here(self);
        let (sender, outcome) = oneshot::channel();
        {
            let mut desk = lock(&self.desk);
            if desk.gone {
                return Err(NotLoaded::Lost);
            }
            desk.loads.insert(handler, sender);
        }
        let code_bytes = u64::try_from(code.bytes().len()).unwrap_or(u64::MAX);
        let load = ToWorker::Load { handler, allowance, code_bytes };
        self.outbox.send_with(&load, code.bytes()).map_err(|_gone| NotLoaded::Lost)?;
        outcome.await.map_err(|_gone| NotLoaded::Lost)?.map_err(NotLoaded::Refused)
    }

    /// No call will name the handler again.
    pub(super) fn drop_handler(&self, handler: u64) {
        if lock(&self.desk).given.remove(&handler).is_some() {
            // A worker that is gone has forgotten it already.
            let _ = self.outbox.send(&ToWorker::Unload { handler });
        }
    }

    /// Runs one call of a handler the worker was given. Dropping the future stops the guest.
    pub(super) async fn call(
        self: &Arc<Self>,
        handler: u64,
        limits: &Limits,
        given: HandlerCall,
        slot: Slot,
        desk: &mut ReadDesk,
    ) -> Result<Ending, Stop> {
        let started = Instant::now();
        Ear::listen_here(self);
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let (events, inbox) = mpsc::channel(EVENTS_MAX);
        {
            let mut desk = lock(&self.desk);
            if desk.gone {
                return Err(lost());
            }
            desk.calls.insert(call, InFlight { events, _slot: slot });
        }
        let _watch = Watch { link: self, call };
        self.send(&ToWorker::Call { call, handler, given })?;
        let late = Duration::from_millis(limits.timeout_ms.saturating_add(LATE_MS));
        let Ok(ending) = tokio::time::timeout(late, self.attend(call, inbox, desk)).await else {
            self.distrust(&Breach("no answer long after a call's deadline"));
            return Err(lost());
        };
        let waited_us = started.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
        self.believe(verify::ending(ending?, limits, waited_us))
    }

    /// Has the call's reads answered until it ends.
    async fn attend(
        &self,
        call: u64,
        mut inbox: mpsc::Receiver<Event>,
        desk: &mut ReadDesk,
    ) -> Result<Ending, Stop> {
        loop {
            let asked = match inbox.recv().await.ok_or_else(lost)? {
                Event::Ended(ending) => return Ok(ending),
                Event::Ask(asked) => self.believe(verify::asked(asked))?,
            };
            // The guest's deadline goes on while the source takes its time.
            tokio::select! {
                biased;
                answer = answer(desk, asked) => self.send(&ToWorker::Answered { call, answer })?,
                event = inbox.recv() => match event.ok_or_else(lost)? {
                    Event::Ended(ending) => return Ok(ending),
                    Event::Ask(_) => return self.believe(Err(Breach("a second ask before the first was answered"))),
                },
            }
        }
    }

    /// Hands a message to whoever waits for it.
    pub(super) fn take(&self, message: FromWorker) -> Result<(), Breach> {
        let mut desk = lock(&self.desk);
        let too_much = |error| match error {
            mpsc::error::TrySendError::Full(_) => Err(Breach("more of a call than one ask and its end")),
            // Nobody waits for it any more.
            mpsc::error::TrySendError::Closed(_) => Ok(()),
        };
        match message {
            FromWorker::Ready(_) => Err(Breach("ready twice")),
            FromWorker::Loaded { handler, outcome } => {
                let waiting = desk.loads.remove(&handler).ok_or(Breach("a handler nobody gave it"))?;
                // Nobody may wait for it any more.
                let _ = waiting.send(outcome);
                Ok(())
            }
            FromWorker::Ask { call, asked } => {
                let call = desk.calls.get(&call).ok_or(Breach("an ask of no call"))?;
                call.events.try_send(Event::Ask(asked)).or_else(too_much)
            }
            FromWorker::Ended { call, ending } => {
                let call = desk.calls.remove(&call).ok_or(Breach("the end of no call"))?;
                call.events.try_send(Event::Ended(ending)).or_else(too_much)
            }
        }
    }

    fn believe<T>(&self, said: Result<T, Breach>) -> Result<T, Stop> {
        said.map_err(|breach| {
            self.distrust(&breach);
            lost()
        })
    }

    pub(super) fn ear(&self) -> &Ear {
        &self.ear
    }

    /// Ends a worker that is not itself any more.
    pub(super) fn distrust(&self, breach: &Breach) {
        tracing::error!(
            process = self.process_id,
            found = breach.0,
            "the handlers' process broke its protocol; it is ended"
        );
        self.end();
    }

    fn send(&self, message: &ToWorker) -> Result<(), Stop> {
        self.outbox.send(message).map_err(|error| {
            tracing::debug!(%error, "a message did not reach the handlers' process");
            lost()
        })
    }

    /// Ends every call.
    pub(super) fn close(&self) {
        let mut desk = lock(&self.desk);
        desk.gone = true;
        desk.calls.clear();
        desk.loads.clear();
    }
}

/// Tells the worker when nobody waits for a call any more.
struct Watch<'a> {
    link: &'a Link,
    call: u64,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if lock(&self.link.desk).calls.contains_key(&self.call) {
            // A worker that is gone runs no call.
            let _ = self.link.outbox.send(&ToWorker::Cancel { call: self.call });
        }
    }
}

/// Has a read answered as a guest of this process would.
async fn answer(desk: &mut ReadDesk, asked: Asked) -> Answer {
    let answered = match asked {
        Asked::Get { read, key } => desk.get(read, key).await.map(Answer::Row),
        Asked::Find { read, filters } => desk.find(read, filters).await.map(Answer::Rows),
    };
    answered.unwrap_or_else(Answer::Stop)
}

/// The end of every call on a worker that ends.
pub(super) fn lost() -> Stop {
    Stop::new(
        Code::HandlerWorkerLost,
        "the process the handler ran in ended before the handler answered; nothing was proposed",
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
