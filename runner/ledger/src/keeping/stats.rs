//! How much a ledger holds and how large it is.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use synapsor_protocol::Moment;

use crate::error::Error;
use crate::file;
use crate::statements::{Statements, cells};

/// What a ledger holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Which ledger.
    pub ledger_id: String,
    /// Links of the chain.
    pub events: u64,
    /// When the first was made; none in a ledger that holds nothing.
    pub first_at: Option<Moment>,
    /// When the last was made.
    pub last_at: Option<Moment>,
    /// Proposals by state.
    pub proposals: BTreeMap<String, u64>,
    /// Other records by kind.
    pub records: BTreeMap<&'static str, u64>,
    /// Events whose records were pruned.
    pub pruned: u64,
    /// Bytes on disk, of a ledger that is a file.
    pub sizes: Option<Sizes>,
}

/// Bytes on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// The file.
    pub file_bytes: u64,
    /// The write-ahead log beside it, which folds back when the last process closes the ledger.
    pub log_bytes: u64,
    /// Pages of the file that hold nothing; `vacuum` gives them back.
    pub free_bytes: u64,
}

const COUNTING: &str = "count what the ledger holds";

/// An audit stands beside every evidence, and none beside what people did or a candidate answered.
const TABLES: [(&str, &str); 7] = [
    ("evidence", "SELECT count(*) FROM evidence v JOIN query_audit q ON q.seq = v.seq"),
    (
        "human_actions",
        "SELECT count(*) FROM evidence v JOIN events e ON e.seq = v.seq WHERE e.kind = 'shadow_human_action_recorded'",
    ),
    (
        "candidate_runs",
        "SELECT count(*) FROM evidence v JOIN events e ON e.seq = v.seq WHERE e.kind = 'shadow_candidate_ran'",
    ),
    ("query_audit", "SELECT count(*) FROM query_audit"),
    ("decisions", "SELECT count(*) FROM approvals"),
    ("writeback_jobs", "SELECT count(*) FROM writeback_jobs"),
    ("receipts", "SELECT count(*) FROM receipts"),
];

/// Counts everything in one snapshot.
pub(crate) fn stats(conn: &dyn Statements, path: &Path, ledger_id: &str) -> Result<Stats, Error> {
    let mut records = BTreeMap::new();
    for (name, sql) in TABLES {
        records.insert(name, number(conn, sql)?.unsigned_abs());
    }
    let at = |sql: &str| -> Result<Option<Moment>, Error> {
        let micros = conn.one(COUNTING, sql, cells![], |row| row.integer(0))?;
        Ok(micros.and_then(Moment::from_micros))
    };
    Ok(Stats {
        ledger_id: ledger_id.to_owned(),
        events: number(conn, "SELECT count(*) FROM events")?.unsigned_abs(),
        first_at: at("SELECT at FROM events WHERE seq = 1")?,
        last_at: at("SELECT at FROM events ORDER BY seq DESC LIMIT 1")?,
        proposals: states(conn)?,
        records,
        pruned: super::Gone::load(conn)?.events(),
        sizes: sizes(conn, path)?,
    })
}

fn states(conn: &dyn Statements) -> Result<BTreeMap<String, u64>, Error> {
    let sql = "SELECT state, count(*) FROM proposals GROUP BY state";
    let rows = conn
        .all(COUNTING, sql, cells![], |row| Ok((row.text(0)?.to_owned(), row.integer(1)?.unsigned_abs())))?;
    Ok(rows.into_iter().collect())
}

/// The file's own; another database is not asked.
fn sizes(conn: &dyn Statements, path: &Path) -> Result<Option<Sizes>, Error> {
    if conn.file().is_none() {
        return Ok(None);
    }
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    let pages = number(conn, "SELECT freelist_count FROM pragma_freelist_count")?.unsigned_abs();
    let page_bytes = number(conn, "SELECT page_size FROM pragma_page_size")?.unsigned_abs();
    Ok(Some(Sizes {
        file_bytes: length(path),
        log_bytes: length(&file::log_of(path)),
        free_bytes: pages.saturating_mul(page_bytes),
    }))
}

fn number(conn: &dyn Statements, sql: &str) -> Result<i64, Error> {
    Ok(conn.one(COUNTING, sql, cells![], |row| row.integer(0))?.unwrap_or_default())
}
