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

/// The same words, known by their numbers: a walk over the ledger comes by a dozen of them with each event.
#[derive(Default)]
pub(super) struct Meanings {
    names: Names,
    /// By number; the first so many only.
    known: Vec<Option<String>>,
}

impl Meanings {
    /// Whether that is the number of the word.
    pub(super) fn is(&mut self, conn: &dyn Statements, number: i64, word: &str) -> Result<bool, Error> {
        let place = usize::try_from(number).ok().filter(|place| *place < KNOWN_MAX);
        if let Some(known) = place.and_then(|place| self.known.get(place)?.as_deref()) {
            return Ok(known == word);
        }
        let is_it = self.names.find(conn, word)? == Some(number);
        if let (true, Some(place)) = (is_it, place) {
            if self.known.len() <= place {
                self.known.resize(place + 1, None);
            }
            if let Some(known) = self.known.get_mut(place) {
                *known = Some(word.to_owned());
            }
        }
        Ok(is_it)
    }
}
