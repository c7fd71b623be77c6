//! The examples that `executor template` writes, unchanged, against the real runner on PostgreSQL: over HTTP and as commands.
//!
//! Python needs Debian's `python3-psycopg`; Node gets `pg` from the npm registry the first time.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

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
                .find(|python| succeeds(Command::new(python).args(["-c", "import psycopg"])))
                .expect("a python3 with psycopg; install the Debian package `python3-psycopg`"),
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

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where `pg` is installed, once for all tests of one build.
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
        assert!(installed.is_ok_and(|status| status.success()), "npm installs `pg`");
        std::fs::copy(&wanted, folder.join("installed.json")).expect("a note of what is installed");
    }
    folder.join("node_modules")
}

#[expect(clippy::disallowed_methods, reason = "the examples are run by interpreters of this machine")]
fn path() -> String {
    std::env::var("PATH").expect("a PATH")
}

/// A world whose proposals go to the executor `app`, and the folder of the example beside its config.
async fn world(language: Language, executor: Json) -> (World, PathBuf) {
    let mut world = World::new(Engine::Postgres).await;
    let mut config = world.config();
    config["executors"] = json!({ "app": executor });
    World::capability(&mut config, "billing.propose_late_fee_waiver")["executor"] = json!("app");
    world.write_config(&config);
    let made = world.ask(&["executor", "template", "--lang", language.name(), "--folder", "executor"]);
    assert!(made["files"].as_array().is_some_and(|files| files.len() > 4), "{made}");
    let again =
        world.run(&["executor", "template", "--lang", language.name(), "--folder", "executor", "--json"]);
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

fn served(language: Language, folder: &Path, world: &World) -> (Server, String) {
    let mut child = Command::new(language.interpreter())
        .arg(language.file("server"))
        .current_dir(folder)
        .envs([("APP_DATABASE_URL", world.database.url()), ("EXECUTOR_SECRET", SECRET), ("PORT", "0")])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let output = child.stdout.take().expect("piped");
    let server = Server(child);
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
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("already_applied"));
    let final_ = world.run(&["executor", "retry", &id, "--reason", "once more", "--yes", "--json"]);
    assert_eq!((final_.exit, final_.code().as_str()), (1, "PROPOSAL_NOT_REOPENABLE"));

    let id = approved(world, "INV-3002");
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

async fn over_http(language: Language) {
    let executor =
        json!({ "type": "http_handler", "url_env": "APP_URL", "signing_secret_env": "EXECUTOR_SECRET" });
    let (mut world, folder) = world(language, executor).await;
    let (server, url) = served(language, &folder, &world);
    world.set("APP_URL", &url);
    the_story(&world).await;

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

async fn as_a_command(language: Language) {
    let executor = json!({
        "type": "command_handler",
        "command_env": "APP_COMMAND",
        "environment": ["APP_DATABASE_URL", "EXECUTOR_SECRET"],
        // An interpreter that starts on a busy machine is not late.
        "timeout_ms": 60_000
    });
    let (mut world, _) = world(language, executor).await;
    world.set("APP_COMMAND", &format!("{} executor/{}", language.interpreter(), language.file("command")));
    the_story(&world).await;

    let id = approved(&world, "INV-3004");
    world.set("APP_COMMAND", "no-such-program");
    let absent = world.run(&["apply", &id, "--json"]);
    assert_eq!(absent.code(), "EXECUTOR_NOT_CONFIGURED", "{absent:?}");
    assert_eq!(world.ask(&["proposals", "show", &id])["state"], json!("approved"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_example_over_http_applies_once_sees_moved_rows_and_takes_nothing_forged() {
    over_http(Language::Python).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_example_as_a_command_applies_once_and_sees_moved_rows() {
    as_a_command(Language::Python).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_example_over_http_applies_once_sees_moved_rows_and_takes_nothing_forged() {
    over_http(Language::Node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_example_as_a_command_applies_once_and_sees_moved_rows() {
    as_a_command(Language::Node).await;
}
