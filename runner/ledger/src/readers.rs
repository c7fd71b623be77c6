//! A few connections that only read, so that looking never waits for writing.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::error::Error;
use crate::statements::{Opener, Statements, Store};

/// Reads at one time; more wait their turn.
const READERS_MAX: usize = 4;

/// The pool. Connections are made on first use.
#[derive(Clone)]
pub(crate) struct Readers {
    shared: Arc<Shared>,
}

struct Shared {
    /// Makes a connection that cannot write.
    open: Opener,
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<Box<dyn Store>>>,
}

impl Readers {
    pub(crate) fn new(open: Opener) -> Self {
        let turns = Arc::new(Semaphore::new(READERS_MAX));
        Self { shared: Arc::new(Shared { open, turns, idle: Mutex::default() }) }
    }

    /// Looks at one consistent state of the ledger, however many statements that takes.
    pub(crate) async fn read<T, F>(&self, look: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Statements) -> Result<T, Error> + Send + 'static,
    {
        const STOPPED: Error = Error::Invariant { what: "a ledger read did not finish" };
        let turn = Arc::clone(&self.shared.turns).acquire_owned().await.map_err(|_| STOPPED)?;
        let shared = Arc::clone(&self.shared);
        let reading = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            shared.look(look)
        });
        reading.await.map_err(|_| STOPPED)?
    }
}

impl Shared {
    fn look<T>(&self, look: impl FnOnce(&dyn Statements) -> Result<T, Error>) -> Result<T, Error> {
        let store = self.begin()?;
        let seen = look(store.statements());
        // For a reader rolling back is all there is to do.
        store.roll_back();
        if !store.in_transaction() && !store.is_lost() {
            self.idle().push(store);
        }
        seen
    }

    /// A connection that was idle for long may be dead; then a fresh one looks.
    fn begin(&self) -> Result<Box<dyn Store>, Error> {
        while let Some(idle) = self.pop() {
            match idle.begin_reading() {
                Ok(()) => return Ok(idle),
                Err(_) if idle.is_lost() => {}
                Err(error) => return Err(error),
            }
        }
        let fresh = (self.open)()?;
        fresh.begin_reading()?;
        Ok(fresh)
    }

    fn pop(&self) -> Option<Box<dyn Store>> {
        self.idle().pop()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Box<dyn Store>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
