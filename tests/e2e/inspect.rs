//! `synapsor inspect` on databases as people have them, with a credential that may only SELECT.

use std::fmt::Write as _;
use std::process::Command;

use expect_test::expect_file;
use regex::Regex;
use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;
use synapsor_test_servers::TestDatabase;

use crate::world::{Answered, BINARY};

const URL: &str = "APP_READ_URL";

/// A database with that schema, and how to reach it with as few rights as there are.
struct Shop {
    database: TestDatabase,
    /// What `URL` is set to; nothing for a file.
    url: Option<String>,
}

impl Shop {
    async fn new(engine: Engine, sql: &str) -> Self {
        let database = synapsor_test_servers::database(engine).await;
        database.execute(sql).await;
        let url = match (engine, database.name()) {
            (Engine::Postgres, Some(role)) => {
                let schemas = database.query_text("SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname NOT LIKE 'pg%' AND nspname <> 'information_schema'").await;
                database.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'reader'")).await;
                for schema in schemas.into_iter().flatten().flatten() {
                    let grants = format!(
                        "GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"
                    );
                    database.execute(&grants).await;
                }
                Some(database.url_as(role, "reader"))
            }
            (_, Some(name)) => {
                let user = format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'reader'");
                database.execute(&user).await;
                database.execute(&format!("GRANT SELECT ON {name}.* TO '{name}'@'%'")).await;
                Some(database.url_as(name, "reader"))
            }
            (_, None) => None,
        };
        Self { database, url }
    }

    fn inspect(&self, words: &[&str]) -> Answered {
        let mut command = Command::new(BINARY);
        command.arg("inspect").env_clear().current_dir(std::env::temp_dir());
        match &self.url {
            Some(url) => command.args(["--url-env", URL]).env(URL, url),
            None => command.arg(self.database.path()),
        };
        command.args(words).output().expect("the binary runs").into()
    }

    fn document(&self, words: &[&str]) -> Json {
        let answered = self.inspect(&[words, &["--json"]].concat());
        assert_eq!(answered.exit, 0, "{answered:?}");
        answered.json()
    }

    /// What differs from run to run replaced.
    fn screen(&self, words: &[&str]) -> String {
        let answered = self.inspect(words);
        assert_eq!((answered.exit, answered.stderr.as_str()), (0, ""), "{}", answered.stdout);
        let mut text = answered.stdout;
        if let Some(name) = self.database.name() {
            text = text.replace(name, "shop");
        }
        let version = Regex::new(r"(?m)^(\w+) .*?(, as `[^`]*`)?: (\d+ table)").expect("a pattern");
        version.replace_all(&text, "$1 VERSION$2: $3").into_owned()
    }
}

