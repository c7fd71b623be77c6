//! The writeback against real databases: one table of cases, run on SQLite, PostgreSQL and MySQL/MariaDB.
//!
//! Run with `tests/with-databases cargo nextest run -p synapsor-writeback`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must end"
)]

mod bench;
mod decisions;
mod driver_facts;
mod dry_run;
mod effects;
mod executors;
mod failures;
mod guards;
mod once;
mod preflight;
mod reference;
mod refused_by_the_source;
mod standin;
mod unreachable;

/// Declares each case once per engine, so that a difference between engines is a failing test with a name.
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        $crate::on_engine!(sqlite, Sqlite: $($case),+);
        $crate::on_engine!(postgres, Postgres: $($case),+);
        $crate::on_engine!(mysql, Mysql: $($case),+);
    };
}

macro_rules! on_engine {
    ($module:ident, $engine:ident: $($case:ident),+) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(synapsor_protocol::Engine::$engine).await;
                }
            )+
        }
    };
}

pub(crate) use {on_engine, on_every_engine};
