//! A runtime on a fresh SQLite source and ledger.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use synapsor_invocation::{Answer, Handlers, Parts, Runtime, ToolCall};
use synapsor_ledger::{Ledger, Opening, ProposalFilter, StoredProposal};
use synapsor_protocol::standin::{CountingIds, SteppingClock};
use synapsor_protocol::{Clock, Engine, Environment, Ids, Moment, Refusal};
use synapsor_source::{Connect, SourceSettings, Sources};
use tempfile::TempDir;

const SCHEMA: &str = "
CREATE TABLE tickets (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, status TEXT, credit INTEGER, note TEXT, secret_note TEXT, version INTEGER
);
INSERT INTO tickets VALUES
  ('T-1', 'acme', 'open', 100, NULL, 'for staff only', 1),
  ('T-2', 'acme', 'closed', 0, 'done', 'for staff only', 7),
  ('T-3', 'acme', NULL, 9007199254740993, NULL, NULL, NULL),
  ('T-9', 'otherco', 'open', 5, NULL, NULL, 1);
CREATE TABLE fees (id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, late_fee_cents INTEGER, version INTEGER);
INSERT INTO fees VALUES ('F-1', 'acme', 5500, 1), ('F-2', 'acme', 300, 1);
";

pub(crate) struct Desk {
    pub(crate) runtime: Runtime,
    pub(crate) ledger: Ledger,
    pub(crate) folder: TempDir,
}

/// The config most tests use; they change what they need.
pub(crate) fn config() -> Json {
    let target =
        json!({ "schema": "main", "table": "tickets", "primary_key": "id", "tenant_key": "tenant_id" });
    json!({
        "version": 1,
        "mode": "review",
        "sources": { "app": { "engine": "sqlite", "path": "app.db" } },
        "contexts": { "desk": { "provider": "environment" } },
        "capabilities": [
            {
                "name": "support.inspect_ticket", "kind": "read", "source": "app", "context": "desk", "target": target,
                "args": { "ticket_id": { "type": "string", "max_length": 16 } },
                "lookup": { "id_from_arg": "ticket_id" },
                "visible_columns": ["id", "status", "credit", "note"],
            },
            {
                "name": "support.propose_update", "kind": "proposal", "source": "app", "context": "desk", "target": target,
                "args": {
                    "ticket_id": { "type": "string" },
                    "status": { "type": "string", "enum": ["open", "pending", "closed"] },
                    "credit": { "type": "number", "minimum": -5, "maximum": 100_000 },
                    "urgent": { "type": "boolean", "required": false },
                    "note": { "type": "string", "required": false },
                },
                "lookup": { "id_from_arg": "ticket_id" },
                "visible_columns": ["id", "status", "credit", "note", "version"],
                "patch": {
                    "status": { "from_arg": "status" },
                    "credit": { "from_arg": "credit" },
                    "note": { "from_arg": "note" },
                },
                "allowed_columns": ["status", "credit", "note"],
                "numeric_bounds": { "credit": { "minimum": 0, "maximum": 1000 } },
                "transition_guards": { "status": { "allowed": { "open": ["open", "pending"], "pending": ["closed"] } } },
                "conflict_guard": { "column": "version" },
            },
        ],
    })
}

impl Desk {
    pub(crate) async fn new() -> Self {
        Self::with(&config(), &[("SYNAPSOR_TENANT_ID", "acme"), ("SYNAPSOR_PRINCIPAL", "agent")]).await
    }

    pub(crate) async fn with(config: &Json, environment: &[(&str, &str)]) -> Self {
        Self::with_handlers(config, environment, Handlers::default()).await
    }

    pub(crate) async fn with_handlers(
        config: &Json,
        environment: &[(&str, &str)],
        handlers: Handlers,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let source: PathBuf = folder.path().join("app.db");
        rusqlite::Connection::open(&source).and_then(|c| c.execute_batch(SCHEMA)).expect("the source");
        let checked = synapsor_config::check(&config.to_string());
        let config = checked.config.unwrap_or_else(|| panic!("{:#?}", checked.problems));
        let start = Moment::from_micros(1_750_000_000_000_000).expect("in range");
        let clock: Arc<dyn Clock> = Arc::new(SteppingClock::new(start, 1_000_000));
        let ids: Arc<dyn Ids> = Arc::new(CountingIds::default());
        let opening = Opening { create: true, clock: Arc::clone(&clock), ids: Arc::clone(&ids) };
        let ledger = Ledger::open(&folder.path().join("ledger.db"), opening).await.expect("the ledger");
        let runtime = Runtime::new(Parts {
            config: Arc::new(config),
            read_only: false,
            sources: Sources::new([SourceSettings {
                name: "app".into(),
                engine: Engine::Sqlite,
                connect: Connect::File(source),
                statement_timeout_ms: 2_000,
                connections_max: 2,
                acquire_timeout_ms: 2_000,
            }]),
            handlers,
            notebook: ledger.notebook(),
            clock,
            ids,
            environment: Environment::new(
                environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())),
            ),
        });
        Self { runtime, ledger, folder }
    }

    pub(crate) async fn call(&self, name: &str, arguments: Json) -> Result<Answer, Refusal> {
        let Json::Object(arguments) = arguments else { panic!("arguments are an object") };
        self.runtime.invoke(ToolCall::new(name, arguments)).await
    }

    /// The code a call is refused with.
    pub(crate) async fn refused(&self, name: &str, arguments: Json) -> String {
        match self.call(name, arguments).await {
            Ok(answer) => panic!("not refused: {answer:?}"),
            Err(refusal) => refusal.code.to_string(),
        }
    }

    /// Whether the bytes of the ledger's file or log hold a text.
    pub(crate) fn ledger_holds(&self, text: &str) -> bool {
        ["ledger.db", "ledger.db-wal"].iter().any(|file| {
            let bytes = std::fs::read(self.folder.path().join(file)).unwrap_or_default();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    }

    pub(crate) async fn proposals(&self) -> Vec<StoredProposal> {
        self.ledger.proposals(&ProposalFilter::default()).await.expect("a list")
    }
}
