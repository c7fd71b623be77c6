//! The ledger's tables on a server: the same as in a file, in a schema of their own.
//!
//! Invariant: a released migration is never edited; a change is the next one in the list, and there is one for the file
//! beside it.

use std::sync::Arc;

use sqlx::Executor as _;

use super::{Postgres, session};
use crate::book::Opening;
use crate::error::{Error, Fault};
use crate::schema::{Founding, found_ledger, newest};
use crate::statements::{Statements, Store, cells};
use crate::writer::Write;

/// Migration `n` leads to `schema_version` `n + 1`.
const MIGRATIONS: &[&str] = &[
    include_str!("../schema/postgres/0001_first.sql"),
    include_str!("../schema/postgres/0002_search.sql"),
    include_str!("../schema/postgres/0003_found_by.sql"),
    include_str!("../schema/postgres/0004_proposals_found_by.sql"),
];

/// One at a time: of several processes that open a fresh database, one makes the tables and the others find them.
const BEGIN_MIGRATING: &str = concat!(
    session!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"),
    "SELECT pg_advisory_xact_lock(1398361680)"
);

/// Brings the tables up to date; where there are none and that is allowed, makes them and founds the ledger.
pub(crate) fn bring_up_to_date(
    store: &Postgres,
    database: &str,
    opening: &Opening,
    founding: Founding<'_>,
) -> Result<(), Error> {
    store.begin("read the ledger", super::BEGIN_READING)?;
    let found = admit(store, database, opening.create);
    store.roll_back();
    if found? == newest() {
        return writable(store);
    }
    store.begin("make the ledger's tables", BEGIN_MIGRATING)?;
    // Another process may have made them since we looked.
    let found = admit(store, database, opening.create);
    let migrated = found.and_then(|found| migrate(store, found, opening, founding));
    let ended = migrated.and_then(|()| store.commit());
    if ended.is_err() {
        store.roll_back();
    }
    ended
}

/// Answers which version is there, reading only; zero for none where one may be made.
fn admit(store: &Postgres, database: &str, create: bool) -> Result<i64, Error> {
    let conn = store.statements();
    let encoding = text(conn, "SELECT current_setting('server_encoding')")?;
    if encoding != "UTF8" {
        return Err(Error::Server { why: "its database has another encoding than UTF8" });
    }
    // Without a right to the schema its tables would look as if they were gone.
    let sql = "SELECT has_schema_privilege('synapsor_ledger', 'USAGE')::text
               FROM pg_tables WHERE schemaname = 'synapsor_ledger' AND tablename = 'meta'";
    match conn.one("look for the ledger", sql, cells![], |row| Ok(row.text(0)? == "true"))? {
        Some(true) => {}
        Some(false) => return Err(no_right("the role may not use the ledger's schema")),
        None if create => return Ok(0),
        None => return Err(Error::Absent { database: database.to_owned() }),
    }
    let version = text(conn, "SELECT value FROM meta WHERE name = 'schema_version'")?;
    match version.parse::<i64>() {
        Ok(found) if found > newest() => Err(Error::TooNew { found, supported: newest() }),
        Ok(found) if found > 0 => Ok(found),
        _ => Err(Error::Unreadable { record: "the schema version".into() }),
    }
}

/// A role that may not write is told so now, and not by the first call of a model.
fn writable(store: &Postgres) -> Result<(), Error> {
    store.begin_writing()?;
    let may =
        "SELECT count(*) FROM unnest(ARRAY['events', 'evidence', 'proposals', 'query_audit', 'approvals',
                 'writeback_jobs', 'receipts', 'names', 'found_by']) AS t(name) WHERE NOT has_table_privilege(name, 'SELECT')
                 OR NOT has_table_privilege(name, 'INSERT')
                 OR name IN ('proposals', 'writeback_jobs') AND NOT has_table_privilege(name, 'UPDATE')";
    let missing = store.statements().one("open the ledger", may, cells![], |row| row.integer(0));
    store.roll_back();
    match missing? {
        Some(0) => Ok(()),
        _ => Err(no_right("the role may not add to every table, or not change what moves")),
    }
}

/// `what` is for the log.
fn no_right(what: &'static str) -> Error {
    let cause = Arc::new(std::io::Error::other(what));
    Error::Storage { doing: "open the ledger", fault: Fault::ReadOnly, cause }
}

fn migrate(store: &Postgres, found: i64, opening: &Opening, founding: Founding<'_>) -> Result<(), Error> {
    let from = usize::try_from(found).unwrap_or(usize::MAX);
    for migration in MIGRATIONS.iter().copied().skip(from) {
        store.run("make the ledger's tables", async |conn| conn.execute(sqlx::raw_sql(migration)).await)?;
    }
    let conn = store.statements();
    let sql = "INSERT INTO meta (name, value) VALUES ('schema_version', ?1)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    conn.execute("mark the ledger", sql, cells![&newest().to_string()])?;
    if found == 0 {
        let write = Write::new(conn, opening.clock.as_ref(), opening.ids.as_ref(), "");
        found_ledger(&write, founding)?;
    }
    Ok(())
}

fn text(conn: &dyn Statements, sql: &str) -> Result<String, Error> {
    let found = conn.one("open the ledger", sql, cells![], |row| row.text(0).map(str::to_owned))?;
    found.ok_or_else(|| Error::Unreadable { record: "the schema version".into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_a_server_have_a_migration_each_for_every_version() {
        assert_eq!(i64::try_from(MIGRATIONS.len()).expect("few"), newest());
    }
}
