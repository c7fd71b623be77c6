//! Commits changes together, and answers nobody before the commit.
//!
//! Invariant: no transaction stays open while the thread waits for work. Invariant: one bad change does not spoil the
//! others of its commit; each of several runs in a savepoint of its own.
//! Invariant: a commit whose answer is lost is looked for under the lock every writer takes, and never guessed.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use synapsor_protocol::{Clock, Ids};

use crate::error::{Error, Fault};
use crate::flush::Flusher;
use crate::search;
use crate::statements::{Opener, Store, cells};
use crate::writer::{Change, Promise, Tail, Write};

/// Changes after which what records are found by is brought up to date, unless a list was faster.
const CATCH_UP_CHANGES: usize = 512;

/// How long a commit that does not wait for the disk may take for the next one to be made on a caller's thread.
const BRIEF: Duration = Duration::from_micros(500);

/// How long to wait before each next try at a server that was lost or gave us up, in milliseconds. A file needs none.
const WAITS_MS: [u64; 7] = [50, 100, 200, 400, 800, 1_600, 3_200];

pub(crate) struct Committer {
    // Before the flusher: the connection that closes folds the log back, after which there is nothing to flush.
    store: Box<dyn Store>,
    open: Opener,
    /// The ledger's file, where it is one.
    file: Option<PathBuf>,
    /// Started with the first commit that does not wait for the disk.
    flusher: Option<Flusher>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    ledger_id: String,
    commits: Arc<AtomicU64>,
    /// Changes since what records are found by was brought up to date.
    unfound: usize,
    /// Whether the last commit that did not wait for the disk was brief. The first one never is expected to be.
    was_brief: bool,
}

/// A change that was made, and its own error where it failed.
type Made = (Box<dyn Change>, Result<(), Error>);

/// What one transaction came to.
struct Tried {
    made: Vec<Made>,
    /// The last event it appended.
    tail: Option<Tail>,
    committed: Result<(), Error>,
    /// Whether COMMIT was said: only then an error leaves open what happened.
    sent: bool,
}

enum Next {
    Answer(Result<(), Error>),
    /// Nothing was kept, and another try may go through.
    Again(Error),
}

impl Committer {
    pub(crate) fn new(
        open: Opener,
        file: Option<&Path>,
        (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>),
        ledger_id: String,
        commits: Arc<AtomicU64>,
    ) -> Result<Self, Error> {
        let (store, file) = (open()?, file.map(Path::to_owned));
        let (flusher, unfound, was_brief) = (None, 0, false);
        Ok(Self { store, open, file, flusher, clock, ids, ledger_id, commits, unfound, was_brief })
    }

    /// Commits a batch, in as few transactions as the database lets it.
    pub(crate) fn commit_all(&mut self, batch: &mut VecDeque<Box<dyn Change>>) {
        self.unfound += batch.len();
        while !batch.is_empty() {
            self.commit_together(batch);
        }
    }

    /// Commits a change that does not wait for the disk, unless that may take long: then it is handed back.
    ///
    /// It waits for no lock, and follows a commit that was quick, so a slow disk or a crowded ledger holds up a caller's thread
    /// once and not again before the writing thread had a quick one.
    pub(crate) fn commit_at_once(&mut self, change: Box<dyn Change>) -> Option<Box<dyn Change>> {
        let began = Instant::now();
        // Whatever fails here fails again where there is time to tell it.
        let is_open = self.was_brief
            && self.promise(Promise::Committed).is_ok()
            && self.store.begin_writing_at_once().unwrap_or(false);
        if !is_open {
            self.store.roll_back();
            return Some(change);
        }
        let mut tried = self.carry(&mut VecDeque::from([change]), Promise::Committed);
        self.was_brief = began.elapsed() <= BRIEF;
        match self.judge(&tried) {
            Next::Again(_) => tried.made.pop().map(|(change, _)| change),
            Next::Answer(committed) => {
                self.unfound += 1;
                answer(tried.made, &mut VecDeque::new(), &committed);
                None
            }
        }
    }

    /// Whether there is something for [`Committer::keep_up`] to do.
    pub(crate) fn is_upkeep_due(&self) -> bool {
        self.unfound >= CATCH_UP_CHANGES
    }

    /// Brings what records are found by closer to the chain, and folds the log, when enough has changed since the last time.
    pub(crate) fn keep_up(&mut self) {
        if !self.is_upkeep_due() {
            return;
        }
        self.unfound = 0;
        self.catch_up();
        if let Err(error) = self.store.fold() {
            // A commit does it when the log has grown large.
            tracing::debug!(%error, "the ledger's log was not folded");
        }
    }

