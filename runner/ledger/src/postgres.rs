//! The seam over one PostgreSQL connection, driven from the thread that holds it.
//!
//! Everything this room does blocks, on a thread of its own; so each connection has a runtime of its own, and neither
//! the caller's runtime nor its end has anything to do with it.
//!
//! Invariant: a writing transaction holds the row of the ledger's id from its first statement on, so there is one at a
//! time, whoever's; a chain with one head needs no more, and it works behind every pooler.

mod address;
mod fault;
mod schema;

use std::cell::{Cell as Shared, RefCell};
use std::ops::ControlFlow;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Column as _, ConnectOptions as _, Executor as _, Row as _, TypeInfo as _};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

pub use address::Server;
pub(crate) use schema::bring_up_to_date;

use crate::error::{Error, Fault};
use crate::points::point;
use crate::statements::{Cell, Look, Row, Statements, Store};

/// How long an answer may take before the server counts as lost, in seconds. Longer than the limits it has itself.
const ANSWER_SECONDS: u64 = 35;

/// Rows fetched at once where an answer may be long.
const ROWS_AT_ONCE: usize = 500;

/// What a transaction's session is: our tables and nobody else's names, and limits on how long it may be in the way.
///
/// `SET LOCAL`, because behind a transaction pooler the session belongs to somebody else after COMMIT.
macro_rules! session {
    ($begin:literal) => {
        concat!(
            $begin,
            "; SET LOCAL search_path = synapsor_ledger, pg_temp; SET LOCAL lock_timeout = '5s'; \
             SET LOCAL statement_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = '30s'; "
        )
    };
}
use session;

/// A record is on the server's disk before it is answered, whatever the server's default is.
const BEGIN_WRITING: &str = concat!(
    session!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"),
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'; \
     SELECT 1 FROM meta WHERE name = 'ledger_id' FOR UPDATE"
);
const BEGIN_READING: &str = session!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");

/// What is known of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    InTransaction,
    /// It answers no more, and may be in the middle of anything.
    Lost,
}

/// A connection to the server.
pub(crate) struct Postgres {
    /// Taken when the connection is dropped, perhaps from inside another runtime.
    runtime: Option<Runtime>,
    conn: RefCell<PgConnection>,
    state: Shared<State>,
    /// How many cursors are open, one inside the other.
    cursors: Shared<u32>,
}

