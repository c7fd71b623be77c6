//! The file itself: who may read it, what is refused, which version it has.

#![cfg(unix)]

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use synapsor_ledger::{Error, Ledger};
use tokio::task::JoinSet;

use crate::ground::{edit_file, open};
use crate::story::{Call, Fixture, code, opening};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").mode() & 0o777
}

async fn refused(path: &Path, create: bool) -> Error {
    Ledger::open(path, opening(create)).await.expect_err("refused")
}

#[tokio::test]
async fn the_file_its_log_and_a_folder_we_make_are_ours_alone() {
    let outside = tempfile::tempdir().expect("a folder");
    let path = outside.path().join("a").join("b").join("ledger.db");
    let ledger = open(&path).await;
    let call = Call::default();
    ledger.notebook().record_read(call.evidence(), call.audit(None)).await.expect("recorded");
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&path.with_file_name(format!("ledger.db{suffix}"))), 0o600, "{suffix}");
    }
    assert_eq!(mode(&outside.path().join("a")), 0o700);
    assert_eq!(mode(&outside.path().join("a").join("b")), 0o700);
}

#[tokio::test]
async fn a_file_that_was_open_to_others_is_closed_to_them() {
    let Fixture { ledger, path, folder } = Fixture::new().await;
    drop(ledger);
    fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("set");
    let _ledger = open(&path).await;
    assert_eq!(mode(&path), 0o600);
    drop(folder);
}

#[tokio::test]
async fn another_programs_file_is_refused_as_such_and_keeps_its_mode() {
    let folder = tempfile::tempdir().expect("a folder");
    let orders = folder.path().join("orders.db");
    edit_file(&orders, "CREATE TABLE orders (id INTEGER PRIMARY KEY); PRAGMA user_version = 99");
    let picture = folder.path().join("picture.png");
    fs::write(&picture, [7; 10_000]).expect("written");
    for (other, expected) in [(&orders, "LEDGER_UNAVAILABLE"), (&picture, "LEDGER_CORRUPT")] {
        fs::set_permissions(other, Permissions::from_mode(0o644)).expect("set");
        for create in [false, true] {
            assert_eq!(code(&refused(other, create).await), expected, "{}", other.display());
            assert_eq!(mode(other), 0o644, "{}", other.display());
        }
    }
    assert!(refused(&orders, true).await.to_string().contains("another program's database"));
}

#[tokio::test]
async fn an_empty_file_becomes_a_ledger_that_is_ours_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.db");
    fs::write(&path, []).expect("written");
    fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("set");
    let _ledger = open(&path).await;
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn links_folders_and_special_names_are_refused() {
    let Fixture { ledger, path, folder } = Fixture::new().await;
    drop(ledger);
    let link = folder.path().join("link.db");
    symlink(&path, &link).expect("linked");
    let dangling = folder.path().join("dangling.db");
    symlink(folder.path().join("nowhere.db"), &dangling).expect("linked");
    for wrong in [link.as_path(), &dangling, folder.path(), Path::new("/"), Path::new("..")] {
        assert_eq!(code(&refused(wrong, true).await), "LEDGER_UNAVAILABLE", "{}", wrong.display());
    }
    let hard = folder.path().join("hard.db");
    fs::hard_link(&path, &hard).expect("linked");
    assert_eq!(code(&refused(&hard, true).await), "LEDGER_UNAVAILABLE");
    fs::remove_file(&hard).expect("removed");
    symlink(&path, folder.path().join("ledger.db-wal")).expect("linked");
    assert_eq!(code(&refused(&path, true).await), "LEDGER_UNAVAILABLE");
}

#[tokio::test]
async fn a_folder_reached_through_a_link_is_fine() {
    let Fixture { ledger, path, folder } = Fixture::new().await;
    let link = folder.path().join("folder");
    symlink(folder.path(), &link).expect("linked");
    let same = open(&link.join("ledger.db")).await;
    assert_eq!(same.ledger_id(), ledger.ledger_id());
    assert_eq!(same.place().file(), Some(path.canonicalize().expect("there").as_path()));
}

