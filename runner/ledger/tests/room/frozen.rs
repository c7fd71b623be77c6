//! Ledgers as every released schema left them: they open, nothing of them is lost, and they can be searched.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use synapsor_ledger::{Filter, Ledger, MisfitKind, Page, Status, TableFilter, restore};

use crate::ground::edit_file;
use crate::story::{code, opening};

/// Every past version, by its number.
fn frozen() -> Vec<(i64, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/ledgers");
    let files =
        std::fs::read_dir(folder).expect("the frozen ledgers").map(|entry| entry.expect("an entry").path());
    let version = |path: &PathBuf| path.file_stem()?.to_str()?.strip_prefix("schema-")?.parse().ok();
    let mut found: Vec<_> = files.filter_map(|path| Some((version(&path)?, path))).collect();
    found.sort();
    found
}

fn thaw(path: &Path) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("ledger.db");
    std::fs::copy(path, &copy).expect("copied");
    (folder, copy)
}

fn schema(path: &Path) -> i64 {
    let conn = rusqlite::Connection::open(path).expect("opens");
    conn.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version")
}

#[tokio::test]
async fn a_ledger_of_every_past_version_opens_is_whole_and_is_searched() {
    let frozen = frozen();
    let (_folder, fresh) = thaw(&frozen[0].1);
    drop(Ledger::open(&fresh, opening(false)).await.expect("opens"));
    let past: Vec<i64> = frozen.iter().map(|(version, _)| *version).collect();
    assert_eq!(past, (1..schema(&fresh)).collect::<Vec<_>>(), "one for each version before this one");

    for (version, path) in frozen {
        let (_folder, path) = thaw(&path);
        let ledger = Ledger::open(&path, opening(false)).await.expect("opens");
        let report = ledger.verify().await.expect("readable");
        assert!(report.holds() && report.events == 18, "{version}: {report:?}");
        let page = Page::default();
        for (filter, found) in [
            (Filter::default(), [3, 5, 8, 3]),
            (Filter { table: Some(TableFilter::parse("main.invoices")), ..Filter::default() }, [3, 5, 7, 3]),
            (Filter { status: Status::parse("conflict"), ..Filter::default() }, [1, 0, 0, 1]),
            (Filter { tenant: Some("acme".into()), ..Filter::default() }, [3, 5, 7, 3]),
        ] {
            let counts = [
                ledger.find_proposals(&filter, &page).await.expect("readable").items.len(),
                ledger.find_evidence(&filter, &page).await.expect("readable").items.len(),
                ledger.find_audits(&filter, &page).await.expect("readable").items.len(),
                ledger.find_receipts(&filter, &page).await.expect("readable").items.len(),
            ];
            assert_eq!(counts, found, "{version}: {filter:?}");
        }
        let audit = ledger.find_audits(&Filter::default(), &page).await.expect("readable").items;
        let fingerprint = audit[0].audit.fingerprint.as_ref().map(ToString::to_string);
        let alike = Filter { fingerprint, ..Filter::default() };
        assert_eq!(ledger.find_evidence(&alike, &page).await.expect("readable").items.len(), 2, "{version}");
    }
}

#[tokio::test]
async fn an_older_ledger_is_kept_beside_the_one_that_was_brought_up_to_date() {
    for (version, path) in frozen() {
        let (_folder, path) = thaw(&path);
        drop(Ledger::open(&path, opening(false)).await.expect("opens"));
        let kept = path.with_file_name(format!("ledger.db.schema-{version}.backup"));
        assert_eq!(schema(&kept), version);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            assert_eq!(std::fs::metadata(&kept).expect("there").mode() & 0o777, 0o600);
        }
        let written = std::fs::metadata(&kept).expect("there").modified().expect("a time");
        drop(Ledger::open(&path, opening(false)).await.expect("opens"));
        assert_eq!(
            std::fs::metadata(&kept).expect("there").modified().expect("a time"),
            written,
            "kept once"
        );
        // The copy is a ledger like any other.
        let report =
            Ledger::open(&kept, opening(false)).await.expect("opens").verify().await.expect("readable");
        assert!(report.holds());
    }
}

/// Changes a file whose triggers an upgrade will look for.
fn edit_past_triggers(path: &Path, edit: &str) {
    let conn = rusqlite::Connection::open(path).expect("opens");
    let triggers: Vec<String> = conn
        .prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .expect("triggers");
    drop(conn);
    edit_file(path, &format!("{edit}; {}", triggers.join(";")));
}

#[tokio::test]
async fn what_verify_names_in_an_older_ledger_it_names_after_the_upgrade() {
    for (version, path) in frozen() {
        let (evidence, audit) = match version {
            1 | 2 => ("evidence (evidence_id, document)", "query_audit (audit_id, document)"),
            _ => ("evidence (seq, document)", "query_audit (seq, document)"),
        };
        let put_in = |table: &str| format!("INSERT INTO {table} VALUES (99, '{{}}')");
        for (edit, kind) in [
            (put_in(evidence), MisfitKind::RecordUnwitnessed),
            (put_in(audit), MisfitKind::RecordUnwitnessed),
            (
                "DELETE FROM evidence WHERE rowid = (SELECT max(rowid) FROM evidence)".to_owned(),
                MisfitKind::RecordMissing,
            ),
            ("UPDATE events SET payload = 'no json' WHERE seq = 9".to_owned(), MisfitKind::EventEdited),
        ] {
            let (_folder, path) = thaw(&path);
            edit_past_triggers(&path, &edit);
            let ledger = Ledger::open(&path, opening(false)).await.expect("opens");
            let report = ledger.verify().await.expect("readable");
            assert_eq!(report.misfit.map(|found| found.kind), Some(kind), "{version}: {edit}");
        }
    }
}

#[tokio::test]
async fn a_copy_of_every_past_version_is_verified_as_it_is_and_restored_unless_it_was_edited() {
    for (version, path) in frozen() {
        let (folder, copy) = thaw(&path);
        let there = folder.path().join("restored.db");
        let restored = restore(&copy, &there, false, &Arc::default()).expect("restored");
        assert!(restored.report.holds() && schema(&there) == version, "{version}: {restored:?}");
        let now =
            Ledger::open(&there, opening(false)).await.expect("opens").verify().await.expect("readable");
        assert!(now.holds() && now.head == restored.report.head, "{version}: {now:?}");

        let mut edits = vec!["UPDATE proposals SET document = replace(document, 'acme', 'evil')"];
        if version >= 3 {
            edits.extend(["UPDATE found_by SET tenant = principal", "UPDATE found_by SET at = NULL"]);
        }
        for edit in edits {
            let (folder, copy) = thaw(&path);
            edit_past_triggers(&copy, edit);
            let refused = restore(&copy, &folder.path().join("restored.db"), false, &Arc::default());
            let refused = refused.expect_err("edited");
            assert_eq!(code(&refused), "LEDGER_CORRUPT", "{version}: {edit}");
        }
    }
}

#[tokio::test]
async fn an_upgrade_that_cannot_keep_a_copy_changes_nothing() {
    let (version, path) = frozen().remove(0);
    let (_folder, path) = thaw(&path);
    std::fs::create_dir(path.with_file_name(format!("ledger.db.schema-{version}.backup")))
        .expect("in the way");
    let error = Ledger::open(&path, opening(false)).await.expect_err("refused");
    assert_eq!(code(&error), "LEDGER_UNAVAILABLE");
    assert_eq!(schema(&path), version);
    let partial = path.with_file_name(format!("ledger.db.schema-{version}.backup.partial"));
    assert!(!partial.exists(), "nothing half is left");
}
