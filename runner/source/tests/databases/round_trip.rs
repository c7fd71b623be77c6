//! The promise of `accept`: what it lets in comes back as it said, byte for byte, and nothing it lets in fails.
//!
//! Every column type meets every candidate, so the table of cases is the product of the two.

use sqlx::Connection as _;
use synapsor_protocol::{Engine, Value};
use synapsor_source::dialect::{self, Statement};
use synapsor_source::{ColumnShape, RowQuery, Sources, TableShape};
use synapsor_test_servers::TestDatabase;

use crate::door::{Door, ENGINES, connect, context, decimal, settings, text};

fn column_types(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Sqlite => &[
            "INTEGER",
            "BIGINT",
            "BOOLEAN",
            "TEXT",
            "VARCHAR(3)",
            "BLOB",
            "",
            "NUMERIC",
            "DECIMAL(10,2)",
            "DATE",
            "DATETIME",
            "REAL",
            "CLOB",
            "JSON",
            "UUID",
            "ANY",
        ],
        Engine::Postgres => &[
            "boolean",
            "smallint",
            "integer",
            "bigint",
            "numeric",
            "numeric(6,2)",
            "numeric(2,4)",
            "numeric(38,0)",
            "text",
            "varchar(3)",
            "char(3)",
            "bpchar",
            "bytea",
            "date",
            "timestamp",
            "timestamp(0)",
            "timestamptz",
            "timestamptz(3)",
            "uuid",
            "json",
            "jsonb",
            "mood",
            "cents",
        ],
        Engine::Mysql => &[
            "tinyint(1)",
            "tinyint unsigned",
            "smallint",
            "mediumint",
            "int",
            "int unsigned",
            "bigint",
            "bigint unsigned",
            "year",
            "decimal(6,2)",
            "decimal(65,30)",
            "decimal(38,0)",
            "varchar(3)",
            "char(3)",
            "tinytext",
            "longtext",
            "enum('good','bad')",
            "varbinary(3)",
            "binary(3)",
            "blob",
            "date",
            "datetime",
            "datetime(6)",
            "datetime(3)",
            "timestamp(6)",
            "uuid",
            "json",
            "decimal(6,2) unsigned",
            "varchar(9) character set latin1",
            "varchar(9) character set ascii",
            "varchar(9) character set utf8mb3",
        ],
    }
}

