//! Calls that a candidate was not shown and that no record tells of yet: how many, and the last of them, which can stand for
//! all in a record.

use std::sync::{Mutex, PoisonError};

use synapsor_ledger::PastCall;

/// Some of them.
#[derive(Default)]
pub(crate) struct Missed {
    pub(crate) calls: u64,
    last: Option<Box<PastCall>>,
}

impl Missed {
    pub(crate) fn one(past: PastCall) -> Self {
        Self { calls: 1, last: Some(Box::new(past)) }
    }
}

/// All of one candidate's.
#[derive(Default)]
pub(crate) struct MissedCalls(Mutex<Missed>);

impl MissedCalls {
    pub(crate) fn count(&self) -> u64 {
        self.with(|missed| missed.calls)
    }

    pub(crate) fn add(&self, more: Missed) {
        self.with(|missed| {
            missed.calls = missed.calls.saturating_add(more.calls);
            missed.last = more.last.or(missed.last.take());
        });
    }

    /// All of them; whoever takes them tells of them, or adds them again.
    pub(crate) fn take(&self) -> Missed {
        self.with(std::mem::take)
    }

    /// The last of them, whose record can tell of the others, which stay; none where there are none.
    pub(crate) fn take_with_last(&self) -> Option<PastCall> {
        self.with(|missed| {
            let last = missed.last.take()?;
            missed.calls = missed.calls.saturating_sub(1);
            Some(*last)
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Missed) -> T) -> T {
        // A count is whole whoever panicked beside it.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
