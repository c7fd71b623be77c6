//! The evidence and the audits a walk asks for, read ahead of it.
//!
//! They are stored in the order of their events, so that a walk wants them as they lie: a block of rows is one statement in
//! place of hundreds. Whatever is not where it is expected is looked up by its id.
//!
//! Invariant: the order saves time and proves nothing. Invariant: memory is a block of each kind, however long the ledger.

use std::collections::HashMap;

use synapsor_protocol::{Digest, EvidenceBundle, QueryAudit};

use crate::documents::Sealed;
use crate::error::Error;
use crate::search;
use crate::statements::{Row, Statements, cells};

/// Rows that are read at once.
const BLOCK_ROWS: usize = 256;

/// A record that was read, as far as a walk compares it.
pub(super) struct Seen {
    /// The digest over its stored text.
    pub(super) seal: Digest,
    /// What its document says that is copied beside the other record of the call.
    pub(super) said: Option<String>,
    /// What is copied beside it out of that one.
    pub(super) copied: Option<String>,
    /// The proposal it is stored with.
    pub(super) proposal_id: Option<String>,
}

/// The records of one kind.
pub(super) struct Ahead {
    domain: &'static str,
    said: fn(&str) -> Option<String>,
    by_id: String,
    block: String,
    /// The row up to which it was read; none where there is nothing to read ahead.
    last: Option<i64>,
    rows: HashMap<String, Seen>,
}

impl Ahead {
    /// Of evidence.
    pub(super) fn evidence(conn: &dyn Statements, with_copies: bool) -> Self {
        let columns = format!("evidence_id, document, {}, {NOTHING}", or_nothing("fingerprint", with_copies));
        Self::new(conn, EvidenceBundle::DOMAIN, search::said_key, &columns, "evidence", "evidence_id")
    }

    /// Of audits.
    pub(super) fn audits(conn: &dyn Statements, with_copies: bool) -> Self {
        let columns =
            format!("audit_id, document, {}, proposal_id", or_nothing("object_key_text", with_copies));
        Self::new(conn, QueryAudit::DOMAIN, search::said_fingerprint, &columns, "query_audit", "audit_id")
    }

    fn new(
        conn: &dyn Statements,
        domain: &'static str,
        said: fn(&str) -> Option<String>,
        columns: &str,
        table: &str,
        id: &str,
    ) -> Self {
        Self {
            domain,
            said,
            by_id: format!("SELECT {columns} FROM {table} WHERE {id} = ?1"),
            block: format!(
                "SELECT {columns}, rowid FROM {table} WHERE rowid > ?1 ORDER BY rowid LIMIT {BLOCK_ROWS}"
            ),
            // Only a file keeps its rows in that order; a server would sort them for every block.
            last: conn.file().map(|_| 0),
            rows: HashMap::with_capacity(BLOCK_ROWS),
        }
    }

    /// The record of that id.
    pub(super) fn take(&mut self, conn: &dyn Statements, id: &str) -> Result<Option<Seen>, Error> {
        if let Some(seen) = self.rows.remove(id) {
            return Ok(Some(seen));
        }
        self.read_on(conn)?;
        if let Some(seen) = self.rows.remove(id) {
            return Ok(Some(seen));
        }
        let (domain, said) = (self.domain, self.said);
        conn.one("read a record of the chain", &self.by_id, cells![id], |row| seen(row, domain, said))
    }

    fn read_on(&mut self, conn: &dyn Statements) -> Result<(), Error> {
        let Some(last) = self.last else { return Ok(()) };
        // What no event has asked for by now, is in no order.
        self.rows.clear();
        let (domain, said) = (self.domain, self.said);
        let read = conn.all("read the records of the chain", &self.block, cells![last], |row| {
            Ok((row.text(0)?.to_owned(), seen(row, domain, said)?, row.integer(4)?))
        })?;
        self.last = read.last().map(|(_, _, rowid)| *rowid).filter(|_| read.len() == BLOCK_ROWS);
        self.rows.extend(read.into_iter().map(|(id, seen, _)| (id, seen)));
        Ok(())
    }
}

const NOTHING: &str = "CAST(NULL AS text)";

/// A copy of an earlier release's ledger has no such column yet.
fn or_nothing(column: &'static str, is_there: bool) -> &'static str {
    if is_there { column } else { NOTHING }
}

fn seen(row: &dyn Row, domain: &'static str, said: fn(&str) -> Option<String>) -> Result<Seen, Error> {
    let document = row.text(1)?;
    let text = |column| Ok::<_, Error>(row.optional_text(column)?.map(str::to_owned));
    Ok(Seen {
        seal: Digest::of_canonical(domain, document),
        said: said(document),
        copied: text(2)?,
        proposal_id: text(3)?,
    })
}