    /// The end of the queue.
    pub(crate) fn finish(&mut self) {
        if self.is_behind() {
            self.catch_up();
        }
    }

    /// Whether many records cannot be found yet, which the next list would have to wait for. A command that made a change or
    /// two leaves them to it: a commit more would hold up whoever writes next.
    fn is_behind(&self) -> bool {
        let changes = i64::try_from(CATCH_UP_CHANGES).unwrap_or(i64::MAX);
        let begun = self.store.begin_reading();
        let behind = begun.and_then(|()| search::behind(self.store.statements()));
        self.store.roll_back();
        behind.is_ok_and(|events| events >= changes)
    }

    /// Brings what records are found by closer to the chain. Nothing is lost where it fails: whoever looks for a record does
    /// it first, and is told why it cannot be done.
    fn catch_up(&mut self) {
        // It follows from the chain, so what a loss of power takes of it is made again.
        let caught_up = self
            .begin(Promise::Committed)
            .and_then(|()| search::step(self.store.statements(), search::STEP_EVENTS))
            .and_then(|_| self.commit(Promise::Committed));
        self.store.roll_back();
        if let Err(error) = caught_up {
            tracing::debug!(%error, "what records are found by was not brought up to date");
        }
    }

    /// Takes as many changes as one transaction can carry: all, unless the database gives the transaction up in between.
    fn commit_together(&mut self, batch: &mut VecDeque<Box<dyn Change>>) {
        let mut waits = WAITS_MS.into_iter();
        loop {
            let tried = self.try_together(batch);
            let committed = match (self.judge(&tried), waits.next()) {
                (Next::Answer(committed), _) => committed,
                (Next::Again(error), None) => Err(error),
                (Next::Again(error), Some(wait_ms)) => {
                    tracing::warn!(%error, wait_ms, "the ledger's transaction is made again");
                    let made = tried.made.into_iter().rev();
                    made.for_each(|(change, _)| batch.push_front(change));
                    thread::sleep(Duration::from_millis(wait_ms));
                    continue;
                }
            };
            return answer(tried.made, batch, &committed);
        }
    }

    fn try_together(&mut self, batch: &mut VecDeque<Box<dyn Change>>) -> Tried {
        let began = Instant::now();
        let waits = batch.iter().any(|change| change.promise() == Promise::OnDisk);
        let promise = if waits { Promise::OnDisk } else { Promise::Committed };
        if let Err(error) = self.begin(promise) {
            return Tried { made: Vec::new(), tail: None, committed: Err(error), sent: false };
        }
        let tried = self.carry(batch, promise);
        if !waits {
            self.was_brief = began.elapsed() <= BRIEF;
        }
        tried
    }

    /// Makes the changes in the transaction that is open, and commits it.
    fn carry(&mut self, batch: &mut VecDeque<Box<dyn Change>>, promise: Promise) -> Tried {
        let mut tried =
            Tried { made: Vec::with_capacity(batch.len()), tail: None, committed: Ok(()), sent: false };
        // A change that has the transaction to itself goes back with it.
        let is_alone = batch.len() == 1;
        while let Some(mut change) = batch.pop_front() {
            let outcome = match is_alone {
                true => self.make(change.as_mut(), &mut tried.tail),
                false => self.in_savepoint(change.as_mut(), &mut tried.tail),
            };
            let given_up = self.given_up(&outcome);
            tried.made.push((change, outcome));
            if let Some(error) = given_up {
                tried.committed = Err(error);
                return tried;
            }
        }
        if tried.made.iter().all(|(_, outcome)| outcome.is_err()) {
            self.store.roll_back();
            return tried;
        }
        tried.sent = true;
        tried.committed = self.commit(promise);
        self.store.roll_back();
        tried
    }

    fn begin(&mut self, promise: Promise) -> Result<(), Error> {
        if self.store.is_lost() {
            self.store = (self.open)()?;
        }
        self.promise(promise)?;
        self.store.begin_writing()
    }

    /// Sees to it that the next commit keeps what is promised. A flush that failed is the end: see [`Flusher`].
    fn promise(&mut self, promise: Promise) -> Result<(), Error> {
        if let Some(error) = self.flusher.as_ref().and_then(Flusher::failed) {
            return Err(error);
        }
        if promise == Promise::Committed
            && self.flusher.is_none()
            && let Some(file) = &self.file
        {
            self.flusher = Some(Flusher::start(file)?);
        }
        self.store.wait_for_disk(promise == Promise::OnDisk)
    }

