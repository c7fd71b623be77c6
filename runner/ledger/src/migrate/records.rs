//! A part of a ledger on its way: some events, and every record they are about.
//!
//! Invariant: what an event vouches for travels with it, so a copy is at any time a ledger that ends earlier. A proposal's
//! state and its job are as of when the part was read, and are read again with every later event about them.

use std::collections::BTreeMap;

use synapsor_protocol::Digest;

use crate::error::Error;
use crate::link::{self, Link};
use crate::statements::{Cell, Row, Statements, cells};

/// Events of one part; a proposal's documents may be large.
const EVENTS_A_PART: i64 = 200;
/// Rows of one statement.
const ROWS_A_STATEMENT: usize = 100;

const COPYING: &str = "copy the ledger";

/// A table, as far as it is not computed from its documents.
struct Table {
    name: &'static str,
    /// The first is what its rows are looked up by.
    columns: &'static [&'static str],
    /// What is written beside a row for it to be found by.
    beside: Option<Beside>,
    /// What becomes of a row that was copied before.
    again: &'static str,
}

/// Columns that repeat those of another record. They are taken from its copy: what is computed from a document may be spelt
/// otherwise there.
struct Beside {
    columns: &'static [&'static str],
    of: &'static str,
    /// What the other is looked up by; the table itself has a computed column of that name.
    key: &'static str,
}

const EVENTS: Table = Table {
    name: "events",
    columns: &["seq", "kind", "proposal_id", "actor", "payload", "at", "previous_digest", "digest"],
    beside: None,
    again: "",
};

/// What stands under the number of its event.
const DOCUMENTS: [Table; 2] = [
    Table { name: "evidence", columns: &["seq", "document"], beside: None, again: "" },
    Table { name: "query_audit", columns: &["seq", "document"], beside: None, again: "" },
];

/// In the order in which one refers to the other.
const RECORDS: [Table; 4] = [
    Table {
        name: "proposals",
        columns: &["proposal_id", "content_digest", "created_seq", "state", "updated_at", "document"],
        beside: None,
        again: " ON CONFLICT (proposal_id) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at",
    },
    Table {
        name: "approvals",
        columns: &["proposal_id", "verdict", "document"],
        beside: None,
        again: " ON CONFLICT (proposal_id, verdict) DO NOTHING",
    },
    Table {
        name: "writeback_jobs",
        columns: &["proposal_id", "job_id", "idempotency_key", "attempt", "runner_id", "status"],
        beside: None,
        again:
            " ON CONFLICT (job_id) DO UPDATE SET attempt = excluded.attempt, runner_id = excluded.runner_id,
                status = excluded.status",
    },
    Table {
        name: "receipts",
        columns: &["receipt_id", "document"],
        beside: Some(Beside {
            columns: &[
                "tenant",
                "principal",
                "capability",
                "source",
                "schema_name",
                "table_name",
                "object_type",
                "object_key_text",
            ],
            of: "proposals",
            key: "proposal_id",
        }),
        again: "",
    },
];

/// A value that outlives its row.
enum Kept {
    Null,
    Integer(i64),
    Text(String),
}

type Kepts = Vec<Kept>;

/// Some events in a row, and what they are about.
pub(super) struct Part {
    events: Vec<Kepts>,
    last: Option<(i64, String)>,
    /// The rows of each of [`DOCUMENTS`].
    documents: Vec<Vec<Kepts>>,
    /// The rows of each of [`RECORDS`].
    records: Vec<Vec<Kepts>>,
}

/// What the events of a part name, in the order in which they do.
#[derive(Default)]
struct Named {
    receipts: Vec<String>,
    proposals: Vec<String>,
}

impl Part {
    /// The next few events after that one.
    pub(super) fn after(conn: &dyn Statements, seq: i64) -> Result<Self, Error> {
        let sql =
            format!("SELECT {} FROM events WHERE seq > ?1 ORDER BY seq LIMIT {EVENTS_A_PART}", link::COLUMNS);
        let (mut named, mut last) = (Named::default(), None);
        let events = conn.all(COPYING, &sql, cells![seq], |row| {
            let event = Link::of(row).ok_or_else(unreadable)?;
            named.add(&event)?;
            last = Some((event.seq, event.digest.to_owned()));
            kept(row, EVENTS.columns.len())
        })?;
        let until = last.as_ref().map_or(seq, |(last, _)| *last);
        let documents =
            DOCUMENTS.iter().map(|table| table.between(conn, seq, until)).collect::<Result<_, _>>()?;
        let ids = [&named.proposals, &named.proposals, &named.proposals, &named.receipts];
        let records =
            RECORDS.iter().zip(ids).map(|(table, ids)| table.rows(conn, ids)).collect::<Result<_, _>>()?;
        Ok(Self { events, last, documents, records })
    }

    /// How many events these are.
    pub(super) fn events(&self) -> u64 {
        u64::try_from(self.events.len()).unwrap_or(u64::MAX)
    }

    /// The last of them; none where none come after.
    pub(super) fn last(&self) -> Result<Option<(i64, Digest)>, Error> {
        let Some((seq, digest)) = &self.last else { return Ok(None) };
        let digest =
            Digest::try_from(digest.clone()).map_err(Error::unreadable(|| format!("event `{seq}`")))?;
        Ok(Some((*seq, digest)))
    }

    pub(super) fn insert(&self, conn: &dyn Statements) -> Result<(), Error> {
        EVENTS.insert(conn, &self.events)?;
        DOCUMENTS.iter().zip(&self.documents).try_for_each(|(table, rows)| table.insert(conn, rows))?;
        RECORDS.iter().zip(&self.records).try_for_each(|(table, rows)| table.insert(conn, rows))
    }
}

