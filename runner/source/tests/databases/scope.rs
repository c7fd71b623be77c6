//! Whose row it is: other tenants, look-alikes, and keys of another type.

use synapsor_protocol::{Code, Columns, Engine, Value};
use synapsor_source::{RowQuery, Sources};

use crate::door::{Door, ENGINES, columns, connect, context, settings, text};

/// A tenant column whose collation ignores case (and on MySQL trailing spaces), and rows that only bytes tell apart.
fn look_alikes(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "CREATE TABLE t (id INTEGER PRIMARY KEY, tenant TEXT COLLATE NOCASE NOT NULL, code TEXT COLLATE NOCASE);
             INSERT INTO t VALUES (1, 'acme', 'a'), (2, 'ACME', 'A'), (3, 'acme ', 'a'), (4, 'globex', 'a')"
        }
        Engine::Postgres => {
            "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
             CREATE TABLE t (id integer PRIMARY KEY, tenant text COLLATE any_case NOT NULL, code text COLLATE any_case);
             INSERT INTO t VALUES (1, 'acme', 'a'), (2, 'ACME', 'A'), (3, 'acme ', 'a'), (4, 'globex', 'a')"
        }
        Engine::Mysql => {
            "CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20) COLLATE utf8mb4_general_ci NOT NULL,
                             code varchar(20) COLLATE utf8mb4_general_ci);
             INSERT INTO t VALUES (1, 'acme', 'a'), (2, 'ACME', 'A'), (3, 'acme ', 'a'), (4, 'globex', 'a')"
        }
    }
}

#[tokio::test]
async fn another_tenants_row_is_the_same_answer_as_no_row() {
    for engine in ENGINES {
        let door = Door::with(engine, look_alikes(engine)).await;
        let own = door.read(&["id", "tenant"], Value::Integer(1), "acme").await;
        assert_eq!(own, Ok(columns([("id", Value::Integer(1)), ("tenant", text("acme"))])), "{engine}");
        let foreign = door.read(&["id"], Value::Integer(4), "acme").await.expect_err("another tenant's");
        let absent = door.read(&["id"], Value::Integer(99), "acme").await.expect_err("nobody's");
        assert_eq!(foreign, absent, "{engine}");
        assert_eq!(foreign.refusal().code, Code::RowNotFound, "{engine}");
    }
}

#[tokio::test]
async fn a_tenant_is_its_bytes_whatever_the_collation_says() {
    for engine in ENGINES {
        let door = Door::with(engine, look_alikes(engine)).await;
        for (tenant, own) in [("acme", 1), ("ACME", 2), ("acme ", 3)] {
            for id in 1..=3 {
                let read = door.read(&["id"], Value::Integer(id), tenant).await.map_err(|error| error.code());
                let expected = if id == own {
                    Ok(columns([("id", Value::Integer(id))]))
                } else {
                    Err(Code::RowNotFound)
                };
                assert_eq!(read, expected, "{engine} `{tenant}` {id}");
            }
        }
        for nobody in ["Acme", "acmé", "", "0", "%", "acme\0"] {
            let read = door.read(&["id"], Value::Integer(1), nobody).await.map_err(|error| error.code());
            assert_eq!(read, Err(Code::RowNotFound), "{engine} `{nobody}`");
        }
    }
}

#[tokio::test]
async fn a_look_alike_in_front_does_not_hide_the_right_row() {
    for engine in ENGINES {
        let door = Door::with(engine, look_alikes(engine)).await;
        let by_code = |code: &str, tenant: &str| {
            let mut target = door.target("t");
            target.primary_key = "code".to_owned();
            let query =
                RowQuery { source: "shop".into(), target, columns: vec!["id".into()], key: text(code) };
            let (sources, context) = (door.sources.clone(), context(tenant));
            async move { sources.read_one(&query, &context).await.map(|row| row.into_columns()) }
        };
        assert_eq!(by_code("A", "ACME").await, Ok(columns([("id", Value::Integer(2))])), "{engine}");
        assert_eq!(by_code("a", "acme").await, Ok(columns([("id", Value::Integer(1))])), "{engine}");
        let other_case = by_code("A", "acme").await.map_err(|error| error.code());
        assert_eq!(other_case, Err(Code::RowNotFound), "{engine}");
    }
}

#[tokio::test]
async fn two_rows_of_one_key_are_refused() {
    for engine in ENGINES {
        let door = Door::with(
            engine,
            "CREATE TABLE t (id integer, tenant varchar(20)); INSERT INTO t VALUES (1, 'acme'), (1, 'acme'), (2, 'acme')",
        )
        .await;
        let error = door.read(&["id"], Value::Integer(1), "acme").await.expect_err("two rows");
        assert_eq!(error.refusal().code, Code::RowNotUnique, "{engine}");
        assert!(door.read(&["id"], Value::Integer(2), "acme").await.is_ok(), "{engine}");
    }
}

#[tokio::test]
async fn a_key_of_another_type_matches_nothing() {
    for engine in ENGINES {
        let door = Door::with(
            engine,
            "CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20)); INSERT INTO t VALUES (1, 'acme'), (0, 'acme')",
        )
        .await;
        for key in [
            text("1abc"),
            text("01"),
            text("1.0"),
            text(" 1"),
            text(""),
            text("x"),
            Value::Integer(i64::MAX),
            Value::Integer(i64::MIN),
            Value::Decimal("1.5".into()),
            Value::Decimal("99999999999999999999999999".into()),
            Value::Bytes(vec![1]),
            Value::Null,
        ] {
            let read = door.read(&["id"], key.clone(), "acme").await.map_err(|error| error.code());
            assert_eq!(read, Err(Code::RowNotFound), "{engine} {key:?}");
        }
        for key in [text("1"), Value::Integer(1), Value::Decimal("1.00".into())] {
            assert!(door.read(&["id"], key.clone(), "acme").await.is_ok(), "{engine} {key:?}");
        }
    }
}

