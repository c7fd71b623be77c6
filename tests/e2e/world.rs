//! A world of one test: a seeded database, a folder with a config and a ledger, and the binary.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Map, Value as Json, json};
use synapsor_mcp::{Client, ToolResult};
use synapsor_protocol::{Digest, Engine};
use synapsor_test_servers::TestDatabase;
use tempfile::TempDir;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_synapsor");

const READ_URL: &str = "APP_READ_URL";
const WRITE_URL: &str = "APP_WRITE_URL";

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answered {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no document: {error}\n{}\n{}", self.stdout, self.stderr))
    }

    /// The code of a refusal.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or("no refusal").to_owned()
    }
}

impl From<Output> for Answered {
    fn from(output: Output) -> Self {
        Self {
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("stdout is text"),
            stderr: String::from_utf8(output.stderr).expect("stderr is text"),
        }
    }
}

/// One row of `invoices` as the database prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invoice {
    pub(crate) late_fee_cents: String,
    pub(crate) waiver_reason: Option<String>,
    pub(crate) updated_at: String,
}

/// The variable with the URL of a ledger on a server.
pub(crate) const LEDGER_URL: &str = "LEDGER_URL";

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    /// The database of the ledger, where it is on a server.
    pub(crate) books: Option<TestDatabase>,
    pub(crate) folder: TempDir,
    environment: Vec<(String, String)>,
}

impl World {
    /// The demo's rows on that engine, the demo's config pointing at them.
    pub(crate) async fn new(engine: Engine) -> Self {
        let database = synapsor_test_servers::database(engine).await;
        database.execute(schema(engine)).await;
        let folder = tempfile::tempdir().expect("a folder");
        let environment = match engine {
            Engine::Sqlite => Vec::new(),
            _ => [READ_URL, WRITE_URL].map(|name| (name.to_owned(), database.url().to_owned())).into(),
        };
        let world = Self { database, books: None, folder, environment };
        world.write_bundle();
        world.write_config(&world.config());
        world
    }

    /// The demo's rows in a file, and the ledger on a server.
    pub(crate) async fn sharing_a_ledger() -> Self {
        let mut world = Self::new(Engine::Sqlite).await;
        let books = synapsor_test_servers::postgres().await;
        world.set("SYNAPSOR_LOCAL_STORE", "env:LEDGER_URL");
        world.set(LEDGER_URL, books.url());
        world.books = Some(books);
        world
    }

    /// The demo's config for this database; tests change what they need and write it.
    pub(crate) fn config(&self) -> Json {
        let text = include_str!("../../fixtures/demo/synapsor.runner.json");
        let mut config: Json = serde_json::from_str(text).expect("the demo's config is JSON");
        config["sources"]["app"] = match self.database.engine() {
            Engine::Sqlite => json!({ "engine": "sqlite", "path": self.database.path() }),
            engine => json!({ "engine": engine, "read_url_env": READ_URL, "write_url_env": WRITE_URL }),
        };
        for capability in config["capabilities"].as_array_mut().expect("capabilities") {
            capability["target"]["schema"] = json!(self.database.schema());
            if capability.get("handler").is_some() {
                let component = include_bytes!("../../handlers/late-fee/late-fee.wasm");
                capability["handler"]["digest"] = json!(Digest::of_bytes(component));
            }
            for read in capability.get_mut("reads").and_then(Json::as_object_mut).into_iter().flatten() {
                read.1["target"]["schema"] = json!(self.database.schema());
            }
        }
        config
    }

