//! A bench for one test: a real source with one table, a real ledger, and a desk between them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use synapsor_config::{
    Acknowledgement, Binding, Capability, Config, ConflictGuard, Context, Executor, HandlerIsolation,
    HandlerTrust, Keeping, Location, Logic as ConfigLogic, Mode, ProposalRules, RateLimits, ReceiptsMode,
    ResultFormat, Source, TableTarget,
};
use synapsor_ledger::{Ledger, Opening, StoredProposal};
use synapsor_protocol::change_set::CHANGE_SET_SCHEMA;
use synapsor_protocol::evidence::EVIDENCE_SCHEMA;
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::standin::{CountingIds, SteppingClock};
use synapsor_protocol::{
    Advance, AuditId, ChangeSet, Clock, Code, Columns, Digest, Engine, EvidenceBundle, EvidenceId, Guard,
    Ids, Logic, Moment, Outcome, Proposal, ProposalId, ProposalState, Provenance, QueryAudit,
    RedactedColumns, Refusal, Target, TrustedContext, Value,
};
use synapsor_source::{Connect, RowQuery, SourceSettings, Sources};
use synapsor_test_servers::TestDatabase;
use synapsor_writeback::{ApplyReport, Desk, ExecutorSettings, RECEIPTS_TABLE, WriteSettings};

pub(crate) const SOURCE: &str = "billing";
pub(crate) const CAPABILITY: &str = "billing.waive_fee";

/// What a test may want otherwise than usual.
pub(crate) struct Setup {
    pub(crate) engine: Engine,
    pub(crate) guard: ConflictGuard,
    pub(crate) mode: Mode,
    pub(crate) source_read_only: bool,
    pub(crate) executor: String,
    pub(crate) receipts: ReceiptsMode,
    /// What the config acknowledges of the target.
    pub(crate) acknowledged: Vec<Acknowledgement>,
    /// What the config's capability is digested as; proposals are always made under `capability`.
    pub(crate) capability: &'static str,
    /// Instead of the database's own address.
    pub(crate) connect: Option<Connect>,
    /// Where the executor of that name is.
    pub(crate) executors: Vec<ExecutorSettings>,
}

impl Setup {
    pub(crate) fn on(engine: Engine) -> Self {
        Self {
            engine,
            guard: version(Advance::Increment),
            mode: Mode::Review,
            source_read_only: false,
            executor: "sql_update".into(),
            receipts: ReceiptsMode::Auto,
            acknowledged: Vec::new(),
            capability: "capability",
            connect: None,
            executors: Vec::new(),
        }
    }

    pub(crate) fn guard(self, guard: ConflictGuard) -> Self {
        Self { guard, ..self }
    }

    pub(crate) async fn bench(self) -> Bench {
        let database = synapsor_test_servers::database(self.engine).await;
        for sql in schema(self.engine) {
            database.execute(sql).await;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ids: Arc<dyn Ids> = Arc::new(CountingIds::from(1));
        let opening = Opening { create: true, clock: Arc::new(stopped()), ids: Arc::clone(&ids) };
        let ledger = Ledger::open(&folder.path().join("ledger.db"), opening).await.expect("a fresh ledger");
        Bench { database, ledger, ids, setup: self, _folder: folder }
    }
}

/// The version column as the guard.
pub(crate) fn version(advance: Advance) -> ConflictGuard {
    ConflictGuard::Column { column: "version".into(), advance }
}

/// The timestamp column as the guard.
pub(crate) fn updated_at(advance: Advance) -> ConflictGuard {
    ConflictGuard::Column { column: "updated_at".into(), advance }
}

pub(crate) struct Bench {
    pub(crate) database: TestDatabase,
    pub(crate) ledger: Ledger,
    pub(crate) setup: Setup,
    ids: Arc<dyn Ids>,
    _folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) async fn on(engine: Engine) -> Self {
        Setup::on(engine).bench().await
    }

    pub(crate) fn engine(&self) -> Engine {
        self.setup.engine
    }

    /// A desk over the present setup.
    pub(crate) fn desk(&self) -> Desk {
        let connect = self.setup.connect.clone().unwrap_or_else(|| self.connect());
        let writer = WriteSettings {
            name: SOURCE.into(),
            engine: self.engine(),
            connect,
            statement_timeout_ms: 5_000,
        };
        self.desk_with(vec![writer])
    }

