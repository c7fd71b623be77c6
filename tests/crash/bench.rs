//! A bench of many trials: a real database with three rows, and a ledger in which one proposal is approved.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;
use synapsor_test_servers::TestDatabase;
use tempfile::TempDir;
use tokio::process::Command;

use crate::invariants::Source;

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_synapsor");
const READ_URL: &str = "APP_READ_URL";
const WRITE_URL: &str = "APP_WRITE_URL";
/// Longer than all of a runner's own limits together.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) const CAPABILITY: &str = "billing.propose_late_fee_waiver";
/// What the approved proposal sets.
pub(crate) const REASON: &str = "bank delay";

/// The target, a neighbour of the same tenant, and a stranger.
const ROWS: &str = "
DELETE FROM invoices;
INSERT INTO invoices VALUES
  ('INV-1', 'acme',    'overdue', 5500, NULL, 7),
  ('INV-2', 'acme',    'overdue', 5500, NULL, 7),
  ('INV-9', 'otherco', 'overdue', 5500, NULL, 7);
DELETE FROM synapsor_writeback_receipts";

/// What a command answered, or that it died.
#[derive(Clone)]
pub(crate) struct Answered {
    /// `None` for a process that a signal ended.
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answered {
    /// The document; of a queue's, what came of the one proposal in it.
    pub(crate) fn json(&self) -> Json {
        let mut document: Json = serde_json::from_str(&self.stdout).unwrap_or(Json::Null);
        document.pointer_mut("/results/0").map(Json::take).unwrap_or(document)
    }

    /// The outcome or the refusal's code; for people and for the table.
    pub(crate) fn word(&self) -> String {
        let document = self.json();
        let word = document["outcome"].as_str().or(document["error"]["code"].as_str());
        match (self.exit, word) {
            (None, _) => "killed".into(),
            (Some(0), Some(word)) => word.into(),
            (Some(exit), word) => format!("{} ({exit})", word.unwrap_or("nothing")),
        }
    }

    /// Whether it says that this run changed the source: `yes`, `no` or `unknown`.
    pub(crate) fn source_changed(&self) -> Option<String> {
        let document = self.json();
        let said = document["source_changed"].as_str().or(document["error"]["source_changed"].as_str());
        said.map(str::to_owned)
    }
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} {} {}]", self.word(), self.stdout.trim(), self.stderr.trim())
    }
}

impl From<Output> for Answered {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { exit: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) database: TestDatabase,
    template: TempDir,
    pub(crate) proposal: String,
    /// How long an apply takes that nothing breaks.
    pub(crate) apply_time: Duration,
}

/// A folder with a config and a ledger, in which one apply is broken.
pub(crate) struct Desk<'a> {
    pub(crate) bench: &'a Bench,
    folder: Option<TempDir>,
    /// Which one is applied.
    pub(crate) proposal: String,
    /// The source before anything was applied.
    pub(crate) before: Source,
}

impl Bench {
    /// A fresh database, and the proposal made and approved through the binary.
    pub(crate) async fn new(engine: Engine) -> Self {
        Self::on(synapsor_test_servers::database(engine).await).await
    }

    /// The same on a database that is there.
    pub(crate) async fn on(database: TestDatabase) -> Self {
        let mut bench = Self::bare_on(database).await;
        bench.proposal = bench.propose("INV-1", REASON).await;
        bench.approve(&bench.proposal).await;
        let (desk, started) = (bench.desk().await, Instant::now());
        let answered = finished(&mut desk.apply(None)).await;
        assert_eq!(answered.word(), "applied", "{answered:?}");
        drop(desk);
        bench.apply_time = started.elapsed();
        bench
    }

    /// A fresh database with its rows; no proposal yet.
    pub(crate) async fn bare(engine: Engine) -> Self {
        Self::bare_on(synapsor_test_servers::database(engine).await).await
    }

