//! One open connection of a test, with all rights.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::ValueRef;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection, Row as _};
use synapsor_protocol::Engine;
use url::Url;

/// A connection that stays open, with its transaction and its locks, until it is dropped.
#[derive(Debug)]
pub struct Session(Open);

#[derive(Debug)]
enum Open {
    Postgres(PgConnection),
    Mysql(MySqlConnection),
    Sqlite(rusqlite::Connection),
}

impl Session {
    pub(crate) async fn on_server(engine: Engine, url: &Url) -> Self {
        Self::connect(engine, url).await.unwrap_or_else(|error| panic!("the {engine} test server: {error}"))
    }

    pub(crate) fn in_file(path: &Path) -> Self {
        let connection = rusqlite::Connection::open(path).expect("the test's own SQLite file opens");
        connection.busy_timeout(Duration::from_secs(10)).expect("SQLite takes a busy timeout");
        Self(Open::Sqlite(connection))
    }

    pub(crate) async fn drop_quietly(engine: Engine, server: &Url, sql: &str) {
        let dropping = async {
            if let Ok(mut session) = Self::connect(engine, server).await {
                let _ = session.run(sql).await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(5), dropping).await;
    }

    async fn connect(engine: Engine, url: &Url) -> Result<Self, String> {
        let open = match engine {
            Engine::Postgres => PgConnection::connect(url.as_str()).await.map(Open::Postgres),
            Engine::Mysql => MySqlConnection::connect(url.as_str()).await.map(Open::Mysql),
            Engine::Sqlite => panic!("a SQLite file has no server"),
        };
        open.map(Self).map_err(|error| error.to_string())
    }

    async fn run(&mut self, sql: &str) -> Result<(), String> {
        let done = match &mut self.0 {
            Open::Postgres(connection) => sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(connection)
                .await
                .map(drop)
                .map_err(|e| e.to_string()),
            Open::Mysql(connection) => sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(connection)
                .await
                .map(drop)
                .map_err(|e| e.to_string()),
            Open::Sqlite(connection) => connection.execute_batch(sql).map_err(|e| e.to_string()),
        };
        done.map_err(|error| format!("{error}\nin: {sql}"))
    }

    /// Runs one or more statements.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn execute(&mut self, sql: &str) {
        self.run(sql).await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Runs one or more statements that the database may refuse, with its own words for why.
    ///
    /// # Errors
    /// The driver's message.
    pub async fn try_execute(&mut self, sql: &str) -> Result<(), String> {
        self.run(sql).await
    }

    /// The rows of one query, every column as the database prints it; `None` is NULL.
    ///
    /// # Panics
    /// When the database refuses, or a value is not text (wrap bytes in `hex(..)` or `encode(..)`).
    pub async fn query_text(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        // The unprepared protocols of both servers send every value as text.
        match &mut self.0 {
            Open::Postgres(connection) => {
                let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await;
                let rows = rows.unwrap_or_else(|error| panic!("{error}\nin: {sql}"));
                let text = |row: &sqlx::postgres::PgRow, at| row.try_get_unchecked(at).expect("text");
                rows.iter().map(|row| (0..row.len()).map(|at| text(row, at)).collect()).collect()
            }
            Open::Mysql(connection) => {
                let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await;
                let rows = rows.unwrap_or_else(|error| panic!("{error}\nin: {sql}"));
                let text = |row: &sqlx::mysql::MySqlRow, at| row.try_get_unchecked(at).expect("text");
                rows.iter().map(|row| (0..row.len()).map(|at| text(row, at)).collect()).collect()
            }
            Open::Sqlite(connection) => {
                sqlite_rows(connection, sql).unwrap_or_else(|error| panic!("{error}\nin: {sql}"))
            }
        }
    }
}

fn sqlite_rows(connection: &rusqlite::Connection, sql: &str) -> rusqlite::Result<Vec<Vec<Option<String>>>> {
    let mut statement = connection.prepare(sql)?;
    let width = statement.column_count();
    let rows =
        statement.query_map([], |row| (0..width).map(|at| Ok(sqlite_text(row.get_ref(at)?))).collect())?;
    rows.collect()
}

fn sqlite_text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(integer) => Some(integer.to_string()),
        ValueRef::Real(real) => Some(real.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(_) => panic!("a value is not text; wrap it in `hex(..)`"),
    }
}
