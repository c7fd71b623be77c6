//! The examples that `executor template` writes, unchanged, against the real runner on PostgreSQL and MariaDB: over HTTP and
//! as commands.
//!
//! Python needs Debian's `python3-psycopg` and `python3-pymysql`; Node gets `pg` and `mysql2` from the npm registry the first
//! time.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::running::Running;
use crate::unsettled::approved;
use crate::world::World;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const OTHER_SECRET: &str = "fedcba9876543210fedcba9876543210";
const RECEIPTS: &str = "SELECT proposal_id FROM synapsor_executor_receipts";

#[derive(Debug, Clone, Copy)]
enum Language {
    Python,
    Node,
}

impl Language {
    fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
        }
    }

    /// An interpreter that finds the database's client.
    fn interpreter(self) -> &'static str {
        match self {
            Self::Python => ["python3", "/usr/bin/python3"]
                .into_iter()
                .find(|python| succeeds(Command::new(python).args(["-c", "import psycopg, pymysql"])))
                .expect(
                    "a python3 with both clients; install Debian's `python3-psycopg` and `python3-pymysql`",
                ),
            Self::Node => "node",
        }
    }

    fn file(self, stem: &str) -> String {
        match self {
            Self::Python => format!("{stem}.py"),
            Self::Node => format!("{stem}.mjs"),
        }
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Where `pg` and `mysql2` are installed, once for all tests of one build.
fn node_modules() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("executors");
    std::fs::create_dir_all(&folder).expect("a folder");
    let lock = std::fs::File::create(folder.join("lock")).expect("a lock file");
    lock.lock().expect("the lock");
    let wanted = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/e2e/executors/package-lock.json");
    let read = |path: &Path| std::fs::read(path).unwrap_or_default();
    if read(&wanted) != read(&folder.join("installed.json")) {
        for name in ["package.json", "package-lock.json"] {
            std::fs::copy(wanted.with_file_name(name), folder.join(name)).expect("the list of packages");
        }
        let mut npm = Command::new("npm");
        let installed = npm.args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(&folder).status();
        assert!(installed.is_ok_and(|status| status.success()), "npm installs `pg` and `mysql2`");
        std::fs::copy(&wanted, folder.join("installed.json")).expect("a note of what is installed");
    }
    folder.join("node_modules")
}

#[expect(clippy::disallowed_methods, reason = "the examples are run by interpreters of this machine")]
fn path() -> String {
    std::env::var("PATH").expect("a PATH")
}

/// Columns whose values a float, a millisecond or another character set would not keep, what they hold, what is approved for
/// them, and the smallest step away.
struct Exact {
    name: &'static str,
    postgres: &'static str,
    mysql: &'static str,
    holds: &'static str,
    approved: &'static str,
    step: &'static str,
}

const EXACT: &[Exact] = &[
    Exact {
        name: "big",
        postgres: "bigint",
        mysql: "bigint",
        holds: "9007199254740993",
        approved: "9223372036854775807",
        step: "big - 1",
    },
    Exact {
        name: "rate",
        postgres: "numeric(30,10)",
        mysql: "decimal(30,10)",
        holds: "12345678901234567890.0000000001",
        approved: "0.5000000000",
        step: "rate + 0.0000000001",
    },
    Exact {
        name: "seen",
        postgres: "timestamp",
        mysql: "datetime(6)",
        holds: "2026-06-20 14:31:08.123457",
        approved: "2026-07-01 01:02:03.000004",
        step: "seen + INTERVAL '1' SECOND / 1000000",
    },
    Exact {
        name: "due",
        postgres: "date",
        mysql: "date",
        holds: "2026-07-01",
        approved: "2026-07-02",
        step: "due + INTERVAL '1' DAY",
    },
    Exact {
        name: "memo",
        postgres: "text",
        mysql: "varchar(40)",
        holds: "Grüße 🧾",
        approved: "50 % – \\'née\\' 🧾",
        step: "UPPER(memo)",
    },
];

impl Exact {
    fn kind(&self, engine: Engine) -> &'static str {
        if engine == Engine::Postgres { self.postgres } else { self.mysql }
    }

    /// A statement that moves it by its smallest step.
    fn moved(&self, engine: Engine) -> String {
        let step = match (self.name, engine) {
            ("seen", Engine::Mysql) => "seen + INTERVAL 1 MICROSECOND",
            _ => self.step,
        };
        format!("UPDATE invoices SET {} = {step} WHERE id = 'INV-3002'", self.name)
    }
}