impl Named {
    fn add(&mut self, event: &Link<'_>) -> Result<(), Error> {
        // A tombstone names no record.
        if let Some(payload) = event.payload() {
            self.receipts.extend(payload.receipt_id.map(str::to_owned));
        }
        if let Some(id) = event.proposal_id
            && !self.proposals.iter().any(|known| known == id)
        {
            self.proposals.push(id.to_owned());
        }
        Ok(())
    }
}

impl Table {
    /// The rows of those ids, in their order; what was pruned is not there.
    fn rows(&self, conn: &dyn Statements, ids: &[String]) -> Result<Vec<Kepts>, Error> {
        let (read, width) = (self.read(), self.read().len());
        let Some(key) = read.first() else { return Ok(Vec::new()) };
        let mut found: BTreeMap<String, Vec<Kepts>> = BTreeMap::new();
        for some in ids.chunks(ROWS_A_STATEMENT) {
            let (columns, ids) = (read.join(", "), parameters(1, some.len()).join(", "));
            let sql = format!("SELECT {columns} FROM {} WHERE {key} IN ({ids})", self.name);
            let cells: Vec<Cell<'_>> = some.iter().map(Cell::from).collect();
            let rows =
                conn.all(COPYING, &sql, &cells, |row| Ok((row.text(0)?.to_owned(), kept(row, width)?)))?;
            rows.into_iter().for_each(|(id, row)| found.entry(id).or_default().push(row));
        }
        // Where two records have the same instant, lists tell them in the order in which they came.
        Ok(ids.iter().filter_map(|id| found.remove(id)).flatten().collect())
    }

    /// The rows of the events after one and up to another; what was pruned is not there.
    fn between(&self, conn: &dyn Statements, after: i64, until: i64) -> Result<Vec<Kepts>, Error> {
        let columns = self.columns.join(", ");
        let sql = format!("SELECT {columns} FROM {} WHERE seq > ?1 AND seq <= ?2 ORDER BY seq", self.name);
        conn.all(COPYING, &sql, cells![after, until], |row| kept(row, self.columns.len()))
    }

    fn insert(&self, conn: &dyn Statements, rows: &[Kepts]) -> Result<(), Error> {
        let beside = self.beside.as_ref().map_or(&[][..], |beside| beside.columns);
        let columns = [self.columns, beside].concat().join(", ");
        for some in rows.chunks(ROWS_A_STATEMENT) {
            let width = self.read().len();
            let rows: Vec<String> = (0..some.len()).map(|row| self.row(row * width + 1)).collect();
            let (name, again) = (self.name, self.again);
            let sql = format!("INSERT INTO {name} ({columns}) VALUES {}{again}", rows.join(", "));
            let cells: Vec<Cell<'_>> = some.iter().flatten().map(Cell::from).collect();
            conn.execute(COPYING, &sql, &cells)?;
        }
        Ok(())
    }

    /// The columns of a row on its way.
    fn read(&self) -> Vec<&'static str> {
        self.columns.iter().copied().chain(self.beside.as_ref().map(|beside| beside.key)).collect()
    }

    /// The values of one row, of which the first has that number.
    fn row(&self, first: usize) -> String {
        let mut values = parameters(first, self.columns.len());
        if let Some(Beside { columns, of, key }) = &self.beside {
            let last = first + self.columns.len();
            values.extend(
                columns.iter().map(|column| format!("(SELECT {column} FROM {of} WHERE {key} = ?{last})")),
            );
        }
        format!("({})", values.join(", "))
    }
}

/// `?4`, `?5`, `?6`.
fn parameters(first: usize, number: usize) -> Vec<String> {
    (first..first + number).map(|number| format!("?{number}")).collect()
}

fn kept(row: &dyn Row, width: usize) -> Result<Kepts, Error> {
    let kept = |column| {
        Ok(match row.cell(column)? {
            Cell::Null => Kept::Null,
            Cell::Integer(integer) => Kept::Integer(integer),
            Cell::Text(text) => Kept::Text(text.to_owned()),
        })
    };
    (0..width).map(kept).collect()
}

impl<'a> From<&'a Kept> for Cell<'a> {
    fn from(kept: &'a Kept) -> Self {
        match kept {
            Kept::Null => Self::Null,
            Kept::Integer(integer) => Self::Integer(*integer),
            Kept::Text(text) => Self::Text(text),
        }
    }
}

fn unreadable() -> Error {
    Error::Unreadable { record: "an event".into() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::schema::MIGRATIONS;

    #[test]
    fn every_column_is_copied_that_is_not_computed_from_another() {
        let conn = rusqlite::Connection::open_in_memory().expect("opens");
        MIGRATIONS.iter().for_each(|sql| conn.execute_batch(sql).expect("migrates"));
        let stored: BTreeSet<(String, String)> = conn
            .prepare(
                "SELECT t.name, c.name FROM pragma_table_list t, pragma_table_xinfo(t.name) c
                 WHERE t.type = 'table' AND t.schema = 'main' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT IN ('meta', 'names', 'found_by') AND c.hidden = 0",
            )
            .and_then(|mut sql| sql.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
            .expect("columns");
        let columns = |table: &Table| -> Vec<(String, String)> {
            let beside = table.beside.as_ref().map_or(&[][..], |beside| beside.columns);
            let columns = table.columns.iter().chain(beside);
            columns.map(|column| (table.name.to_owned(), (*column).to_owned())).collect()
        };
        let copied: BTreeSet<_> =
            RECORDS.iter().chain(&DOCUMENTS).chain([&EVENTS]).flat_map(columns).collect();
        assert_eq!(copied, stored);
    }
}
