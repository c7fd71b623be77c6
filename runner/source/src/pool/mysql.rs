//! Reads on MySQL and MariaDB: one statement each, in one round trip, on a session pinned at connect.
//!
//! Invariant: the session is read-only and commits by itself, so every statement is a read-only transaction of its own.

use sqlx::mysql::MySqlPoolOptions;
use sqlx::{MySql, MySqlConnection};
use synapsor_protocol::Columns;
use tokio::time::timeout;

use super::Fault;
use super::server::{ServerPool, gather, is_lost, is_spent};
use crate::catalog::Catalog;
use crate::dialect::mysql as dialect;
use crate::error::Unreachable;
use crate::plan::Plan;
use crate::settings::SourceSettings;
use crate::shape::TableShape;

const READ_ONLY: &str = "SET SESSION TRANSACTION READ ONLY; SET SESSION autocommit = 1";

pub(crate) struct MysqlPool {
    server: ServerPool<MySql>,
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

impl MysqlPool {
    pub(super) fn new(url: &str, settings: &SourceSettings) -> Result<Self, Unreachable> {
        let options = dialect::connect_options(url)?;
        let limit_ms = settings.statement_timeout_ms.max(1);
        let pool = MySqlPoolOptions::new().after_connect(move |connection, _| {
            Box::pin(async move {
                dialect::pin_session(connection, limit_ms).await?;
                sqlx::raw_sql(READ_ONLY).execute(connection).await.map(drop)
            })
        });
        Ok(Self { server: ServerPool::new(pool, options, dialect::unreachable, settings) })
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
                self.server.forget_idle();
                self.run_once(&work).await
            }
            done => done,
        }
    }

    async fn run_once(&self, work: &Work<'_>) -> Result<Done, Fault> {
        let mut in_use = self.server.acquire().await?;
        let fault = match timeout(self.server.deadline, statement(&mut in_use.connection, work)).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(fault)) => fault,
            Err(_) => Fault::Timeout,
        };
        if is_spent(&fault) {
            in_use.discard();
        }
        Err(fault)
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