/// A world whose proposals go to the executor `app`, and the folder of the example beside its config.
async fn world(engine: Engine, language: Language, executor: Json) -> (World, PathBuf) {
    let mut world = World::new(engine).await;
    let mut config = world.config();
    config["executors"] = json!({ "app": executor });
    let capability = World::capability(&mut config, "billing.propose_late_fee_waiver");
    capability["executor"] = json!("app");
    for Exact { name, approved, .. } in EXACT {
        capability["visible_columns"].as_array_mut().expect("columns").push(json!(name));
        capability["allowed_columns"].as_array_mut().expect("columns").push(json!(name));
        let number = serde_json::from_str::<Json>(approved);
        capability["patch"][name] = json!({ "fixed": number.unwrap_or(json!(approved)) });
    }
    world.write_config(&config);
    for column in EXACT {
        let (name, kind) = (column.name, column.kind(engine));
        world.database.execute(&format!("ALTER TABLE invoices ADD COLUMN {name} {kind}")).await;
        world.database.execute(&format!("UPDATE invoices SET {name} = '{}'", column.holds)).await;
    }
    let template = ["executor", "template", "--lang", language.name(), "--folder", "executor"];
    let made = world.ask(&template);
    assert_eq!(made["engine"], json!(engine), "the one of the config: {made}");
    assert!(made["files"].as_array().is_some_and(|files| files.len() > 4), "{made}");
    let again = world.run(&[&template[..], &["--json"]].concat());
    assert_eq!((again.exit, again.code().as_str()), (1, "INVALID_INPUT"), "an example replaces nothing");
    let folder = world.folder.path().join("executor");
    if matches!(language, Language::Node) {
        std::os::unix::fs::symlink(node_modules(), folder.join("node_modules")).expect("a link");
    }
    let receipts = std::fs::read_to_string(folder.join("receipts.sql")).expect("there");
    world.database.execute(&receipts).await;
    let url = world.database.url().to_owned();
    world.set("PATH", &path());
    world.set("APP_DATABASE_URL", &url);
    world.set("EXECUTOR_SECRET", SECRET);
    (world, folder)
}

/// What the exact columns of an invoice hold.
async fn exact(world: &World, invoice: &str) -> Vec<String> {
    let text = if world.database.engine() == Engine::Postgres { "text" } else { "char" };
    let columns: Vec<String> =
        EXACT.iter().map(|column| format!("CAST({} AS {text})", column.name)).collect();
    let sql = format!("SELECT {} FROM invoices WHERE id = '{invoice}'", columns.join(", "));
    let row = world.database.query_text(&sql).await.remove(0);
    row.into_iter().map(|value| value.expect("not null")).collect()
}

fn served(language: Language, folder: &Path, world: &World) -> (Running, String) {
    let mut command = Command::new(language.interpreter());
    command.arg(language.file("server")).current_dir(folder).envs([
        ("APP_DATABASE_URL", world.database.url()),
        ("EXECUTOR_SECRET", SECRET),
        ("PORT", "0"),
    ]);
    let mut server = Running::start(command.stdout(Stdio::piped()));
    let output = server.stdout.take().expect("piped");
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).expect("a line");
    (server, line.trim().to_owned())
}

/// How many executors the doctor finds not to be ready.
fn not_ready(world: &World) -> usize {
    let diagnosis = world.ask(&["doctor", "--check-handlers"]).to_string();
    diagnosis.matches("DOCTOR_EXECUTOR_NOT_READY").count()
}

