//! Every case runs on every engine, under one name.

macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        on_every_engine!(@ sqlite, synapsor_protocol::Engine::Sqlite, $($case),+);
        on_every_engine!(@ postgres, synapsor_protocol::Engine::Postgres, $($case),+);
        on_every_engine!(@ mysql, synapsor_protocol::Engine::Mysql, $($case),+);
    };
    (@ $name:ident, $engine:expr, $($case:ident),+) => {
        mod $name {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case($crate::world::World::new($engine).await).await;
            })+
        }
    };
}
