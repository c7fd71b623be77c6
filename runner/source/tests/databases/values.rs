//! Every value comes out as it is stored, to the last digit and byte, or is refused by name.

use synapsor_protocol::{Code, Engine, Value};

use crate::door::{Door, ENGINES, columns, decimal, text};

/// Stores one literal in a column of one type and reads it back.
async fn check(engine: Engine, cases: &[(&str, &str, Value)]) {
    let mut create = String::from("CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20)");
    let mut insert = String::from("INSERT INTO t VALUES (1, 'acme'");
    for (at, (column_type, literal, _)) in cases.iter().enumerate() {
        create.push_str(&format!(", c{at} {column_type} NULL"));
        insert.push_str(&format!(", {literal}"));
    }
    let door = Door::with(engine, &format!("{create}); {insert})")).await;
    for (at, (column_type, literal, expected)) in cases.iter().enumerate() {
        let read = door.value(&format!("c{at}")).await;
        assert_eq!(read.as_ref(), Ok(expected), "{engine} {column_type} {literal}");
    }
}

fn date(text: &str) -> Value {
    Value::Date(text.into())
}

fn timestamp(text: &str) -> Value {
    Value::Timestamp(text.into())
}

fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.into())
}

#[tokio::test]
async fn postgres_values_are_exact() {
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    check(
        Engine::Postgres,
        &[
            ("boolean", "true", Value::Boolean(true)),
            ("boolean", "false", Value::Boolean(false)),
            ("boolean", "NULL", Value::Null),
            ("smallint", "-32768", Value::Integer(-32768)),
            ("integer", "2147483647", Value::Integer(2_147_483_647)),
            ("bigint", "9223372036854775807", Value::Integer(i64::MAX)),
            ("bigint", "-9223372036854775808", Value::Integer(i64::MIN)),
            ("bigint", "9007199254740993", Value::Integer(9_007_199_254_740_993)),
            ("numeric(10,2)", "1.1", decimal("1.10")),
            ("numeric(10,2)", "-0.01", decimal("-0.01")),
            ("numeric", "1.000", decimal("1.000")),
            (
                "numeric",
                "123456789012345678901234567890.000000000000000000001",
                decimal("123456789012345678901234567890.000000000000000000001"),
            ),
            ("numeric", "1e30", decimal("1000000000000000000000000000000")),
            (
                "numeric(38,0)",
                "99999999999999999999999999999999999999",
                decimal("99999999999999999999999999999999999999"),
            ),
            ("text", "''", text("")),
            ("text", "' a  '", text(" a  ")),
            ("text", "U&'\\+01F980'", text("🦀")),
            ("text", "'null'", text("null")),
            ("varchar(5)", "'äöü'", text("äöü")),
            ("char(5)", "'ab'", text("ab")),
            ("bytea", "'\\x00ff10'", bytes(&[0, 255, 16])),
            ("bytea", "''", bytes(&[])),
            ("date", "'2024-02-29'", date("2024-02-29")),
            ("date", "'0001-01-01'", date("0001-01-01")),
            ("timestamp", "'2026-01-02 03:04:05.123456'", timestamp("2026-01-02T03:04:05.123456")),
            ("timestamp(3)", "'2026-01-02 03:04:05.1'", timestamp("2026-01-02T03:04:05.100000")),
            ("timestamptz", "'2026-01-02 03:04:05.000001+02'", timestamp("2026-01-02T01:04:05.000001Z")),
            (
                "timestamptz",
                "'1883-01-01 00:00:00 America/New_York'",
                timestamp("1883-01-01T04:56:02.000000Z"),
            ),
            ("timestamptz", "'9999-12-31 23:59:59.999999Z'", timestamp("9999-12-31T23:59:59.999999Z")),
            ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", Value::Uuid(uuid.into())),
            ("json", "'{\"b\":1,  \"a\":1.10}'", Value::Json("{\"b\":1,  \"a\":1.10}".into())),
            ("jsonb", "'{\"b\":1,  \"a\":1.10}'", Value::Json("{\"a\": 1.10, \"b\": 1}".into())),
            ("jsonb", "'null'", Value::Json("null".into())),
        ],
    )
    .await;
}

#[tokio::test]
async fn postgres_session_settings_of_the_database_change_nothing() {
    let door = Door::with(
        Engine::Postgres,
        "CREATE TABLE t (id integer PRIMARY KEY, tenant text, at timestamptz, day date, raw bytea);
         INSERT INTO t VALUES (1, 'acme', '2026-07-02 03:04:05.5Z', '2026-01-02', '\\x41')",
    )
    .await;
    let name = door.database.name().expect("a database").to_owned();
    for setting in [
        "TimeZone = 'Asia/Kolkata'",
        "DateStyle = 'German, DMY'",
        "bytea_output = 'escape'",
        "search_path = ''",
    ] {
        door.database.execute(&format!("ALTER DATABASE {name} SET {setting}")).await;
    }
    assert_eq!(door.value("at").await, Ok(timestamp("2026-07-02T03:04:05.500000Z")));
    assert_eq!(door.value("day").await, Ok(date("2026-01-02")));
    assert_eq!(door.value("raw").await, Ok(bytes(b"A")));
}

