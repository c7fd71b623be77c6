//! What the two server engines share: getting a connection in bounded time, or the true reason why not, and taking in
//! rows within bounds.
//!
//! sqlx's pool waits for a server that refuses connections and then only says that it timed out. So callers queue here
//! first, which tells "all in use" apart; and a wait that has nothing to do with other callers is cut short by one
//! direct attempt, whose error has the cause.

use std::sync::LazyLock;
use std::time::Duration;

use futures_util::{Stream, TryStreamExt as _};
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::{Connection, Database};
use synapsor_protocol::Columns;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};

use super::Fault;
use crate::dialect::Unreadable;
use crate::error::Unreachable;
use crate::settings::SourceSettings;
use crate::sources::{READ_BYTES_MAX, ROW_BYTES_MAX, row_bytes};

/// How long a new connection may take before a direct attempt asks what is wrong.
const PATIENCE: Duration = Duration::from_millis(250);

/// How much longer than the server's own statement limit the client waits before it gives up on the connection.
const GRACE: Duration = Duration::from_millis(500);

type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

pub(super) struct ServerPool<DB: Database> {
    /// Made with the first connection, because making it starts tasks and so needs a running tokio.
    pool: LazyLock<sqlx::Pool<DB>, Box<dyn FnOnce() -> sqlx::Pool<DB> + Send>>,
    options: Options<DB>,
    unreachable: fn(&sqlx::Error) -> Unreachable,
    /// As many as the pool has connections.
    turns: Semaphore,
    acquire_timeout: Duration,
    /// The client's own limit of one transaction.
    pub(super) deadline: Duration,
}

/// A connection in use. Dropped, it goes back to the pool.
pub(super) struct InUse<'p, DB: Database> {
    pub(super) connection: PoolConnection<DB>,
    _turn: SemaphorePermit<'p>,
}

impl<DB: Database> InUse<'_, DB> {
    /// For a connection in an unknown state: closed, never used again.
    pub(super) fn discard(self) {
        drop(self.connection.detach());
    }
}

impl<DB: Database> ServerPool<DB> {
    pub(super) fn new(
        pool: PoolOptions<DB>,
        options: Options<DB>,
        unreachable: fn(&sqlx::Error) -> Unreachable,
        settings: &SourceSettings,
    ) -> Self {
        let connections_max = settings.connections_max.max(1);
        let acquire_timeout = Duration::from_millis(settings.acquire_timeout_ms);
        let pool = pool
            .max_connections(connections_max)
            .acquire_timeout(acquire_timeout)
            // A dead idle connection shows in the read itself, which is then repeated; see `forget_idle`.
            .test_before_acquire(false);
        let pool_options = options.clone();
        let pool = LazyLock::new(Box::new(move || pool.connect_lazy_with(pool_options)) as Box<_>);
        let turns = Semaphore::new(usize::try_from(connections_max).unwrap_or(Semaphore::MAX_PERMITS));
        let deadline = Duration::from_millis(settings.statement_timeout_ms) + GRACE;
        Self { pool, options, unreachable, turns, acquire_timeout, deadline }
    }

    pub(super) async fn acquire(&self) -> Result<InUse<'_, DB>, Fault> {
        let turn = match timeout(self.acquire_timeout, self.turns.acquire()).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) | Err(_) => return Err(Fault::Busy),
        };
        let connection = self.connect().await.map_err(|error| {
            tracing::debug!(%error, "no connection to a source");
            Fault::Unreachable((self.unreachable)(&error))
        })?;
        Ok(InUse { connection, _turn: turn })
    }

    async fn connect(&self) -> Result<PoolConnection<DB>, sqlx::Error> {
        let deadline = Instant::now() + self.acquire_timeout;
        let mut from_pool = std::pin::pin!(self.pool.acquire());
        if let Ok(connected) = timeout(PATIENCE, &mut from_pool).await {
            return connected;
        }
        let directly = DB::Connection::connect_with(&self.options);
        match timeout_at(deadline, directly).await {
            Ok(Ok(connection)) => drop(connection.close().await),
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(sqlx::Error::PoolTimedOut),
        }
        from_pool.await
    }

    /// Closes every idle connection: when one is found dead, its neighbours are too.
    pub(super) fn forget_idle(&self) {
        while let Some(idle) = self.pool.try_acquire() {
            drop(idle.detach());
        }
    }
}

/// The rows as they come, until one of them or all together are over the limit; what is over it is not waited for.
pub(super) async fn gather<R>(
    mut rows: impl Stream<Item = Result<R, sqlx::Error>> + Unpin,
    weigh: impl Fn(&R) -> usize,
    decode: impl Fn(&R) -> Result<Columns, Unreadable>,
    fault: fn(sqlx::Error) -> Fault,
) -> Result<Vec<Columns>, Fault> {
    let mut read = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.try_next().await.map_err(fault)? {
        if weigh(&row) > ROW_BYTES_MAX {
            return Err(Fault::TooLarge);
        }
        let columns = decode(&row)?;
        bytes += row_bytes(&columns);
        if bytes > READ_BYTES_MAX {
            return Err(Fault::TooMuch);
        }
        read.push(columns);
    }
    Ok(read)
}

/// Whether the connection is of no more use: it is lost, or the server may still be at work on an answer that was
/// given up.
pub(super) fn is_spent(fault: &Fault) -> bool {
    matches!(fault, Fault::Timeout | Fault::Lost | Fault::TooLarge | Fault::TooMuch | Fault::Unreadable(_))
}

/// Whether the connection, rather than the statement, is what failed.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed
    )
}
