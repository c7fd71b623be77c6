//! What records are found by, worked out for one look alone: where it cannot be written, as on a full disk, a list still
//! holds everything.
//!
//! The reading connection lays temporary tables over the file's, in its own memory, and catches up into those with the
//! statements that catch up otherwise. They are gone when the look's transaction is rolled back.
//!
//! Invariant: the file stays as it is; the connection was opened to read it and could not change it.

use rusqlite::Connection;

use super::catch_up::{STEP_EVENTS_MAX, missing, step};
use super::found::COLUMNS;
use crate::error::Error;
use crate::statements::Statements;

const WORKING_OUT: &str = "work out what records are found by";

/// Lets this look find what `found_by` does not hold yet; none where the ledger is no file, and nothing was done.
pub(crate) fn work_out(conn: &dyn Statements) -> Result<Option<()>, Error> {
    let Some(file) = conn.file() else { return Ok(None) };
    let Some((_, head)) = missing(conn)? else { return Ok(Some(())) };
    let failed = || Error::storage(WORKING_OUT);
    file.pragma_update(None, "query_only", false).map_err(failed())?;
    let ended = lay_over(file).map_err(failed()).and_then(|()| {
        while step(conn, STEP_EVENTS_MAX)? < head {}
        Ok(Some(()))
    });
    file.pragma_update(None, "query_only", true).map_err(failed())?;
    ended
}

/// Names that are not in the file get numbers that cannot be there either.
fn lay_over(file: &Connection) -> rusqlite::Result<()> {
    let columns = COLUMNS.join(", ");
    let news = COLUMNS.map(|column| format!("NEW.{column}")).join(", ");
    file.execute_batch(&format!(
        "CREATE TEMP TABLE names_beyond (name_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
         CREATE TEMP VIEW names AS SELECT name_id, name FROM main.names UNION ALL SELECT name_id, name FROM names_beyond;
         CREATE TEMP TRIGGER keep_name INSTEAD OF INSERT ON names BEGIN
             INSERT INTO names_beyond SELECT -1 - count(*), NEW.name FROM names_beyond;
         END;
         CREATE TEMP TABLE found_beyond (seq INTEGER PRIMARY KEY, {columns});
         CREATE TEMP VIEW found_by AS SELECT seq, {columns} FROM main.found_by
             UNION ALL SELECT seq, {columns} FROM found_beyond;
         CREATE TEMP TRIGGER keep_found INSTEAD OF INSERT ON found_by BEGIN
             INSERT INTO found_beyond (seq, {columns}) VALUES (NEW.seq, {news});
         END;"
    ))
}
