//! The three engines, and the steps each performs under the same names.
//!
//! `sqlite.rs`, `postgres.rs` and `mysql.rs` mirror each other: knowing one, you know the others. The order of the steps
//! is in `attempt.rs`, once; `driver.rs` performs them.

mod inventory;
mod mysql;
#[cfg(feature = "failpoints")]
mod pointed;
mod postgres;
mod sqlite;

pub(crate) use inventory::Holdings;
#[cfg(feature = "failpoints")]
pub(crate) use pointed::{Mysql, Postgres, Sqlite};
#[cfg(not(feature = "failpoints"))]
pub(crate) use {mysql::Mysql, postgres::Postgres, sqlite::Sqlite};
pub(crate) use {
    mysql::fault as mysql_fault, postgres::fault as postgres_fault, sqlite::fault as sqlite_fault,
};

use std::future::Future;
use std::time::Duration;

use synapsor_protocol::{Columns, Engine, WritebackJob};
use synapsor_source::TableShape;

use crate::action::{Action, Step};
use crate::classify::FaultClass;
use crate::desk::WriteSettings;
use crate::driver;
use crate::effects::{Effect, Reviewed, Site};
use crate::error::{Fault, Obstacle};
use crate::machine::Apply;
use crate::receipts::{ReceiptsTable, Settlement, SourceReceipt};
use crate::rehearse;
use crate::report::{Check, DryRun};
use crate::rights::Right;
use crate::statement::Ground;
use crate::stop::StopSignal;

/// How long a step may wait for somebody else's lock, in milliseconds; the servers and SQLite enforce it.
pub(crate) const LOCK_WAIT_MS: u64 = 3_000;
/// How long S0 may take, in milliseconds.
const CONNECT_TIMEOUT_MS: u64 = 10_000;
/// What the network and a busy machine may add before the client gives up on a step.
const GRACE_MS: u64 = 5_000;

/// What a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To decide and write: under a lock.
    Apply,
    /// To see what was written, in the same transaction.
    ReadBack,
    /// To look only: in a transaction that cannot write.
    Rehearse,
}

/// What the receipt's insert came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Inserted {
    /// It is in, if the transaction commits.
    Yes,
    /// The key is taken.
    Duplicate,
}

/// What the update came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Changed {
    /// Rows matched and written, also where they held the value already.
    pub(crate) rows: u64,
    /// Warnings; only MySQL has any.
    pub(crate) warnings: u64,
}

/// One dedicated connection, never pooled: it is dropped after its one transaction, or at the first error.
///
/// Dropping it at any point rolls back what was not committed.
pub(crate) trait Session: Sized + Send {
    /// S0: a fresh connection with its session settings; TLS as the URL says.
    fn connect(settings: &WriteSettings) -> impl Future<Output = Result<Self, Fault>> + Send;

    /// The server's version as it says it, or SQLite's own.
    fn version(&mut self) -> impl Future<Output = Result<String, Fault>> + Send;

    /// Finds the receipts table and checks its shape; makes it first where `create` says so. `None` is no table.
    fn receipts_table(
        &mut self,
        create: bool,
    ) -> impl Future<Output = Result<Option<ReceiptsTable>, Obstacle>> + Send;

    /// Whether the target is a plain, transactional, writable table with every column the job names.
    fn inspect(&mut self, job: &WritebackJob) -> impl Future<Output = Result<Ground, Obstacle>> + Send;

    /// The table as [`Self::inspect`] finds it, without a job.
    fn shape(&mut self, site: &Site) -> impl Future<Output = Result<TableShape, Obstacle>> + Send;

    /// Whether the write credential has a right; for a person who asks, never in an apply, which simply tries.
    fn may(&mut self, right: &Right) -> impl Future<Output = Result<bool, Fault>> + Send;

    /// What else acts when these columns of the table change. Asked before S1, and once more after S4, when the lock on
    /// the table keeps everybody from changing it.
    fn effects(&mut self, site: &Site) -> impl Future<Output = Result<Vec<Effect>, Obstacle>> + Send;

    /// S1.
    fn begin(&mut self, purpose: Purpose) -> impl Future<Output = Result<(), Fault>> + Send;

