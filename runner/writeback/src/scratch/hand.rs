//! The hand that works in a scratch: plain statements over a connection of its own, beside the runner's.
//!
//! Invariant: what it runs is written in this room, and its only names are drawn or constants.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use synapsor_protocol::Engine;
use synapsor_source::dialect::sqlite::Access;
use synapsor_source::{Connect, dialect};

use super::Order;
use crate::classify::FaultClass;
use crate::desk::WriteSettings;
use crate::engine::{LOCK_WAIT_MS, mysql_fault, postgres_fault, sqlite_fault};
use crate::error::Fault;

/// Reads one row of the table.
type Columns = (String, String, String, i64, i64);

/// One connection. A statement of it takes as long as the settings allow; in a SQLite file that nobody else has, no time.
pub(super) struct Hand {
    limit: Duration,
    open: Open,
}

enum Open {
    Postgres(Box<PgConnection>),
    Mysql(Box<MySqlConnection>),
    Sqlite(Box<rusqlite::Connection>),
}

impl Hand {
    /// Connects.
    pub(super) async fn open(settings: &WriteSettings) -> Result<Self, Fault> {
        let limit = Duration::from_millis(settings.statement_timeout_ms);
        let open = within(limit, FaultClass::Unreachable, connect(settings)).await?;
        Ok(Self { limit, open })
    }

    /// Runs one statement.
    pub(super) async fn run(&mut self, sql: &str) -> Result<(), Fault> {
        let run = async {
            match &mut self.open {
                Open::Postgres(connection) => {
                    connection.execute(AssertSqlSafe(sql)).await.map(drop).map_err(postgres_fault)
                }
                Open::Mysql(connection) => {
                    connection.execute(AssertSqlSafe(sql)).await.map(drop).map_err(mysql_fault)
                }
                Open::Sqlite(connection) => connection.execute_batch(sql).map_err(sqlite_fault),
            }
        };
        within(self.limit, FaultClass::Transient, run).await
    }

    /// The rows a statement selects.
    pub(super) async fn orders(&mut self, sql: &str) -> Result<BTreeMap<String, Order>, Fault> {
        let read = async {
            match &mut self.open {
                Open::Postgres(connection) => sqlx::query_as::<_, Columns>(AssertSqlSafe(sql))
                    .fetch_all(&mut **connection)
                    .await
                    .map_err(postgres_fault),
                Open::Mysql(connection) => sqlx::query_as::<_, Columns>(AssertSqlSafe(sql))
                    .fetch_all(&mut **connection)
                    .await
                    .map_err(mysql_fault),
                Open::Sqlite(connection) => sqlite_rows(connection, sql).map_err(sqlite_fault),
            }
        };
        let rows = within(self.limit, FaultClass::Transient, read).await?;
        Ok(rows
            .into_iter()
            .map(|(id, tenant_id, status, total_cents, version)| {
                (id, Order { tenant_id, status, total_cents, version })
            })
            .collect())
    }

    /// The number a statement selects.
    pub(super) async fn count(&mut self, sql: &str) -> Result<i64, Fault> {
        let read = async {
            match &mut self.open {
                Open::Postgres(connection) => sqlx::query_scalar(AssertSqlSafe(sql))
                    .fetch_one(&mut **connection)
                    .await
                    .map_err(postgres_fault),
                Open::Mysql(connection) => sqlx::query_scalar(AssertSqlSafe(sql))
                    .fetch_one(&mut **connection)
                    .await
                    .map_err(mysql_fault),
                Open::Sqlite(connection) => {
                    connection.query_row(sql, [], |row| row.get(0)).map_err(sqlite_fault)
                }
            }
        };
        within(self.limit, FaultClass::Transient, read).await
    }

    /// Where a name without a schema is looked for first.
    pub(super) async fn default_place(&mut self) -> Result<String, Fault> {
        let read = async {
            let found: Option<String> = match &mut self.open {
                Open::Postgres(connection) => sqlx::query_scalar("SELECT pg_catalog.current_schema()::text")
                    .fetch_one(&mut **connection)
                    .await
                    .map_err(postgres_fault)?,
                Open::Mysql(connection) => sqlx::query_scalar("SELECT DATABASE()")
                    .fetch_one(&mut **connection)
                    .await
                    .map_err(mysql_fault)?,
                Open::Sqlite(_) => Some("main".to_owned()),
            };
            Ok(found.unwrap_or_default())
        };
        within(self.limit, FaultClass::Transient, read).await
    }

    /// The database and the role, as the server calls them.
    pub(super) async fn who_and_where(&mut self) -> Result<(String, String), Fault> {
        let read = async {
            match &mut self.open {
                Open::Postgres(connection) => {
                    sqlx::query_as("SELECT pg_catalog.current_database()::text, current_user::text")
                        .fetch_one(&mut **connection)
                        .await
                        .map_err(postgres_fault)
                }
                Open::Mysql(connection) => sqlx::query_as("SELECT coalesce(DATABASE(), ''), CURRENT_USER()")
                    .fetch_one(&mut **connection)
                    .await
                    .map_err(mysql_fault),
                Open::Sqlite(_) => Ok((String::new(), String::new())),
            }
        };
        within(self.limit, FaultClass::Transient, read).await
    }
}

async fn connect(settings: &WriteSettings) -> Result<Open, Fault> {
    let unreachable = |error: &dyn std::fmt::Display| Fault::new(FaultClass::Unreachable, error);
    match (&settings.connect, settings.engine) {
        (Connect::File(file), _) => {
            let wait = Duration::from_millis(LOCK_WAIT_MS);
            let connection = dialect::sqlite::open(file, Access::Write, wait);
            connection
                .map(|connection| Open::Sqlite(Box::new(connection)))
                .map_err(|error| unreachable(&error))
        }
        (Connect::Url(url), Engine::Mysql) => {
            let options = dialect::mysql::connect_options(url).map_err(|error| unreachable(&error))?;
            let mut connection = options.connect().await.map_err(mysql_fault)?;
            dialect::mysql::pin_session(&mut connection, settings.statement_timeout_ms)
                .await
                .map_err(mysql_fault)?;
            Ok(Open::Mysql(Box::new(connection)))
        }
        (Connect::Url(url), _) => {
            let options = dialect::postgres::connect_options(url).map_err(|error| unreachable(&error))?;
            let connection =
                options.application_name("synapsor-smoke").connect().await.map_err(postgres_fault)?;
            Ok(Open::Postgres(Box::new(connection)))
        }
        (Connect::Missing { env }, _) => Err(unreachable(env)),
    }
}

async fn within<T>(
    limit: Duration,
    class: FaultClass,
    step: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    tokio::time::timeout(limit, step).await.unwrap_or_else(|elapsed| Err(Fault::new(class, &elapsed)))
}

fn sqlite_rows(connection: &rusqlite::Connection, sql: &str) -> rusqlite::Result<Vec<Columns>> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    rows.collect()
}
