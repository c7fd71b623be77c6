//! The seam over one SQLite connection: statements are prepared once and kept, text is handed out where SQLite holds it.

use std::cell::Cell as Shared;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, params_from_iter};

use crate::connection;

use crate::error::{Error, Fault, Faulty};
use crate::statements::{Cell, Look, Row, Statements, Store};

/// A connection that is set up; see [`crate::connection`].
pub(crate) struct Sqlite {
    pub(crate) conn: Connection,
    /// Whether commits wait for the disk.
    waits: Shared<bool>,
}

impl Sqlite {
    pub(crate) fn new(conn: Connection) -> Self {
        Self { conn, waits: Shared::new(true) }
    }
}

impl Statements for Sqlite {
    fn execute(&self, doing: &'static str, sql: &str, cells: &[Cell<'_>]) -> Result<u64, Error> {
        let touched = self
            .conn
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params_from_iter(cells)))
            .map_err(Error::storage(doing))?;
        Ok(u64::try_from(touched).unwrap_or(u64::MAX))
    }

    fn each(&self, doing: &'static str, sql: &str, cells: &[Cell<'_>], look: Look<'_>) -> Result<(), Error> {
        let failed = || Error::storage(doing);
        let mut statement = self.conn.prepare_cached(sql).map_err(failed())?;
        let mut rows = statement.query(params_from_iter(cells)).map_err(failed())?;
        while let Some(row) = rows.next().map_err(failed())? {
            if look(row)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn file(&self) -> Option<&Connection> {
        Some(&self.conn)
    }
}

impl Store for Sqlite {
    /// Immediate: the file's write lock is ours from here on, so what is read is not out of date when it is written.
    fn begin_writing(&self) -> Result<(), Error> {
        self.frame("write to the ledger", "BEGIN IMMEDIATE")
    }

    fn begin_reading(&self) -> Result<(), Error> {
        self.frame("read the ledger", "BEGIN DEFERRED")
    }

    fn begin_writing_at_once(&self) -> Result<bool, Error> {
        connection::wait_for_lock(&self.conn, Duration::ZERO)?;
        let begun = self.begin_writing();
        connection::wait_for_lock(&self.conn, connection::BUSY_TIMEOUT)?;
        match begun {
            Ok(()) => Ok(true),
            Err(error) if error.fault() == Some(Fault::Busy) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn wait_for_disk(&self, wait: bool) -> Result<(), Error> {
        if self.waits.get() != wait {
            connection::wait_for_disk(&self.conn, wait)?;
            self.waits.set(wait);
        }
        Ok(())
    }

    fn fold(&self) -> Result<(), Error> {
        connection::fold(&self.conn)
    }

    fn mark(&self, sql: &'static str) -> Result<(), Error> {
        self.frame("write to the ledger", sql)
    }

    fn commit(&self) -> Result<(), Error> {
        self.frame("write to the ledger", "COMMIT")
    }

    fn roll_back(&self) {
        if self.in_transaction() {
            let _ = self.frame("write to the ledger", "ROLLBACK");
        }
    }

    fn in_transaction(&self) -> bool {
        !self.conn.is_autocommit()
    }

    fn statements(&self) -> &dyn Statements {
        self
    }
}

impl Sqlite {
    /// One statement of a transaction's frame, which is run so often that it is kept prepared as well.
    fn frame(&self, doing: &'static str, sql: &'static str) -> Result<(), Error> {
        self.execute(doing, sql, &[]).map(|_| ())
    }
}

impl Row for rusqlite::Row<'_> {
    fn cell(&self, column: usize) -> Result<Cell<'_>, Error> {
        let failed = || Error::storage("read the ledger");
        match self.get_ref(column).map_err(failed())? {
            ValueRef::Null => Ok(Cell::Null),
            ValueRef::Integer(integer) => Ok(Cell::Integer(integer)),
            ValueRef::Text(text) => {
                let text =
                    std::str::from_utf8(text).map_err(|error| rusqlite::Error::Utf8Error(column, error));
                Ok(Cell::Text(text.map_err(failed())?))
            }
            other => {
                Err(failed()(rusqlite::Error::InvalidColumnType(column, String::new(), other.data_type())))
            }
        }
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl Faulty for rusqlite::Error {
    fn fault(&self) -> Fault {
        use rusqlite::Error as E;
        match self {
            E::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DiskFull => Fault::Full,
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Fault::ReadOnly,
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Fault::Busy,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Fault::Corrupt,
                ErrorCode::ConstraintViolation => Fault::Constraint,
                // "no such table" in a file that carries our mark: somebody changed the schema.
                ErrorCode::Unknown | ErrorCode::SchemaChanged => Fault::Corrupt,
                _ => Fault::Unavailable,
            },
            E::FromSqlConversionFailure(..)
            | E::Utf8Error(..)
            | E::IntegralValueOutOfRange(..)
            | E::InvalidColumnType(..)
            | E::QueryReturnedNoRows
            | E::QueryReturnedMoreThanOneRow => Fault::Corrupt,
            _ => Fault::Unavailable,
        }
    }
}