/// The overview, then every table with its columns.
fn pages(shop: &Shop) -> String {
    let mut page = format!("$ synapsor inspect\n{}", shop.screen(&[]));
    let tables = shop.document(&[]);
    for table in tables["tables"].as_array().expect("tables") {
        let (name, schema) =
            (table["name"].as_str().expect("a name"), table["schema"].as_str().expect("a schema"));
        let name = match shop.database.engine() {
            Engine::Postgres => format!("{schema}.{name}"),
            _ => name.to_owned(),
        };
        let screen = shop.screen(&["--table", &name]);
        let _ = write!(page, "\n$ synapsor inspect --table '{name}'\n{screen}");
    }
    match shop.database.engine() {
        Engine::Sqlite => page.replace(&shop.database.path().display().to_string(), "./app.db"),
        _ => page,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grown_sqlite_file_is_told_whole() {
    let shop = Shop::new(Engine::Sqlite, include_str!("../../fixtures/schemas/sqlite.sql")).await;
    expect_file!["screens/inspect-sqlite.txt"].assert_eq(&pages(&shop));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grown_postgres_is_told_whole_to_a_role_that_may_only_select() {
    let shop = Shop::new(Engine::Postgres, include_str!("../../fixtures/schemas/postgres.sql")).await;
    expect_file!["screens/inspect-postgres.txt"].assert_eq(&pages(&shop));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grown_mariadb_is_told_whole_to_an_account_that_may_only_select() {
    let shop = Shop::new(Engine::Mysql, include_str!("../../fixtures/schemas/mysql.sql")).await;
    expect_file!["screens/inspect-mysql.txt"].assert_eq(&pages(&shop));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_has_keys_in_their_order_and_a_reason_for_every_suggestion() {
    for (engine, sql) in [
        (Engine::Sqlite, include_str!("../../fixtures/schemas/sqlite.sql")),
        (Engine::Postgres, include_str!("../../fixtures/schemas/postgres.sql")),
        (Engine::Mysql, include_str!("../../fixtures/schemas/mysql.sql")),
    ] {
        let shop = Shop::new(engine, sql).await;
        let found = shop.document(&["--table", "Order"]);
        assert_eq!(found["schema_version"], json!("synapsor.inspection.v1"));
        let order = &found["tables"][0];
        assert_eq!(order["primary_key"], json!(["accountId", "number"]), "{engine}");
        assert!(order["unique"].as_array().expect("keys").contains(&json!(["code"])), "{engine}: {order}");
        assert_eq!(order["foreign_keys"][0]["to_table"], json!("accounts"), "{engine}");
        for list in order["suggestions"].as_object().expect("suggestions").values() {
            for suggestion in list.as_array().into_iter().flatten().filter(|entry| entry.is_object()) {
                assert!(
                    suggestion["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
                    "{suggestion}"
                );
            }
        }
        let shown = &order["suggestions"]["default_visible_columns"];
        assert!(!shown.as_array().expect("columns").contains(&json!("scan")), "{engine}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_tables_are_two_hundred_lines() {
    let tables: String = (0..200)
        .map(|number| format!("CREATE TABLE t{number:03} (id integer PRIMARY KEY, tenant_id varchar(9) NOT NULL, version integer NOT NULL);"))
        .collect();
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
        let shop = Shop::new(engine, &tables).await;
        let listed = shop.inspect(&[]).stdout;
        let tables = listed.lines().filter(|line| line.contains("  table  ")).count();
        assert_eq!(tables, 200, "{engine}: {listed}");
        let found = shop.document(&[]);
        let judged = found["tables"].as_array().expect("tables");
        assert_eq!(judged.len(), 200, "{engine}");
        assert!(judged.iter().all(|table| table["notes"] == json!([])), "{engine}: {}", judged[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_see_triggers_is_shown_them() {
    let shop = Shop::new(Engine::Mysql, include_str!("../../fixtures/schemas/mysql.sql")).await;
    let blind = shop.document(&["--table", "accounts"]);
    assert_eq!(blind["tables"][0]["triggers"], Json::Null, "not told as absent");
    let name = shop.database.name().expect("a server's");
    shop.database.execute(&format!("GRANT TRIGGER ON {name}.accounts TO '{name}'@'%'")).await;
    let found = shop.document(&["--table", "accounts"]);
    assert_eq!(found["tables"][0]["triggers"][0]["name"], json!("touch"), "{found}");
    let notes = found["tables"][0]["notes"].as_array().expect("notes");
    assert!(notes.iter().any(|note| note["code"] == json!("TRIGGERS")), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_of_the_config_is_looked_at_with_its_own_credential() {
    let world = crate::world::World::new(Engine::Sqlite).await;
    let found = world.ask(&["inspect", "--source", "app", "--table", "invoices"]);
    assert_eq!(found["tables"][0]["primary_key"], json!(["id"]), "{found}");
    let absent = world.run(&["inspect", "--source", "other", "--json"]);
    assert_eq!((absent.exit, absent.code().as_str()), (1, "SOURCE_NOT_FOUND"));
}

fn refused(words: &[&str], url: Option<&str>) -> Answered {
    let mut command = Command::new(BINARY);
    command.arg("inspect").args(words).arg("--json").env_clear();
    if let Some(url) = url {
        command.env(URL, url);
    }
    command.output().expect("the binary runs").into()
}

#[test]
fn a_url_on_the_command_line_is_refused_and_not_repeated() {
    let url = "postgres://reader:hunter2@db.internal/app";
    for words in [&[url][..], &["--url-env", url]] {
        let answered = refused(words, None);
        assert_eq!((answered.exit, answered.code().as_str()), (1, "INVALID_INPUT"));
        let told = answered.stdout + &answered.stderr;
        assert!(!told.contains("hunter2") && !told.contains("db.internal"), "{told}");
        assert!(told.contains("--url-env SYNAPSOR_DATABASE_READ_URL"), "{told}");
    }
}

#[test]
fn what_cannot_be_looked_at_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let not_a_database = folder.path().join("notes.txt");
    std::fs::write(&not_a_database, "not a database, and longer than the sixteen bytes of a header")
        .expect("a file");
    let not_a_database = not_a_database.to_str().expect("a plain path");
    let closed = "postgres://reader:hunter2@127.0.0.1:1/app";
    for (words, url, exit, code) in [
        (&[][..], None, 3, "SOURCE_CREDENTIAL_MISSING"),
        (&["--url-env", URL], None, 3, "SOURCE_CREDENTIAL_MISSING"),
        (&["--url-env", URL], Some("oracle://reader:hunter2@db/app"), 1, "INVALID_INPUT"),
        (&["--url-env", URL], Some(closed), 3, "SOURCE_UNAVAILABLE"),
        (&["--url-env", URL, "--engine", "mysql"], Some(closed), 3, "SOURCE_UNAVAILABLE"),
        (&["nowhere.db"], None, 3, "SOURCE_UNAVAILABLE"),
        (&[not_a_database], None, 3, "SOURCE_UNAVAILABLE"),
        (&["nowhere.db", "--url-env", URL], None, 2, "INVALID_INPUT"),
    ] {
        let answered = refused(words, url);
        assert_eq!((answered.exit, answered.code().as_str()), (exit, code), "{words:?}: {}", answered.stdout);
        assert!(!answered.stdout.contains("hunter2") && !answered.stderr.contains("hunter2"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_or_schema_that_is_not_there_is_said_to_be_so() {
    let shop = Shop::new(Engine::Sqlite, "CREATE TABLE t (id INTEGER PRIMARY KEY)").await;
    for words in [&["--table", "T"][..], &["--schema", "other"]] {
        let answered = shop.inspect(&[words, &["--json"]].concat());
        assert_eq!((answered.exit, answered.code().as_str()), (2, "NOT_FOUND"), "{words:?}");
        let hint = answered.json()["error"]["hint"].to_string();
        assert!(hint.contains("`synapsor inspect` without"), "{words:?}: {hint}");
    }
}
