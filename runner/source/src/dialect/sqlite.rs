//! SQLite: opening a file, the catalog, binding and decoding through rusqlite.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, ToSql};
use synapsor_protocol::{Columns, Engine, Value};

use super::parameter::Parameter;
use super::statement::Statement;
use super::text_form::Unreadable;
use crate::error::Unreachable;
use crate::shape::{ColumnKind, ColumnShape, TableKind, TableShape};

mod catalog;
mod schema_text;

pub(crate) use catalog::catalog;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// SQLite itself refuses every write.
    Read,
    /// The file may be changed; it is never created.
    Write,
}

/// Opens an existing file with everything off that would let the file's own schema, or a typing slip, act.
///
/// # Errors
/// Why it cannot be opened.
pub fn open(path: &Path, access: Access, busy_timeout: Duration) -> Result<Connection, Unreachable> {
    if !path.is_file() {
        return Err(Unreachable::FileMissing);
    }
    let mode = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    // The connection moves between threads and is never used by two at once.
    let opened = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    opened.and_then(|connection| settle(connection, access, busy_timeout)).map_err(|error| {
        tracing::debug!(%error, "a SQLite source could not be opened");
        unreachable(&error)
    })
}

fn settle(connection: Connection, access: Access, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    connection.busy_timeout(busy_timeout)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.pragma_update(None, "query_only", access == Access::Read)?;
    // The first look at the file: what is not a database is found here, not in the middle of a read.
    connection.query_row("SELECT COUNT(*) FROM main.sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

/// Why a file could not be opened.
pub fn unreachable(error: &rusqlite::Error) -> Unreachable {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Unreachable::NotADatabase,
        Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
            Unreachable::Credential
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Unreachable::NoAnswer,
        _ => Unreachable::Other,
    }
}

/// The statement's values, for rusqlite's `params_from_iter`.
pub fn parameters(statement: &Statement) -> impl Iterator<Item = impl ToSql + '_> + '_ {
    statement.parameters().iter().map(Bound)
}

struct Bound<'p>(&'p Parameter);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Parameter::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Parameter::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Parameter::Signed(integer) => ToSqlOutput::Borrowed(ValueRef::Integer(*integer)),
            // Never built for SQLite, whose integers are signed; NULL matches nothing.
            Parameter::Unsigned(_) => ToSqlOutput::Borrowed(ValueRef::Null),
            Parameter::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// The values of a row that was selected with [`Statement::read_all`] over the same columns.
///
/// # Errors
/// When a value has no exact form: a real, or text that is not UTF-8.
pub fn columns<'c>(
    row: &Row<'_>,
    columns: impl IntoIterator<Item = &'c ColumnShape>,
) -> Result<Columns, Unreadable> {
    let read = columns.into_iter().enumerate().map(|(at, column)| {
        let unreadable = || Unreadable::in_column(column);
        let value = match row.get_ref(at).map_err(|_| unreadable())? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(integer) => Value::Integer(integer),
            ValueRef::Real(_) => {
                return Err(Unreadable { column: column.name.clone(), type_name: "REAL".into() });
            }
            ValueRef::Text(text) => Value::Text(str::from_utf8(text).map_err(|_| unreadable())?.to_owned()),
            ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        };
        Ok((column.name.clone(), value))
    });
    read.collect()
}

/// What the schema says of a table; `None` where there is none of that name.
///
/// # Errors
/// The driver's.
pub fn shape(connection: &Connection, schema: &str, table: &str) -> rusqlite::Result<Option<TableShape>> {
    let found: Option<(String, bool)> = connection
        .query_row(
            "SELECT type, strict FROM pragma_table_list WHERE schema = ?1 AND name = ?2",
            [schema, table],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((kind, strict)) = found else { return Ok(None) };
    let kind = table_kind(&kind);
    let mut statement = connection.prepare(COLUMNS)?;
    let columns = statement.query_map([table, schema], |row| {
        let column = column(row, strict)?;
        Ok((column.name.clone(), column))
    })?;
    let columns = columns.collect::<rusqlite::Result<BTreeMap<_, _>>>()?;
    let (schema, table) = (schema.to_owned(), table.to_owned());
    Ok(Some(TableShape { engine: Engine::Sqlite, schema, table, kind, columns }))
}

/// Of one table, read by [`column`]; then the default, and the place in the primary key, from 1.
///
/// `hidden`: 2 and 3 are generated columns; 1 belongs to a virtual table's machinery.
const COLUMNS: &str = "SELECT name, type, \"notnull\" OR pk > 0, hidden IN (2, 3), dflt_value, pk \
     FROM pragma_table_xinfo(?1, ?2) WHERE hidden <> 1 ORDER BY cid";

fn column(row: &Row<'_>, strict: bool) -> rusqlite::Result<ColumnShape> {
    let filled: bool = row.get(2)?;
    Ok(ColumnShape {
        name: row.get(0)?,
        type_name: row.get(1)?,
        kind: ColumnKind::Dynamic { strict },
        nullable: !filled,
        generated: row.get(3)?,
    })
}

/// What `pragma_table_list` calls it.
fn table_kind(kind: &str) -> TableKind {
    match kind {
        "table" => TableKind::Table,
        "view" => TableKind::View,
        _ => TableKind::Other,
    }
}

/// How many bytes the row's text and blobs take, seen before any of it is copied.
pub fn row_bytes(row: &Row<'_>, columns: usize) -> usize {
    let bytes = |at| match row.get_ref(at) {
        Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => bytes.len(),
        _ => 8,
    };
    (0..columns).map(bytes).sum()
}