#[tokio::test]
async fn postgres_enums_domains_and_citext_are_read_as_what_they_are_made_of() {
    let door = Door::with(
        Engine::Postgres,
        "CREATE TYPE mood AS ENUM ('good', 'it''s bad'); CREATE DOMAIN cents AS bigint CHECK (value >= 0);
         CREATE DOMAIN price AS cents NOT NULL; CREATE EXTENSION citext;
         CREATE TABLE t (id integer PRIMARY KEY, tenant citext, mood mood, cents cents, price price);
         INSERT INTO t VALUES (1, 'acme', 'it''s bad', 5, 6), (2, 'ACME', 'good', 5, 6)",
    )
    .await;
    assert_eq!(door.value("mood").await, Ok(text("it's bad")));
    assert_eq!(door.value("cents").await, Ok(Value::Integer(5)));
    assert_eq!(door.value("price").await, Ok(Value::Integer(6)));
    assert_eq!(door.value("tenant").await, Ok(text("acme")));
    let other = door.read(&["id"], Value::Integer(2), "acme").await.map_err(|error| error.code());
    assert_eq!(other, Err(Code::RowNotFound));
}

#[tokio::test]
async fn mysql_values_are_exact() {
    check(
        Engine::Mysql,
        &[
            ("tinyint(1)", "1", Value::Integer(1)),
            ("boolean", "false", Value::Integer(0)),
            ("tinyint", "-128", Value::Integer(-128)),
            ("smallint unsigned", "65535", Value::Integer(65535)),
            ("mediumint", "-8388608", Value::Integer(-8_388_608)),
            ("int", "NULL", Value::Null),
            ("int(8) zerofill", "42", Value::Integer(42)),
            ("bigint", "9223372036854775807", Value::Integer(i64::MAX)),
            ("bigint", "-9223372036854775808", Value::Integer(i64::MIN)),
            ("bigint unsigned", "18446744073709551615", decimal("18446744073709551615")),
            ("bigint unsigned", "9223372036854775807", Value::Integer(i64::MAX)),
            ("year", "2026", Value::Integer(2026)),
            ("decimal(10,2)", "1.1", decimal("1.10")),
            ("decimal(10,2)", "-0.01", decimal("-0.01")),
            ("decimal(10,2) zerofill", "1.5", decimal("1.50")),
            (
                "decimal(65,30)",
                "12345678901234567890123456789012345.000000000000000000000000000001",
                decimal("12345678901234567890123456789012345.000000000000000000000000000001"),
            ),
            ("varchar(20)", "''", text("")),
            ("varchar(20)", "' a  '", text(" a  ")),
            ("varchar(20)", "'🦀'", text("🦀")),
            ("varchar(20) character set latin1", "'äöü'", text("äöü")),
            ("char(5)", "'ab'", text("ab")),
            ("longtext", "'long'", text("long")),
            ("varbinary(9)", "x'00ff10'", bytes(&[0, 255, 16])),
            ("binary(4)", "x'01'", bytes(&[1, 0, 0, 0])),
            ("blob", "''", bytes(&[])),
            ("date", "'2024-02-29'", date("2024-02-29")),
            ("datetime", "'2026-01-02 03:04:05'", timestamp("2026-01-02T03:04:05.000000")),
            ("datetime(6)", "'2026-01-02 03:04:05.123456'", timestamp("2026-01-02T03:04:05.123456")),
            ("datetime(3)", "'9999-12-31 23:59:59.999'", timestamp("9999-12-31T23:59:59.999000")),
            ("enum('open','it''s closed')", "'it''s closed'", text("it's closed")),
            ("json", "'{\"b\":1,  \"a\":1.10}'", Value::Json("{\"b\":1,  \"a\":1.10}".into())),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_mysql_timestamp_is_an_instant_whatever_the_zone_it_was_written_in() {
    let door = Door::of(Engine::Mysql).await;
    let mut session = door.database.session().await;
    session
        .execute(
            "SET time_zone = '+05:30'; CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20), at timestamp(6) NULL);
             INSERT INTO t VALUES (1, 'acme', '2026-01-02 03:04:05.000001')",
        )
        .await;
    assert_eq!(door.value("at").await, Ok(timestamp("2026-01-01T21:34:05.000001Z")));
}

#[tokio::test]
async fn sqlite_values_keep_their_storage_class() {
    check(
        Engine::Sqlite,
        &[
            ("INTEGER", "9223372036854775807", Value::Integer(i64::MAX)),
            ("INTEGER", "-9223372036854775808", Value::Integer(i64::MIN)),
            ("INTEGER", "'12abc'", text("12abc")),
            ("BOOLEAN", "TRUE", Value::Integer(1)),
            ("TEXT", "''", text("")),
            ("TEXT", "'10.50'", text("10.50")),
            ("TEXT", "5", text("5")),
            ("TEXT", "NULL", Value::Null),
            ("BLOB", "x'00ff'", bytes(&[0, 255])),
            ("DATETIME", "'2026-01-02 03:04:05'", text("2026-01-02 03:04:05")),
            ("", "'12'", text("12")),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_type_that_cannot_be_kept_exact_is_refused_by_name() {
    let cases: &[(Engine, &str, &str, &str)] = &[
        (Engine::Postgres, "double precision", "0.1", "double precision"),
        (Engine::Postgres, "real", "0.1", "real"),
        (Engine::Postgres, "integer[]", "'{1}'", "integer[]"),
        (Engine::Postgres, "interval", "'1 day'", "interval"),
        (Engine::Postgres, "time", "'12:00'", "time without time zone"),
        (Engine::Postgres, "money", "'1'", "money"),
        // Cut to 63 bytes on the way in.
        (Engine::Postgres, "name", "'n'", "name"),
        (Engine::Postgres, "inet", "'127.0.0.1'", "inet"),
        (Engine::Postgres, "bit(3)", "B'101'", "bit(3)"),
        (Engine::Postgres, "int4range", "'[1,2)'", "int4range"),
        (Engine::Postgres, "\"char\"", "'a'", "\"char\""),
        (Engine::Postgres, "numeric(3,-2)", "100", "numeric(3,-2)"),
        (Engine::Mysql, "double", "0.1", "double"),
        (Engine::Mysql, "float", "0.1", "float"),
        (Engine::Mysql, "bit(3)", "b'101'", "bit(3)"),
        (Engine::Mysql, "time", "'12:00'", "time"),
        (Engine::Mysql, "set('a','b')", "'a'", "set('a','b')"),
        (Engine::Mysql, "point", "point(1, 1)", "point"),
        (Engine::Sqlite, "REAL", "0.1", "REAL"),
        (Engine::Sqlite, "DECIMAL(10,2)", "10.5", "REAL"),
        (Engine::Sqlite, "INTEGER", "9223372036854775808", "REAL"),
    ];
    for engine in ENGINES {
        let door = Door::of(engine).await;
        for (_, column_type, literal, named) in cases.iter().filter(|case| case.0 == engine) {
            remake(&door, column_type, literal).await;
            let refusal = door.value("c").await.expect_err(column_type).refusal();
            assert_eq!(refusal.code, Code::ColumnTypeUnsupported, "{engine} {column_type}");
            assert!(
                refusal.message.contains("`c`") && refusal.message.contains(&format!("`{named}`")),
                "{}",
                refusal.message
            );
            let others = door.read(&["id"], Value::Integer(1), "acme").await;
            assert!(others.is_ok(), "{engine} {column_type}: the other columns are served");
        }
    }
}

#[tokio::test]
async fn a_value_without_an_exact_form_is_refused_by_name() {
    let cases: &[(Engine, &str, &str)] = &[
        (Engine::Postgres, "numeric", "'NaN'"),
        (Engine::Postgres, "numeric", "'Infinity'"),
        (Engine::Postgres, "timestamptz", "'infinity'"),
        (Engine::Postgres, "timestamp", "'-infinity'"),
        (Engine::Postgres, "date", "'infinity'"),
        (Engine::Postgres, "date", "'0044-03-15 BC'"),
        (Engine::Postgres, "timestamp", "'294276-01-01'"),
        (Engine::Postgres, "date", "'12026-01-01'"),
        (Engine::Mysql, "date", "'0000-00-00'"),
        (Engine::Mysql, "date", "'2026-00-10'"),
        (Engine::Mysql, "datetime", "'0000-00-00 00:00:00'"),
        (Engine::Sqlite, "TEXT", "CAST(x'ff' AS TEXT)"),
    ];
    for engine in ENGINES {
        let door = Door::of(engine).await;
        for (_, column_type, literal) in cases.iter().filter(|case| case.0 == engine) {
            remake(&door, column_type, literal).await;
            let refusal = door.value("c").await.expect_err(literal).refusal();
            assert_eq!(refusal.code, Code::ColumnTypeUnsupported, "{engine} {literal}");
            assert!(
                refusal.message.contains("`c`") && !refusal.message.contains("0000"),
                "{}",
                refusal.message
            );
        }
    }
}

/// Table `t` anew, with one literal in a column `c` of one type, let in without MySQL's strictness.
async fn remake(door: &Door, column_type: &str, literal: &str) {
    let lax = if door.database.engine() == Engine::Mysql { "SET SESSION sql_mode = ''; " } else { "" };
    door.database
        .execute(&format!(
            "{lax}DROP TABLE IF EXISTS t; CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20), c {column_type} NULL);
             INSERT INTO t VALUES (1, 'acme', {literal})"
        ))
        .await;
}

#[tokio::test]
async fn a_row_over_the_limit_is_refused_and_one_at_it_is_not() {
    for engine in ENGINES {
        let (column_type, fill) = match engine {
            Engine::Sqlite => ("TEXT", "replace(hex(zeroblob(131072)), '0', 'x')"),
            Engine::Postgres => ("text", "repeat('x', 262144)"),
            Engine::Mysql => ("longtext", "repeat('x', 262144)"),
        };
        let door = Door::with(
            engine,
            &format!("CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20), c {column_type}); INSERT INTO t VALUES (1, 'acme', {fill})"),
        )
        .await;
        let refusal = door.value("c").await.expect_err("with id and tenant it is over").refusal();
        assert_eq!(refusal.code, Code::RowTooLarge, "{engine}");
        door.database.execute("UPDATE t SET c = substr(c, 20)").await;
        assert_eq!(door.value("c").await.map(|value| value.size_bytes()), Ok(262_144 - 19), "{engine}");
    }
}

#[tokio::test]
async fn a_huge_value_stays_where_it_is() {
    // Twenty times the limit, in text and in bytes, which double on their way as digits.
    let cases = [
        (Engine::Sqlite, "TEXT", "hex(zeroblob(2621440))"),
        (Engine::Sqlite, "BLOB", "zeroblob(5242880)"),
        (Engine::Postgres, "text", "repeat('x', 5242880)"),
        (Engine::Postgres, "bytea", "convert_to(repeat('x', 5242880), 'UTF8')"),
        (Engine::Postgres, "jsonb", "to_jsonb(repeat('x', 5242880))"),
        (Engine::Mysql, "longtext", "repeat('x', 5242880)"),
        (Engine::Mysql, "longblob", "repeat('x', 5242880)"),
    ];
    for engine in ENGINES {
        let door = Door::of(engine).await;
        for (_, column_type, fill) in cases.iter().filter(|case| case.0 == engine) {
            remake(&door, column_type, fill).await;
            let code = door.value("c").await.map_err(|error| error.code());
            assert_eq!(code, Err(Code::RowTooLarge), "{engine} {column_type}");
            let others = door.read(&["id"], Value::Integer(1), "acme").await;
            assert!(others.is_ok(), "{engine} {column_type}: the other columns are served");
        }
    }
}

#[tokio::test]
async fn rows_that_are_too_much_together_are_not_gathered() {
    for engine in ENGINES {
        let (column_type, fill) = match engine {
            Engine::Sqlite => ("TEXT", "hex(zeroblob(100000))"),
            Engine::Postgres => ("text", "repeat('x', 200000)"),
            Engine::Mysql => ("longtext", "repeat('x', 200000)"),
        };
        let door = Door::with(
            engine,
            &format!("CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20), c {column_type})"),
        )
        .await;
        for id in 1..=40 {
            door.database.execute(&format!("INSERT INTO t VALUES ({id}, 'acme', {fill})")).await;
        }
        let all = door.find_columns(&["c"], columns([]), 40, "acme").await.map_err(|error| error.refusal());
        let refusal = all.expect_err("eight megabytes");
        assert_eq!(refusal.code, Code::RowTooLarge, "{engine}");
        assert!(refusal.message.contains("together"), "{engine}: {}", refusal.message);
        let few = door.find_columns(&["c"], columns([]), 5, "acme").await;
        assert_eq!(few.map(|rows| rows.len()), Ok(5), "{engine}");
        assert_eq!(door.find(columns([]), 40, "acme").await.map(|keys| keys.len()), Ok(40), "{engine}");
    }
}

#[tokio::test]
async fn a_bytes_or_json_column_identifies_no_row() {
    let door = Door::with(
        Engine::Postgres,
        "CREATE TABLE t (id json, tenant text); INSERT INTO t VALUES ('1', 'acme')",
    )
    .await;
    let refusal = door.read(&["tenant"], text("1"), "acme").await.expect_err("json").refusal();
    assert_eq!(refusal.code, Code::ColumnTypeUnsupported);
    assert_eq!(
        refusal.message,
        "column `id` of table `public.t` has type `json`, by which no row is looked up"
    );
}
