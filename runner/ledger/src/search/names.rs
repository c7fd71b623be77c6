//! Words that many records share (tenants, capabilities, tables), each stored once and meant by its number.

use std::collections::HashMap;

use crate::error::Error;
use crate::statements::{Statements, cells};

/// Words one look remembers; beyond that it begins anew.
const KNOWN_MAX: usize = 4096;

/// What one look, or one step of catching up, knows of them.
#[derive(Default)]
pub(super) struct Names {
    known: HashMap<String, i64>,
}

impl Names {
    /// The number of a word; none where no record was ever found by it.
    pub(super) fn find(&mut self, conn: &dyn Statements, name: &str) -> Result<Option<i64>, Error> {
        if let Some(known) = self.known.get(name) {
            return Ok(Some(*known));
        }
        let sql = "SELECT name_id FROM names WHERE name = ?1";
        let found = conn.one("look a name up", sql, cells![name], |row| row.integer(0))?;
        Ok(found.inspect(|id| self.keep(name, *id)))
    }

    /// The number of a word, which it has from now on.
    pub(super) fn intern(&mut self, conn: &dyn Statements, name: &str) -> Result<i64, Error> {
        if let Some(known) = self.find(conn, name)? {
            return Ok(known);
        }
        conn.execute("keep a name", "INSERT INTO names (name) VALUES (?1)", cells![name])?;
        self.find(conn, name)?.ok_or(Error::Invariant { what: "a name was kept and is not there" })
    }

    fn keep(&mut self, name: &str, id: i64) {
        if self.known.len() == KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(name.to_owned(), id);
    }
}
