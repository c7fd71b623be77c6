//! What a smoke of the writeback stands on: a scratch, a config for it, a ledger in a folder that goes, a desk and a worker.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use synapsor_config::Config;
use synapsor_invocation::{Answer, Handlers, Parts, Runtime, ToolCall};
use synapsor_ledger::{Ledger, Opening, Place, Recipient};
use synapsor_protocol::fleet::Assignment;
use synapsor_protocol::{Engine, Environment, LOCAL_PROJECT, ProposalId, Refusal};
use synapsor_source::{Connect, SourceSettings, Sources};
use synapsor_writeback::{Desk, Scratch, WorkerDesk};
use tempfile::TempDir;

use crate::wiring;

/// The scratch, as the config names it.
const SOURCE: &str = "scratch";
/// The one capability.
const CAPABILITY: &str = "orders.propose_shipping";
/// Whoever decides, and whoever carries out.
const ACTOR: &str = "smoke";
/// The variable the config names; the scratch's URL is handed over without it.
const URL_ENV: &str = "SCRATCH_URL";
/// How long the worker may take for one job.
const LEASE_SECONDS: u32 = 3_600;

/// The whole way of a change: who asks, who decides, who carries out.
pub(super) struct Ground {
    runtime: Runtime,
    pub(super) desk: Desk,
    pub(super) worker: WorkerDesk,
    ledger: Ledger,
    /// The ledger's; it goes with this.
    _folder: TempDir,
}

impl Ground {
    pub(super) async fn prepare(scratch: &Scratch) -> Result<Self, Refusal> {
        let folder = tempfile::Builder::new().prefix("synapsor-smoke-").tempdir().map_err(Refusal::bug)?;
        let opening = Opening { create: true, clock: wiring::clock(), ids: wiring::ids() };
        let ledger = Ledger::open(Place::File(folder.path().join("ledger.db")), opening);
        let ledger = ledger.await.map_err(|error| error.refusal())?;
        let config = config(scratch)?;
        let writer = scratch.settings(SOURCE);
        let reader = SourceSettings {
            name: SOURCE.to_owned(),
            engine: writer.engine,
            connect: writer.connect.clone(),
            statement_timeout_ms: writer.statement_timeout_ms,
            connections_max: 1,
            acquire_timeout_ms: writer.statement_timeout_ms,
        };
        let runtime = Runtime::new(Parts {
            config: Arc::clone(&config),
            read_only: false,
            sources: Sources::new([reader]),
            handlers: Handlers::default(),
            notebook: ledger.notebook(),
            clock: wiring::clock(),
            ids: wiring::ids(),
            environment: Environment::new([]),
        });
        let desk = Desk::new(
            ledger.clone(),
            Arc::clone(&config),
            vec![writer.clone()],
            wiring::clock(),
            wiring::ids(),
            ACTOR.to_owned(),
        );
        let worker = WorkerDesk::new(
            config,
            vec![writer],
            Vec::new(),
            wiring::clock(),
            wiring::ids(),
            ACTOR.to_owned(),
            SOURCE.to_owned(),
        );
        Ok(Self { runtime, desk, worker, ledger, _folder: folder })
    }

    /// A proposal to ship that order, with a person's yes.
    pub(super) async fn approved(&self, order: &str) -> Result<ProposalId, Refusal> {
        let arguments = Map::from_iter([("order_id".to_owned(), json!(order))]);
        let answer = self.runtime.invoke(ToolCall::new(CAPABILITY, arguments)).await?;
        let Answer::Proposal(answer) = answer else {
            return Err(Refusal::bug("a proposal was answered with something else"));
        };
        let (id, digest) = (answer.proposal.proposal_id, answer.proposal.digest);
        self.desk.approve(&id, &digest, ACTOR, None).await?;
        Ok(id)
    }

    /// The approved proposal's job, as a control plane gives it to a worker.
    pub(super) async fn assigned(&self) -> Result<Assignment, Refusal> {
        let recipient = Recipient {
            project_id: LOCAL_PROJECT.to_owned(),
            runner_id: ACTOR.to_owned(),
            lease_seconds: LEASE_SECONDS,
        };
        let claimed = self.ledger.claim(SOURCE, &recipient, 1).await.map_err(|error| error.refusal())?;
        claimed.into_iter().next().ok_or_else(|| Refusal::bug("an approved proposal was not given out"))
    }
}

/// What a person would have written for the scratch.
fn config(scratch: &Scratch) -> Result<Arc<Config>, Refusal> {
    let checked = synapsor_config::check(&document(scratch).to_string());
    checked.config.map(Arc::new).ok_or_else(|| {
        let problems: Vec<String> = checked.problems.iter().map(|problem| format!("{problem:?}")).collect();
        Refusal::bug(problems.join("; "))
    })
}

fn document(scratch: &Scratch) -> Json {
    let writer = scratch.settings(SOURCE);
    let timeout_ms = writer.statement_timeout_ms;
    let source = match &writer.connect {
        Connect::File(file) => {
            json!({ "engine": Engine::Sqlite, "path": file, "statement_timeout_ms": timeout_ms })
        }
        _ => json!({
            "engine": writer.engine,
            "read_url_env": URL_ENV,
            "write_url_env": URL_ENV,
            "statement_timeout_ms": timeout_ms,
        }),
    };
    json!({
        "version": 1,
        "mode": "review",
        "result_format": 2,
        "storage": { "sqlite_path": "./ledger.db" },
        "sources": { SOURCE: source },
        "contexts": {
            "desk": { "provider": "static_dev", "values": { "tenant_id": "acme", "principal": ACTOR } }
        },
        "capabilities": [{
            "name": CAPABILITY,
            "kind": "proposal",
            "description": "Proposes to ship one order.",
            "source": SOURCE,
            "context": "desk",
            "target": {
                "schema": scratch.schema(), "table": "orders", "primary_key": "id", "tenant_key": "tenant_id"
            },
            "args": {
                "order_id": { "type": "string", "max_length": 64, "description": "Order number, such as ORD-1." }
            },
            "lookup": { "id_from_arg": "order_id" },
            "visible_columns": ["id", "status", "total_cents", "version"],
            "patch": { "status": { "fixed": "shipped" } },
            "allowed_columns": ["status"],
            "conflict_guard": { "column": "version", "advance": "increment" },
            "approval": { "mode": "human" }
        }]
    })
}
