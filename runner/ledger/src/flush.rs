//! Brings to the disk, a moment later, what was committed without waiting for it.
//!
//! Such a commit is in the file's write-ahead log, where every process sees it and from where a killed process cannot take
//! it back. Only a machine that stops, or loses its power, loses what was not flushed.
//!
//! Invariant: while this process lives no commit waits for longer than [`FLUSH_AFTER`] and the flush before its own.
//! Invariant: after a flush that failed nothing is committed any more. What the disk holds of the log is not known then, and a
//! later flush that succeeds would not say that it holds all of it.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::Error;
use crate::file::log_of;

/// How long a commit that nobody waits for may gather company before it is flushed.
const FLUSH_AFTER: Duration = Duration::from_millis(10);

/// The handle to the thread that flushes one log. Dropping it flushes what is left.
pub(crate) struct Flusher {
    /// Holds one word at most: something was committed since the last flush began.
    committed: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    failed: Arc<OnceLock<Error>>,
}

impl Flusher {
    /// Starts the thread for the log of the ledger at `path`.
    pub(crate) fn start(path: &Path) -> Result<Self, Error> {
        let (committed, commits) = sync_channel(1);
        let failed = Arc::new(OnceLock::new());
        let (log, why) = (log_of(path), Arc::clone(&failed));
        let thread = thread::Builder::new()
            .name("ledger-flush".into())
            .spawn(move || follow(&commits, &log, &why))
            .map_err(Error::file("start what brings the ledger to the disk"))?;
        Ok(Self { committed: Some(committed), thread: Some(thread), failed })
    }

    /// Something was committed that is not on the disk yet.
    pub(crate) fn soon(&self) {
        // Where the word is there already, or the thread has ended by itself after it said why, there is nothing to add.
        let _ = self.committed.as_ref().map(|committed| committed.try_send(()));
    }

    /// Why nothing may be committed any more.
    pub(crate) fn failed(&self) -> Option<Error> {
        self.failed.get().cloned()
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.committed = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Flushes the log of the ledger at `path`, whoever wrote to it: what was committed before is on the disk afterwards.
pub(crate) fn now(path: &Path) -> Result<(), Error> {
    flush(&mut None, &log_of(path)).map_err(FAILED)
}

const FAILED: fn(io::Error) -> Error = |error| Error::file("bring the ledger's records to the disk")(error);

fn follow(commits: &Receiver<()>, log: &Path, failed: &OnceLock<Error>) {
    let mut open = None;
    while commits.recv().is_ok() {
        thread::sleep(FLUSH_AFTER);
        if let Err(error) = flush(&mut open, log) {
            tracing::error!(%error, log = %log.display(), "the disk did not take the ledger's records; nothing more is recorded");
            let _ = failed.set(FAILED(error));
            return;
        }
    }
}

/// The log stays open, so that a failure to write it back, which the system tells each open file of once, is told to this one.
fn flush(open: &mut Option<File>, log: &Path) -> io::Result<()> {
    let file = match open {
        Some(file) => file,
        None => match OpenOptions::new().read(true).write(true).open(log) {
            Ok(file) => open.insert(file),
            // Folded back into the ledger's file, which was flushed for that.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        },
    };
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_not_there_has_nothing_to_flush() {
        let folder = tempfile::tempdir().expect("a folder");
        now(&folder.path().join("ledger.db")).expect("nothing to do");
    }

    #[test]
    fn a_log_that_cannot_be_flushed_is_an_error_that_stays() {
        // A folder stands where the log would, and cannot be opened to be written.
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.db");
        std::fs::create_dir(log_of(&path)).expect("a folder in the log's place");
        assert!(now(&path).is_err());

        let flusher = Flusher::start(&path).expect("a thread");
        assert!(flusher.failed().is_none());
        flusher.soon();
        while flusher.failed().is_none() {
            thread::yield_now();
        }
        flusher.soon();
        let refusal = flusher.failed().expect("it stays").refusal();
        assert!(refusal.message.contains("bring the ledger's records to the disk"), "{refusal:?}");
    }
}
