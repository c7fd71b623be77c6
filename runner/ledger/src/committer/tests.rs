//! What is promised of a commit, over a real file.

use std::sync::Mutex;

use rusqlite::Connection;
use synapsor_protocol::standin::{CountingIds, SteppingClock};
use tempfile::TempDir;

use super::*;
use crate::connection;
use crate::sqlite::Sqlite;
use crate::writer::Writer;

/// `PRAGMA synchronous`, as SQLite numbers it.
const NORMAL: i64 = 1;
const FULL: i64 = 2;

type Answers = Arc<Mutex<Vec<Result<(), Error>>>>;

/// A change that adds a row.
struct Added {
    promise: Promise,
    answers: Answers,
}

impl Change for Added {
    fn promise(&self) -> Promise {
        self.promise
    }

    fn make(&mut self, write: &Write<'_>) -> Result<(), Error> {
        write.conn.execute("add a row", "INSERT INTO added DEFAULT VALUES", cells![]).map(drop)
    }

    fn answer(self: Box<Self>, committed: Result<(), Error>) {
        self.answers.lock().expect("nobody panicked").push(committed);
    }
}

fn opener(path: PathBuf) -> Opener {
    Box::new(move || {
        let conn = Connection::open(&path).expect("the file");
        conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").expect("set up");
        connection::wait_for_lock(&conn, connection::BUSY_TIMEOUT)?;
        Ok(Box::new(Sqlite::new(conn)))
    })
}

/// A committer of a file of its own.
struct Fixture {
    committer: Committer,
    answers: Answers,
    folder: TempDir,
}

impl Fixture {
    /// With the log of `flushed` flushed, which is the ledger's own as a rule.
    fn new(flushed: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.db");
        Connection::open(&path)
            .and_then(|conn| conn.execute_batch("CREATE TABLE added (n INTEGER PRIMARY KEY)"))
            .expect("a file");
        let open = opener(path);
        let file = folder.path().join(flushed);
        let start = synapsor_protocol::Moment::from_micros(0).expect("in range");
        let clock: Arc<dyn Clock> = Arc::new(SteppingClock::new(start, 1));
        let parts = (clock, Arc::new(CountingIds::default()) as Arc<dyn Ids>);
        let committer = Committer::new(open, Some(&file), parts, String::new(), Arc::default());
        Self { committer: committer.expect("opens"), answers: Arc::default(), folder }
    }

    fn added(&self, promise: Promise) -> Box<dyn Change> {
        Box::new(Added { promise, answers: Arc::clone(&self.answers) })
    }

    fn commit(&mut self, promises: &[Promise]) {
        let mut batch = promises.iter().map(|promise| self.added(*promise)).collect();
        self.committer.commit_all(&mut batch);
    }

    fn pragma(&self, name: &str) -> i64 {
        let conn = self.committer.store.statements().file().expect("a file");
        conn.pragma_query_value(None, name, |row| row.get(0)).expect("a number")
    }

    fn answers(&self) -> Vec<Result<(), Error>> {
        std::mem::take(&mut *self.answers.lock().expect("nobody panicked"))
    }
}

#[test]
fn a_commit_waits_for_the_disk_where_one_of_its_changes_does() {
    let mut fixture = Fixture::new("ledger.db");
    fixture.commit(&[Promise::Committed, Promise::Committed]);
    assert_eq!(fixture.pragma("synchronous"), NORMAL);
    fixture.commit(&[Promise::Committed, Promise::OnDisk, Promise::Committed]);
    assert_eq!(fixture.pragma("synchronous"), FULL);
    fixture.commit(&[Promise::Committed]);
    assert_eq!(fixture.pragma("synchronous"), NORMAL);
    assert!(fixture.answers().iter().all(Result::is_ok));
}

#[test]
fn what_is_committed_at_once_follows_a_brief_commit_and_nobody_s_lock() {
    let mut fixture = Fixture::new("ledger.db");
    let first = fixture.committer.commit_at_once(fixture.added(Promise::Committed));
    assert!(first.is_some(), "no commit was brief yet");

    fixture.committer.was_brief = true;
    assert!(fixture.committer.commit_at_once(fixture.added(Promise::Committed)).is_none());
    assert!(matches!(fixture.answers().as_slice(), [Ok(())]));

    let other = Connection::open(fixture.folder.path().join("ledger.db")).expect("the file");
    other.execute_batch("BEGIN IMMEDIATE").expect("its turn");
    fixture.committer.was_brief = true;
    let left = fixture.committer.commit_at_once(fixture.added(Promise::Committed));
    assert!(left.is_some() && fixture.answers().is_empty(), "handed back, and not answered");
    // Whoever has the time to wait does.
    assert_eq!(fixture.pragma("busy_timeout"), 5_000);
}

#[test]
fn after_a_flush_that_failed_nothing_is_committed() {
    let mut fixture = Fixture::new("other.db");
    std::fs::create_dir(fixture.folder.path().join("other.db-wal")).expect("no file can stand there");
    fixture.commit(&[Promise::Committed]);
    assert!(matches!(fixture.answers().as_slice(), [Ok(())]));
    while fixture.committer.flusher.as_ref().and_then(Flusher::failed).is_none() {
        thread::yield_now();
    }

    fixture.commit(&[Promise::Committed]);
    fixture.commit(&[Promise::OnDisk]);
    let refused = fixture.answers().into_iter().map(|answer| answer.expect_err("refused").refusal());
    let codes: Vec<_> = refused.map(|refusal| refusal.code.as_str()).collect();
    assert_eq!(codes, ["LEDGER_UNAVAILABLE", "LEDGER_UNAVAILABLE"]);
    fixture.committer.was_brief = true;
    assert!(fixture.committer.commit_at_once(fixture.added(Promise::Committed)).is_some());
    let conn = Connection::open(fixture.folder.path().join("ledger.db")).expect("the file");
    let rows: i64 = conn.query_row("SELECT count(*) FROM added", [], |row| row.get(0)).expect("a number");
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn what_waits_for_the_disk_is_made_on_the_writing_thread_however_quick_the_others_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.db");
    let clock = Arc::new(SteppingClock::new(synapsor_protocol::Moment::from_micros(0).expect("in range"), 1));
    let ids = Arc::new(CountingIds::default());
    let writer = Writer::start(opener(path.clone()), Some(&path), clock, ids, String::new()).expect("starts");
    let made_on = |_: &Write<'_>| Ok(thread::current().name().map(str::to_owned));
    for _ in 0..50 {
        writer.keep(Promise::Committed, made_on).await.expect("made somewhere");
        let made_on = writer.write(made_on).await.expect("made");
        assert_eq!(made_on.as_deref(), Some("ledger-writer"));
    }
}