/// What an operator lives through: a change applied once, one that met a moved row and was tried again, another tenant's.
async fn the_story(world: &World) {
    let checked = world.ask(&["executor", "check"]);
    assert_eq!(checked["executors"][0]["ready"], json!(true), "{checked}");
    assert_eq!(not_ready(world), 0);

    let id = approved(world, "INV-3001");
    let rehearsed = world.ask(&["apply", &id, "--dry-run"]);
    assert_eq!(rehearsed["would"]["kind"], json!("apply"), "{rehearsed}");
    assert_eq!(world.invoice("INV-3001").await.late_fee_cents, "5500", "a rehearsal keeps nothing");
    let applied = world.ask(&["apply", &id]);
    assert_eq!(applied["outcome"], json!("applied"), "{applied}");
    let after = world.invoice("INV-3001").await;
    assert_eq!((after.late_fee_cents.as_str(), after.waiver_reason.as_deref()), ("0", Some("bank delay")));
    let approved_values: Vec<&str> = EXACT.iter().map(|column| column.approved).collect();
    assert_eq!(exact(world, "INV-3001").await, approved_values);
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("already_applied"));
    let final_ = world.run(&["executor", "retry", &id, "--reason", "once more", "--yes", "--json"]);
    assert_eq!((final_.exit, final_.code().as_str()), (1, "PROPOSAL_NOT_REOPENABLE"));

    let id = approved(world, "INV-3002");
    for column in EXACT {
        world.database.execute(&column.moved(world.database.engine())).await;
        let moved = world.ask(&["apply", &id, "--dry-run"]);
        assert_eq!(moved["would"]["changed_columns"], json!([column.name]), "{moved}");
        let back = format!("UPDATE invoices SET {} = '{}'", column.name, column.holds);
        world.database.execute(&format!("{back} WHERE id = 'INV-3002'")).await;
    }
    world.database.execute("UPDATE invoices SET late_fee_cents = 1 WHERE id = 'INV-3002'").await;
    let conflict = world.run(&["apply", &id, "--json"]);
    assert_eq!((conflict.exit, &conflict.json()["outcome"]), (1, &json!("conflict")), "{conflict:?}");
    assert_eq!(conflict.json()["receipt"]["executor_code"], json!("ROW_CHANGED_AFTER_PROPOSAL"));
    assert_eq!(conflict.json()["receipt"]["changed_columns"], json!(["late_fee_cents"]));
    assert_eq!(world.invoice("INV-3002").await.late_fee_cents, "1");
    world.database.execute("UPDATE invoices SET late_fee_cents = 9000 WHERE id = 'INV-3002'").await;
    let reopened = world.ask(&["executor", "retry", &id, "--reason", "the row is as reviewed", "--yes"]);
    assert_eq!(reopened["state"], json!("approved"), "{reopened}");
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));

    let id = approved(world, "INV-3003");
    world.database.execute("UPDATE invoices SET tenant_id = 'ACME' WHERE id = 'INV-3003'").await;
    let foreign = world.ask(&["apply", &id]);
    assert_eq!(foreign["outcome"], json!("conflict"), "{foreign}");
    assert_eq!(foreign["receipt"]["executor_code"], json!("ROW_NOT_FOUND_OR_WRONG_TENANT"));
    assert_eq!(world.invoice("INV-3003").await.late_fee_cents, "1200");
    assert_eq!(world.database.query_text(RECEIPTS).await.len(), 2, "a no leaves no receipt");
    assert_eq!(world.ask(&["store", "verify"])["ok"], json!(true));
}

/// Somebody else holds the row until the request's time is over: nothing is written then or later, until it is tried again.
async fn a_late_change_is_taken_back(world: &World) {
    let id = approved(world, "INV-3004");
    let before = (world.invoice("INV-3004").await, exact(world, "INV-3004").await);
    let mut holder = world.database.session().await;
    holder.execute("BEGIN").await;
    holder.execute("UPDATE invoices SET status = status WHERE id = 'INV-3004'").await;
    let late = world.run(&["apply", &id, "--json"]);
    assert_eq!((late.exit, &late.json()["outcome"]), (1, &json!("failed")), "{late:?}");
    assert_eq!(late.json()["receipt"]["executor_code"], json!("TOO_LATE"));
    assert_eq!(late.json()["source_changed"], json!("no"));
    holder.execute("ROLLBACK").await;
    assert_eq!((world.invoice("INV-3004").await, exact(world, "INV-3004").await), before);
    let receipt = format!("{RECEIPTS} WHERE proposal_id = '{id}'");
    assert_eq!(world.database.query_text(&receipt).await.len(), 0, "what was waiting was taken back");
    world.ask(&["executor", "retry", &id, "--reason", "the row is free again", "--yes"]);
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
    assert_eq!(world.database.query_text(&receipt).await.len(), 1);
    world.database.execute("UPDATE invoices SET waiver_reason = NULL WHERE id = 'INV-3004'").await;
}

