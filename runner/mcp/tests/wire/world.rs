//! A runner as the demo sets it up, in a folder of its own: a real SQLite source, a real ledger, no handler loaded.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value as Json, json};
use synapsor_config::Location;
use synapsor_invocation::{Handlers, Parts, Runtime};
use synapsor_ledger::{Ledger, Opening};
use synapsor_protocol::standin::SteppingClock;
use synapsor_protocol::{Clock, Decision, Environment, Ids, Moment, ProposalId, Verdict};
use synapsor_source::{Connect, SourceSettings, Sources};
use tempfile::TempDir;

const CONFIG: &str = include_str!("../../../../fixtures/demo/synapsor.runner.json");
const SOURCE: &str = include_str!("../../../../fixtures/demo/sqlite.sql");

fn standing() -> SteppingClock {
    SteppingClock::new(Moment::from_micros(1_780_000_000_000_000).unwrap(), 0)
}

/// Counts over the whole process, so that two runners on one ledger never make the same id.
struct CountingIds;

impl Ids for CountingIds {
    fn token(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        format!("{:032x}", NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The folder goes when this does.
pub(crate) struct World {
    folder: Arc<TempDir>,
    pub(crate) runtime: Runtime,
    ledger: Ledger,
}

impl World {
    /// The demo as it is: review mode, second result form.
    pub(crate) async fn demo() -> Self {
        Self::with(|_| {}).await
    }

    /// The demo with the first result form.
    pub(crate) async fn first_form() -> Self {
        Self::with(|config| config["result_format"] = json!(1)).await
    }

    /// The demo with a changed config.
    pub(crate) async fn with(change: impl FnOnce(&mut Json)) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let source = rusqlite::Connection::open(source_file(folder.path())).unwrap();
        source.execute_batch(SOURCE).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(standing());
        let ids: Arc<dyn Ids> = Arc::new(CountingIds);
        let opening = Opening { create: true, clock, ids };
        let ledger = Ledger::open(&folder.path().join("ledger.db"), opening).await.unwrap();
        Self::over(folder, ledger, change)
    }

    /// The same folder and ledger, served for another tenant.
    pub(crate) fn of_tenant(&self, tenant: &str) -> Self {
        self.changed(|config| config["contexts"]["desk"]["values"]["tenant_id"] = json!(tenant))
    }

    /// The same folder and ledger, served for another principal of the same tenant.
    pub(crate) fn of_principal(&self, principal: &str) -> Self {
        self.changed(|config| config["contexts"]["desk"]["values"]["principal"] = json!(principal))
    }

    fn over(folder: Arc<TempDir>, ledger: Ledger, change: impl FnOnce(&mut Json)) -> Self {
        let mut config: Json = serde_json::from_str(CONFIG).unwrap();
        change(&mut config);
        let checked = synapsor_config::check(&config.to_string());
        let config = checked.config.unwrap_or_else(|| panic!("{:#?}", checked.problems));

        let sources = config.sources.values().map(|source| {
            let Location::File { path } = &source.location else { panic!("the demo's source is a file") };
            SourceSettings {
                name: source.name.clone(),
                engine: source.engine,
                connect: Connect::File(folder.path().join(path)),
                statement_timeout_ms: source.statement_timeout_ms,
                connections_max: 4,
                acquire_timeout_ms: 5_000,
            }
        });
        let sources = Sources::new(sources);
        let runtime = Runtime::new(Parts {
            config: Arc::new(config),
            read_only: false,
            sources,
            handlers: Handlers::default(),
            notebook: ledger.notebook(),
            clock: Arc::new(standing()),
            ids: Arc::new(CountingIds),
            environment: Environment::default(),
        });
        Self { folder, runtime, ledger }
    }

    /// Another runtime over the same folder and ledger, as a changed config would make it.
    pub(crate) fn changed(&self, change: impl FnOnce(&mut Json)) -> Self {
        Self::over(Arc::clone(&self.folder), self.ledger.clone(), change)
    }

    /// Decides a proposal as another process would: through a ledger of its own.
    pub(crate) async fn approve(&self, id: &str) {
        let opening = Opening { create: false, clock: Arc::new(standing()), ids: Arc::new(CountingIds) };
        let ledger = Ledger::open(&self.folder.path().join("ledger.db"), opening).await.unwrap();
        let stored = ledger.proposal(&ProposalId::from_stored(id)).await.unwrap();
        let decision = Decision {
            proposal_id: stored.proposal.proposal_id.clone(),
            proposal_digest: stored.proposal.digest.clone(),
            verdict: Verdict::Approved,
            actor: "billing.lead".to_owned(),
            reason: None,
            at: standing().now(),
        };
        ledger.decide(&decision).await.unwrap();
    }

    /// The documents of the ledger's query audit, oldest first.
    pub(crate) fn audit_documents(&self) -> Vec<Json> {
        let ledger = rusqlite::Connection::open(self.folder.path().join("ledger.db")).unwrap();
        let mut statement = ledger.prepare("SELECT document FROM query_audit ORDER BY rowid").unwrap();
        let texts = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        texts.map(|text| serde_json::from_str(&text.unwrap()).unwrap()).collect()
    }

    /// How many calls the ledger has an audit entry of.
    pub(crate) fn audits(&self) -> i64 {
        let ledger = rusqlite::Connection::open(self.folder.path().join("ledger.db")).unwrap();
        ledger.query_row("SELECT COUNT(*) FROM query_audit", [], |row| row.get(0)).unwrap()
    }

    /// Everything the ledger's files hold.
    pub(crate) fn ledger_bytes(&self) -> Vec<u8> {
        let file = |name| std::fs::read(self.folder.path().join(name)).unwrap_or_default();
        [file("ledger.db"), file("ledger.db-wal")].concat()
    }

    /// A connection of the application's own to the source.
    pub(crate) fn source(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(source_file(self.folder.path())).unwrap()
    }
}

fn source_file(folder: &Path) -> PathBuf {
    folder.join("app.db")
}
