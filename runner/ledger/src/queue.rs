//! What the writing thread does with the queue: whatever waits is committed together, and between commits there is upkeep.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;

use crate::committer::Committer;
use crate::writer::Change;

/// Changes that share one commit at most; bounds how long the first of them waits.
const BATCH_MAX: usize = 128;

/// How long a change waits at most for as much company as the commit before it had.
const COMPANY_WAIT_MAX: Duration = Duration::from_millis(5);

/// What is handed to the thread.
pub(crate) enum Work {
    Change(Box<dyn Change>),
    /// Nothing to commit: changes that were made elsewhere have added up to what needs [`Committer::keep_up`].
    Upkeep,
}

/// Takes what waits until nobody can hand anything over any more.
pub(crate) fn serve(committer: &Mutex<Committer>, mut waiting: Receiver<Work>) {
    let (mut company, mut took) = (1, Duration::ZERO);
    while let Some(work) = waiting.blocking_recv() {
        let mut batch = VecDeque::new();
        if let Work::Change(first) = work {
            batch = gather(first, &mut waiting, company, took);
            company = batch.len();
        }
        // A change that panicked left the connection who knows where; whoever waits is told that the writer has stopped.
        let Ok(mut committer) = committer.lock() else { return };
        if !batch.is_empty() {
            let began = Instant::now();
            committer.commit_all(&mut batch);
            took = began.elapsed();
        }
        committer.keep_up();
    }
    if let Ok(mut committer) = committer.lock() {
        committer.finish();
    }
}

/// Whatever waits already. Callers that were answered together come back one by one, so that the first of them would get a
/// commit to itself and the others the next: it waits for as many as there were, half as long as their commit `took`, which is
/// what one more would cost at least. A lone caller never waits.
fn gather(
    first: Box<dyn Change>,
    waiting: &mut Receiver<Work>,
    company: usize,
    took: Duration,
) -> VecDeque<Box<dyn Change>> {
    let (came, patience) = (Instant::now(), COMPANY_WAIT_MAX.min(took / 2));
    let mut batch = VecDeque::from([first]);
    while batch.len() < BATCH_MAX {
        match waiting.try_recv() {
            Ok(Work::Change(next)) => batch.push_back(next),
            // It is looked at after the commit anyway.
            Ok(Work::Upkeep) => {}
            Err(TryRecvError::Empty) if batch.len() < company && came.elapsed() < patience => {
                thread::yield_now();
            }
            Err(_) => break,
        }
    }
    batch
}
