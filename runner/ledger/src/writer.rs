//! The one thread that writes: it commits whatever is waiting together, and answers nobody before the commit.
//!
//! Invariant: no transaction stays open while the thread waits for work. Invariant: one bad change does not spoil the
//! others of its commit; each runs in a savepoint of its own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use synapsor_protocol::{Clock, Ids};
use tokio::sync::{mpsc, oneshot};

use crate::error::Error;
use crate::statements::{Statements, Store};

/// Changes that share one commit at most; bounds how long the first of them waits.
const BATCH_MAX: usize = 128;

/// Changes that may wait; a caller beyond it waits before handing over.
const QUEUE_MAX: usize = 256;

/// What a change works with, inside the transaction.
pub(crate) struct Write<'a> {
    /// The writing connection; a transaction is open.
    pub(crate) conn: &'a dyn Statements,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) ids: &'a dyn Ids,
    /// Empty only while the ledger is being founded.
    pub(crate) ledger_id: &'a str,
}

/// A change waiting for its commit.
trait Change: Send {
    /// Makes the change, or makes it anew in another transaction. For an error its savepoint is rolled back.
    fn make(&mut self, write: &Write<'_>) -> Result<(), Error>;

    /// Tells the caller, once it is known whether the commit held.
    fn answer(self: Box<Self>, committed: Result<(), Error>);
}

/// A caller's change, and what the latest try at it came to.
struct Asked<T, F> {
    change: F,
    outcome: Option<T>,
    reply: oneshot::Sender<Result<T, Error>>,
}

/// The handle to the thread. Dropping it finishes the queue and closes the connection.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Change>>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the thread on a connection that is set up and migrated.
    pub(crate) fn start(
        store: Box<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        ledger_id: String,
    ) -> Result<Self, Error> {
        let commits = Arc::new(AtomicU64::new(0));
        let committer = Committer { store, clock, ids, ledger_id, commits: Arc::clone(&commits) };
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("ledger-writer".into())
            .spawn(move || committer.serve(waiting))
            .map_err(Error::file("start the ledger's writer"))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), commits })
    }

    /// Runs a change and waits until it is on disk. A caller that goes away after handing over does not undo it.
    pub(crate) async fn write<T, F>(&self, change: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Write<'_>) -> Result<T, Error> + Send + 'static,
    {
        const STOPPED: Error = Error::Invariant { what: "the ledger's writer has stopped" };
        let (reply, outcome) = oneshot::channel();
        let change: Box<dyn Change> = Box::new(Asked { change, outcome: None, reply });
        self.queue.as_ref().ok_or(STOPPED)?.send(change).await.map_err(|_| STOPPED)?;
        outcome.await.map_err(|_| STOPPED)?
    }

    /// Commits so far.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // The last connection to close folds the write-ahead log back into the file; wait for that.
            let _ = thread.join();
        }
    }
}

impl<T, F> Change for Asked<T, F>
where
    T: Send,
    F: Fn(&Write<'_>) -> Result<T, Error> + Send,
{
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

/// The thread's side.
struct Committer {
    store: Box<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    ledger_id: String,
    commits: Arc<AtomicU64>,
}

/// A change that was made, and its own error where it failed.
type Made = (Box<dyn Change>, Result<(), Error>);

impl Committer {
    fn serve(self, mut waiting: mpsc::Receiver<Box<dyn Change>>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut batch = VecDeque::from([first]);
            while batch.len() < BATCH_MAX
                && let Ok(next) = waiting.try_recv()
            {
                batch.push_back(next);
            }
            while !batch.is_empty() {
                self.commit_together(&mut batch);
            }
        }
    }

    /// Takes as many changes as one transaction can carry: all, unless the database gives the transaction up in between.
    fn commit_together(&self, batch: &mut VecDeque<Box<dyn Change>>) {
        if let Err(error) = self.store.begin_writing() {
            return batch.drain(..).for_each(|change| change.answer(Err(error.clone())));
        }
        let mut made: Vec<Made> = Vec::with_capacity(batch.len());
        let mut given_up = None;
        while let Some(mut change) = batch.pop_front() {
            let outcome = self.in_savepoint(change.as_mut());
            // A full disk or an I/O error may have rolled everything back already; what follows would commit
            // statement by statement.
            if !self.store.in_transaction() {
                let ended = Error::Invariant { what: "a change ended the ledger's transaction" };
                given_up = Some(outcome.as_ref().err().cloned().unwrap_or(ended));
            }
            made.push((change, outcome));
            if given_up.is_some() {
                break;
            }
        }
        let committed = given_up.map_or_else(|| self.end(&made), Err);
        for (change, outcome) in made {
            change.answer(outcome.and_then(|()| committed.clone()));
        }
    }

    fn in_savepoint(&self, change: &mut dyn Change) -> Result<(), Error> {
        self.store.mark("SAVEPOINT change")?;
        let write = Write {
            conn: self.store.statements(),
            clock: self.clock.as_ref(),
            ids: self.ids.as_ref(),
            ledger_id: &self.ledger_id,
        };
        let made = change.make(&write);
        if !self.store.in_transaction() {
            return made;
        }
        let end = match made {
            Ok(()) => self.store.mark("RELEASE SAVEPOINT change"),
            Err(_) => self.store.mark("ROLLBACK TO SAVEPOINT change; RELEASE SAVEPOINT change"),
        };
        if let Err(error) = end {
            // The savepoint cannot be closed: give the whole transaction up rather than keep half a change.
            self.store.roll_back();
            return Err(error);
        }
        made
    }

    /// Commits what is to be kept, if anything is.
    fn end(&self, made: &[Made]) -> Result<(), Error> {
        if made.iter().all(|(_, outcome)| outcome.is_err()) {
            self.store.roll_back();
            return Ok(());
        }
        let committed = self.store.commit();
        if committed.is_ok() {
            self.commits.fetch_add(1, Ordering::Relaxed);
        } else {
            self.store.roll_back();
        }
        committed
    }
}