    fn commit(&self, promise: Promise) -> Result<(), Error> {
        self.store.commit()?;
        match &self.flusher {
            Some(flusher) if promise == Promise::Committed => flusher.soon(),
            _ => {}
        }
        Ok(())
    }

    fn in_savepoint(&self, change: &mut dyn Change, tail: &mut Option<Tail>) -> Result<(), Error> {
        self.store.mark("SAVEPOINT change")?;
        let mut appended = tail.clone();
        let made = self.make(change, &mut appended);
        if !self.store.in_transaction() {
            return made;
        }
        let end = match made {
            Ok(()) => self.store.mark("RELEASE SAVEPOINT change"),
            Err(_) => self
                .store
                .mark("ROLLBACK TO SAVEPOINT change")
                .and_then(|()| self.store.mark("RELEASE SAVEPOINT change")),
        };
        if let Err(error) = end {
            // The savepoint cannot be closed: give the whole transaction up rather than keep half a change.
            self.store.roll_back();
            return Err(error);
        }
        made.inspect(|()| *tail = appended)
    }

    /// Makes a change, and remembers the last event it appended.
    fn make(&self, change: &mut dyn Change, tail: &mut Option<Tail>) -> Result<(), Error> {
        let write = Write {
            conn: self.store.statements(),
            clock: self.clock.as_ref(),
            ids: self.ids.as_ref(),
            ledger_id: &self.ledger_id,
            tail: RefCell::new(tail.take()),
        };
        let made = change.make(&write);
        *tail = write.tail.into_inner();
        made
    }

    /// Why the transaction is over before its end: a full disk or an I/O error may have rolled everything back already,
    /// and what follows would commit statement by statement; a server may want it made again as a whole.
    fn given_up(&self, outcome: &Result<(), Error>) -> Option<Error> {
        let error = outcome.as_ref().err();
        if error.is_some_and(|error| error.fault() == Some(Fault::Contended)) {
            self.store.roll_back();
        }
        let ended = Error::Invariant { what: "a change ended the ledger's transaction" };
        (!self.store.in_transaction()).then(|| error.cloned().unwrap_or(ended))
    }

    fn judge(&mut self, tried: &Tried) -> Next {
        match &tried.committed {
            Err(error) if tried.sent && error.fault() == Some(Fault::Lost) => match self.is_there(tried) {
                Some(true) => Next::Answer(Ok(())),
                Some(false) => Next::Again(error.clone()),
                None => Next::Answer(Err(Error::Unsettled)),
            },
            Err(error) if matches!(error.fault(), Some(Fault::Lost | Fault::Contended)) => {
                Next::Again(error.clone())
            }
            Err(error) => Next::Answer(Err(error.clone())),
            Ok(()) => {
                self.commits.fetch_add(u64::from(tried.sent), Ordering::Relaxed);
                Next::Answer(Ok(()))
            }
        }
    }

    /// Whether a commit was carried out whose answer was lost; none where the server cannot be asked.
    fn is_there(&mut self, tried: &Tried) -> Option<bool> {
        // A transaction without an event has written nothing.
        let Some((seq, digest)) = &tried.tail else { return Some(true) };
        for wait_ms in WAITS_MS {
            // Under the lock, so the transaction that was lost is over, one way or the other.
            if self.begin(Promise::OnDisk).is_ok() {
                let sql = "SELECT digest FROM events WHERE seq = ?1";
                let found = self
                    .store
                    .statements()
                    .one("look for a commit", sql, cells![*seq], |row| Ok(row.text(0)? == digest.as_str()));
                self.store.roll_back();
                if let Ok(found) = found {
                    tracing::warn!(seq, there = found == Some(true), "a lost commit was looked for");
                    return Some(found == Some(true));
                }
            }
            thread::sleep(Duration::from_millis(wait_ms));
        }
        None
    }
}

/// Tells the callers; where not even a transaction could be opened, those that wait as well.
fn answer(made: Vec<Made>, batch: &mut VecDeque<Box<dyn Change>>, committed: &Result<(), Error>) {
    if made.is_empty() {
        batch.drain(..).for_each(|change| change.answer(committed.clone()));
    }
    for (change, outcome) in made {
        change.answer(outcome.and_then(|()| committed.clone()));
    }
}

#[cfg(test)]
mod tests;
