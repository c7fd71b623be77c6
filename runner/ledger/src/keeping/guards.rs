//! The triggers that keep records from being deleted, set aside while a step of a prune deletes.
//!
//! Invariant: they are put back in the transaction in which they were set aside; where that ends early, it is rolled back.

use super::prune::PRUNING;
use crate::error::Error;
use crate::statements::{Statements, cells};

/// What sets the triggers aside, and what puts them back.
pub(super) struct Guards(Vec<(String, String)>);

/// What has such triggers on a server; only their owner can set them aside.
const TABLES: [&str; 5] = ["evidence", "query_audit", "approvals", "receipts", "proposals"];

impl Guards {
    /// Those of the database at hand. A file forgets a trigger and is told it again, a server knows how to let one rest.
    pub(super) fn of(conn: &dyn Statements) -> Result<Self, Error> {
        if conn.file().is_none() {
            let rest = |what: &str, table: &str| format!("ALTER TABLE {table} {what} TRIGGER USER");
            return Ok(Self(TABLES.map(|table| (rest("DISABLE", table), rest("ENABLE", table))).into()));
        }
        let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND sql LIKE '%BEFORE DELETE%'
                   AND tbl_name <> 'events'";
        let of_row = |name: &str, sql: &str| (format!("DROP TRIGGER \"{name}\""), sql.to_owned());
        conn.all(PRUNING, sql, cells![], |row| Ok(of_row(row.text(0)?, row.text(1)?))).map(Self)
    }

    pub(super) fn set_aside(&self, conn: &dyn Statements) -> Result<(), Error> {
        self.0.iter().try_for_each(|(aside, _)| conn.execute(PRUNING, aside, cells![]).map(drop))
    }

    pub(super) fn put_back(&self, conn: &dyn Statements) -> Result<(), Error> {
        self.0.iter().try_for_each(|(_, back)| conn.execute(PRUNING, back, cells![]).map(drop))
    }
}
