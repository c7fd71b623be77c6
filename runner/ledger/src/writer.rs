//! The one thread that writes: it commits whatever is waiting together, and answers nobody before the commit.
//!
//! Invariant: no transaction stays open while the thread waits for work. Invariant: one bad change does not spoil the
//! others of its commit; each runs in a savepoint of its own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use rusqlite::Connection;
use synapsor_protocol::{Clock, Ids};
use tokio::sync::{mpsc, oneshot};

use crate::error::Error;

/// Changes that share one commit at most; bounds how long the first of them waits.
const BATCH_MAX: usize = 128;

/// Changes that may wait; a caller beyond it waits before handing over.
const QUEUE_MAX: usize = 256;

/// What a change works with, inside the transaction.
pub(crate) struct Write<'a> {
    /// The writing connection; a transaction is open.
    pub(crate) conn: &'a Connection,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) ids: &'a dyn Ids,
    /// Empty only while the ledger is being founded.
    pub(crate) ledger_id: &'a str,
}

/// What a change left behind: whether to keep it, and who waits for it.
struct Done {
    /// The change's own error, for which its savepoint is rolled back.
    failed: Option<Error>,
    /// Tells the caller, once it is known whether the commit held.
    answer: Box<dyn FnOnce(Result<(), Error>) + Send>,
}

/// A change waiting for its commit. Given an error instead of a transaction, it answers that.
type Change = Box<dyn FnOnce(Result<&Write<'_>, Error>) -> Done + Send>;

/// The handle to the thread. Dropping it finishes the queue and closes the connection.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Change>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the thread on a connection that is set up and migrated.
    pub(crate) fn start(
        conn: Connection,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        ledger_id: String,
    ) -> Result<Self, Error> {
        let commits = Arc::new(AtomicU64::new(0));
        let committer = Committer { conn, clock, ids, ledger_id, commits: Arc::clone(&commits) };
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
        F: FnOnce(&Write<'_>) -> Result<T, Error> + Send + 'static,
    {
        const STOPPED: Error = Error::Invariant { what: "the ledger's writer has stopped" };
        let (reply, outcome) = oneshot::channel();
        let change: Change = Box::new(move |write| {
            let outcome = write.and_then(change);
            Done {
                failed: outcome.as_ref().err().cloned(),
                answer: Box::new(move |committed| {
                    // Nobody listening is fine: the change is recorded all the same.
                    let _ = reply.send(outcome.and_then(|value| committed.map(|()| value)));
                }),
            }
        });
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

/// The thread's side.
struct Committer {
    conn: Connection,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    ledger_id: String,
    commits: Arc<AtomicU64>,
}

impl Committer {
    fn serve(self, mut waiting: mpsc::Receiver<Change>) {
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

    /// Takes as many changes as one transaction can carry: all, unless SQLite gives the transaction up in between.
    fn commit_together(&self, batch: &mut VecDeque<Change>) {
        if let Err(error) = self.batch("BEGIN IMMEDIATE") {
            return refuse_all(batch, &error);
        }
        let mut answers = Vec::with_capacity(batch.len());
        let mut kept = 0_usize;
        let mut given_up = None;
        while let Some(change) = batch.pop_front() {
            let Done { failed, answer } = self.in_savepoint(change);
            answers.push(answer);
            kept += usize::from(failed.is_none());
            // A full disk or an I/O error may have rolled everything back already; what follows would commit
            // statement by statement.
            if self.conn.is_autocommit() {
                given_up =
                    failed.or(Some(Error::Invariant { what: "a change ended the ledger's transaction" }));
                break;
            }
        }
        let committed = match given_up {
            Some(error) => Err(error),
            None if kept == 0 => self.batch("ROLLBACK"),
            None => self.commit(),
        };
        for answer in answers {
            answer(committed.clone());
        }
    }

    fn in_savepoint(&self, change: Change) -> Done {
        if let Err(error) = self.batch("SAVEPOINT change") {
            return change(Err(error));
        }
        let write = Write {
            conn: &self.conn,
            clock: self.clock.as_ref(),
            ids: self.ids.as_ref(),
            ledger_id: &self.ledger_id,
        };
        let mut done = change(Ok(&write));
        if self.conn.is_autocommit() {
            return done;
        }
        let end = match done.failed {
            None => self.batch("RELEASE change"),
            Some(_) => self.batch("ROLLBACK TO change; RELEASE change"),
        };
        if let Err(error) = end {
            // The savepoint cannot be closed: give the whole transaction up rather than keep half a change.
            let _ = self.batch("ROLLBACK");
            done.failed = Some(error);
        }
        done
    }

    fn commit(&self) -> Result<(), Error> {
        let committed = self.batch("COMMIT");
        if committed.is_ok() {
            self.commits.fetch_add(1, Ordering::Relaxed);
        } else if !self.conn.is_autocommit() {
            let _ = self.batch("ROLLBACK");
        }
        committed
    }

    fn batch(&self, sql: &'static str) -> Result<(), Error> {
        self.conn.execute_batch(sql).map_err(Error::storage("write to the ledger"))
    }
}

fn refuse_all(batch: &mut VecDeque<Change>, error: &Error) {
    for change in batch.drain(..) {
        (change(Err(error.clone())).answer)(Err(error.clone()));
    }
}
