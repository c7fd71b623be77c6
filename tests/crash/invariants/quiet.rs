//! I11: once everything has ended nothing is left: no transaction, no lock, no process, no file.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use synapsor_protocol::Engine;
use synapsor_test_servers::TestDatabase;

/// Waits that long at most for the server to notice who has died.
pub(super) async fn i11_no_transaction_is_open(
    database: &TestDatabase,
    freed_within: Duration,
) -> Result<(), String> {
    let asked = Instant::now();
    loop {
        let Some(open) = open_transaction(database).await else { return Ok(()) };
        if asked.elapsed() >= freed_within {
            return Err(format!("I11: a transaction is open: {open}"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One that somebody else has open; on SQLite, who holds the lock or left a journal.
async fn open_transaction(database: &TestDatabase) -> Option<String> {
    match database.engine() {
        Engine::Postgres => {
            let open = "SELECT concat_ws(' ', application_name, state, query) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL";
            database.scalar(open).await
        }
        Engine::Mysql => {
            let open = "SELECT CAST(CONCAT_WS(' ', t.trx_state, p.command, p.info) AS CHAR)
                        FROM information_schema.innodb_trx t
                        JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
                        WHERE p.db = DATABASE() AND p.id <> CONNECTION_ID()";
            database.scalar(open).await
        }
        Engine::Sqlite => {
            let mut session = database.session().await;
            let locked = session.try_execute("BEGIN IMMEDIATE; ROLLBACK").await.err();
            let mut journal = database.path().as_os_str().to_owned();
            journal.push("-journal");
            locked.or_else(|| Path::new(&journal).exists().then(|| "a journal".to_owned()))
        }
    }
}

/// No process works in that folder any more, as every runner of a trial does.
pub(super) fn i11_nothing_runs_in(folder: &Path) -> Result<(), String> {
    let processes = std::fs::read_dir("/proc").expect("the list of processes");
    let here = |entry: &std::fs::DirEntry| {
        std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
    };
    match processes.flatten().find(here) {
        None => Ok(()),
        Some(process) => Err(format!("I11: process {:?} still runs", process.file_name())),
    }
}

/// The folder holds what it was made from, and what SQLite keeps beside a ledger that somebody died on.
pub(super) fn i11_no_file_is_left(template: &Path, folder: &Path) -> Result<(), String> {
    let mut allowed = files(template);
    let beside: Vec<_> =
        allowed.iter().flat_map(|name| [format!("{name}-wal"), format!("{name}-shm")]).collect();
    allowed.extend(beside);
    allowed.insert("disk.log".to_owned());
    match files(folder).difference(&allowed).next() {
        None => Ok(()),
        Some(file) => Err(format!("I11: file `{file}` is left")),
    }
}

/// Every file below a folder, by its name.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}
