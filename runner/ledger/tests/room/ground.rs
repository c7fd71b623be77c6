//! Where these stories happen: a ledger in a file, in a folder of its own.

use std::path::{Path, PathBuf};

use synapsor_ledger::Ledger;

use crate::story::opening;

/// A ledger in a folder that goes away with it.
pub(crate) struct Fixture {
    pub(crate) ledger: Ledger,
    pub(crate) path: PathBuf,
    pub(crate) folder: tempfile::TempDir,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.db");
        Self { ledger: open(&path).await, path, folder }
    }

    /// Another opening of the same ledger.
    pub(crate) async fn reopened(&self) -> Ledger {
        open(&self.path).await
    }

    /// Closes the ledger, lets `edit` change the file behind its back, and opens it again.
    pub(crate) async fn tampered(self, edit: &str) -> Self {
        let Self { ledger, path, folder } = self;
        drop(ledger);
        edit_file(&path, edit);
        Self { ledger: open(&path).await, path, folder }
    }

    /// Whether a text stands anywhere in what is stored.
    pub(crate) async fn holds(&self, text: &str) -> bool {
        ["", "-wal"].iter().any(|suffix| {
            let path = format!("{}{suffix}", self.path.display());
            let bytes = std::fs::read(&path).unwrap_or_default();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    }
}

pub(crate) async fn open(path: &Path) -> Ledger {
    Ledger::open(path, opening(true)).await.expect("opens")
}

/// Changes the file as somebody with a database tool would: triggers do not hold them back.
pub(crate) fn edit_file(path: &Path, sql: &str) {
    let conn = rusqlite::Connection::open(path).expect("opens");
    let triggers: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .expect("triggers");
    for trigger in triggers {
        conn.execute_batch(&format!("DROP TRIGGER {trigger}")).expect("dropped");
    }
    conn.execute_batch("PRAGMA foreign_keys = OFF").expect("off");
    conn.execute_batch(sql).expect("edited");
}
