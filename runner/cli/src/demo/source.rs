//! The demo's own look into its source database, beside the runner: what was there before, what is there after.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use synapsor_protocol::Refusal;

/// Invoices by id: the columns the story is about.
pub(super) type Rows = BTreeMap<String, Invoice>;

/// One invoice as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Invoice {
    pub(super) status: String,
    pub(super) late_fee_cents: i64,
    pub(super) waiver_reason: Option<String>,
    pub(super) updated_at: String,
}

/// Makes the database.
pub(super) fn create(path: &Path, schema: &str) -> Result<(), Refusal> {
    let make = || Connection::open(path)?.execute_batch(schema);
    make().map_err(failed)
}

/// Every invoice.
pub(super) fn rows(path: &Path) -> Result<Rows, Refusal> {
    let look = || -> rusqlite::Result<Rows> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut statement = connection
            .prepare("SELECT id, status, late_fee_cents, waiver_reason, updated_at FROM invoices")?;
        let rows = statement.query_map([], |row| {
            let invoice = Invoice {
                status: row.get(1)?,
                late_fee_cents: row.get(2)?,
                waiver_reason: row.get(3)?,
                updated_at: row.get(4)?,
            };
            Ok((row.get(0)?, invoice))
        })?;
        rows.collect()
    };
    look().map_err(failed)
}

/// Somebody else pays an invoice, beside the runner.
pub(super) fn somebody_pays(path: &Path, invoice: &str) -> Result<(), Refusal> {
    let pay = || {
        Connection::open(path)?.execute(
            "UPDATE invoices SET status = 'paid', late_fee_cents = 0, updated_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') WHERE id = ?1",
            [invoice],
        )
    };
    pay().map(|_| ()).map_err(failed)
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed over by map_err")]
fn failed(error: rusqlite::Error) -> Refusal {
    Refusal::bug(format!("the demo's own database: {error}"))
}
