//! What the two server engines share: getting a session in bounded time, or the true reason why not, and taking in rows
//! within bounds.
//!
//! The pool is our own. sqlx's waits for a server that refuses connections and then only says that it timed out, asks every
//! connection for a sign of life after each read, and has no place for what the server calls a connection, which is what a
//! MySQL server has to be told by whoever wants a statement stopped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{Stream, TryStreamExt as _};
use synapsor_protocol::Columns;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::Fault;
use crate::dialect::Unreadable;
use crate::error::Unreachable;
use crate::settings::SourceSettings;
use crate::sources::{READ_BYTES_MAX, ROW_BYTES_MAX, row_bytes};

/// How much longer than the server's own statement limit the client waits before it gives up on the connection.
const GRACE: Duration = Duration::from_millis(500);

/// How long a session may rest: what lies between here and the server forgets connections that nobody uses.
const REST_MAX: Duration = Duration::from_secs(600);

/// Makes a session, pinned and ready.
pub(super) type Open<S> = Box<dyn Fn() -> BoxFuture<'static, Result<S, sqlx::Error>> + Send + Sync>;

/// The sessions with one server: made when they are wanted, as many as are allowed, and kept for the next read.
pub(super) struct Sessions<S> {
    open: Open<S>,
    unreachable: fn(&sqlx::Error) -> Unreachable,
    resting: Mutex<Vec<Resting<S>>>,
    turns: Arc<Semaphore>,
    /// Longest wait for a turn, and again for a new session.
    pub(super) acquire_timeout: Duration,
    /// The client's own limit of one read.
    pub(super) deadline: Duration,
}

struct Resting<S> {
    session: S,
    since: Instant,
}

/// A session in use. Dropped, it is closed: its state is unknown. Whoever knows it lets it [rest](Sessions::rest).
pub(super) struct InUse<S> {
    pub(super) session: S,
    turn: OwnedSemaphorePermit,
}

impl<S> Sessions<S> {
    pub(super) fn new(
        open: Open<S>,
        unreachable: fn(&sqlx::Error) -> Unreachable,
        settings: &SourceSettings,
    ) -> Self {
        let sessions_max = usize::try_from(settings.connections_max.max(1)).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            open,
            unreachable,
            resting: Mutex::default(),
            turns: Arc::new(Semaphore::new(sessions_max)),
            acquire_timeout: Duration::from_millis(settings.acquire_timeout_ms),
            deadline: Duration::from_millis(settings.statement_timeout_ms) + GRACE,
        }
    }

    pub(super) async fn acquire(&self) -> Result<InUse<S>, Fault> {
        let turn = match timeout(self.acquire_timeout, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) | Err(_) => return Err(Fault::Busy),
        };
        // A dead one shows in the read itself, which is then repeated; see `forget_resting`.
        if let Some(resting) = self.resting().pop() {
            return Ok(InUse { session: resting.session, turn });
        }
        let opened = timeout(self.acquire_timeout, (self.open)()).await;
        let session = opened.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(|error| {
            tracing::debug!(%error, "no connection to a source");
            Fault::Unreachable((self.unreachable)(&error))
        })?;
        Ok(InUse { session, turn })
    }

    /// Keeps a session for the next read. The one used last is used next, so the others come to rest too long.
    pub(super) fn rest(&self, in_use: InUse<S>) {
        let now = Instant::now();
        let mut resting = self.resting();
        resting.retain(|resting| now.duration_since(resting.since) < REST_MAX);
        resting.push(Resting { session: in_use.session, since: now });
        drop(resting);
        drop(in_use.turn);
    }

    /// Closes every resting session: when one is found dead, its neighbours are too.
    pub(super) fn forget_resting(&self) {
        self.resting().clear();
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Resting<S>>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
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
