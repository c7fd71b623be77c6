//! Reads on SQLite: a few read-only connections to one file.
//!
//! Every read is a single SELECT, which SQLite runs in a read transaction of its own. A brief one is made where it is asked
//! for, since handing it to another thread and back takes longer than the read; see [`Brevity`]. Whatever turns out to take
//! longer is made anew on a blocking thread, under its deadline.
//!
//! Invariant: a connection at rest waits for nobody's lock.

mod brevity;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use brevity::{Brevity, Limit};
use rusqlite::{Connection, InterruptHandle, params_from_iter};
use synapsor_protocol::Columns;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::timeout;

use super::Fault;
use crate::catalog::Catalog;
use crate::dialect::Statement;
use crate::dialect::sqlite::{self as dialect, Access};
use crate::error::Unreachable;
use crate::plan::Plan;
use crate::settings::SourceSettings;
use crate::shape::{ColumnShape, TableShape};
use crate::sources::{READ_BYTES_MAX, ROW_BYTES_MAX};

pub(crate) struct SqlitePool {
    path: PathBuf,
    turns: Semaphore,
    idle: Mutex<Vec<Open>>,
    acquire_timeout: Duration,
    deadline: Duration,
    brevity: Brevity,
}

struct Open {
    connection: Connection,
    interrupt: Arc<InterruptHandle>,
    limit: Arc<Limit>,
}

/// Ends a read that nobody waits for any more; on a connection at rest it does nothing.
struct StopOnDrop(Arc<InterruptHandle>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.interrupt();
    }
}

impl SqlitePool {
    pub(super) fn new(path: &Path, settings: &SourceSettings) -> Self {
        let connections_max =
            usize::try_from(settings.connections_max.max(1)).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            path: path.to_owned(),
            turns: Semaphore::new(connections_max),
            idle: Mutex::default(),
            acquire_timeout: Duration::from_millis(settings.acquire_timeout_ms),
            deadline: Duration::from_millis(settings.statement_timeout_ms.max(1)),
            brevity: Brevity::default(),
        }
    }

    pub(super) async fn fetch(&self, plan: &Plan) -> Result<Vec<Columns>, Fault> {
        if let Some(done) = self.briefly(|connection| rows(connection, &plan.statement, &plan.columns)) {
            return done;
        }
        let (statement, columns) = (plan.statement.clone(), plan.columns.clone());
        self.run(move |connection| rows(connection, &statement, &columns)).await
    }

    pub(super) async fn shape(&self, schema: &str, table: &str) -> Result<Option<TableShape>, Fault> {
        let (schema, table) = (schema.to_owned(), table.to_owned());
        self.run(move |connection| dialect::shape(connection, &schema, &table).map_err(fault)).await
    }

    pub(super) async fn catalog(&self, schema: Option<&str>) -> Result<Catalog, Fault> {
        let schema = schema.map(str::to_owned);
        self.run(move |connection| dialect::catalog(connection, schema.as_deref()).map_err(fault)).await
    }

    /// The read, made here; none where it may take longer, or did.
    fn briefly<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Option<Result<T, Fault>> {
        if !self.brevity.is_likely() {
            return None;
        }
        let _turn = self.turns.try_acquire().ok()?;
        let open = self.rested()?;
        let done = self.brevity.watch(|| open.limit.hold(|| work(&open.connection)));
        self.rest(open);
        // Cut off, or behind a lock.
        (!matches!(done, Err(Fault::Timeout))).then_some(done)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let Ok(Ok(_turn)) = timeout(self.acquire_timeout, self.turns.acquire()).await else {
            return Err(Fault::Busy);
        };
        let open = self.open().await?;
        let stop = StopOnDrop(Arc::clone(&open.interrupt));
        let deadline = self.deadline;
        let mut working = spawn_blocking(move || {
            let began = Instant::now();
            let done = patiently(&open.connection, deadline, work);
            (open, done, began.elapsed())
        });
        let waited = timeout(self.deadline, &mut working).await;
        // Before the connection is anybody else's, whose read it would end.
        drop(stop);
        let (finished, late) = match waited {
            Ok(finished) => (finished, false),
            // Time spent waiting for somebody else's lock is bounded by the busy timeout, which an interrupt cannot cut.
            Err(_) => (working.await, true),
        };
        let (open, done, took) = finished.map_err(|error| crashed(&error))?;
        self.brevity.took(took);
        self.rest(open);
        if late { Err(Fault::Timeout) } else { done }
    }

    fn rested(&self) -> Option<Open> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn rest(&self, open: Open) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(open);
    }

    async fn open(&self) -> Result<Open, Fault> {
        if let Some(open) = self.rested() {
            return Ok(open);
        }
        let (path, busy_timeout) = (self.path.clone(), self.deadline);
        let opened = spawn_blocking(move || {
            let connection = dialect::open(&path, Access::Read, busy_timeout)?;
            let rested = connection.busy_timeout(Duration::ZERO);
            rested.map_err(|error| dialect::unreachable(&error)).map(|()| connection)
        })
        .await;
        let connection = opened.map_err(|error| crashed(&error))?.map_err(|cause| match cause {
            // The file is there; somebody holds its lock.
            Unreachable::NoAnswer => Fault::Timeout,
            cause => Fault::Unreachable(cause),
        })?;
        let interrupt = Arc::new(connection.get_interrupt_handle());
        let limit = Limit::on(&connection).map_err(fault)?;
        Ok(Open { connection, interrupt, limit })
    }
}

/// The rows of one SELECT.
fn rows(
    connection: &Connection,
    statement: &Statement,
    columns: &[ColumnShape],
) -> Result<Vec<Columns>, Fault> {
    let mut prepared = connection.prepare_cached(statement.sql()).map_err(fault)?;
    let mut rows = prepared.query(params_from_iter(dialect::parameters(statement))).map_err(fault)?;
    let mut read = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next().map_err(fault)? {
        let row_bytes = dialect::row_bytes(row, columns.len());
        bytes += row_bytes;
        if row_bytes > ROW_BYTES_MAX {
            return Err(Fault::TooLarge);
        }
        if bytes > READ_BYTES_MAX {
            return Err(Fault::TooMuch);
        }
        read.push(dialect::columns(row, columns)?);
    }
    Ok(read)
}

/// Work that waits for somebody else's lock, up to `wait_max`.
fn patiently<T>(
    connection: &Connection,
    wait_max: Duration,
    work: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    connection.busy_timeout(wait_max).map_err(fault)?;
    let done = work(connection);
    connection.busy_timeout(Duration::ZERO).map_err(fault)?;
    done
}

fn crashed(error: &JoinError) -> Fault {
    tracing::error!(%error, "a read from a SQLite source did not finish");
    Fault::Refused
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn fault(error: rusqlite::Error) -> Fault {
    use rusqlite::ErrorCode;
    let fault = match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Fault::Timeout
        }
        Some(ErrorCode::TooBig) => Fault::TooLarge,
        Some(ErrorCode::SchemaChanged) => Fault::Misfit,
        // "no such table" and "no such column" have no code of their own.
        Some(ErrorCode::Unknown) => Fault::Misfit,
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::NotADatabase
            | ErrorCode::DatabaseCorrupt,
        ) => Fault::Unreachable(dialect::unreachable(&error)),
        _ => Fault::Refused,
    };
    tracing::debug!(%error, ?fault, "a read from a SQLite source failed");
    fault
}