async fn over_http(engine: Engine, language: Language) {
    let executor = json!({
        "type": "http_handler",
        "url_env": "APP_URL",
        "signing_secret_env": "EXECUTOR_SECRET",
        "timeout_ms": 4_000
    });
    let (mut world, folder) = world(engine, language, executor).await;
    let (server, url) = served(language, &folder, &world);
    world.set("APP_URL", &url);
    the_story(&world).await;
    a_late_change_is_taken_back(&world).await;

    let id = approved(&world, "INV-3004");
    world.set("EXECUTOR_SECRET", OTHER_SECRET);
    let unbelieved = world.run(&["executor", "check", "app", "--json"]);
    assert_eq!((unbelieved.exit, &unbelieved.json()["executors"][0]["ready"]), (1, &json!(false)));
    let forged = world.run(&["apply", &id, "--json"]);
    assert_eq!((forged.exit, forged.code().as_str()), (1, "EXECUTOR_TURNED_AWAY"), "{forged:?}");
    world.set("EXECUTOR_SECRET", SECRET);
    drop(server);
    assert_eq!(not_ready(&world), 1);
    let away = world.run(&["apply", &id, "--json"]);
    assert_eq!((away.exit, away.code().as_str()), (3, "EXECUTOR_UNAVAILABLE"), "{away:?}");
    assert_eq!(world.ask(&["proposals", "show", &id])["state"], json!("approved"));
    let unknown = world.run(&["executor", "check", "nobody", "--json"]);
    assert_eq!((unknown.exit, unknown.code().as_str()), (2, "NOT_FOUND"));
}

async fn as_a_command(engine: Engine, language: Language) {
    let executor = json!({
        "type": "command_handler",
        "command_env": "APP_COMMAND",
        "environment": ["APP_DATABASE_URL", "EXECUTOR_SECRET"],
        // An interpreter that starts on a busy machine is not late.
        "timeout_ms": 60_000
    });
    let (mut world, _) = world(engine, language, executor).await;
    world.set("APP_COMMAND", &format!("{} executor/{}", language.interpreter(), language.file("command")));
    the_story(&world).await;

    let id = approved(&world, "INV-3004");
    world.set("APP_COMMAND", "no-such-program");
    let absent = world.run(&["apply", &id, "--json"]);
    assert_eq!(absent.code(), "EXECUTOR_NOT_CONFIGURED", "{absent:?}");
    assert_eq!(world.ask(&["proposals", "show", &id])["state"], json!("approved"));
}

macro_rules! the_examples {
    ($($module:ident: $engine:expr),+) => {$(
        mod $module {
            use synapsor_protocol::Engine;

            use super::Language::{Node, Python};
            use super::{as_a_command, over_http};

            #[tokio::test(flavor = "multi_thread")]
            async fn the_python_example_over_http_applies_once_sees_moved_rows_and_takes_nothing_forged_or_late() {
                over_http($engine, Python).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn the_python_example_as_a_command_applies_once_and_sees_moved_rows() {
                as_a_command($engine, Python).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn the_node_example_over_http_applies_once_sees_moved_rows_and_takes_nothing_forged_or_late() {
                over_http($engine, Node).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn the_node_example_as_a_command_applies_once_and_sees_moved_rows() {
                as_a_command($engine, Node).await;
            }
        }
    )+};
}

the_examples!(postgres: Engine::Postgres, mysql: Engine::Mysql);

#[tokio::test(flavor = "multi_thread")]
async fn an_example_is_for_the_engine_of_the_config_and_where_that_has_two_for_the_one_that_is_named() {
    let mut world = World::new(Engine::Postgres).await;
    let mut config = world.config();
    world.set("OTHER_READ_URL", "mysql://reader@127.0.0.1/app");
    config["sources"]["other"] = json!({ "engine": "mysql", "read_url_env": "OTHER_READ_URL" });
    world.write_config(&config);
    let template = |more: &[&'static str]| {
        [&["executor", "template", "--lang", "python", "--folder"], more, &["--json"]].concat()
    };
    let refused = world.run(&template(&["unsaid"]));
    assert_eq!((refused.exit, refused.code().as_str()), (1, "INVALID_INPUT"), "{refused:?}");
    assert!(refused.stdout.contains("--engine") && !world.folder.path().join("unsaid").exists());
    let named = world.run(&template(&["said", "--engine", "mysql"])).json();
    assert_eq!(named["engine"], json!("mysql"), "{named}");
    let database = std::fs::read_to_string(world.folder.path().join("said/database.py")).expect("there");
    assert!(database.contains("pymysql"), "{database}");
    let lite = World::new(Engine::Sqlite).await;
    let usual = lite.run(&template(&["usual"])).json();
    assert_eq!(usual["engine"], json!("postgres"), "{usual}");
}