impl Postgres {
    /// Connects; TLS is as the URL's `sslmode` says.
    pub(crate) fn connect(server: &Server) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::file("start the ledger's connection"))?;
        let limit = Duration::from_secs(ANSWER_SECONDS);
        let connected = runtime.block_on(async { timeout(limit, server.options().connect()).await });
        match connected.unwrap_or_else(|_| Err(silent())) {
            Ok(conn) => Ok(Self {
                runtime: Some(runtime),
                conn: RefCell::new(conn),
                state: Shared::new(State::Idle),
                cursors: Shared::new(0),
            }),
            Err(error) => {
                runtime.shutdown_background();
                Err(Error::storage("reach the ledger's server")(error))
            }
        }
    }

    fn run<T>(
        &self,
        doing: &'static str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, Error> {
        let (Some(runtime), Ok(mut conn)) = (&self.runtime, self.conn.try_borrow_mut()) else {
            return Err(Error::Invariant { what: "a connection to the ledger was used twice at once" });
        };
        let limit = Duration::from_secs(ANSWER_SECONDS);
        let done = runtime.block_on(async { timeout(limit, work(&mut conn)).await });
        done.unwrap_or_else(|_| Err(silent())).map_err(|error| {
            let error = Error::storage(doing)(error);
            if error.fault() == Some(Fault::Lost) {
                self.state.set(State::Lost);
            }
            error
        })
    }

    /// One or more statements without parameters, in one round trip.
    fn script(&self, doing: &'static str, sql: &'static str) -> Result<(), Error> {
        self.run(doing, async |conn| conn.execute(sqlx::raw_sql(sql)).await)?;
        Ok(())
    }

    fn begin(&self, doing: &'static str, sql: &'static str) -> Result<(), Error> {
        // Whatever the script comes to, the server may have a transaction open from its first word on.
        self.state.set(State::InTransaction);
        self.script(doing, sql).inspect_err(|_| self.roll_back())
    }

    fn rows(&self, doing: &'static str, sql: &str, cells: &[Cell<'_>]) -> Result<Vec<PgRow>, Error> {
        point!("l.statement");
        self.run(doing, async |conn| conn.fetch_all(bound(sql, cells)).await)
    }

    /// The rows of an answer that may be long, a few at a time, so that other statements may run in between.
    fn through_cursor(
        &self,
        doing: &'static str,
        sql: &str,
        cells: &[Cell<'_>],
        look: Look<'_>,
    ) -> Result<(), Error> {
        let name = format!("walk{}", self.cursors.get());
        let declare = format!("DECLARE {name} NO SCROLL CURSOR FOR {sql}");
        self.run(doing, async |conn| conn.execute(bound(&declare, cells).persistent(false)).await)?;
        self.cursors.set(self.cursors.get() + 1);
        let walked = self.walk(doing, &name, look);
        self.cursors.set(self.cursors.get() - 1);
        let close = format!("CLOSE {name}");
        walked.and_then(|()| {
            self.run(doing, async |conn| conn.execute(bound(&close, &[]).persistent(false)).await).map(drop)
        })
    }

    fn walk(&self, doing: &'static str, name: &str, look: Look<'_>) -> Result<(), Error> {
        let fetch = format!("FETCH FORWARD {ROWS_AT_ONCE} FROM {name}");
        loop {
            let rows =
                self.run(doing, async |conn| conn.fetch_all(bound(&fetch, &[]).persistent(false)).await)?;
            for row in &rows {
                if look(row)?.is_break() {
                    return Ok(());
                }
            }
            if rows.len() < ROWS_AT_ONCE {
                return Ok(());
            }
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Statements for Postgres {
    fn execute(&self, doing: &'static str, sql: &str, cells: &[Cell<'_>]) -> Result<u64, Error> {
        point!("l.statement");
        let done = self.run(doing, async |conn| conn.execute(bound(sql, cells)).await)?;
        Ok(done.rows_affected())
    }

    fn each(&self, doing: &'static str, sql: &str, cells: &[Cell<'_>], look: Look<'_>) -> Result<(), Error> {
        if cells.iter().any(is_foreign) {
            return Ok(());
        }
        self.through_cursor(doing, sql, cells, look)
    }

    fn few(&self, doing: &'static str, sql: &str, cells: &[Cell<'_>], look: Look<'_>) -> Result<(), Error> {
        if cells.iter().any(is_foreign) {
            return Ok(());
        }
        for row in &self.rows(doing, sql, cells)? {
            if look(row)? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn take(&self, doing: &'static str, sql: &str, cells: &[Cell<'_>], look: Look<'_>) -> Result<(), Error> {
        self.few(doing, &format!("{sql} FOR UPDATE SKIP LOCKED"), cells, look)
    }

    fn file(&self) -> Option<&rusqlite::Connection> {
        None
    }
}

impl Store for Postgres {
    fn begin_writing(&self) -> Result<(), Error> {
        self.begin("write to the ledger", BEGIN_WRITING)
    }

    fn begin_reading(&self) -> Result<(), Error> {
        self.begin("read the ledger", BEGIN_READING)
    }

    fn mark(&self, sql: &'static str) -> Result<(), Error> {
        self.script("write to the ledger", sql)
    }

    fn commit(&self) -> Result<(), Error> {
        self.script("write to the ledger", "COMMIT")?;
        self.state.set(State::Idle);
        Ok(())
    }

    fn roll_back(&self) {
        if self.in_transaction() {
            let ended = self.script("end a transaction", "ROLLBACK");
            self.state.set(if ended.is_ok() { State::Idle } else { State::Lost });
        }
    }

    fn in_transaction(&self) -> bool {
        self.state.get() == State::InTransaction
    }

    fn is_lost(&self) -> bool {
        self.state.get() == State::Lost
    }

    fn statements(&self) -> &dyn Statements {
        self
    }
}

impl Row for PgRow {
    fn cell(&self, column: usize) -> Result<Cell<'_>, Error> {
        let failed = || Error::storage("read the ledger");
        let kind = self.try_column(column).map_err(failed())?.type_info().name();
        match kind {
            "INT8" => self.try_get::<Option<i64>, _>(column).map(Cell::from).map_err(failed()),
            _ => self.try_get::<Option<&str>, _>(column).map(Cell::from).map_err(failed()),
        }
    }
}

/// The statement with its values; PostgreSQL writes the number of a parameter behind another sign.
fn bound<'q>(sql: &str, cells: &'q [Cell<'_>]) -> Query<'q, sqlx::Postgres, PgArguments> {
    // Safe because no statement of this room has a value in its text: values are cells.
    let query = sqlx::query(AssertSqlSafe(sql.replace('?', "$")));
    cells.iter().fold(query, |query, cell| match cell {
        Cell::Null => query.bind(None::<&str>),
        Cell::Integer(integer) => query.bind(*integer),
        Cell::Text(text) => query.bind(*text),
    })
}

/// Text no column on the server can hold, so no row has it: looking for it finds nothing. Storing it is refused.
fn is_foreign(cell: &Cell<'_>) -> bool {
    matches!(cell, Cell::Text(text) if text.contains('\0'))
}

fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the server does not answer"))
}
