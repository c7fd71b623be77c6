//! How far long work on a ledger is, for somebody who watches from another thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How far some work is; another thread may look.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
    /// What is done, while it is; the steps alone do not say.
    work: Mutex<Option<&'static str>>,
}

impl Progress {
    /// Steps done so far, and how many there are; 0 where nobody knows yet.
    pub fn now(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// What is being done, if anything is.
    pub fn work(&self) -> Option<&'static str> {
        *self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that this is being done until what it answers is dropped.
    pub(crate) fn at_work(self: &Arc<Self>, what: &'static str, total: u64) -> AtWork {
        self.begin(total);
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
        AtWork(Arc::clone(self))
    }

    /// There are so many steps, and none is done.
    pub(crate) fn begin(&self, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// So many are done.
    pub(crate) fn moved_to(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }
}

/// Work that goes on.
#[derive(Debug)]
pub(crate) struct AtWork(Arc<Progress>);

impl AtWork {
    pub(crate) fn moved_to(&self, done: u64) {
        self.0.moved_to(done);
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        *self.0.work.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