/// Values at every edge the column types above have.
fn candidates() -> Vec<Value> {
    let bits = [7, 8, 15, 16, 23, 24, 31, 32, 53, 62];
    let edges = bits
        .iter()
        .flat_map(|bits| [(1_i64 << bits) - 1, 1_i64 << bits, -(1_i64 << bits), -(1_i64 << bits) - 1]);
    let integers = edges.chain([0, 1, -1, 2, 1900, 1901, 2155, 2156, i64::MAX, i64::MIN]).map(Value::Integer);
    let decimals = [
        "0",
        "0.00",
        "-0.00",
        "1",
        "1.0",
        "1.10",
        "1.005",
        "-1.005",
        "9999.99",
        "10000.00",
        "0.0099",
        "0.01",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999999999999999",
        "100000000000000000000000000000000000000",
        "12345678901234567890123456789012345.000000000000000000000000000001",
        "-0.000000000000000000000000000001",
        "0.0000000000000000000000000000001",
    ];
    let texts = [
        "",
        " ",
        "a",
        "abc",
        "abcd",
        "ab ",
        " ab",
        "äöü",
        "🦀",
        "a\u{301}",
        "null",
        "NULL",
        "good",
        "Good",
        "bad",
        "12",
        " 12 ",
        "1e5",
        "-1.50",
        "0x10",
        "12abc",
        "inf",
        "nan",
        "'",
        "\"",
        "\\",
        "\\x41",
        "%_",
        "$1",
        "?",
        "a\nb",
        "a\tb",
        "\u{1}",
        "\u{feff}",
        "2024-02-29",
        "2023-02-29",
        "0001-01-01",
        "9999-12-31",
        "2026-01-02T03:04:05Z",
        "2026-01-02 03:04:05",
        "2026-01-02T03:04:05.123456",
        "2026-01-02T03:04:05.120000+02:00",
        "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        "{}",
    ];
    let bytes: [&[u8]; 6] = [b"", b"\0", b"abc", b"abcd", b"\xff\xfe\xfd", b"ab "];
    let mut all: Vec<Value> = integers.collect();
    all.extend(decimals.map(decimal));
    all.extend(texts.map(text));
    all.push(text(&"x".repeat(255)));
    all.push(text(&"ä".repeat(128)));
    all.extend(bytes.map(|bytes| Value::Bytes(bytes.to_vec())));
    all.extend([Value::Null, Value::Boolean(true), Value::Boolean(false)]);
    all.extend(["2024-02-29", "0001-01-01"].map(|date| Value::Date(date.into())));
    all.extend(
        [
            "2026-01-02T03:04:05.000000",
            "2026-01-02T03:04:05.123000Z",
            "2026-01-02T03:04:05.000001Z",
            "9999-12-31T23:59:59.999999Z",
            "1970-01-01T00:00:00.000000Z",
            "1970-01-01T00:00:01.000000Z",
            "2038-01-19T03:14:07.999999Z",
            "2038-01-19T03:14:08.000000Z",
        ]
        .map(|timestamp| Value::Timestamp(timestamp.into())),
    );
    all.push(Value::Uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11".into()));
    let documents = [
        "{\"b\":1,  \"a\":1.10}",
        "[]",
        "1",
        "{",
        "{\"bb\":1,\"a\":[1e2, -0.0],\"\":\"\\u00e9\\n\\u0001\"}",
        "{\"a\":1,\"a\":2}",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "1e99999",
    ];
    all.extend(documents.map(|json| Value::Json(json.into())));
    all
}

/// One connection that writes as `writeback` does: through the dialect, in a pinned session.
enum Writer {
    Sqlite(rusqlite::Connection),
    Postgres(sqlx::PgConnection),
    Mysql(sqlx::MySqlConnection),
}

impl Writer {
    async fn to(database: &TestDatabase) -> Self {
        match database.engine() {
            Engine::Sqlite => {
                let wait = std::time::Duration::from_secs(1);
                let open = dialect::sqlite::open(database.path(), dialect::sqlite::Access::Write, wait);
                Self::Sqlite(open.expect("the file opens"))
            }
            Engine::Postgres => {
                let options = dialect::postgres::connect_options(database.url()).expect("a URL");
                Self::Postgres(sqlx::PgConnection::connect_with(&options).await.expect("a connection"))
            }
            Engine::Mysql => {
                let options = dialect::mysql::connect_options(database.url()).expect("a URL");
                let mut connection =
                    sqlx::MySqlConnection::connect_with(&options).await.expect("a connection");
                dialect::mysql::pin_session(&mut connection, 5000).await.expect("a pinned session");
                Self::Mysql(connection)
            }
        }
    }

    async fn run(&mut self, statement: &Statement) -> Result<(), String> {
        match self {
            Self::Sqlite(connection) => {
                let parameters = rusqlite::params_from_iter(dialect::sqlite::parameters(statement));
                connection.execute(statement.sql(), parameters).map(drop).map_err(|error| error.to_string())
            }
            Self::Postgres(connection) => dialect::postgres::query(statement)
                .execute(connection)
                .await
                .map(drop)
                .map_err(|error| error.to_string()),
            Self::Mysql(connection) => dialect::mysql::query(statement)
                .execute(connection)
                .await
                .map(drop)
                .map_err(|error| error.to_string()),
        }
    }
}

fn update(shape: &TableShape, column: &ColumnShape, value: &Value) -> Statement {
    let mut statement = Statement::new(shape.engine, "UPDATE ");
    statement.table(&shape.schema, &shape.table).text(" SET ").name(&column.name).text(" = ");
    statement.value(column, value).expect("an accepted value is bound");
    statement
}

async fn shape_of(door: &Door) -> TableShape {
    let target = door.target("t");
    let query =
        RowQuery { source: "shop".into(), target, columns: vec!["id".into()], key: Value::Integer(1) };
    door.sources.read_one(&query, &context("acme")).await.expect("the row").shape().clone()
}

#[tokio::test]
async fn an_accepted_value_comes_back_as_accepted() {
    for engine in ENGINES {
        let door = Door::of(engine).await;
        if engine == Engine::Postgres {
            door.database
                .execute("CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE DOMAIN cents AS bigint")
                .await;
        }
        let types = column_types(engine);
        let mut create = String::from("CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20)");
        for (at, column_type) in types.iter().enumerate() {
            create.push_str(&format!(", c{at} {column_type} NULL"));
        }
        door.database.execute(&format!("{create}); INSERT INTO t (id, tenant) VALUES (1, 'acme')")).await;
        let shape = shape_of(&door).await;
        let mut writer = Writer::to(&door.database).await;
        let mut accepted = 0;
        for (at, column_type) in types.iter().enumerate() {
            let column = &shape.columns[&format!("c{at}")];
            for candidate in candidates() {
                let Ok(stored) = column.accept(&candidate) else { continue };
                accepted += 1;
                let written = writer.run(&update(&shape, column, &stored)).await;
                assert_eq!(written, Ok(()), "{engine} {column_type} {candidate:?}");
                let read = door.value(&column.name).await;
                assert_eq!(read, Ok(stored.clone()), "{engine} {column_type} {candidate:?}");
                let again = column.accept(&stored);
                assert_eq!(
                    again,
                    Ok(stored),
                    "{engine} {column_type} {candidate:?}: accepting twice is accepting once"
                );
            }
        }
        assert!(accepted > 300, "{engine}: only {accepted} values were accepted");
    }
}

#[tokio::test]
async fn a_stored_value_is_found_again_by_its_exact_condition() {
    for engine in ENGINES {
        let mut door = Door::of(engine).await;
        if engine == Engine::Postgres {
            door.database
                .execute("CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE DOMAIN cents AS bigint")
                .await;
        }
        for column_type in column_types(engine) {
            door.database
                .execute(&format!(
                    "DROP TABLE IF EXISTS t; CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20), c {column_type} NULL, hit integer);
                     INSERT INTO t VALUES (1, 'acme', NULL, 0)"
                ))
                .await;
            // The catalog is looked at anew, because the column's type is another.
            door.sources = Sources::new([settings(engine, connect(&door.database))]);
            let shape = shape_of(&door).await;
            let (column, hit) = (&shape.columns["c"], &shape.columns["hit"]);
            let mut writer = Writer::to(&door.database).await;
            // A third of the candidates is enough: the conditions differ by type, not by value.
            for (at, candidate) in candidates().into_iter().enumerate().filter(|(at, _)| at % 3 == 0) {
                let Ok(stored) = column.accept(&candidate) else { continue };
                writer.run(&update(&shape, column, &stored)).await.expect("it is written");
                let mark = Value::Integer(i64::try_from(at).expect("small") + 1);
                let mut statement = update(&shape, hit, &mark);
                statement.text(" WHERE ").equals(column, &stored).expect("a stored value is bound");
                writer.run(&statement).await.expect("the condition is understood");
                assert_eq!(
                    door.value("hit").await,
                    Ok(mark),
                    "{engine} {column_type} {candidate:?}: {}",
                    statement.sql()
                );
            }
        }
    }
}
