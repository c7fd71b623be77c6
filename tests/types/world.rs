//! A database, a ledger, the model's side and a person's side, for one test; the rooms themselves, without the binary.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use synapsor_config::{Config, ConflictGuard};
use synapsor_invocation::{Answer, Handlers, Parts, Runtime, ToolCall};
use synapsor_ledger::{Ledger, Opening};
use synapsor_protocol::{Clock, Columns, Engine, Environment, Ids, Moment, Proposal, Refusal, Value};
use synapsor_source::{Connect, SourceSettings, Sources};
use synapsor_test_servers::{Session, TestDatabase};
use synapsor_writeback::{ApplyReport, Desk, WriteSettings};
use tokio::sync::Mutex;

use crate::config;

/// One row and what a call does with it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) table: String,
    pub(crate) tenant_column: &'static str,
    pub(crate) tenant: String,
    pub(crate) key_column: &'static str,
    pub(crate) key: Value,
    pub(crate) guard: ConflictGuard,
    /// Columns read beside key, tenant, guard and patch.
    pub(crate) captured: Vec<String>,
    /// Values a caller can send are arguments; bytes and JSON are bound by the config, as a handler's answer would be.
    pub(crate) patch: Columns,
}

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    witness: Mutex<Session>,
    ledger: Ledger,
    sources: Sources,
    ids: Arc<dyn Ids>,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn on(engine: Engine) -> Self {
        let database = synapsor_test_servers::database(engine).await;
        let folder = synapsor_test_servers::folder();
        let witness = Mutex::new(database.session().await);
        let ids: Arc<dyn Ids> = Arc::new(Counting(AtomicU64::new(1)));
        let opening = Opening { create: true, clock: Arc::new(Stopped), ids: Arc::clone(&ids) };
        let ledger = Ledger::open(&folder.path().join("ledger.db"), opening).await.expect("a ledger");
        let sources = Sources::new([SourceSettings {
            name: config::SOURCE.into(),
            engine,
            connect: connect(&database),
            statement_timeout_ms: 10_000,
            connections_max: 2,
            acquire_timeout_ms: 10_000,
        }]);
        Self { database, witness, ledger, sources, ids, _folder: folder }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.database.engine()
    }

    /// What the witness sees.
    pub(crate) async fn seen(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.witness.lock().await.query_text(sql).await
    }

    /// Somebody who makes this call, and somebody who decides about it.
    pub(crate) fn desk(&self, call: Call) -> Both<'_> {
        let config = config::config(self.engine(), self.database.schema(), &call);
        Both { world: self, call, config: Arc::new(config) }
    }
}

/// Both sides of the runner over one call.
pub(crate) struct Both<'w> {
    world: &'w World,
    call: Call,
    config: Arc<Config>,
}

impl Both<'_> {
    /// The model's side proposes.
    pub(crate) async fn propose(&self) -> Result<Proposal, Refusal> {
        match self.invoke(config::PROPOSAL).await? {
            Answer::Proposal(answer) => Ok(answer.proposal),
            Answer::Read(_) | Answer::Delegated(_) => panic!("a proposal capability answers with a proposal"),
        }
    }

    /// The model's side reads.
    pub(crate) async fn read(&self) -> Result<Columns, Refusal> {
        match self.invoke(config::READ).await? {
            Answer::Read(answer) => Ok(answer.data),
            Answer::Proposal(_) | Answer::Delegated(_) => panic!("a read capability answers with a row"),
        }
    }

    /// A person approves and applies.
    pub(crate) async fn carry_out(&self, proposal: &Proposal) -> Result<ApplyReport, Refusal> {
        let writer = WriteSettings {
            name: config::SOURCE.into(),
            engine: self.world.engine(),
            connect: connect(&self.world.database),
            statement_timeout_ms: 10_000,
        };
        let (ledger, ids) = (self.world.ledger.clone(), Arc::clone(&self.world.ids));
        let (config, clock) = (Arc::clone(&self.config), Arc::new(Stopped));
        let desk = Desk::new(ledger, config, vec![writer], clock, ids, "runner-1".into());
        desk.approve(&proposal.proposal_id, &proposal.digest, "ann", None).await?;
        desk.apply(&proposal.proposal_id, false).await
    }

    async fn invoke(&self, capability: &str) -> Result<Answer, Refusal> {
        let variables = [(config::TENANT_ENV, self.call.tenant.as_str()), (config::PRINCIPAL_ENV, "agent")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let runtime = Runtime::new(Parts {
            config: Arc::clone(&self.config),
            read_only: false,
            sources: self.world.sources.clone(),
            handlers: Handlers::default(),
            notebook: self.world.ledger.notebook(),
            clock: Arc::new(Stopped),
            ids: Arc::clone(&self.world.ids),
            environment: Environment::new(variables),
        });
        let arguments = config::arguments(&self.call, capability);
        runtime.invoke(ToolCall::new(capability, arguments)).await
    }
}

fn connect(database: &TestDatabase) -> Connect {
    match database.engine() {
        Engine::Sqlite => Connect::File(database.path().to_owned()),
        Engine::Postgres | Engine::Mysql => Connect::Url(database.url().to_owned()),
    }
}

/// A clock that stands still: no value here depends on the runner's time.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Moment {
        Moment::from_micros(1_750_000_000_000_000).expect("in range")
    }
}

struct Counting(AtomicU64);

impl Ids for Counting {
    fn token(&self) -> String {
        format!("{:032x}", self.0.fetch_add(1, Ordering::Relaxed))
    }
}
