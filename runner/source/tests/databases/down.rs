//! A source that is away, slow or says no: found out quickly, told truly, and without a secret.

use std::time::{Duration, Instant};

use synapsor_protocol::{Code, Engine, Value};
use synapsor_source::{Connect, Error, SourceSettings, Sources};
use synapsor_test_servers::{mysql, postgres, sqlite};

use crate::door::{Door, ENGINES, connect, settings, text};

const TABLE: &str = "CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20), note varchar(20));
                     INSERT INTO t VALUES (1, 'acme', 'x')";

/// Reads through these settings; the refusal's code and message, and how long it took.
async fn refused(settings: SourceSettings) -> (Code, String, Duration) {
    let door = Door { database: sqlite(), sources: Sources::new([settings]) };
    let start = Instant::now();
    let refusal = door.value("note").await.expect_err("the source is not there").refusal();
    (refusal.code, refusal.message, start.elapsed())
}

/// A loopback port on which nobody listens.
fn dead_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test]
async fn a_server_that_is_down_is_told_quickly_and_truly() {
    for (engine, scheme) in [(Engine::Postgres, "postgres"), (Engine::Mysql, "mysql")] {
        let url = format!("{scheme}://reader:hunter2@127.0.0.1:{}/shop", dead_port());
        let (code, message, took) = refused(settings(engine, Connect::Url(url))).await;
        assert_eq!(code, Code::SourceUnavailable, "{engine}");
        assert_eq!(message, "source `shop` cannot be reached: the connection was refused", "{engine}");
        assert!(took < Duration::from_secs(2), "{engine} {took:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_costs_no_more_than_the_waiting_time() {
    for (engine, scheme) in [(Engine::Postgres, "postgres"), (Engine::Mysql, "mysql")] {
        // Accepts connections in its backlog and says nothing.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = silent.local_addr().expect("an address").port();
        let url = format!("{scheme}://reader:hunter2@127.0.0.1:{port}/shop");
        let mut settings = settings(engine, Connect::Url(url));
        settings.acquire_timeout_ms = 700;
        let (code, message, took) = refused(settings).await;
        assert_eq!(code, Code::SourceUnavailable, "{engine}");
        assert_eq!(message, "source `shop` cannot be reached: no answer in time", "{engine}");
        assert!(took < Duration::from_millis(1500), "{engine} {took:?}");
    }
}

#[tokio::test]
async fn a_rejected_credential_and_a_missing_database_are_told_apart() {
    for database in [postgres().await, mysql().await] {
        let engine = database.engine();
        for (user, password) in [("synapsor", "wrong"), ("nobody", "wrong")] {
            let url = database.url_as(user, password);
            let (code, message, _) = refused(settings(engine, Connect::Url(url))).await;
            assert_eq!(code, Code::SourceUnavailable, "{engine}");
            assert_eq!(message, "source `shop` cannot be reached: the credential was rejected", "{engine}");
        }
        let url = database.url().replace(database.name().expect("a database"), "nosuchdb");
        let (code, message, _) = refused(settings(engine, Connect::Url(url))).await;
        assert_eq!(code, Code::SourceUnavailable, "{engine}");
        assert_eq!(message, "source `shop` cannot be reached: the server has no such database", "{engine}");
    }
}

#[tokio::test]
async fn tls_is_as_the_url_says() {
    let database = postgres().await;
    let url = format!("{}?sslmode=require", database.url());
    let (code, message, _) = refused(settings(Engine::Postgres, Connect::Url(url))).await;
    assert_eq!(
        (code, message.as_str()),
        (Code::SourceUnavailable, "source `shop` cannot be reached: TLS could not be agreed on")
    );
    let database = mysql().await;
    let url = format!("{}?ssl-mode=REQUIRED", database.url());
    let (code, message, _) = refused(settings(Engine::Mysql, Connect::Url(url))).await;
    assert_eq!(
        (code, message.as_str()),
        (Code::SourceUnavailable, "source `shop` cannot be reached: TLS could not be agreed on")
    );
}

#[test]
fn sources_are_made_without_a_runtime_and_without_a_server() {
    for (engine, scheme) in [(Engine::Postgres, "postgres"), (Engine::Mysql, "mysql")] {
        let url = format!("{scheme}://reader:hunter2@127.0.0.1:{}/shop", dead_port());
        let sources = Sources::new([settings(engine, Connect::Url(url))]);
        assert_eq!(format!("{sources:?}"), r#"{"shop"}"#, "{engine}");
    }
}

#[tokio::test]
async fn a_read_that_nobody_waits_for_stops() {
    let door = Door::with(Engine::Sqlite, TABLE).await;
    door.database
        .execute("CREATE VIEW v AS SELECT id, tenant, (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n) AS note FROM t")
        .await;
    let query = synapsor_source::RowQuery {
        source: "shop".into(),
        target: door.target("v"),
        columns: vec!["note".into()],
        key: Value::Integer(1),
    };
    let context = crate::door::context("acme");
    let read = door.sources.read_one(&query, &context);
    assert!(tokio::time::timeout(Duration::from_millis(200), read).await.is_err(), "it is endless");
    // The test's runtime waits for its blocking threads, so it would not end if the read went on.
}

#[tokio::test]
async fn a_url_of_another_engine_and_a_missing_one_are_told() {
    let url = Connect::Url("mysql://reader:hunter2@db.internal/shop".into());
    let (code, message, _) = refused(settings(Engine::Postgres, url)).await;
    assert_eq!(
        (code, message.as_str()),
        (Code::SourceUnavailable, "source `shop` cannot be reached: its URL is not one of this engine")
    );
    let (code, message, _) =
        refused(settings(Engine::Postgres, Connect::Missing { env: "SHOP_URL".into() })).await;
    assert_eq!(
        (code, message.as_str()),
        (Code::SourceCredentialMissing, "source `shop` needs its URL in `SHOP_URL`, which is not set")
    );
}

#[tokio::test]
async fn a_url_with_a_parameter_nobody_would_heed_is_refused_before_anybody_connects() {
    for (engine, url) in [
        (Engine::Postgres, "postgres://reader:hunter2@127.0.0.1:1/shop?ssl_mode=verify-full"),
        (Engine::Mysql, "mysql://reader@127.0.0.1:1/shop?pasword=hunter2"),
    ] {
        let (code, message, _) = refused(settings(engine, Connect::Url(url.into()))).await;
        let said = "source `shop` cannot be reached: its URL has a parameter that is not known";
        assert_eq!((code, message.as_str()), (Code::SourceUnavailable, said), "{engine}");
    }
}

#[tokio::test]
async fn a_sqlite_file_is_never_created_and_has_to_be_one() {
    let folder = sqlite();
    let missing = folder.path().with_file_name("nosuch.db");
    let (code, message, _) = refused(settings(Engine::Sqlite, Connect::File(missing.clone()))).await;
    assert_eq!(
        (code, message.as_str()),
        (Code::SourceUnavailable, "source `shop` cannot be reached: its file does not exist")
    );
    assert!(!missing.exists());
    let other = folder.path().with_file_name("notes.txt");
    std::fs::write(
        &other,
        "these are notes, and rather long ones, so that they fill a page header of a file",
    )
    .expect("a file");
    let (code, message, _) = refused(settings(Engine::Sqlite, Connect::File(other))).await;
    assert_eq!(
        (code, message.as_str()),
        (Code::SourceUnavailable, "source `shop` cannot be reached: its file is not a SQLite database")
    );
}

#[tokio::test]
async fn a_source_that_comes_back_is_read_again() {
    for engine in [Engine::Postgres, Engine::Mysql] {
        let door = Door::with(engine, TABLE).await;
        assert_eq!(door.value("note").await, Ok(text("x")), "{engine}");
        // Every pooled connection dies, as it does when the server restarts.
        let name = door.database.name().expect("a database").to_owned();
        match engine {
            Engine::Postgres => {
                let sql = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
                door.database.query_text(sql).await;
            }
            _ => {
                let mut session = door.database.session().await;
                let sql = format!(
                    "SELECT id FROM information_schema.processlist WHERE db = '{name}' AND id <> connection_id()"
                );
                for row in session.query_text(&sql).await {
                    session.execute(&format!("KILL {}", row[0].as_deref().expect("an id"))).await;
                }
            }
        }
        assert_eq!(door.value("note").await, Ok(text("x")), "{engine}");
    }
}

#[tokio::test]
async fn a_slow_read_ends_at_its_limit() {
    for engine in ENGINES {
        let door = Door::with(engine, TABLE).await;
        let mut session = door.database.session().await;
        let mut settings = settings(engine, connect(&door.database));
        settings.statement_timeout_ms = 400;
        match engine {
            // A lock that a plain read has to wait for.
            Engine::Postgres => session.execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE").await,
            Engine::Mysql => session.execute("LOCK TABLES t WRITE").await,
            Engine::Sqlite => session.execute("BEGIN EXCLUSIVE").await,
        }
        let door = Door { database: door.database, sources: Sources::new([settings]) };
        // Without a limit this would never come back: the lock is held until it does.
        let refusal = door.value("note").await.expect_err("locked").refusal();
        assert_eq!(refusal.code, Code::SourceTimeout, "{engine}");
        assert_eq!(refusal.message, "source `shop` did not answer within 400 ms", "{engine}");
        session.execute(if engine == Engine::Mysql { "UNLOCK TABLES" } else { "ROLLBACK" }).await;
        assert_eq!(in_the_end(&door).await, Ok(text("x")), "{engine}: and works again");
    }
}

/// The note, once it comes within its limit: on a busy machine even a read that nothing stands in the way of may be too slow.
async fn in_the_end(door: &Door) -> Result<Value, Error> {
    let mut read = door.value("note").await;
    for _ in 0..100 {
        match read {
            Err(Error::Timeout { .. }) => read = door.value("note").await,
            ended => return ended,
        }
    }
    read
}

#[tokio::test]
async fn a_view_that_computes_for_ever_ends_at_its_limit() {
    for engine in ENGINES {
        let door = Door::with(engine, TABLE).await;
        let view = match engine {
            Engine::Postgres => "CREATE VIEW v AS SELECT id, tenant, pg_sleep(60)::text AS note FROM t",
            Engine::Mysql => "CREATE VIEW v AS SELECT id, tenant, concat(sleep(60), '') AS note FROM t",
            Engine::Sqlite => {
                "CREATE VIEW v AS SELECT id, tenant, (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n) AS note FROM t"
            }
        };
        door.database.execute(view).await;
        let mut settings = settings(engine, connect(&door.database));
        settings.statement_timeout_ms = 300;
        let sources = Sources::new([settings]);
        let query = synapsor_source::RowQuery {
            source: "shop".into(),
            target: door.target("v"),
            columns: vec!["note".into()],
            key: Value::Integer(1),
        };
        // Without a limit it would come back with a row, after a minute or never.
        let error = sources.read_one(&query, &crate::door::context("acme")).await.expect_err("endless");
        assert_eq!(error.code(), Code::SourceTimeout, "{engine}");
    }
}

#[tokio::test]
async fn more_callers_than_connections_wait_their_turn_or_are_told_it_is_busy() {
    for engine in ENGINES {
        let door = Door::with(engine, TABLE).await;
        let mut settings = settings(engine, connect(&door.database));
        settings.connections_max = 2;
        let sources = Sources::new([settings.clone()]);
        let door = std::sync::Arc::new(Door { database: door.database, sources });
        let reads: Vec<_> = (0..40)
            .map(|_| {
                let door = std::sync::Arc::clone(&door);
                tokio::spawn(async move { door.value("note").await })
            })
            .collect();
        for read in reads {
            assert_eq!(read.await.expect("no panic"), Ok(text("x")), "{engine}");
        }
        // One connection, held by a read that waits for a lock.
        let mut session = door.database.session().await;
        session
            .execute(match engine {
                Engine::Postgres => "BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE",
                Engine::Mysql => "LOCK TABLES t WRITE",
                Engine::Sqlite => "BEGIN EXCLUSIVE",
            })
            .await;
        settings.connections_max = 1;
        settings.acquire_timeout_ms = 1000;
        settings.statement_timeout_ms = 4000;
        let other = Sources::new([settings]);
        let read = |sources: Sources| {
            let query = synapsor_source::RowQuery {
                source: "shop".into(),
                target: door.target("t"),
                columns: vec!["note".into()],
                key: Value::Integer(1),
            };
            async move {
                sources.read_one(&query, &crate::door::context("acme")).await.map(|row| row.into_columns())
            }
        };
        let waiting = tokio::spawn(read(other.clone()));
        tokio::time::sleep(Duration::from_millis(300)).await;
        let busy = read(other).await.map_err(|error| error.code());
        assert_eq!(busy, Err(Code::SourceBusy), "{engine}");
        let late = waiting.await.expect("no panic").map_err(|error| error.code());
        assert_eq!(late, Err(Code::SourceTimeout), "{engine}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_that_ends_never_ends_the_one_that_gets_its_connection() {
    let door = std::sync::Arc::new(Door::with(Engine::Sqlite, TABLE).await);
    let readers: Vec<_> = (0..16)
        .map(|_| {
            let door = std::sync::Arc::clone(&door);
            tokio::spawn(async move {
                for _ in 0..1000 {
                    assert_eq!(door.value("note").await.expect("the row"), text("x"));
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await.expect("every read is answered");
    }
}

#[tokio::test]
async fn a_read_cannot_write_even_through_a_view() {
    for engine in [Engine::Postgres, Engine::Mysql] {
        let door = Door::with(engine, TABLE).await;
        let function = match engine {
            Engine::Postgres => {
                "CREATE FUNCTION touch() RETURNS text LANGUAGE sql AS 'UPDATE public.t SET note = ''y'' RETURNING note';
                 CREATE VIEW v AS SELECT id, tenant, public.touch() AS note FROM t"
            }
            _ => {
                "CREATE TABLE log (note varchar(20));
                 CREATE FUNCTION touch() RETURNS varchar(20) BEGIN INSERT INTO log VALUES ('y'); RETURN 'y'; END;
                 CREATE VIEW v AS SELECT id, tenant, touch() AS note FROM t"
            }
        };
        door.database.execute(function).await;
        let query = synapsor_source::RowQuery {
            source: "shop".into(),
            target: door.target("v"),
            columns: vec!["note".into()],
            key: Value::Integer(1),
        };
        let error = door.sources.read_one(&query, &crate::door::context("acme")).await.expect_err("a write");
        // MariaDB does not even describe such a view to a read-only session.
        let expected =
            if engine == Engine::Postgres { Code::SourceReadFailed } else { Code::SourceShapeMismatch };
        assert_eq!(error.code(), expected, "{engine}");
        assert_eq!(door.value("note").await, Ok(text("x")), "{engine}");
        if engine == Engine::Mysql {
            assert_eq!(door.database.scalar("SELECT COUNT(*) FROM log").await.as_deref(), Some("0"));
        }
    }
}

#[tokio::test]
async fn no_refusal_names_a_user_a_host_or_a_password() {
    let url = format!("postgres://reader:hunter2@127.0.0.1:{}/secretdb", dead_port());
    let settings = settings(Engine::Postgres, Connect::Url(url));
    assert!(!format!("{settings:?}").contains("hunter2"));
    let (_, message, _) = refused(settings).await;
    for secret in ["reader", "hunter2", "127.0.0.1", "secretdb", "postgres://"] {
        assert!(!message.contains(secret), "{message}");
    }
}
