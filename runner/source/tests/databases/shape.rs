//! What the catalog says, with no more rights than SELECT, and what happens when the table changes.

use synapsor_protocol::{Code, Engine, Value};
use synapsor_source::{ColumnKind, Connect, Repertoire, RowQuery, Sources, TableKind};

use crate::door::{Door, ENGINES, columns, context, settings, text};

const TABLE: &str = "CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20), note varchar(20));
                     INSERT INTO t VALUES (1, 'acme', 'x')";

#[tokio::test]
async fn a_missing_table_or_column_is_named() {
    for engine in ENGINES {
        let door = Door::of(engine).await;
        let schema = door.database.schema().to_owned();
        let refusal = door.value("note").await.expect_err("no table").refusal();
        assert_eq!(refusal.code, Code::SourceShapeMismatch, "{engine}");
        assert!(refusal.message.contains(&format!("`{schema}.t`")), "{}", refusal.message);
        door.database.execute(TABLE).await;
        for missing in ["nosuch", "Note", "ctid", "rowid"] {
            let refusal = door.value(missing).await.expect_err("no column").refusal();
            assert_eq!(refusal.code, Code::SourceShapeMismatch, "{engine} {missing}");
            assert!(refusal.message.contains(&format!("`{missing}`")), "{}", refusal.message);
        }
        assert_eq!(door.value("note").await, Ok(text("x")), "{engine}");
    }
}

#[tokio::test]
async fn an_altered_table_is_looked_at_again() {
    for engine in ENGINES {
        let door = Door::with(engine, TABLE).await;
        assert_eq!(door.value("note").await, Ok(text("x")), "{engine}");
        door.database.execute("ALTER TABLE t ADD COLUMN more varchar(20) DEFAULT 'new'").await;
        assert_eq!(door.value("more").await, Ok(text("new")), "{engine}");
        door.database.execute("ALTER TABLE t DROP COLUMN note").await;
        let gone = door.value("note").await.map_err(|error| error.code());
        assert_eq!(gone, Err(Code::SourceShapeMismatch), "{engine}");
        door.database.execute("DROP TABLE t").await;
        let gone = door.value("more").await.map_err(|error| error.code());
        assert_eq!(gone, Err(Code::SourceShapeMismatch), "{engine}");
        // The same name, with keys of another type.
        door.database
            .execute("CREATE TABLE t (id varchar(9) PRIMARY KEY, tenant varchar(20), note integer); INSERT INTO t VALUES ('1', 'acme', 7)")
            .await;
        assert_eq!(door.value("note").await, Ok(Value::Integer(7)), "{engine}");
    }
}

#[tokio::test]
async fn a_select_only_role_is_enough() {
    for engine in [Engine::Postgres, Engine::Mysql] {
        let door = Door::with(engine, TABLE).await;
        let (schema, name) = (door.database.schema(), door.database.name().expect("a database"));
        let role = match engine {
            Engine::Postgres => {
                format!("CREATE ROLE {name} LOGIN PASSWORD 'pw'; GRANT SELECT ON t TO {name}")
            }
            _ => format!("CREATE USER {name} IDENTIFIED BY 'pw'; GRANT SELECT ON {schema}.t TO {name}"),
        };
        door.database.execute(&role).await;
        door.database.execute("CREATE TABLE secret (id integer PRIMARY KEY, tenant varchar(20))").await;
        let sources = Sources::new([settings(engine, Connect::Url(door.database.url_as(name, "pw")))]);
        let query = |table: &str| RowQuery {
            source: "shop".into(),
            target: door.target(table),
            columns: vec!["id".into()],
            key: Value::Integer(1),
        };
        let row = sources.read_one(&query("t"), &context("acme")).await.expect("a row");
        assert_eq!(row.columns(), &columns([("id", Value::Integer(1))]), "{engine}");
        let refusal =
            sources.read_one(&query("secret"), &context("acme")).await.expect_err("no right").refusal();
        let expected =
            if engine == Engine::Postgres { Code::SourceReadFailed } else { Code::SourceShapeMismatch };
        assert_eq!(refusal.code, expected, "{engine}");
        assert!(refusal.hint.is_some_and(|hint| hint.contains("SELECT")), "{engine}");
        door.database
            .execute(&match engine {
                Engine::Postgres => format!("DROP OWNED BY {name}; DROP ROLE {name}"),
                _ => format!("DROP USER {name}"),
            })
            .await;
    }
}

#[tokio::test]
async fn views_are_read_and_known_as_views() {
    for engine in ENGINES {
        let door = Door::with(engine, TABLE).await;
        door.database.execute("CREATE VIEW v AS SELECT id, tenant, upper(note) AS note FROM t").await;
        let read = |table: &str| {
            let query = RowQuery {
                source: "shop".into(),
                target: door.target(table),
                columns: vec!["note".into()],
                key: Value::Integer(1),
            };
            let sources = door.sources.clone();
            async move { sources.read_one(&query, &context("acme")).await.expect("a row") }
        };
        let (table, view) = (read("t").await, read("v").await);
        assert_eq!((table.shape().kind, view.shape().kind), (TableKind::Table, TableKind::View), "{engine}");
        assert_eq!(view.columns()["note"], text("X"), "{engine}");
    }
}

#[tokio::test]
async fn generated_and_required_columns_are_known() {
    for engine in ENGINES {
        let door = Door::with(
            engine,
            "CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20) NOT NULL, note varchar(20),
                             twice integer GENERATED ALWAYS AS (id * 2) STORED);
             INSERT INTO t (id, tenant) VALUES (1, 'acme')",
        )
        .await;
        let query = RowQuery {
            source: "shop".into(),
            target: door.target("t"),
            columns: vec!["twice".into()],
            key: Value::Integer(1),
        };
        let row = door.sources.read_one(&query, &context("acme")).await.expect("a row");
        let facts: Vec<(&str, bool, bool)> =
            row.shape().columns.values().map(|c| (c.name.as_str(), c.nullable, c.generated)).collect();
        assert_eq!(
            facts,
            [("id", false, false), ("note", true, false), ("tenant", false, false), ("twice", true, true)],
            "{engine}"
        );
        assert_eq!(row.columns()["twice"], Value::Integer(2), "{engine}");
        assert!(row.shape().columns["twice"].accept(&Value::Integer(4)).is_err(), "{engine}");
    }
}

#[tokio::test]
async fn column_kinds_carry_their_limits() {
    let door = Door::with(
        Engine::Postgres,
        "CREATE TYPE mood AS ENUM ('good', 'bad');
         CREATE TABLE t (id integer PRIMARY KEY, tenant varchar(20), money numeric(10,2), at timestamptz(3), mood mood)",
    )
    .await;
    door.database.execute("INSERT INTO t VALUES (1, 'acme')").await;
    let query = RowQuery {
        source: "shop".into(),
        target: door.target("t"),
        columns: vec!["id".into()],
        key: Value::Integer(1),
    };
    let row = door.sources.read_one(&query, &context("acme")).await.expect("a row");
    let kind = |column: &str| row.shape().columns[column].kind.clone();
    assert_eq!(kind("tenant"), ColumnKind::Text { length_max: Some(20), repertoire: Repertoire::Unicode });
    assert_eq!(kind("money"), ColumnKind::Decimal { precision: Some(10), scale: Some(2) });
    assert_eq!(kind("at"), ColumnKind::Timestamp { with_offset: true, digits: 3 });
    assert_eq!(kind("mood"), ColumnKind::Enum { labels: vec!["good".into(), "bad".into()] });
    assert_eq!(row.shape().columns["mood"].type_name, "public.mood");
}
