//! Who reads what a worker says: a task in the runtime of the calls that wait for it.
//!
//! A call sleeps in its caller's runtime. Read in another one, every message would wake a thread there first, and that one
//! the caller's. So the task moves to the runtime of the latest call; callers of one runtime, which is the rule, never move it.
//! Invariant: what comes is read and passed on under one lock, in order, also while one task follows another: nothing is held
//! while a task sleeps, since its runtime may be blocked for as long as it likes.
//! Invariant: a runtime that ends while it holds the task leaves it to the engine's own, which lives as long as the link is
//! used.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::unix::pipe::Receiver;
use tokio::runtime::{self, Handle};
use tokio::task::{AbortHandle, Id};

use super::frame::Incoming;
use super::link::Link;
use super::message::FROM_WORKER_BYTES_MAX;
use super::verify::Breach;

/// One worker's sayings.
pub(super) struct Ear {
    from_worker: OwnedFd,
    incoming: Mutex<Incoming>,
    listener: Mutex<Option<Listener>>,
    /// Where the task goes when its runtime ends.
    home: Handle,
}

/// The task, and where it runs.
struct Listener {
    runtime: runtime::Id,
    task: AbortHandle,
}

impl Ear {
    /// Must be called inside the runtime that is there for as long as the link.
    pub(super) fn new(from_worker: OwnedFd) -> Self {
        Self { from_worker, incoming: Mutex::default(), listener: Mutex::default(), home: Handle::current() }
    }

    /// From now on the worker is heard in the caller's runtime.
    pub(super) fn listen_here(link: &Arc<Link>) {
        Self::listen_in(link, &Handle::current());
    }

    fn listen_in(link: &Arc<Link>, runtime: &Handle) {
        let mut listener = link.ear().listener.lock().unwrap_or_else(PoisonError::into_inner);
        if listener.as_ref().is_some_and(|now| now.runtime == runtime.id() && !now.task.is_finished()) {
            return;
        }
        let task = runtime.spawn(listen(Arc::clone(link))).abort_handle();
        if let Some(former) = listener.replace(Listener { runtime: runtime.id(), task }) {
            former.task.abort();
        }
    }

    /// Passes on what the worker says, until it has gone.
    async fn hear(&self, link: &Link) -> Result<(), Breach> {
        let pipe = self.from_worker.try_clone().and_then(Receiver::from_owned_fd).map_err(unreadable)?;
        loop {
            pipe.readable().await.map_err(unreadable)?;
            let mut incoming = self.incoming.lock().unwrap_or_else(PoisonError::into_inner);
            match pipe.try_read_buf(incoming.room()) {
                Ok(0) => return incoming.end().map_err(unreadable),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                read => read.map_err(unreadable)?,
            };
            while let Some(message) = incoming.whole(FROM_WORKER_BYTES_MAX).map_err(unreadable)? {
                link.take(message)?;
            }
        }
    }
}

fn unreadable(error: io::Error) -> Breach {
    tracing::debug!(%error, "what the handlers' process sent");
    Breach("a message that is none")
}

/// Until the worker has gone or says what it may not.
async fn listen(link: Arc<Link>) {
    let mut successor = Successor { link: Some(Arc::clone(&link)), task: tokio::task::id() };
    if let Err(breach) = link.ear().hear(&link).await {
        link.distrust(&breach);
    }
    link.close();
    successor.link = None;
}

/// Sees to it that somebody listens when a runtime drops the task.
struct Successor {
    link: Option<Arc<Link>>,
    task: Id,
}

impl Drop for Successor {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else { return };
        let ear = link.ear();
        let left_alone = {
            let listener = ear.listener.lock().unwrap_or_else(PoisonError::into_inner);
            listener.as_ref().is_some_and(|now| now.task.id() == self.task && now.runtime != ear.home.id())
        };
        if left_alone {
            Ear::listen_in(&link, &ear.home);
        }
    }
}
