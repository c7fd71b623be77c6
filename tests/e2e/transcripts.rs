//! From `synapsor start` to an applied proposal on databases with the warts of real ones, as a new user would type it: fewer
//! than ten commands each, recorded word for word. `UPDATE_EXPECT=1` writes the transcripts.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use expect_test::expect_file;
use regex::Regex;
use synapsor_protocol::Engine;
use synapsor_test_servers::TestDatabase;
use tempfile::TempDir;

use crate::screens::settled;
use crate::world::{Answered, BINARY};

/// More commands than that is too long a way.
const COMMANDS_MAX: usize = 9;

/// A new user: a database somebody else made, and an empty folder.
struct NewUser {
    database: TestDatabase,
    folder: TempDir,
    text: String,
    commands: usize,
}

/// A database, and what a new user decides about it.
struct Story {
    name: &'static str,
    schema: fn(Engine) -> String,
    /// The table, as `inspect` takes it.
    table: &'static str,
    /// Everything `init` has to be told, with `SCHEMA` for the schema's name.
    decisions: &'static str,
    capability: &'static str,
    arguments: &'static str,
    /// The one value the apply changed.
    changed: (&'static str, &'static str),
}

/// A key of two columns, an enum, computed columns, a view, and a trigger on a neighbour.
const SHOP: Story = Story {
    name: "shop",
    schema: shop,
    table: "orders",
    decisions: "--table SCHEMA.orders --primary-key number --tenant-key tenant_id --conflict-column row_version \
                --patch status=arg:status --transition-guard status=paid:packed|canceled;packed:shipped",
    capability: "app.propose_order_update",
    arguments: r#"{"order_id":1002,"status":"packed"}"#,
    changed: (
        "SELECT CAST(status AS CHAR(9)) FROM orders WHERE tenant_id = 'acme' AND number = 1002",
        "packed",
    ),
};

/// No tenant, names in mixed case, and names that are words of SQL.
const CLINIC: Story = Story {
    name: "clinic",
    schema: clinic,
    table: "Order",
    decisions: "--table SCHEMA.Order --single-tenant-dev --conflict-column rowVersion --object-name prescription \
                --patch group=arg:group_name,Select=fixed:true",
    capability: "app.propose_prescription_update",
    arguments: r#"{"prescription_id":"P-7","group_name":"night"}"#,
    changed: (r#"SELECT "group" FROM "Order" WHERE id = 'P-7'"#, "night"),
};

/// Two hundred tables, no version column, a decimal, and a column with a secret.
const OFFICE: Story = Story {
    name: "office",
    schema: office,
    table: "customers",
    decisions: "--table SCHEMA.customers --tenant-key org_id --weak-guard --patch credit_limit=arg:credit_limit \
                --numeric-bound credit_limit=0:5000.00",
    capability: "app.propose_customer_update",
    arguments: r#"{"customer_id":42,"credit_limit":1250}"#,
    changed: ("SELECT CAST(CAST(credit_limit AS INTEGER) AS CHAR(9)) FROM customers WHERE id = 42", "1250"),
};

fn shop(engine: Engine) -> String {
    let (types, status, total) = match engine {
        Engine::Postgres => (
            "CREATE TYPE order_status AS ENUM ('paid', 'packed', 'shipped', 'canceled');",
            "order_status",
            "GENERATED ALWAYS AS (amount_cents * quantity) STORED",
        ),
        Engine::Mysql => (
            "",
            "ENUM('paid', 'packed', 'shipped', 'canceled')",
            "GENERATED ALWAYS AS (amount_cents * quantity) STORED",
        ),
        Engine::Sqlite => (
            "",
            "TEXT CHECK (status IN ('paid', 'packed', 'shipped', 'canceled'))",
            "GENERATED ALWAYS AS (amount_cents * quantity) STORED",
        ),
    };
    let trigger = match engine {
        Engine::Postgres => {
            "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := ''seen''; RETURN NEW; END';
             CREATE TRIGGER note_seen BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();"
        }
        Engine::Mysql => "CREATE TRIGGER note_seen BEFORE UPDATE ON notes FOR EACH ROW SET NEW.note = 'seen';",
        Engine::Sqlite => {
            "CREATE TRIGGER note_seen AFTER UPDATE ON notes BEGIN UPDATE notes SET note = 'seen' WHERE id = NEW.id; END;"
        }
    };
    format!(
        "{types}
         CREATE TABLE orders (
           tenant_id VARCHAR(20) NOT NULL, number INTEGER NOT NULL, status {status} NOT NULL, amount_cents INTEGER NOT NULL,
           quantity INTEGER NOT NULL, total_cents INTEGER {total}, row_version INTEGER NOT NULL, PRIMARY KEY (tenant_id, number));
         CREATE TABLE order_lines (
           tenant_id VARCHAR(20) NOT NULL, order_number INTEGER NOT NULL, line INTEGER NOT NULL, item VARCHAR(40),
           PRIMARY KEY (tenant_id, order_number, line),
           FOREIGN KEY (tenant_id, order_number) REFERENCES orders (tenant_id, number));
         CREATE TABLE notes (id INTEGER PRIMARY KEY, tenant_id VARCHAR(20) NOT NULL, note VARCHAR(40));
         CREATE VIEW open_orders AS SELECT tenant_id, number FROM orders WHERE status <> 'shipped';
         INSERT INTO orders (tenant_id, number, status, amount_cents, quantity, row_version) VALUES
           ('acme', 1002, 'paid', 1500, 2, 1), ('otherco', 1002, 'paid', 900, 1, 1);
         {trigger}"
    )
}

fn clinic(engine: Engine) -> String {
    let text = r#"
        CREATE TABLE "Patient" ("patientId" VARCHAR(20) PRIMARY KEY, "fullName" VARCHAR(80) NOT NULL);
        CREATE TABLE "Order" (
          id VARCHAR(20) PRIMARY KEY, "patientId" VARCHAR(20) NOT NULL REFERENCES "Patient" ("patientId"),
          "group" VARCHAR(20), "Select" BOOLEAN NOT NULL, "rowVersion" INTEGER NOT NULL);
        CREATE TABLE "a name with spaces" (id INTEGER PRIMARY KEY);
        INSERT INTO "Patient" VALUES ('PAT-1', 'Ada Aster');
        INSERT INTO "Order" VALUES ('P-7', 'PAT-1', 'day', FALSE, 1);"#;
    if engine == Engine::Mysql { text.replace('"', "`") } else { text.to_owned() }
}

fn office(_: Engine) -> String {
    let mut text = String::new();
    for number in 1..200 {
        let _ =
            writeln!(text, "CREATE TABLE archive_{number:03} (id INTEGER PRIMARY KEY, payload VARCHAR(40));");
    }
    text.push_str(
        "CREATE TABLE customers (
           id INTEGER PRIMARY KEY, org_id VARCHAR(20) NOT NULL, name VARCHAR(80) NOT NULL, credit_limit NUMERIC(10,2) NOT NULL,
           api_key VARCHAR(80));
         INSERT INTO customers VALUES (42, 'acme', 'Birch Logistics', 500.00, 'k-123');",
    );
    text
}

