//! Reads on MySQL and MariaDB: one statement each, in one round trip, on a session pinned at connect.
//!
//! Invariant: the session is read-only and commits by itself, so every statement is a read-only transaction of its own.

use std::time::Duration;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{Connection as _, MySqlConnection};
use synapsor_protocol::Columns;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::Fault;
use super::server::{InUse, Sessions, gather, is_lost, is_spent};
use crate::catalog::Catalog;
use crate::dialect::mysql as dialect;
use crate::error::Unreachable;
use crate::plan::Plan;
use crate::settings::SourceSettings;
use crate::shape::TableShape;

const READ_ONLY: &str = "SET SESSION TRANSACTION READ ONLY; SET SESSION autocommit = 1";

pub(crate) struct MysqlPool {
    sessions: Sessions<Session>,
    options: MySqlConnectOptions,
}

struct Session {
    connection: MySqlConnection,
    /// What the server calls the connection.
    id: u64,
}

/// What a connection is taken for.
enum Work<'w> {
    Rows(&'w Plan),
    Shape { schema: &'w str, table: &'w str },
    Catalog { schema: Option<&'w str> },
}

enum Done {
    Rows(Vec<Columns>),
    Shape(Option<TableShape>),
    Catalog(Catalog),
}

/// A session at work. Dropped before the work has ended, the server is told to stop: it does not notice clients that leave
/// before it has something to send them.
struct AtWork<'p> {
    pool: &'p MysqlPool,
    in_use: Option<InUse<Session>>,
}

impl AtWork<'_> {
    fn ended(mut self, spent: bool) {
        match self.in_use.take() {
            Some(in_use) if !spent => self.pool.sessions.rest(in_use),
            in_use => drop(in_use),
        }
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        if let (Some(in_use), Ok(runtime)) = (self.in_use.take(), Handle::try_current()) {
            let limit = self.pool.sessions.acquire_timeout;
            runtime.spawn(stop(self.pool.options.clone(), in_use, limit));
        }
    }
}

/// Keeps the turn until the server has been told, so that clients that come and leave cannot have it open one connection after
/// the other.
async fn stop(options: MySqlConnectOptions, in_use: InUse<Session>, limit: Duration) {
    let told = async {
        let mut connection = MySqlConnection::connect_with(&options).await?;
        dialect::kill(&mut connection, in_use.session.id).await?;
        connection.close().await
    };
    match timeout(limit, told).await {
        Ok(Ok(())) => {}
        // It works on until its own limit is reached.
        Ok(Err(error)) => tracing::debug!(%error, "a MySQL server was not told to stop a statement"),
        Err(_) => tracing::debug!("a MySQL server was not told in time to stop a statement"),
    }
    drop(in_use);
}

impl MysqlPool {
    pub(super) fn new(url: &str, settings: &SourceSettings) -> Result<Self, Unreachable> {
        let options = dialect::connect_options(url)?;
        let limit_ms = settings.statement_timeout_ms.max(1);
        let to_open = options.clone();
        let open = Box::new(move || {
            let options = to_open.clone();
            Box::pin(async move {
                let mut connection = MySqlConnection::connect_with(&options).await?;
                let id = dialect::pin_session(&mut connection, limit_ms).await?;
                sqlx::raw_sql(READ_ONLY).execute(&mut connection).await?;
                Ok(Session { connection, id })
            }) as _
        });
        Ok(Self { sessions: Sessions::new(open, dialect::unreachable, settings), options })
    }

    pub(super) async fn fetch(&self, plan: &Plan) -> Result<Vec<Columns>, Fault> {
        match self.run(Work::Rows(plan)).await? {
            Done::Rows(rows) => Ok(rows),
            Done::Shape(_) | Done::Catalog(_) => Err(Fault::Refused),
        }
    }

    pub(super) async fn shape(&self, schema: &str, table: &str) -> Result<Option<TableShape>, Fault> {
        match self.run(Work::Shape { schema, table }).await? {
            Done::Shape(shape) => Ok(shape),
            Done::Rows(_) | Done::Catalog(_) => Err(Fault::Refused),
        }
    }

    pub(super) async fn catalog(&self, schema: Option<&str>) -> Result<Catalog, Fault> {
        match self.run(Work::Catalog { schema }).await? {
            Done::Catalog(catalog) => Ok(catalog),
            Done::Rows(_) | Done::Shape(_) => Err(Fault::Refused),
        }
    }

    /// A connection that was idle too long may be dead, and a read is harmless to repeat.
    async fn run(&self, work: Work<'_>) -> Result<Done, Fault> {
        match self.run_once(&work).await {
            Err(Fault::Lost) => {
                self.sessions.forget_resting();
                self.run_once(&work).await
            }
            done => done,
        }
    }

    async fn run_once(&self, work: &Work<'_>) -> Result<Done, Fault> {
        let in_use = self.sessions.acquire().await?;
        let mut at_work = AtWork { pool: self, in_use: Some(in_use) };
        let Some(in_use) = &mut at_work.in_use else {
            return Err(Fault::Lost);
        };
        // Where even the client's limit is reached, the statement is still under way.
        let done = timeout(self.sessions.deadline, statement(&mut in_use.session.connection, work)).await;
        let ended = done.map_err(|_| Fault::Timeout)?;
        at_work.ended(ended.as_ref().is_err_and(is_spent));
        ended
    }
}

async fn statement(connection: &mut MySqlConnection, work: &Work<'_>) -> Result<Done, Fault> {
    match work {
        Work::Rows(plan) => {
            let rows = dialect::query(&plan.statement).fetch(connection);
            let weigh = |row: &_| dialect::weight(row, plan.columns.len());
            let decode = |row: &_| dialect::columns(row, &plan.columns);
            Ok(Done::Rows(gather(rows, weigh, decode, fault).await?))
        }
        Work::Shape { schema, table } => {
            Ok(Done::Shape(dialect::shape(connection, schema, table).await.map_err(fault)?))
        }
        Work::Catalog { schema } => {
            Ok(Done::Catalog(dialect::catalog(connection, *schema).await.map_err(fault)?))
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn fault(error: sqlx::Error) -> Fault {
    let fault = match dialect::error_number(&error) {
        // Statement limit on MariaDB and MySQL, lock wait, metadata lock wait.
        Some(1969 | 3024 | 1205 | 1907) => Fault::Timeout,
        Some(1142 | 1143 | 1044 | 1045 | 1227 | 1370) => Fault::Denied,
        // No such column, table, or database; a table altered under a prepared statement or a snapshot.
        Some(1054 | 1146 | 1049 | 1051 | 1412 | 1615) => Fault::Misfit,
        // The server shuts down, or somebody killed the connection.
        Some(1053 | 1317 | 1927) => Fault::Lost,
        Some(_) => Fault::Refused,
        None if is_lost(&error) => Fault::Lost,
        None => Fault::Refused,
    };
    tracing::debug!(%error, ?fault, "a read from a MySQL source failed");
    fault
}