    async fn bare_on(database: TestDatabase) -> Self {
        let engine = database.engine();
        let table = "CREATE TABLE invoices (
            id varchar(64) PRIMARY KEY, tenant_id varchar(64) NOT NULL, status varchar(32) NOT NULL,
            late_fee_cents bigint NOT NULL, waiver_reason varchar(500), version bigint NOT NULL)";
        database.execute(table).await;
        database.execute(synapsor_writeback::receipts_table_ddl(engine)).await;
        database.execute(ROWS).await;
        let template = tempfile::tempdir().expect("a folder");
        let bench = Self { engine, database, template, proposal: String::new(), apply_time: Duration::ZERO };
        fs::write(config_path(bench.template.path()), bench.config().to_string()).expect("the config");
        bench
    }

    fn config(&self) -> Json {
        let source = match self.engine {
            Engine::Sqlite => json!({ "engine": "sqlite", "path": self.database.path() }),
            engine => json!({ "engine": engine, "read_url_env": READ_URL, "write_url_env": WRITE_URL }),
        };
        json!({
            "version": 1, "mode": "review", "result_format": 2,
            "storage": { "sqlite_path": "./.synapsor/local.db" },
            "sources": { "app": source },
            "contexts": { "desk": {
                "provider": "static_dev", "values": { "tenant_id": "acme", "principal": "support.agent" } } },
            "capabilities": [{
                "name": CAPABILITY, "kind": "proposal", "source": "app", "context": "desk",
                "description": "Proposes to waive the late fee of one invoice.",
                "target": { "schema": self.database.schema(), "table": "invoices",
                            "primary_key": "id", "tenant_key": "tenant_id" },
                "args": { "invoice_id": { "type": "string", "max_length": 64, "description": "Which invoice." },
                          "reason": { "type": "string", "max_length": 500, "description": "Why." } },
                "lookup": { "id_from_arg": "invoice_id" },
                "visible_columns": ["id", "status", "late_fee_cents", "waiver_reason", "version"],
                "patch": { "late_fee_cents": { "fixed": 0 }, "waiver_reason": { "from_arg": "reason" } },
                "allowed_columns": ["late_fee_cents", "waiver_reason"],
                "numeric_bounds": { "late_fee_cents": { "minimum": 0, "maximum": 10000 } },
                "conflict_guard": { "column": "version", "advance": "increment" },
                "approval": { "mode": "human", "required_role": "billing_lead" }
            }]
        })
    }

    /// Proposes in the template's ledger; the proposal's id.
    pub(crate) async fn propose(&self, invoice: &str, reason: &str) -> String {
        let answered = finished(&mut self.propose_command(self.template.path(), invoice, reason)).await;
        let id = answered.json()["proposal"]["proposal_id"].as_str().map(str::to_owned);
        id.unwrap_or_else(|| panic!("no proposal: {answered:?}"))
    }

    pub(crate) fn propose_command(&self, folder: &Path, invoice: &str, reason: &str) -> Command {
        let arguments = json!({ "invoice_id": invoice, "reason": reason }).to_string();
        self.command(folder, &["propose", CAPABILITY, "--args", &arguments], None)
    }

    /// Approves in the template's ledger.
    pub(crate) async fn approve(&self, proposal: &str) {
        let answered = finished(&mut self.approve_command(self.template.path(), proposal)).await;
        assert_eq!(answered.exit, Some(0), "{answered:?}");
    }

    pub(crate) fn approve_command(&self, folder: &Path, proposal: &str) -> Command {
        self.command(folder, &["proposals", "approve", proposal, "--actor", "lead", "--yes"], None)
    }

    pub(crate) fn list_command(&self, folder: &Path) -> Command {
        self.command(folder, &["proposals", "list"], None)
    }

    /// `synapsor apply`, not started.
    pub(crate) fn apply(&self, folder: &Path, proposal: &str, write_url: Option<&str>) -> Command {
        self.command(folder, &["apply", proposal], write_url)
    }

    /// Where the template is.
    pub(crate) fn folder(&self) -> &Path {
        self.template.path()
    }

    /// The template's ledger.
    pub(crate) fn ledger(&self) -> PathBuf {
        ledger_path(self.folder())
    }

    /// The binary on a folder, with `--json`; `write_url` stands in for the write credential's.
    pub(crate) fn command(&self, folder: &Path, words: &[&str], write_url: Option<&str>) -> Command {
        let mut command = Command::new(BINARY);
        command.args(words).args(["--json", "--config"]).arg(config_path(folder)).current_dir(folder);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        if self.engine != Engine::Sqlite {
            let direct = self.database.url();
            command.env(READ_URL, direct).env(WRITE_URL, write_url.unwrap_or(direct));
        }
        command
    }

    /// A copy of the template's ledger in a folder of its own, beside the source as it was reviewed.
    pub(crate) async fn desk(&self) -> Desk<'_> {
        let desk = self.blank_desk().await;
        copy(self.template.path(), desk.folder());
        desk
    }

    /// The same without the ledger: nothing is proposed yet.
    pub(crate) async fn blank_desk(&self) -> Desk<'_> {
        // A server that is killed must not lose the rows a trial starts from.
        let lasting = if self.engine == Engine::Postgres { "SET synchronous_commit = on;" } else { "" };
        self.database.execute(&format!("{lasting} {ROWS}")).await;
        let folder = tempfile::tempdir().expect("a folder");
        fs::copy(config_path(self.template.path()), config_path(folder.path())).expect("a copy");
        let (proposal, before) = (self.proposal.clone(), Source::of(&self.database).await);
        Desk { bench: self, folder: Some(folder), proposal, before }
    }
}

impl Desk<'_> {
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_ref().expect("kept until the end").path()
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        ledger_path(self.folder())
    }

    /// `synapsor apply`, not started.
    pub(crate) fn apply(&self, write_url: Option<&str>) -> Command {
        self.bench.apply(self.folder(), &self.proposal, write_url)
    }

    pub(crate) async fn source(&self) -> Source {
        Source::of(&self.bench.database).await
    }

    /// Leaves the folder on the disk, for a person to look at.
    pub(crate) fn keep(mut self) -> Option<PathBuf> {
        self.folder.take().map(TempDir::keep)
    }
}

/// Runs a command to its end.
pub(crate) async fn finished(command: &mut Command) -> Answered {
    match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(output) => output.expect("the binary runs").into(),
        Err(_) => panic!("a command took more than {PATIENCE:?}: {command:?}"),
    }
}

fn config_path(folder: &Path) -> PathBuf {
    folder.join("synapsor.runner.json")
}

/// Where the ledger of a folder is.
pub(crate) fn ledger_path(folder: &Path) -> PathBuf {
    folder.join(".synapsor/local.db")
}

/// With permissions, which the ledger insists on.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            fs::create_dir_all(&target).expect("a folder");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}
