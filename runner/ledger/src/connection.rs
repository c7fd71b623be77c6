//! How a connection to the ledger's file is set up, the writing one and the reading ones.

use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};

use crate::error::Error;
use crate::schema;
use crate::writer::Write;

/// How long one statement waits for another process's write lock.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The write-ahead log is cut back to this size after a checkpoint, in bytes.
const WAL_BYTES_MAX: i64 = 64 * 1024 * 1024;

/// Pages the log may hold before a commit folds them back into the file, which costs as much as several commits: every
/// sixteen megabytes, so that a page many commits changed is written back once. Between commits it is done earlier: [`fold`].
const FOLD_PAGES: u32 = 4_096;

/// Pages a reading connection keeps, in KiB: enough for the upper levels of every index of a large ledger.
const READER_CACHE_KIB: u32 = 16_384;

/// Prepared statements a connection keeps; more than this room has.
const STATEMENTS_MAX: usize = 64;

/// Tries at switching a fresh file to WAL, during which SQLite does not wait for the lock by itself.
const WAL_SWITCH_TRIES_MAX: u32 = 100;

/// The one connection that writes. Refuses a file that is newer than us or not ours before it changes anything.
pub(crate) fn open_writer(path: &Path, create: bool) -> Result<Connection, Error> {
    let conn = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    schema::admit(&conn, path, create)?;
    if conn.is_readonly(MAIN_DB).map_err(Error::storage("open the ledger"))? {
        let refused = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
        return Err(Error::storage("open the ledger")(rusqlite::Error::SqliteFailure(refused, None)));
    }
    switch_to_wal(&conn)?;
    conn.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
         PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = {WAL_BYTES_MAX};
         PRAGMA wal_autocheckpoint = {FOLD_PAGES};"
    ))
    .map_err(Error::storage("set up the ledger"))?;
    Ok(conn)
}

/// How long the statements from here on wait for another process's write lock.
pub(crate) fn wait_for_lock(conn: &Connection, limit: Duration) -> Result<(), Error> {
    conn.busy_timeout(limit).map_err(Error::storage("write to the ledger"))
}

/// Whether a commit waits until the log is on the disk (`synchronous`, <https://sqlite.org/pragma.html#pragma_synchronous>).
/// Where it does not, the order of commits is kept all the same, and the next one that waits brings those before it along.
/// Outside of a transaction.
pub(crate) fn wait_for_disk(conn: &Connection, wait: bool) -> Result<(), Error> {
    let level = if wait { "FULL" } else { "NORMAL" };
    conn.pragma_update(None, "synchronous", level).map_err(Error::storage("write to the ledger"))
}

/// Folds the log back into the file, as far as no reader still needs it. Outside of a transaction.
pub(crate) fn fold(conn: &Connection) -> Result<(), Error> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
        .map_err(Error::storage("fold the ledger's log"))
}

/// A connection that cannot write.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, Error> {
    let conn = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    conn.execute_batch(&format!("PRAGMA query_only = ON; PRAGMA cache_size = -{READER_CACHE_KIB};"))
        .map_err(Error::storage("set up the ledger"))?;
    Ok(conn)
}

/// A connection that fills a copy.
pub(crate) fn open_copy(path: &Path) -> Result<Connection, Error> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Whether what one table says of another has to hold, outside of a transaction.
pub(crate) fn hold_references(conn: &Connection, hold: bool) -> Result<(), Error> {
    conn.pragma_update(None, "foreign_keys", hold).map_err(Error::storage("make the ledger's tables"))
}

/// Pages beyond `bytes_max` are refused as if the disk were full, until the connection closes.
pub(crate) fn limit_size(write: &Write<'_>, bytes_max: u64) -> Result<(), Error> {
    let conn = write.conn.file().ok_or(Error::NoFile { instead: "limit the database on its server" })?;
    let limit = || {
        let page_bytes: i64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let bytes_max = i64::try_from(bytes_max).unwrap_or(i64::MAX);
        let pages_max = (bytes_max / page_bytes.max(1)).max(1);
        conn.pragma_update_and_check(None, "max_page_count", pages_max, |_| Ok(()))
    };
    limit().map_err(Error::storage("limit the ledger's size"))
}

fn open(path: &Path, access: OpenFlags) -> Result<Connection, Error> {
    let flags = access
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let set_up = || -> rusqlite::Result<Connection> {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        // The file may have been edited: nothing in its schema runs code, and a typo is never a string.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        #[cfg(feature = "failpoints")]
        crate::points::watch(&conn)?;
        conn.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON;")?;
        Ok(conn)
    };
    set_up().map_err(Error::storage("open the ledger"))
}

fn switch_to_wal(conn: &Connection) -> Result<(), Error> {
    let mut tries = 0;
    loop {
        match conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => return Err(Error::Invariant { what: "the ledger's file system does not support WAL" }),
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && tries < WAL_SWITCH_TRIES_MAX =>
            {
                tries += 1;
                thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(Error::storage("open the ledger")(error)),
        }
    }
}
