//! The worker itself: shuts itself in, then runs calls until the host is gone.
//!
//! Invariant: what needs a file is done before the sandbox is up: the engine looks at the machine when it starts. After that
//! everything comes through the pipe.
//! Invariant: every call is answered by one `Ended`, also one that was cancelled or on which this code panicked.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::ioctl_fionbio;
use synapsor_protocol::Code;
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::frame::{self, Incoming};
use super::message::{Answer, Asked, FromWorker, Start, TO_WORKER_BYTES_MAX, ToWorker};
use super::outbox::Outbox;
use crate::allowance::Allowance;
use crate::call::{self, Prepared};
use crate::code::Code as NativeCode;
use crate::limits::EngineSettings;
use crate::messages::{Ask, Ending, HandlerCall};
use crate::stop::Stop;
use crate::ticker::Ticker;
use crate::turns::{Crowd, Turns};
use crate::wasm::Wasm;
use crate::{confine, sandbox};

/// Exit code: not started by a host, or not able to do what it is for.
const NOT_STARTED: u8 = 2;

/// Runs the worker. `words` are the parent's process id.
pub(crate) fn run(mut words: impl Iterator<Item = String>) -> ExitCode {
    let parent = words.next().and_then(|word| word.parse().ok());
    match parent.map(start) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(_)) | None => ExitCode::from(NOT_STARTED),
    }
}

fn start(parent: u32) -> io::Result<()> {
    confine::end_with_parent(parent)?;
    let mut from_host = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let to_host = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let Start { limits_max, slots, threads } = frame::next_now(&mut from_host, TO_WORKER_BYTES_MAX)?;
    // While this process may still ask what its descriptors are: the runtime is handed them unchecked.
    ioctl_fionbio(&from_host, true)?;
    ioctl_fionbio(&to_host, true)?;
    let settings = EngineSettings { limits_max, slots, threads, ..EngineSettings::default() };
    let wasm = Wasm::start(&settings).map_err(io::Error::other)?;
    // Only now: the engine asks about its own pages through a file that such a process may not open.
    confine::leave_no_image()?;
    let confinement = sandbox::enter();
    let _ticker = Ticker::start(wasm.engine.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.max(1))
        .thread_name("handler-guest")
        .enable_io()
        .enable_time()
        .build()?;
    runtime.block_on(async {
        let from_host = Receiver::from_file_unchecked(from_host)?;
        let outbox = Outbox::new(Sender::from_file_unchecked(to_host)?);
        outbox.send(&FromWorker::Ready(confinement))?;
        let draining = Arc::clone(&outbox);
        tokio::spawn(async move { draining.drain().await });
        let crowd = Arc::new(Crowd::on(threads));
        let serving = Serving { wasm, outbox, crowd, handlers: HashMap::new(), calls: Arc::default() };
        // On a thread that runs guests, so that a message need not wake another thread to be acted on.
        tokio::spawn(serving.serve(from_host)).await?
    })
}

/// What the worker knows.
struct Serving {
    wasm: Wasm,
    outbox: Arc<Outbox>,
    crowd: Arc<Crowd>,
    handlers: HashMap<u64, Arc<Prepared>>,
    calls: Arc<Mutex<HashMap<u64, Running>>>,
}

/// A call in flight.
struct Running {
    task: Option<AbortHandle>,
    answers: mpsc::Sender<Answer>,
}

impl Serving {
    async fn serve(mut self, mut from_host: Receiver) -> io::Result<()> {
        let mut incoming = Incoming::default();
        while let Some(message) = incoming.next(&mut from_host, TO_WORKER_BYTES_MAX).await? {
            match message {
                ToWorker::Load { handler, allowance, code_bytes } => {
                    let code = incoming.take(&mut from_host, code_bytes).await?;
                    self.load(handler, allowance, code)?;
                }
                ToWorker::Unload { handler } => drop(self.handlers.remove(&handler)),
                ToWorker::Call { call, handler, given } => self.call(call, handler, given)?,
                ToWorker::Answered { call, answer } => self.answered(call, answer),
                ToWorker::Cancel { call } => self.cancel(call),
            }
        }
        Ok(())
    }