    /// S2, S5: the row by key and tenant, every column exact; locked when the purpose is to apply.
    fn read_row(
        &mut self,
        ground: &Ground,
        purpose: Purpose,
    ) -> impl Future<Output = Result<Option<Columns>, Fault>> + Send;

    /// S3.
    fn insert_receipt(
        &mut self,
        table: &ReceiptsTable,
        values: &[&str; 5],
    ) -> impl Future<Output = Result<Inserted, Fault>> + Send;

    /// S4: the one guarded statement.
    fn update_row(&mut self, ground: &Ground) -> impl Future<Output = Result<Changed, Fault>> + Send;

    /// S6: the sentinel; fails in a transaction the server has aborted.
    fn check_alive(&mut self) -> impl Future<Output = Result<(), Fault>> + Send;

    /// S7.
    fn commit(&mut self) -> impl Future<Output = Result<(), Fault>> + Send;

    /// S8, and the look before S1: the receipt under a key, in a statement of its own.
    fn read_receipt(
        &mut self,
        table: &ReceiptsTable,
        job: &WritebackJob,
    ) -> impl Future<Output = Result<Option<SourceReceipt>, Fault>> + Send;

    /// ROLLBACK, as far as the connection still answers, and drop it.
    fn abandon(self) -> impl Future<Output = ()> + Send;
}

/// Bounds a step on our side: a server that stopped answering holds nobody for ever.
pub(crate) async fn within<T, E: From<Fault>>(
    settings: &WriteSettings,
    step: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let limit_ms = settings.statement_timeout_ms.saturating_add(LOCK_WAIT_MS).saturating_add(GRACE_MS);
    match tokio::time::timeout(Duration::from_millis(limit_ms), step).await {
        Ok(ended) => ended,
        Err(elapsed) => Err(Fault::new(FaultClass::Transient, &elapsed).into()),
    }
}

/// The class of an error the server did not answer with.
fn class_of(error: &sqlx::Error) -> FaultClass {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::Configuration(_)
        | sqlx::Error::WorkerCrashed => FaultClass::Unreachable,
        _ => FaultClass::Broken,
    }
}

/// S0 with a bound of its own: a host that swallows packets is unreachable, not slow.
pub(crate) async fn connected<S: Session>(settings: &WriteSettings) -> Result<S, Fault> {
    match tokio::time::timeout(Duration::from_millis(CONNECT_TIMEOUT_MS), S::connect(settings)).await {
        Ok(connected) => connected,
        Err(elapsed) => Err(Fault::new(FaultClass::Unreachable, &elapsed)),
    }
}

/// Takes an apply on, from a step at the source to its next action elsewhere.
pub(crate) async fn drive(
    settings: &WriteSettings,
    job: &WritebackJob,
    reviewed: &Reviewed,
    stop: &StopSignal,
    apply: Apply,
    step: Step,
) -> (Apply, Action) {
    match settings.engine {
        Engine::Sqlite => driver::drive::<Sqlite>(settings, job, reviewed, stop, apply, step).await,
        Engine::Postgres => driver::drive::<Postgres>(settings, job, reviewed, stop, apply, step).await,
        Engine::Mysql => driver::drive::<Mysql>(settings, job, reviewed, stop, apply, step).await,
    }
}

/// What a job would do now.
pub(crate) async fn rehearse(
    settings: &WriteSettings,
    job: &WritebackJob,
    reviewed: &Reviewed,
) -> Result<(DryRun, Vec<Check>), Obstacle> {
    match settings.engine {
        Engine::Sqlite => rehearse::rehearse::<Sqlite>(settings, job, reviewed).await,
        Engine::Postgres => rehearse::rehearse::<Postgres>(settings, job, reviewed).await,
        Engine::Mysql => rehearse::rehearse::<Mysql>(settings, job, reviewed).await,
    }
}

/// What the source itself has recorded for a job.
pub(crate) async fn recorded(
    settings: &WriteSettings,
    job: &WritebackJob,
) -> Result<Option<Settlement>, Obstacle> {
    match settings.engine {
        Engine::Sqlite => driver::recorded::<Sqlite>(settings, job).await,
        Engine::Postgres => driver::recorded::<Postgres>(settings, job).await,
        Engine::Mysql => driver::recorded::<Mysql>(settings, job).await,
    }
}

#[cfg(test)]
mod tests;