    pub(crate) fn desk_with(&self, writers: Vec<WriteSettings>) -> Desk {
        let config = Arc::new(self.config());
        Desk::new(
            self.ledger.clone(),
            config,
            writers,
            Arc::new(stopped()),
            Arc::clone(&self.ids),
            "runner-1".into(),
        )
        .with_executors(self.setup.executors.clone())
    }

    pub(crate) fn connect(&self) -> Connect {
        match self.engine() {
            Engine::Sqlite => Connect::File(self.database.path().to_owned()),
            Engine::Postgres | Engine::Mysql => Connect::Url(self.database.url().to_owned()),
        }
    }

    /// Proposes a change of INV-1 of tenant `acme`, as it is in the source now.
    pub(crate) async fn propose(&self, patch: &[(&str, Value)]) -> StoredProposal {
        self.propose_for("acme", patch).await
    }

    pub(crate) async fn propose_for(&self, tenant: &str, patch: &[(&str, Value)]) -> StoredProposal {
        let patch: Columns = patch.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let before = self.read(tenant).await;
        let mut after = before.clone();
        after.extend(patch.clone());
        let guard = match &self.setup.guard {
            ConflictGuard::WeakAck => Guard::Row,
            ConflictGuard::Column { column, advance } => Guard::Version {
                column: column.clone(),
                expected: before.get(column).cloned().expect("the guard column was read"),
                advance: *advance,
            },
        };
        let target = self.target();
        let change_set = ChangeSet {
            schema_version: CHANGE_SET_SCHEMA.into(),
            capability: CAPABILITY.into(),
            capability_digest: Digest::of_bytes(b"capability"),
            tenant: tenant.into(),
            principal: "agent".into(),
            target: Target {
                source: SOURCE.into(),
                engine: self.engine(),
                schema: target.schema,
                table: target.table,
                key_column: target.primary_key,
                key: Value::Text("INV-1".into()),
                tenant_column: target.tenant_key,
            },
            before: before.clone(),
            redacted: RedactedColumns::new(),
            patch,
            after,
            guard,
            allowed_columns: allowed().into_iter().collect(),
            executor: self.setup.executor.clone(),
            logic: Logic::Declarative,
            summary: None,
        };
        self.record(change_set, before).await
    }

    pub(crate) async fn record(&self, change_set: ChangeSet, row: Columns) -> StoredProposal {
        let now = stopped().now();
        let evidence = EvidenceBundle {
            schema_version: EVIDENCE_SCHEMA.into(),
            evidence_id: EvidenceId::mint(&*self.ids),
            capability: CAPABILITY.into(),
            tenant: change_set.tenant.clone(),
            principal: change_set.principal.clone(),
            source: SOURCE.into(),
            schema: change_set.target.schema.clone(),
            table: change_set.target.table.clone(),
            key: change_set.target.key.clone(),
            row,
            redacted: RedactedColumns::new(),
            arguments: Columns::new(),
            received_at: now,
            handler: None,
            reads: Vec::new(),
            log: Vec::new(),
            usage: None,
            budget: None,
        };
        let audit = QueryAudit {
            audit_id: AuditId::mint(&*self.ids),
            capability: CAPABILITY.into(),
            tenant: Some(change_set.tenant.clone()),
            principal: Some(change_set.principal.clone()),
            source: Some(SOURCE.into()),
            table: None,
            fingerprint: None,
            row_count: 1,
            refused: None,
            evidence_id: Some(evidence.evidence_id.clone()),
            trace: None,
            delegated: None,
            at: now,
        };
        let (evidence_id, digest) = (evidence.evidence_id.clone(), evidence.digest().expect("a digest"));
        let id = ProposalId::mint(&*self.ids);
        let proposal = Proposal::seal(id, ProposalMode::Review, change_set, evidence_id, digest, now);
        let recorded =
            self.ledger.notebook().record_proposal(proposal.expect("sealed"), evidence, audit).await;
        recorded.expect("recorded").proposal
    }

    /// Proposes and approves.
    pub(crate) async fn approved(&self, patch: &[(&str, Value)]) -> ProposalId {
        let proposal = self.propose(patch).await;
        self.approve(&proposal).await
    }

    pub(crate) async fn approve(&self, stored: &StoredProposal) -> ProposalId {
        let proposal = &stored.proposal;
        let approved = self.desk().approve(&proposal.proposal_id, &proposal.digest, "alice", None).await;
        approved.expect("a pending proposal").proposal.proposal_id
    }

    pub(crate) async fn apply(&self, id: &ProposalId) -> Result<ApplyReport, Refusal> {
        self.desk().apply(id, false).await
    }

