//! The seam between what the ledger does and the database it does it in: one statement at a time, plain cells in and out.
//!
//! An operation is written once, in SQL that both engines take, with numbered parameters (`?1`). The engines are in
//! `sqlite` and `postgres`; apart from [`Statements::file`] no type of a driver comes up here.
//!
//! Invariant: a value reaches a statement as a [`Cell`] and never as a part of its text.
//! Absent on purpose: anything that builds SQL, maps records or knows a table.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::error::{Error, Fault};

/// One value of a parameter or a column. Text is borrowed: a document is not copied on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
}

/// The parameters of a statement, in the order of their numbers.
macro_rules! cells {
    ($($value:expr),* $(,)?) => { &[$($crate::statements::Cell::from($value)),*] };
}
pub(crate) use cells;

/// A connection, as far as an operation needs one. A transaction is open around it.
pub(crate) trait Statements {
    /// Runs a statement that answers no rows, and answers how many it touched.
    fn execute(&self, doing: &'static str, sql: &str, cells: &[Cell<'_>]) -> Result<u64, Error>;

    /// Hands the rows to `look`, in order, as they come, until it breaks off. Other statements may run in between.
    fn each(&self, doing: &'static str, sql: &str, cells: &[Cell<'_>], look: Look<'_>) -> Result<(), Error>;

    /// The same for an answer that is known to be short: a server sends it whole, in one round trip.
    fn few(&self, doing: &'static str, sql: &str, cells: &[Cell<'_>], look: Look<'_>) -> Result<(), Error> {
        self.each(doing, sql, cells, look)
    }

    /// The same, and takes the rows for this transaction; those that somebody else's transaction holds are passed over and not
    /// waited for. A file has one writer, so there nobody else holds a row of it.
    fn take(&self, doing: &'static str, sql: &str, cells: &[Cell<'_>], look: Look<'_>) -> Result<(), Error> {
        self.few(doing, sql, cells, look)
    }

    /// The connection underneath, for what only a file has: its copy, its pages, its size.
    fn file(&self) -> Option<&rusqlite::Connection>;
}

/// What is done with each row.
pub(crate) type Look<'l> = &'l mut dyn FnMut(&dyn Row) -> Result<ControlFlow<()>, Error>;

/// A connection with its transactions: what the writer and the readers hold.
pub(crate) trait Store: Statements + Send {
    /// Opens a transaction for writing. Until it ends no other writer of this ledger, in any process, has one.
    fn begin_writing(&self) -> Result<(), Error>;

    /// Opens a transaction for reading: one consistent state of the ledger, however many statements look at it.
    fn begin_reading(&self) -> Result<(), Error>;

    /// The same, where that takes no time; `false` where it would, and nothing is open. A server always is some time away.
    fn begin_writing_at_once(&self) -> Result<bool, Error> {
        Ok(false)
    }

    /// Whether the commits from here on are on the disk when [`Store::commit`] returns, or are flushed by somebody else later. A
    /// server's always are.
    fn wait_for_disk(&self, _wait: bool) -> Result<(), Error> {
        Ok(())
    }

    /// Folds what was committed back into where it belongs, as far as nobody is in the way.
    fn fold(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Marks where the next change begins, or ends: `SAVEPOINT`, `RELEASE` and `ROLLBACK TO`.
    fn mark(&self, sql: &'static str) -> Result<(), Error>;

    /// Makes the transaction durable, as [`Store::wait_for_disk`] says.
    fn commit(&self) -> Result<(), Error>;

    /// Gives the transaction up, where there still is one.
    fn roll_back(&self);

    /// Whether a transaction is open; a database may give it up by itself.
    fn in_transaction(&self) -> bool;

    /// Whether the connection is of no use any more, and another one may be.
    fn is_lost(&self) -> bool {
        false
    }

    /// The part an operation sees.
    fn statements(&self) -> &dyn Statements;
}

/// How a connection is made.
pub(crate) type Opener = Box<dyn Fn() -> Result<Box<dyn Store>, Error> + Send + Sync>;

/// One row of an answer.
pub(crate) trait Row {
    fn cell(&self, column: usize) -> Result<Cell<'_>, Error>;
}

impl dyn Statements + '_ {
    /// The first row of an answer, where there is one.
    pub(crate) fn one<T>(
        &self,
        doing: &'static str,
        sql: &str,
        cells: &[Cell<'_>],
        mut read: impl FnMut(&dyn Row) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut found = None;
        self.few(doing, sql, cells, &mut |row| {
            found = Some(read(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Every row of an answer that is known to be short.
    pub(crate) fn all<T>(
        &self,
        doing: &'static str,
        sql: &str,
        cells: &[Cell<'_>],
        mut read: impl FnMut(&dyn Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        self.few(doing, sql, cells, &mut |row| {
            found.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }
}

impl dyn Row + '_ {
    pub(crate) fn text(&self, column: usize) -> Result<&str, Error> {
        self.optional_text(column)?.ok_or_else(|| other_than_expected("text", Cell::Null))
    }

    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<&str>, Error> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            found @ Cell::Integer(_) => Err(other_than_expected("text", found)),
        }
    }

    pub(crate) fn integer(&self, column: usize) -> Result<i64, Error> {
        match self.cell(column)? {
            Cell::Integer(integer) => Ok(integer),
            found => Err(other_than_expected("an integer", found)),
        }
    }
}

/// The tables have types, so somebody changed them.
fn other_than_expected(expected: &'static str, found: Cell<'_>) -> Error {
    let found = match found {
        Cell::Null => "nothing",
        Cell::Integer(_) => "an integer",
        Cell::Text(_) => "text",
    };
    let cause = std::io::Error::other(format!("expected {expected}, found {found}"));
    Error::Storage { doing: "read the ledger", fault: Fault::Corrupt, cause: Arc::new(cause) }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<u32> for Cell<'_> {
    fn from(integer: u32) -> Self {
        Self::Integer(integer.into())
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of these cells.
    struct Given([Cell<'static>; 3]);

    const GIVEN: Given = Given([Cell::Text("a"), Cell::Integer(7), Cell::Null]);

    impl Row for Given {
        fn cell(&self, column: usize) -> Result<Cell<'_>, Error> {
            Ok(self.0[column])
        }
    }

    #[test]
    fn a_column_is_read_as_what_it_is() {
        let row: &dyn Row = &GIVEN;
        assert_eq!(row.text(0).expect("text"), "a");
        assert_eq!(row.integer(1).expect("an integer"), 7);
        assert_eq!(row.optional_text(2).expect("nothing"), None);
    }

    #[test]
    fn a_column_of_another_type_is_a_damaged_ledger() {
        let row: &dyn Row = &GIVEN;
        let refused = [row.integer(0).err(), row.text(1).err(), row.text(2).err(), row.integer(2).err()];
        for error in refused {
            assert_eq!(error.expect("refused").refusal().code.as_str(), "LEDGER_CORRUPT");
        }
    }
}