#[tokio::test]
async fn an_integer_does_not_match_a_text_key_that_starts_like_it() {
    for engine in ENGINES {
        let door = Door::with(
            engine,
            "CREATE TABLE t (id varchar(20) PRIMARY KEY, tenant varchar(20));
             INSERT INTO t VALUES ('abc', 'acme'), ('1abc', 'acme'), ('7', 'acme')",
        )
        .await;
        for id in [0, 1] {
            let read = door.read(&["id"], Value::Integer(id), "acme").await.map_err(|error| error.code());
            assert_eq!(read, Err(Code::RowNotFound), "{engine} {id}");
        }
        assert!(door.read(&["id"], Value::Integer(7), "acme").await.is_ok(), "{engine}");
    }
}

#[tokio::test]
async fn a_numeric_tenant_column_takes_only_the_numbers_own_spelling() {
    for engine in ENGINES {
        let door = Door::with(
            engine,
            "CREATE TABLE t (id integer PRIMARY KEY, tenant bigint); INSERT INTO t VALUES (1, 42), (2, 0)",
        )
        .await;
        assert!(door.read(&["id"], Value::Integer(1), "42").await.is_ok(), "{engine}");
        for tenant in ["042", "42.0", "42 ", "acme", "", "0x2a"] {
            for id in [1, 2] {
                let read = door.read(&["id"], Value::Integer(id), tenant).await.map_err(|error| error.code());
                assert_eq!(read, Err(Code::RowNotFound), "{engine} `{tenant}` {id}");
            }
        }
    }
}

#[tokio::test]
async fn a_row_without_a_tenant_is_nobodys() {
    for engine in ENGINES {
        let door = Door::with(
            engine,
            "CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20)); INSERT INTO t VALUES (1, NULL), (2, '')",
        )
        .await;
        for tenant in ["null", "NULL", "acme"] {
            for id in [1, 2] {
                let read = door.read(&["id"], Value::Integer(id), tenant).await.map_err(|error| error.code());
                assert_eq!(read, Err(Code::RowNotFound), "{engine} `{tenant}` {id}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_tenant_column_only_the_key_decides() {
    for engine in ENGINES {
        let door =
            Door::with(engine, "CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
                .await;
        let mut target = door.target("t");
        target.tenant_key = None;
        let query =
            RowQuery { source: "shop".into(), target, columns: vec!["id".into()], key: Value::Integer(2) };
        let row = door.sources.read_one(&query, &context("acme")).await.expect("a row");
        assert_eq!(row.columns(), &columns([("id", Value::Integer(2))]), "{engine}");
    }
}

#[tokio::test]
async fn find_returns_this_tenants_exact_matches_in_key_order() {
    for engine in ENGINES {
        let door = Door::with(engine, look_alikes(engine)).await;
        door.database.execute("INSERT INTO t VALUES (9, 'acme', 'a'), (5, 'acme', 'a'), (6, 'acme', 'A'), (7, 'acme', NULL)").await;
        let ids = |ids: &[i64]| Ok(ids.iter().map(|id| Value::Integer(*id)).collect::<Vec<_>>());
        let filters = || columns([("code", text("a"))]);
        assert_eq!(door.find(filters(), 10, "acme").await, ids(&[1, 5, 9]), "{engine}");
        assert_eq!(door.find(filters(), 2, "acme").await, ids(&[1, 5]), "{engine}");
        assert_eq!(door.find(filters(), 0, "acme").await, ids(&[]), "{engine}");
        assert_eq!(door.find(columns([("code", Value::Null)]), 10, "acme").await, ids(&[7]), "{engine}");
        assert_eq!(door.find(Columns::new(), 10, "acme").await, ids(&[1, 5, 6, 7, 9]), "{engine}");
        assert_eq!(door.find(filters(), 10, "nobody").await, ids(&[]), "{engine}");
    }
}

#[tokio::test]
async fn an_unknown_source_is_named() {
    let sources = Sources::new([]);
    let database = synapsor_test_servers::sqlite();
    let door = Door { sources, database };
    let refusal = door.read(&["id"], Value::Integer(1), "acme").await.expect_err("no source").refusal();
    assert_eq!((refusal.code, refusal.message.as_str()), (Code::SourceNotFound, "no source is named `shop`"));
}

#[tokio::test]
async fn a_name_with_quotes_in_it_stays_a_name() {
    for engine in ENGINES {
        let door = Door::of(engine).await;
        let quoted = |name: &str| synapsor_source::dialect::quoted(engine, name);
        let (table, column) = ("odd \"`'; --", "col \"`'?$1");
        door.database
            .execute(&format!(
                "CREATE TABLE {} (id integer PRIMARY KEY, tenant varchar(20), {} varchar(20))",
                quoted(table),
                quoted(column)
            ))
            .await;
        door.database.execute(&format!("INSERT INTO {} VALUES (1, 'acme', 'x')", quoted(table))).await;
        let query = RowQuery {
            source: "shop".into(),
            target: door.target(table),
            columns: vec![column.to_owned()],
            key: Value::Integer(1),
        };
        let sources = Sources::new([settings(engine, connect(&door.database))]);
        let row = sources.read_one(&query, &context("acme")).await.expect("a row");
        assert_eq!(row.columns()[column], text("x"), "{engine}");
    }
}