    /// Some milliseconds for the largest; calls in flight go on.
    #[expect(
        clippy::disallowed_methods,
        reason = "the host sends what its own compiler made, through a pipe only it has"
    )]
    fn load(&mut self, handler: u64, allowance: Allowance, code: Vec<u8>) -> io::Result<()> {
        let prepared = self.wasm.prepare(&NativeCode::vouched_for(code), allowance);
        let outcome = match prepared {
            Ok(prepared) => {
                self.handlers.insert(handler, Arc::new(prepared));
                Ok(())
            }
            Err(error) => {
                Err(std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string))
            }
        };
        self.outbox.send(&FromWorker::Loaded { handler, outcome })
    }

    fn call(&self, call: u64, handler: u64, given: HandlerCall) -> io::Result<()> {
        let end =
            End { call, outbox: Arc::clone(&self.outbox), calls: Arc::clone(&self.calls), ending: None };
        let Some(prepared) = self.handlers.get(&handler).cloned() else {
            return Err(io::Error::other("a call of a handler that was not given"));
        };
        let (answers, inbox) = mpsc::channel(1);
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.insert(call, Running { task: None, answers });
        let task = tokio::spawn(attend(end, Arc::clone(&self.crowd), prepared, given, inbox)).abort_handle();
        if let Some(running) = calls.get_mut(&call) {
            running.task = Some(task);
        }
        Ok(())
    }

    fn answered(&self, call: u64, answer: Answer) {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = calls.get(&call) {
            // A call that has just met its deadline does not wait for it.
            let _ = running.answers.try_send(answer);
        }
    }

    fn cancel(&self, call: u64) {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = calls.get(&call).and_then(|running| running.task.as_ref()) {
            task.abort();
        }
    }
}

/// Runs a call, its reads sent out and their answers taken in.
async fn attend(
    mut end: End,
    crowd: Arc<Crowd>,
    prepared: Arc<Prepared>,
    given: HandlerCall,
    mut answers: mpsc::Receiver<Answer>,
) {
    let (asks, mut inbox) = mpsc::channel(1);
    let mut member = crowd.join();
    let mut guest = Turns::new(call::run(prepared, given, asks));
    loop {
        tokio::select! {
            biased;
            ending = guest.run(|| member.goes_on()) => {
                end.ending = Some(ending);
                return;
            }
            Some(ask) = inbox.recv() => {
                let asked = match &ask {
                    Ask::Get { read, key, .. } => Asked::Get { read: read.clone(), key: key.clone() },
                    Ask::Find { read, filters, .. } => Asked::Find { read: read.clone(), filters: filters.clone() },
                };
                if end.outbox.send(&FromWorker::Ask { call: end.call, asked }).is_err() {
                    return;
                }
                // The guest waits for it, and its deadline goes on meanwhile.
                tokio::select! {
                    biased;
                    ending = guest.run(|| false) => {
                        end.ending = Some(ending);
                        return;
                    }
                    answer = answers.recv() => guest.before_a_turn(|| reply(ask, answer)),
                }
            }
        }
    }
}

/// Hands an answer to the guest; the host sends the kind that was asked for.
fn reply(ask: Ask, answer: Option<Answer>) {
    let stop = || Stop::new(Code::Internal, "internal error: a read was answered by another one's answer");
    // A reply nobody waits for belongs to a call that has just ended.
    match (ask, answer) {
        (Ask::Get { reply, .. }, Some(Answer::Row(row))) => drop(reply.send(Ok(row))),
        (Ask::Find { reply, .. }, Some(Answer::Rows(rows))) => drop(reply.send(Ok(rows))),
        (Ask::Get { reply, .. }, Some(Answer::Stop(stop))) => drop(reply.send(Err(stop))),
        (Ask::Find { reply, .. }, Some(Answer::Stop(stop))) => drop(reply.send(Err(stop))),
        (Ask::Get { reply, .. }, _) => drop(reply.send(Err(stop()))),
        (Ask::Find { reply, .. }, _) => drop(reply.send(Err(stop()))),
    }
}

/// Says how a call ended when it is dropped, however it comes to that.
struct End {
    call: u64,
    outbox: Arc<Outbox>,
    calls: Arc<Mutex<HashMap<u64, Running>>>,
    ending: Option<Ending>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.call);
        let ending = self.ending.take().unwrap_or_else(|| {
            Ending::without_a_start(Stop::new(
                Code::Internal,
                "internal error: a handler's call was given up",
            ))
        });
        // A host that is gone waits for nothing; the worker ends with it.
        let _ = self.outbox.send(&FromWorker::Ended { call: self.call, ending });
    }
}