    /// Applies, and insists on how it ended.
    pub(crate) async fn apply_to(&self, id: &ProposalId, expected: Outcome) -> ApplyReport {
        let report = self.apply(id).await.expect("an ended apply");
        assert_eq!(report.outcome, Some(expected), "{report:?}");
        report
    }

    /// Adds to the config what the refusal of a change says is missing there, and nothing else.
    pub(crate) async fn acknowledge(&mut self) {
        let id = self.approved(&[("note", Value::Text("probe".into()))]).await;
        let refusal = self.desk().apply(&id, true).await.expect_err("something to acknowledge");
        assert_eq!(refusal.code, Code::TargetNotAcknowledged, "{refusal:?}");
        let hint = refusal.hint.expect("what to add");
        let entries =
            hint.split_once("add ").and_then(|(_, rest)| rest.split_once(" to `target_acknowledgements`"));
        let (entries, _) = entries.expect("the entries");
        let entries: Vec<serde_json::Value> =
            serde_json::from_str(&format!("[{entries}]")).expect("JSON as the config takes it");
        let text = |entry: &serde_json::Value, key: &str| entry[key].as_str().expect("a text").to_owned();
        let acknowledged = entries.iter().map(|entry| Acknowledgement {
            kind: serde_json::from_value(entry["kind"].clone()).expect("a kind"),
            name: text(entry, "name"),
            digest: text(entry, "digest").try_into().expect("a digest"),
        });
        self.setup.acknowledged.extend(acknowledged);
    }

    pub(crate) async fn state(&self, id: &ProposalId) -> ProposalState {
        self.ledger.proposal(id).await.expect("the proposal").state
    }

    /// The row of INV-1 as another client of the database sees it.
    pub(crate) async fn row(&self) -> Vec<Option<String>> {
        let sql = "SELECT tenant_id, fee_cents, note, version FROM invoices WHERE id = 'INV-1'";
        self.database.query_text(sql).await.into_iter().next().unwrap_or_default()
    }

    pub(crate) async fn fee(&self) -> String {
        self.database.scalar("SELECT fee_cents FROM invoices WHERE id = 'INV-1'").await.expect("a fee")
    }

    pub(crate) async fn version(&self) -> String {
        self.database.scalar("SELECT version FROM invoices WHERE id = 'INV-1'").await.expect("a version")
    }

    /// What the source's receipts say, in order.
    pub(crate) async fn receipts(&self) -> Vec<String> {
        if !self.has_receipts_table().await {
            return Vec::new();
        }
        let sql = format!("SELECT decision FROM {RECEIPTS_TABLE} ORDER BY created_at, idempotency_key");
        self.database.query_text(&sql).await.into_iter().flatten().flatten().collect()
    }

    pub(crate) async fn has_receipts_table(&self) -> bool {
        let sql = match self.engine() {
            Engine::Sqlite => "SELECT count(*) FROM sqlite_schema WHERE name = 'synapsor_writeback_receipts'",
            Engine::Postgres => {
                "SELECT count(*) FROM pg_class WHERE relname = 'synapsor_writeback_receipts' AND relkind = 'r'"
            }
            Engine::Mysql => {
                "SELECT count(*) FROM information_schema.tables
                 WHERE table_schema = DATABASE() AND table_name = 'synapsor_writeback_receipts'"
            }
        };
        self.database.scalar(sql).await.as_deref() == Some("1")
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.database.execute(sql).await;
    }

    async fn read(&self, tenant: &str) -> Columns {
        let sources = Sources::new([SourceSettings {
            name: SOURCE.into(),
            engine: self.engine(),
            connect: self.connect(),
            statement_timeout_ms: 5_000,
            connections_max: 1,
            acquire_timeout_ms: 5_000,
        }]);
        let query = RowQuery {
            source: SOURCE.into(),
            target: self.target(),
            columns: captured(),
            key: Value::Text("INV-1".into()),
        };
        #[expect(clippy::disallowed_methods, reason = "a test has no invocation that would establish it")]
        let context = TrustedContext::establish(tenant.into(), "agent".into(), Provenance::StaticDev);
        sources.read_one(&query, &context).await.expect("the row").into_columns()
    }

    fn target(&self) -> TableTarget {
        TableTarget {
            schema: self.database.schema().into(),
            table: "invoices".into(),
            primary_key: "id".into(),
            tenant_key: Some("tenant_id".into()),
        }
    }