    /// The capability of that name in a config.
    pub(crate) fn capability<'a>(config: &'a mut Json, name: &str) -> &'a mut Json {
        let capabilities = config["capabilities"].as_array_mut().expect("capabilities");
        capabilities.iter_mut().find(|capability| capability["name"] == json!(name)).expect("the capability")
    }

    pub(crate) fn write_config(&self, config: &Json) {
        std::fs::write(self.config_path(), config.to_string()).expect("the config is written");
    }

    fn write_bundle(&self) {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../handlers/late-fee");
        let bundle = self.folder.path().join("handlers/late-fee");
        for part in ["", "cases"] {
            std::fs::create_dir_all(bundle.join(part)).expect("the bundle's folder");
            for entry in std::fs::read_dir(committed.join(part)).expect("the committed bundle") {
                let file = entry.expect("an entry").path();
                let kept =
                    file.extension().is_some_and(|extension| extension == "json" || extension == "wasm");
                if kept {
                    let name = file.file_name().expect("a name");
                    std::fs::copy(&file, bundle.join(part).join(name)).expect("the bundle is copied");
                }
            }
        }
    }

    /// Puts another component into the bundle, with its digest in the manifest and in the config.
    pub(crate) fn replace_component(&self, component: &[u8]) {
        let bundle = self.folder.path().join("handlers/late-fee");
        let digest = json!(Digest::of_bytes(component));
        std::fs::write(bundle.join("late-fee.wasm"), component).expect("the component is written");
        let manifest = bundle.join("handler.json");
        let text = std::fs::read_to_string(&manifest).expect("a manifest");
        let mut document: Json = serde_json::from_str(&text).expect("JSON");
        document["component"]["digest"] = digest.clone();
        std::fs::write(&manifest, document.to_string()).expect("the manifest is written");
        let mut config = self.config();
        Self::capability(&mut config, "billing.propose_plan_waiver")["handler"]["digest"] = digest;
        self.write_config(&config);
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.folder.path().join("synapsor.runner.json")
    }

    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.folder.path().join(".synapsor/local.db")
    }

    /// Sets a variable for the commands and servers started from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// What a variable is set to.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Removes a variable likewise.
    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.retain(|(known, _)| known != name);
    }

    /// The binary with this world's config and environment and nothing else.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(words).arg("--config").arg(self.config_path()).current_dir(self.folder.path());
        command.env_clear().envs(self.environment.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Answered {
        self.command(words).output().expect("the binary runs").into()
    }

    /// Runs a command with `--json` and reads its document.
    pub(crate) fn ask(&self, words: &[&str]) -> Json {
        self.run(&[words, &["--json"]].concat()).json()
    }

    /// A session with `mcp serve`.
    pub(crate) async fn client(&self) -> Client {
        // The client hands its own environment on, so the world's is set by a shell-free `env`.
        let mut words: Vec<String> = vec!["-i".into()];
        words.extend(self.environment.iter().map(|(name, value)| format!("{name}={value}")));
        words.extend([BINARY, "mcp", "serve", "--config"].map(str::to_owned));
        let config = self.config_path();
        let mut words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        words.push(config.as_os_str());
        Client::start(OsStr::new("env"), &words).await.expect("the server starts")
    }

    /// Approves and applies; the report.
    pub(crate) fn approve(&self, proposal: &str) {
        let decided = self.ask(&["proposals", "approve", proposal, "--actor", "lead", "--yes"]);
        assert_eq!(decided["state"], json!("approved"), "{decided}");
    }

    /// The invoice as the database has it now.
    pub(crate) async fn invoice(&self, id: &str) -> Invoice {
        let text = |column: &str| match self.database.engine() {
            Engine::Mysql => format!("CAST({column} AS CHAR)"),
            _ => format!("CAST({column} AS TEXT)"),
        };
        let sql = format!(
            "SELECT {}, waiver_reason, {} FROM invoices WHERE id = '{id}'",
            text("late_fee_cents"),
            text("updated_at")
        );
        let mut rows = self.database.query_text(&sql).await;
        assert_eq!(rows.len(), 1, "{id}");
        let mut row = rows.remove(0).into_iter();
        let mut next = || row.next().expect("a column");
        Invoice {
            late_fee_cents: next().expect("not null"),
            waiver_reason: next(),
            updated_at: next().expect("not null"),
        }
    }

    /// Rows of the receipts table in the source; 0 when there is no such table.
    pub(crate) async fn receipts(&self) -> usize {
        let exists = match self.database.engine() {
            Engine::Sqlite => {
                "SELECT name FROM sqlite_master WHERE name = 'synapsor_writeback_receipts'".to_owned()
            }
            Engine::Postgres => {
                "SELECT relname::text FROM pg_class WHERE relname = 'synapsor_writeback_receipts'".to_owned()
            }
            Engine::Mysql => format!(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = '{}' AND table_name = 'synapsor_writeback_receipts'",
                self.database.schema()
            ),
        };
        if self.database.query_text(&exists).await.is_empty() {
            return 0;
        }
        self.database.query_text("SELECT proposal_id FROM synapsor_writeback_receipts").await.len()
    }
}

fn schema(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => include_str!("../../fixtures/demo/sqlite.sql"),
        Engine::Postgres => include_str!("../../fixtures/demo/postgres.sql"),
        Engine::Mysql => include_str!("../../fixtures/demo/mysql.sql"),
    }
}

/// Calls a tool with a JSON object.
pub(crate) async fn call(client: &Client, tool: &str, arguments: Json) -> ToolResult {
    let arguments: Map<String, Json> = arguments.as_object().cloned().expect("an object");
    client.call(tool, arguments).await.expect("an answer")
}

/// Proposes, and returns the proposal's id.
pub(crate) async fn propose(client: &Client, tool: &str, invoice: &str, reason: &str) -> String {
    let result = call(client, tool, json!({ "invoice_id": invoice, "reason": reason })).await;
    assert!(!result.is_error, "{}", result.content);
    result.content["proposal"]["id"].as_str().expect("an id").to_owned()
}
