//! Every case runs on every engine it concerns, under one name.

macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        on_engine!(sqlite, synapsor_protocol::Engine::Sqlite, $($case),+);
        on_servers!($($case),+);
    };
}

macro_rules! on_servers {
    ($($case:ident),+ $(,)?) => {
        on_engine!(postgres, synapsor_protocol::Engine::Postgres, $($case),+);
        on_engine!(mysql, synapsor_protocol::Engine::Mysql, $($case),+);
    };
}

/// The same cases with the ledger on a server, beside a source in a file.
macro_rules! on_a_ledgers_server {
    ($($case:ident),+ $(,)?) => {
        mod ledger_on_a_server {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case($crate::world::World::sharing_a_ledger().await).await;
            })+
        }
    };
}

macro_rules! on_engine {
    ($name:ident, $engine:expr, $($case:ident),+) => {
        mod $name {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case($crate::world::World::new($engine).await).await;
            })+
        }
    };
}