impl NewUser {
    async fn of(story: &Story, engine: Engine) -> Self {
        let database = synapsor_test_servers::database(engine).await;
        database.execute(&(story.schema)(engine)).await;
        let folder = tempfile::tempdir().expect("a folder");
        Self { database, folder, text: String::new(), commands: 0 }
    }

    fn run(&mut self, words: &[&str]) -> Answered {
        let mut command = Command::new(BINARY);
        command.args(words).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command
            .env("SYNAPSOR_TENANT_ID", "acme")
            .env("SYNAPSOR_PRINCIPAL", "support.agent")
            .env("USER", "ops.lead");
        if self.database.engine() != Engine::Sqlite {
            for name in ["SYNAPSOR_DATABASE_READ_URL", "SYNAPSOR_DATABASE_WRITE_URL"] {
                command.env(name, self.database.url());
            }
        }
        let answered: Answered = command.output().expect("the binary runs").into();
        self.commands += 1;
        let Answered { exit, stdout, stderr } = &answered;
        let _ = writeln!(self.text, "$ synapsor {}\n{stdout}{stderr}[exit {exit}]\n", words.join(" "));
        answered
    }

    /// As [`Self::run`], and it has to end well.
    fn goes_on(&mut self, words: &[&str]) {
        let answered = self.run(words);
        assert_eq!(answered.exit, 0, "{words:?}: {answered:?}");
    }

    fn transcript(&self) -> String {
        let mut text = settled(&self.text).replace(&self.folder.path().display().to_string(), "FOLDER");
        let place = match self.database.engine() {
            Engine::Sqlite => self.database.path().display().to_string(),
            _ => self.database.name().unwrap_or_default().to_owned(),
        };
        text = text.replace(&place, "DATABASE").replace(BINARY, "synapsor");
        // A column is as wide as the path in it.
        let padding = Regex::new(r"(DATABASE|where) {2,}").expect("a pattern");
        padding.replace_all(&text, "$1  ").into_owned()
    }
}

async fn told(story: &Story, engine: Engine) {
    let mut user = NewUser::of(story, engine).await;
    let place = match engine {
        Engine::Sqlite => user.database.path().display().to_string(),
        _ => "env:SYNAPSOR_DATABASE_READ_URL".to_owned(),
    };
    let schema = user.database.schema().to_owned();
    let decisions = story.decisions.replace("SCHEMA", &schema);
    user.goes_on(&["start"]);
    let from: Vec<&str> = ["init", "--from", &place, "--schema", &schema].to_vec();
    let undecided = user.run(&[&from[..], &["--table", story.table, "--json"]].concat());
    assert!(matches!(undecided.exit, 1 | 2), "{undecided:?}");
    let words: Vec<&str> = decisions.split_whitespace().collect();
    user.goes_on(&[&from[..], &words, &["--yes"]].concat());
    user.goes_on(&["doctor"]);
    user.goes_on(&["propose", story.capability, "--args", story.arguments]);
    user.goes_on(&["start"]);
    user.goes_on(&["proposals", "approve", "latest", "--yes"]);
    user.goes_on(&["apply", "latest"]);
    assert!(user.commands <= COMMANDS_MAX, "{} commands", user.commands);
    let (query, text) = story.changed;
    let query = if engine == Engine::Mysql { query.replace('"', "`") } else { query.to_owned() };
    let now = user.database.query_text(&query).await;
    assert_eq!(now[0][0].as_deref().map(str::trim), Some(text), "{} on {engine}", story.name);
    let file = format!("tests/e2e/screens/transcripts/{}-{engine}.txt", story.name);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    expect_file![path].assert_eq(&user.transcript());
}

macro_rules! transcripts {
    ($($test:ident: $story:ident, $engine:ident;)+) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            told(&$story, Engine::$engine).await;
        })+
    };
}

transcripts! {
    a_shop_in_a_file: SHOP, Sqlite;
    a_shop_on_postgres: SHOP, Postgres;
    a_shop_on_mariadb: SHOP, Mysql;
    a_clinic_in_a_file: CLINIC, Sqlite;
    a_clinic_on_postgres: CLINIC, Postgres;
    a_clinic_on_mariadb: CLINIC, Mysql;
    an_office_in_a_file: OFFICE, Sqlite;
    an_office_on_postgres: OFFICE, Postgres;
    an_office_on_mariadb: OFFICE, Mysql;
}