    fn config(&self) -> Config {
        let source = Arc::new(Source {
            name: SOURCE.into(),
            engine: self.engine(),
            location: Location::File { path: PathBuf::from("unused") },
            statement_timeout_ms: 5_000,
            read_only: self.setup.source_read_only,
            receipts: self.setup.receipts,
        });
        let context = Arc::new(Context::CloudSession);
        let rules = ProposalRules {
            logic: ConfigLogic::Patch(BTreeMap::from([(
                "fee_cents".into(),
                Binding::Fixed(Value::Integer(0)),
            )])),
            allowed_columns: allowed(),
            numeric_bounds: BTreeMap::new(),
            transition_guards: BTreeMap::new(),
            guard: self.setup.guard.clone(),
            target_acknowledgements: self.setup.acknowledged.clone(),
            executor: self.setup.executor.clone(),
            required_role: None,
        };
        let capability = Capability {
            name: CAPABILITY.into(),
            description: String::new(),
            returns_hint: None,
            source: Arc::clone(&source),
            context_name: "trusted_context".into(),
            context: Arc::clone(&context),
            target: self.target(),
            args: Vec::new(),
            lookup_arg: "id".into(),
            visible_columns: captured(),
            redact: Vec::new(),
            scopes: Vec::new(),
            proposal: Some(rules),
            digest: Digest::of_bytes(self.setup.capability.as_bytes()),
        };
        Config {
            mode: self.setup.mode,
            result_format: ResultFormat::V2,
            storage: None,
            keeping: Keeping::default(),
            sources: BTreeMap::from([(SOURCE.into(), source)]),
            contexts: BTreeMap::from([("trusted_context".into(), context)]),
            handler_trust: HandlerTrust::default(),
            handler_isolation: HandlerIsolation::default(),
            handler_cache: true,
            executors: self.setup.executors.iter().map(|one| (one.name.clone(), command())).collect(),
            prompts: Vec::new(),
            authentication: None,
            rate_limits: RateLimits::default(),
            cloud: None,
            capabilities: vec![Arc::new(capability)],
        }
    }
}

/// Only that there is one of the name counts here; how it is reached is the desk's.
fn command() -> Executor {
    Executor::CommandHandler { command_env: "UNUSED".into(), environment: Vec::new(), timeout_ms: 1 }
}

fn captured() -> Vec<String> {
    ["id", "tenant_id", "fee_cents", "note", "version", "updated_at"].map(str::to_owned).to_vec()
}

fn allowed() -> BTreeSet<String> {
    ["fee_cents", "note"].map(str::to_owned).into()
}

/// One invoice of `acme`. The tenant column compares without case on every engine, as many real ones do; no trigger moves
/// the version.
fn schema(engine: Engine) -> Vec<&'static str> {
    const INVOICE: &str = "INSERT INTO invoices (id, tenant_id, fee_cents, note, version, updated_at)
        VALUES ('INV-1', 'acme', 5500, 'late', 7, '2026-01-02 03:04:05.678901')";
    match engine {
        Engine::Sqlite => vec![
            "CREATE TABLE invoices (
               id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL COLLATE NOCASE,
               fee_cents INTEGER NOT NULL CHECK (fee_cents <> 13), note TEXT,
               version INTEGER NOT NULL, updated_at TEXT NOT NULL)",
            INVOICE,
        ],
        Engine::Postgres => vec![
            "CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
            "CREATE TABLE invoices (
               id text PRIMARY KEY, tenant_id text NOT NULL COLLATE any_case,
               fee_cents bigint NOT NULL CHECK (fee_cents <> 13), note varchar(8),
               version bigint NOT NULL, updated_at timestamptz NOT NULL)",
            "SET TimeZone = 'UTC'; INSERT INTO invoices (id, tenant_id, fee_cents, note, version, updated_at)
             VALUES ('INV-1', 'acme', 5500, 'late', 7, '2026-01-02 03:04:05.678901')",
        ],
        Engine::Mysql => vec![
            "CREATE TABLE invoices (
               id varchar(32) PRIMARY KEY, tenant_id varchar(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
               fee_cents bigint NOT NULL CHECK (fee_cents <> 13), note varchar(8),
               version bigint NOT NULL, updated_at datetime(6) NOT NULL) ENGINE=InnoDB",
            INVOICE,
        ],
    }
}

/// A clock that stands still: no test depends on time.
pub(crate) fn stopped() -> SteppingClock {
    SteppingClock::new(Moment::from_micros(1_767_322_800_000_000).expect("in range"), 0)
}
