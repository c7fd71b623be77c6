//! A fresh, throw-away database for one test, on any of the three engines, and a look at it from outside the runner.
//!
//! Invariant: a test never runs against less than it says. Without a server [`postgres`] and [`mysql`] panic and name
//! the script that starts one; nothing is skipped.
//!
//! Modules in reading order.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "test support: whatever goes wrong here must end the test, loudly"
)]

mod database;
mod server;
mod session;

pub use database::TestDatabase;
pub use session::Session;

/// A new database on the PostgreSQL server named by `RUNNER_TEST_POSTGRES_URL`.
///
/// # Panics
/// When there is no such server.
pub async fn postgres() -> TestDatabase {
    database(synapsor_protocol::Engine::Postgres).await
}

/// A new database on the MySQL or MariaDB server named by `RUNNER_TEST_MYSQL_URL`.
///
/// # Panics
/// When there is no such server.
pub async fn mysql() -> TestDatabase {
    database(synapsor_protocol::Engine::Mysql).await
}

/// A folder that goes with the value: in memory where the system has such a place, because a test that is killed loses
/// nothing there, and a disk would make it wait for every commit.
///
/// # Panics
/// When none can be made.
pub fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder")
}

/// A new, empty SQLite file in a folder of its own.
pub fn sqlite() -> TestDatabase {
    TestDatabase::in_a_file()
}

/// A new database of any engine, for tables of cases that run on all three.
///
/// # Panics
/// When the engine's server is not there.
pub async fn database(engine: synapsor_protocol::Engine) -> TestDatabase {
    match engine {
        synapsor_protocol::Engine::Sqlite => sqlite(),
        engine => TestDatabase::on_server(engine, server::superuser_url(engine)).await,
    }
}

/// A new database on a server a test has started itself, given its superuser's URL.
///
/// # Panics
/// When the server is not there.
pub async fn database_at(engine: synapsor_protocol::Engine, superuser_url: &str) -> TestDatabase {
    let url = url::Url::parse(superuser_url).expect("a server's URL");
    TestDatabase::on_server(engine, url).await
}
