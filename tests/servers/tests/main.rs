//! The test databases themselves: fresh, apart from each other, and gone afterwards.

use synapsor_protocol::Engine;
use synapsor_test_servers::{database, mysql, postgres, sqlite};

#[tokio::test]
async fn every_engine_gives_an_empty_database_that_can_be_looked_at() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
        let one = database(engine).await;
        let other = database(engine).await;
        one.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, note VARCHAR(20)); INSERT INTO t VALUES (1, 'a'), (2, NULL)")
            .await;
        other.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)").await;
        let rows = one.query_text("SELECT id, note FROM t ORDER BY id").await;
        let text = |value: &str| Some(value.to_owned());
        assert_eq!(rows, [[text("1"), text("a")], [text("2"), None]], "{engine}");
        assert_eq!(one.scalar("SELECT COUNT(*) FROM t").await, text("2"), "{engine}");
        assert_eq!(other.scalar("SELECT COUNT(*) FROM t").await, text("0"), "{engine}");
    }
}

#[tokio::test]
async fn a_database_is_gone_after_the_test_even_while_somebody_is_connected() {
    let server = postgres().await;
    let gone = postgres().await;
    let name = gone.name().expect("a server database has a name").to_owned();
    let _connected = gone.session().await;
    drop(gone);
    let left = format!("SELECT COUNT(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(server.scalar(&left).await.as_deref(), Some("0"));

    let server = mysql().await;
    let gone = mysql().await;
    let left =
        format!("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '{}'", gone.schema());
    drop(gone);
    assert_eq!(server.scalar(&left).await.as_deref(), Some("0"));

    let file = sqlite();
    let path = file.path().to_owned();
    assert!(path.exists());
    drop(file);
    assert!(!path.exists());
}
