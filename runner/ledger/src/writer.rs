//! The handle to what writes: a change is handed over, and answered once it is committed.
//!
//! One thread commits what waits, together. A change that does not wait for the disk is so short that a caller who finds
//! nobody writing makes it where it stands, and spares two changes of thread.

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use synapsor_protocol::{Clock, Digest, Ids};
use tokio::sync::{mpsc, oneshot};

use crate::committer::Committer;
use crate::error::Error;
use crate::queue::{self, Work};
use crate::statements::{Opener, Statements};

/// Changes that may wait; a caller beyond it waits before handing over.
const QUEUE_MAX: usize = 256;

/// Changes made in place between two that are handed over to see whether anybody else asks meanwhile: a caller that does not let go of
/// its thread never finds out.
const ALONE_CHANGES: u32 = 16;

/// Changes that are handed over, and so can share their commits, after the last time that several asked at once.
const CROWD_CHANGES: u32 = 256;

/// What a change works with, inside the transaction.
pub(crate) struct Write<'a> {
    /// The writing connection; a transaction is open.
    pub(crate) conn: &'a dyn Statements,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) ids: &'a dyn Ids,
    /// Empty only while the ledger is being founded.
    pub(crate) ledger_id: &'a str,
    /// The last event this transaction appended.
    pub(crate) tail: RefCell<Option<Tail>>,
}

/// An event's number and digest.
pub(crate) type Tail = (i64, Digest);

impl<'a> Write<'a> {
    /// A transaction that has appended nothing yet.
    pub(crate) fn new(
        conn: &'a dyn Statements,
        clock: &'a dyn Clock,
        ids: &'a dyn Ids,
        ledger_id: &'a str,
    ) -> Self {
        Self { conn, clock, ids, ledger_id, tail: RefCell::new(None) }
    }
}

/// What a caller is promised with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// The change is on the disk: it stays when the machine loses its power the next instant.
    OnDisk,
    /// The change is committed: it stays when this process is killed the next instant, and is on the disk soon after.
    Committed,
}

/// A change waiting for its commit. Whatever it writes, it appends an event to the chain.
pub(crate) trait Change: Send {
    /// What the caller is promised.
    fn promise(&self) -> Promise;

    /// Makes the change, or makes it anew in another transaction. For an error its savepoint is rolled back.
    fn make(&mut self, write: &Write<'_>) -> Result<(), Error>;

    /// Tells the caller, once it is known whether the commit held.
    fn answer(self: Box<Self>, committed: Result<(), Error>);
}

/// A caller's change, and what the latest try at it came to.
struct Asked<T, F> {
    promise: Promise,
    change: F,
    outcome: Option<T>,
    reply: oneshot::Sender<Result<T, Error>>,
}

/// The handle to the thread. Dropping it finishes the queue and closes the connection.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Work>>,
    committer: Arc<Mutex<Committer>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
    callers: Callers,
}

/// Whether changes are better handed over. What it counts is only ever a guess of what comes next.
#[derive(Default)]
struct Callers {
    /// How many ask now.
    asking: AtomicUsize,
    /// How many changes more are handed over, whoever asks.
    handed_over: AtomicU32,
    /// How many were made in place since.
    in_place: AtomicU32,
}

const STOPPED: Error = Error::Invariant { what: "the ledger's writer has stopped" };

impl Writer {
    /// Starts the thread; its ledger is there and up to date. Where it is a file, that file's log is flushed for the changes that
    /// do not wait for it.
    pub(crate) fn start(
        open: Opener,
        file: Option<&Path>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        ledger_id: String,
    ) -> Result<Self, Error> {
        let commits = Arc::new(AtomicU64::new(0));
        let committer = Committer::new(open, file, (clock, ids), ledger_id, Arc::clone(&commits))?;
        let committer = Arc::new(Mutex::new(committer));
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let served = Arc::clone(&committer);
        let thread = std::thread::Builder::new()
            .name("ledger-writer".into())
            .spawn(move || queue::serve(&served, waiting))
            .map_err(Error::file("start the ledger's writer"))?;
        Ok(Self { queue: Some(queue), committer, thread: Some(thread), commits, callers: Callers::default() })
    }

