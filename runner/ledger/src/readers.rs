//! A few connections that only read, so that looking never waits for writing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::connection;
use crate::error::Error;

/// Reads at one time; more wait their turn.
const READERS_MAX: usize = 4;

/// The pool. Connections are made on first use.
#[derive(Clone)]
pub(crate) struct Readers {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        let turns = Arc::new(Semaphore::new(READERS_MAX));
        Self { shared: Arc::new(Shared { path, turns, idle: Mutex::default() }) }
    }

    /// Looks at one consistent state of the ledger, however many statements that takes.
    pub(crate) async fn read<T, F>(&self, look: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
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
    fn look<T>(&self, look: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let conn = match self.idle().pop() {
            Some(conn) => conn,
            None => connection::open_reader(&self.path)?,
        };
        let seen = {
            // Dropping the transaction rolls it back, which for a reader is all there is to do.
            let snapshot = conn.unchecked_transaction().map_err(Error::storage("read the ledger"))?;
            look(&snapshot)
        };
        if conn.is_autocommit() {
            self.idle().push(conn);
        }
        seen
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