#[tokio::test]
async fn a_missing_ledger_is_not_made_unless_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    for path in [folder.path().join("ledger.db"), folder.path().join("no").join("ledger.db")] {
        let error = refused(&path, false).await;
        assert_eq!(code(&error), "LEDGER_UNAVAILABLE");
        assert!(error.refusal().hint.is_some());
        assert!(!path.exists());
    }
    let empty = folder.path().join("empty.db");
    fs::write(&empty, b"").expect("written");
    assert_eq!(code(&refused(&empty, false).await), "LEDGER_UNAVAILABLE");
    assert_eq!(fs::read(&empty).expect("readable"), b"");
    open(&empty).await;
}

#[tokio::test]
async fn a_ledger_of_a_later_release_is_refused_and_left_as_it_is() {
    let Fixture { ledger, path, folder } = Fixture::new().await;
    drop(ledger);
    edit_file(&path, "PRAGMA user_version = 99");
    let before = fs::read(&path).expect("readable");
    let error = refused(&path, true).await;
    assert_eq!(code(&error), "LEDGER_TOO_NEW");
    assert!(error.to_string().contains("`99`"), "{error}");
    assert_eq!(fs::read(&path).expect("readable"), before);
    drop(folder);
}

#[tokio::test]
async fn what_is_no_ledger_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = folder.path().join("other.db");
    edit_file(&other, "CREATE TABLE orders (id INTEGER PRIMARY KEY)");
    let text = folder.path().join("text.db");
    fs::write(&text, "not a database, but long enough to be taken for the header of one ".repeat(40))
        .expect("written");
    for (path, expected) in [(other, "LEDGER_UNAVAILABLE"), (text, "LEDGER_CORRUPT")] {
        let before = fs::read(&path).expect("readable");
        assert_eq!(code(&refused(&path, true).await), expected);
        assert_eq!(fs::read(&path).expect("readable"), before);
    }
}

#[tokio::test]
async fn a_file_that_was_made_but_never_written_becomes_a_ledger() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.db");
    fs::write(&path, b"").expect("written");
    assert!(open(&path).await.verify().await.expect("readable").holds());
}

#[tokio::test]
async fn the_tables_are_made_once_and_carry_our_mark() {
    let Fixture { ledger, path, folder } = Fixture::new().await;
    drop(ledger);
    drop(open(&path).await);
    let conn = rusqlite::Connection::open(&path).expect("opens");
    let pragma = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).expect("read");
    assert_eq!((pragma("application_id"), pragma("user_version")), (0x5359_4e50, 4));
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("read");
    assert_eq!(mode, "wal");
    drop(folder);
}

#[tokio::test]
async fn what_happened_can_only_be_added_to() {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    let receipt = crate::story::receipt(&job, synapsor_protocol::Outcome::Applied);
    fixture.ledger.finish_writeback(&receipt).await.expect("finished");
    let conn = rusqlite::Connection::open(&fixture.path).expect("opens");
    for table in ["events", "evidence", "query_audit", "approvals", "receipts", "proposals"] {
        assert!(conn.execute(&format!("DELETE FROM {table}"), []).is_err(), "{table}");
        let column = if table == "events" { "payload" } else { "document" };
        assert!(conn.execute(&format!("UPDATE {table} SET {column} = '{{}}'"), []).is_err(), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_openings_of_a_fresh_file_make_one_ledger() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new").join("ledger.db");
    let mut openings = JoinSet::new();
    for _ in 0..8 {
        let path = path.clone();
        openings.spawn(async move { open(&path).await });
    }
    let mut ledgers = Vec::new();
    while let Some(ledger) = openings.join_next().await {
        ledgers.push(ledger.expect("joined"));
    }
    let ids: HashSet<&str> = ledgers.iter().map(synapsor_ledger::Ledger::ledger_id).collect();
    assert_eq!(ids.len(), 1);
    let report = ledgers[0].verify().await.expect("readable");
    assert_eq!((report.events, report.holds()), (1, true));
}

#[tokio::test]
async fn a_closed_ledger_is_one_file() {
    let fixture = Fixture::new().await;
    fixture.propose(&Call::default()).await;
    let log = fixture.path.with_file_name("ledger.db-wal");
    assert!(log.exists());
    let Fixture { ledger, path, folder } = fixture;
    drop(ledger);
    assert!(!log.exists());
    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).expect("copied");
    assert_eq!(open(&copy).await.verify().await.expect("readable").events, 2);
}
