//! Where these stories happen: a ledger in a database of its own on the test server.

use synapsor_ledger::{Ledger, Server};
use synapsor_test_servers::TestDatabase;

use crate::story::opening;

/// A ledger in a database that goes away with it.
pub(crate) struct Fixture {
    pub(crate) ledger: Ledger,
    pub(crate) database: TestDatabase,
}

/// Every table with text in it.
const TABLES: [&str; 10] = [
    "meta",
    "events",
    "evidence",
    "proposals",
    "query_audit",
    "approvals",
    "writeback_jobs",
    "receipts",
    "names",
    "found_by",
];

impl Fixture {
    pub(crate) async fn new() -> Self {
        let database = synapsor_test_servers::postgres().await;
        Self { ledger: open(&database).await, database }
    }

    /// Another opening of the same ledger.
    pub(crate) async fn reopened(&self) -> Ledger {
        open(&self.database).await
    }

    /// Closes the ledger, lets `edit` change the tables behind its back, and opens it again.
    pub(crate) async fn tampered(self, edit: &str) -> Self {
        let Self { ledger, database } = self;
        drop(ledger);
        edit_tables(&database, edit).await;
        Self { ledger: open(&database).await, database }
    }

    /// Whether a text stands anywhere in what is stored.
    pub(crate) async fn holds(&self, text: &str) -> bool {
        for table in TABLES {
            let sql =
                format!("SELECT count(*)::text FROM synapsor_ledger.{table} t WHERE t::text LIKE '%{text}%'");
            if self.database.scalar(&sql).await.as_deref() != Some("0") {
                return true;
            }
        }
        false
    }
}

pub(crate) fn server(database: &TestDatabase) -> Server {
    Server::at(database.url()).expect("a URL")
}

pub(crate) async fn open(database: &TestDatabase) -> Ledger {
    Ledger::open(server(database), opening(true)).await.expect("opens")
}

/// Changes the tables as an administrator may: neither triggers nor foreign keys hold them back.
pub(crate) async fn edit_tables(database: &TestDatabase, sql: &str) {
    let edit = format!("SET session_replication_role = replica; SET search_path = synapsor_ledger; {sql}");
    database.execute(&edit).await;
}
