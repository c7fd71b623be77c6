//! The ledger's tables, and how a file gets from one schema version to the next.
//!
//! Invariant: a released migration is never edited; a change is the next one in the list.
//! Invariant: what happened is only ever added. Triggers hold our own code to that; against somebody else's there is
//! the chain.

use std::path::Path;

use rusqlite::Connection;
use synapsor_protocol::EventKind;

use crate::chain;
use crate::error::Error;
use crate::statements::{Statements, cells};
use crate::upgrade;
use crate::writer::Write;

/// `SYNP`: marks the file as ours (`PRAGMA application_id`).
pub(crate) const APPLICATION_ID: i64 = 0x5359_4e50;

/// Migration `n` leads to `user_version` `n + 1`.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_first.sql"),
    include_str!("schema/0002_search.sql"),
    include_str!("schema/0003_found_by.sql"),
    include_str!("schema/0004_proposals_found_by.sql"),
];

/// The first version that keeps documents under the number of their event.
pub(crate) const DOCUMENTS_BY_EVENT: i64 = 3;

/// The first version that finds proposals by the row of their event.
pub(crate) const PROPOSALS_BY_EVENT: i64 = 4;

/// What tables that are made begin with.
#[derive(Clone, Copy)]
pub(crate) enum Founding<'a> {
    /// A new ledger.
    Anew,
    /// Nothing yet: a copy of the ledger of that id is going to be filled in.
    CopyOf(&'a str),
}

/// Which ledger the tables hold.
pub(crate) enum Identity {
    /// All of it.
    Whole(String),
    /// A copy that is not finished, which nobody may open.
    Unfinished(String),
}

/// Answers whether this release may open the file, reading only.
pub(crate) fn admit(conn: &Connection, path: &Path, create: bool) -> Result<(), Error> {
    let mark: i64 = pragma(conn, "application_id")?;
    if mark != APPLICATION_ID && !is_empty(conn)? {
        return Err(Error::Unsafe { path: path.to_owned(), why: "it is another program's database" });
    }
    let found = version(conn)?;
    if found > newest() {
        return Err(Error::TooNew { found, supported: newest() });
    }
    if found == 0 && !create {
        return Err(Error::Missing { path: path.to_owned() });
    }
    Ok(())
}

/// Brings the file to the newest version: one transaction, however many processes try at once. A copy of an older one is
/// kept beside it first.
pub(crate) fn migrate(
    conn: &Connection,
    write: &Write<'_>,
    path: &Path,
    founding: Founding<'_>,
) -> Result<(), Error> {
    let found = version(conn)?;
    if found > 0 && found < newest() {
        let copy = upgrade::keep_copy(path, found)?;
        tracing::info!(from = found, to = newest(), copy = %copy.display(), "bringing the ledger's tables up to date");
    }
    let from = usize::try_from(found).unwrap_or(usize::MAX);
    for (step, migration) in MIGRATIONS.iter().enumerate().skip(from) {
        tracing::debug!(step, "migrating the ledger");
        conn.execute_batch(migration).map_err(Error::storage("make the ledger's tables"))?;
    }
    if found == 0 {
        found_ledger(write, founding)?;
    }
    for (name, value) in [("application_id", APPLICATION_ID), ("user_version", newest())] {
        conn.pragma_update(None, name, value).map_err(Error::storage("mark the ledger"))?;
    }
    Ok(())
}

/// The random id that is part of every idempotency key, so that two ledgers never share a receipt.
pub(crate) fn ledger_id(conn: &dyn Statements) -> Result<String, Error> {
    match identity(conn)? {
        Identity::Whole(id) => Ok(id),
        Identity::Unfinished(_) => Err(Error::Unfinished),
    }
}

pub(crate) fn identity(conn: &dyn Statements) -> Result<Identity, Error> {
    let sql = "SELECT name, value FROM meta WHERE name IN ('ledger_id', 'unfinished_ledger_id')";
    let found = conn.one("read the ledger's id", sql, cells![], |row| {
        let id = row.text(1)?.to_owned();
        Ok(if row.text(0)? == "ledger_id" { Identity::Whole(id) } else { Identity::Unfinished(id) })
    })?;
    found.ok_or_else(|| Error::Unreadable { record: "the ledger's id".into() })
}

/// What else the ledger is known by: by name, everything that is not made with the tables.
pub(crate) fn belongings(conn: &dyn Statements) -> Result<Vec<(String, String)>, Error> {
    let sql = "SELECT name, value FROM meta
               WHERE name NOT IN ('ledger_id', 'unfinished_ledger_id', 'schema_version')";
    conn.all("read what belongs to the ledger", sql, cells![], |row| {
        Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))
    })
}

/// A copy is all there, with what belongs to it, and is a ledger from now on.
pub(crate) fn finish_copy(conn: &dyn Statements, belongings: &[(String, String)]) -> Result<(), Error> {
    for (name, value) in belongings {
        let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2)";
        conn.execute("finish the copy", sql, cells![name, value])?;
    }
    let sql = "UPDATE meta SET name = 'ledger_id' WHERE name = 'unfinished_ledger_id'";
    conn.execute("finish the copy", sql, cells![]).map(drop)
}

pub(crate) fn found_ledger(write: &Write<'_>, founding: Founding<'_>) -> Result<(), Error> {
    if let Founding::CopyOf(ledger_id) = founding {
        let sql = "INSERT INTO meta (name, value) VALUES ('unfinished_ledger_id', ?1)";
        return write.conn.execute("name the copy", sql, cells![ledger_id]).map(drop);
    }
    let ledger_id = format!("led_{}", write.ids.token());
    let sql = "INSERT INTO meta (name, value) VALUES ('ledger_id', ?1)";
    write.conn.execute("name the ledger", sql, cells![&ledger_id])?;
    let payload = serde_json::json!({ "ledger_id": ledger_id, "schema": newest() });
    chain::append(write, EventKind::LedgerCreated, None, "ledger", payload)?;
    Ok(())
}

/// Neither ours nor anybody's yet: a file that was made and never written.
fn is_empty(conn: &Connection) -> Result<bool, Error> {
    conn.query_one("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
        .map_err(Error::storage("open the ledger"))
}

/// Whether an earlier release wrote the file, and it was not opened since.
pub(crate) fn is_older(conn: &Connection) -> Result<bool, Error> {
    Ok(version(conn)? < newest())
}

/// Which version the file's tables are of.
pub(crate) fn version(conn: &Connection) -> Result<i64, Error> {
    pragma(conn, "user_version")
}

pub(crate) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

fn pragma(conn: &Connection, name: &str) -> Result<i64, Error> {
    conn.pragma_query_value(None, name, |row| row.get(0)).map_err(Error::storage("open the ledger"))
}
