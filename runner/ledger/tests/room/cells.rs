//! Every cell of the file, changed alone.

use crate::ground::edit_file;
use crate::story::{Fixture, opening};
use crate::tamper::story;

/// Every stored cell, changed alone in a copy of the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_cell_of_the_file_can_be_changed_unnoticed() {
    let Fixture { ledger, path, folder } = story().await;
    drop(ledger);
    let mut edits = Vec::new();
    {
        let conn = rusqlite::Connection::open(&path).expect("opens");
        let tables = [
            "events",
            "evidence",
            "proposals",
            "query_audit",
            "approvals",
            "writeback_jobs",
            "receipts",
            "meta",
            "names",
            "found_by",
        ];
        for table in tables {
            let columns: Vec<String> = conn
                .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))
                .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
                .expect("columns");
            let key = columns.first().expect("a column").clone();
            let rows: Vec<String> = conn
                .prepare(&format!("SELECT quote({key}) FROM {table}"))
                .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
                .expect("rows");
            for (row, column) in rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column))) {
                let other = match column.as_str() {
                    // The checks and the JSON of the schema itself would stop a cruder edit.
                    "status" => "iif(status = 'open', 'finished', 'open')".to_owned(),
                    "document" => "json_set(document, '$.forged', 1)".to_owned(),
                    _ if table == "found_by" && !is_text(column) => format!("coalesce({column}, 0) + 1000"),
                    _ => format!(
                        "iif(typeof({column}) = 'integer', {column} + 1000, coalesce({column}, '') || 'x')"
                    ),
                };
                edits.push(format!("UPDATE {table} SET {column} = {other} WHERE {key} = {row}"));
            }
        }
    }
    assert!(edits.len() > 120, "{}", edits.len());
    for edit in edits {
        let copy = folder.path().join("copy.db");
        std::fs::copy(&path, &copy).expect("copied");
        edit_file(&copy, &edit);
        // A renamed `ledger_id` row leaves nothing to open at all.
        if let Ok(ledger) = synapsor_ledger::Ledger::open(&copy, opening(false)).await {
            assert!(!ledger.verify().await.expect("readable").holds(), "not noticed: {edit}");
        }
    }
}

/// The columns of `found_by` that hold what they are found by and not the number of a name.
fn is_text(column: &str) -> bool {
    matches!(column, "audit_id" | "evidence_id" | "object_key" | "proposal_id")
}