    /// Runs a change and waits until it is on disk. A caller that goes away after handing over does not undo it.
    pub(crate) async fn write<T, F>(&self, change: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Write<'_>) -> Result<T, Error> + Send + 'static,
    {
        self.keep(Promise::OnDisk, change).await
    }

    /// The same for a change that takes no longer than an event and its documents, and waits for what is promised: where that is not the
    /// disk, the caller's own thread may make it.
    pub(crate) async fn keep<T, F>(&self, promise: Promise, change: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Write<'_>) -> Result<T, Error> + Send + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        let change: Box<dyn Change> = Box::new(Asked { promise, change, outcome: None, reply });
        let queue = self.queue.as_ref().ok_or(STOPPED)?;
        let _asking = self.callers.asks();
        if let Some(change) = self.at_once(queue, change) {
            queue.send(Work::Change(change)).await.map_err(|_| STOPPED)?;
        }
        outcome.await.map_err(|_| STOPPED)?
    }

    /// Makes a change on the caller's thread, or hands it back: where it waits for the disk, several ask or are writing, or the
    /// last one was not brief.
    fn at_once(&self, queue: &mpsc::Sender<Work>, change: Box<dyn Change>) -> Option<Box<dyn Change>> {
        if change.promise() == Promise::OnDisk || self.waiting() > 0 || !self.callers.is_alone() {
            return Some(change);
        }
        let Ok(mut committer) = self.committer.try_lock() else { return Some(change) };
        let left = committer.commit_at_once(change);
        if committer.is_upkeep_due() {
            // A full queue says the same to the thread.
            let _ = queue.try_send(Work::Upkeep);
        }
        left
    }

    /// Changes that were handed over and not taken up yet.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.max_capacity().saturating_sub(queue.capacity()))
    }

    /// Commits so far.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}

impl Callers {
    /// One more asks, for as long as the answer is held.
    fn asks(&self) -> Asking<'_> {
        if self.asking.fetch_add(1, Ordering::Relaxed) > 0 {
            self.handed_over.store(CROWD_CHANGES, Ordering::Relaxed);
        }
        Asking(self)
    }

    /// Whether the one who asks is likely to be the only one. Of a crowd most find each other's changes in the queue.
    fn is_alone(&self) -> bool {
        let left = self.handed_over.load(Ordering::Relaxed);
        if left > 0 {
            self.handed_over.store(left - 1, Ordering::Relaxed);
            return false;
        }
        if self.in_place.fetch_add(1, Ordering::Relaxed) < ALONE_CHANGES {
            return true;
        }
        self.in_place.store(0, Ordering::Relaxed);
        false
    }
}

/// Somebody asks.
struct Asking<'a>(&'a Callers);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.asking.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        // With the committer goes the last connection that writes, which folds the write-ahead log back into the file.
    }
}

impl<T, F> Change for Asked<T, F>
where
    T: Send,
    F: Fn(&Write<'_>) -> Result<T, Error> + Send,
{
    fn promise(&self) -> Promise {
        self.promise
    }

    fn make(&mut self, write: &Write<'_>) -> Result<(), Error> {
        self.outcome = None;
        self.outcome = Some((self.change)(write)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), Error>) {
        const UNMADE: Error = Error::Invariant { what: "a change was committed that nobody made" };
        let Self { outcome, reply, .. } = *self;
        // Nobody listening is fine: the change is recorded all the same.
        let _ = reply.send(committed.and_then(|()| outcome.ok_or(UNMADE)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_asks_alone_hands_a_change_over_now_and_then() {
        let callers = Callers::default();
        let alone = |_| {
            let _asking = callers.asks();
            callers.is_alone()
        };
        let made: Vec<bool> = (0..2 * (ALONE_CHANGES + 1)).map(alone).collect();
        assert_eq!(made.iter().filter(|in_place| !**in_place).count(), 2, "{made:?}");
    }

    #[test]
    fn of_several_who_ask_at_once_nobody_is_alone_for_a_while() {
        let callers = Callers::default();
        let first = callers.asks();
        drop(callers.asks());
        drop(first);
        let alone = |_| {
            let _asking = callers.asks();
            callers.is_alone()
        };
        assert!((0..CROWD_CHANGES).map(alone).all(|in_place| !in_place));
        assert!(alone(0));
    }
}
