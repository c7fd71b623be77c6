//! Pages that listen, over a real ledger in a folder of its own, with the demo's config and proposals of any content.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use synapsor_config::Config;
use synapsor_ledger::{EventFilter, Ledger, Opening, StoredProposal};
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::standin::{CountingIds, SteppingClock};
use synapsor_protocol::{
    AuditId, ChangeSet, Columns, EvidenceBundle, EvidenceId, Ids, Moment, Proposal, ProposalId, QueryAudit,
    Target, Value,
};
use synapsor_review::{Bind, KeysLast, Links, Parts, RerunAnswer, Server};
use synapsor_writeback::Desk;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::client::{Answer, Request, input, send};

const CONFIG: &str = include_str!("../../../../fixtures/demo/synapsor.runner.json");
const CHANGE_SET: &str = include_str!("../../../../fixtures/protocol/change-set.v2.json");
const EVIDENCE: &str = include_str!("../../../../fixtures/protocol/evidence.v2.budget.json");

pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) address: SocketAddr,
    pub(crate) links: Links,
    pub(crate) ledger_path: PathBuf,
    ids: CountingIds,
    stop: Option<oneshot::Sender<()>>,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(false).await
    }

    pub(crate) async fn with(allow_apply: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger_path = folder.path().join("ledger.db");
        let ledger = Ledger::open(&ledger_path, opening()).await.unwrap();
        let server = Server::bind(local(), parts(&ledger, allow_apply)).await.unwrap();
        let links = server.links();
        let link = server.link().unwrap();
        let address = link.trim_start_matches("http://").split('/').next().unwrap().parse().unwrap();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(server.serve(async {
            let _ = stopped.await;
        }));
        let ids = CountingIds::from(1 << 40);
        Self { ledger, address, links, ledger_path, ids, stop: Some(stop), _folder: folder }
    }

    /// A browser with a session.
    pub(crate) async fn enter(&self) -> Browser<'_> {
        let link = self.links.next().unwrap();
        let path = link.split_once(&self.address.to_string()).unwrap().1;
        let entered = self.ask(Request::get(path)).await;
        assert_eq!(entered.status, 303, "{entered:?}");
        let cookie = entered.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Browser { world: self, cookie }
    }

    /// Sends a request with our own `Host`, unless it has one.
    pub(crate) async fn ask(&self, request: Request) -> Answer {
        let has_host = request.headers.iter().any(|(name, _)| name == "host");
        let request = if has_host { request } else { request.and("host", &self.address.to_string()) };
        send(self.address, &request.bytes()).await
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The waiver of the golden documents with other content.
    pub(crate) async fn propose(
        &self,
        bend: impl FnOnce(&mut ChangeSet, &mut EvidenceBundle),
    ) -> StoredProposal {
        self.propose_in(ProposalMode::Review, bend).await
    }

    /// The same, for review or for comparison only.
    pub(crate) async fn propose_in(
        &self,
        mode: ProposalMode,
        bend: impl FnOnce(&mut ChangeSet, &mut EvidenceBundle),
    ) -> StoredProposal {
        let mut change: ChangeSet = serde_json::from_str(CHANGE_SET).unwrap();
        let mut evidence: EvidenceBundle = serde_json::from_str(EVIDENCE).unwrap();
        evidence.evidence_id = EvidenceId::mint(&self.ids);
        bend(&mut change, &mut evidence);
        // What was read is what the change is about.
        let Target { source, schema, table, key, .. } = &change.target;
        (evidence.source, evidence.schema) = (source.clone(), schema.clone());
        (evidence.table, evidence.key) = (table.clone(), key.clone());
        let audit = QueryAudit {
            audit_id: AuditId::mint(&self.ids),
            capability: change.capability.clone(),
            tenant: Some(change.tenant.clone()),
            principal: Some(change.principal.clone()),
            source: None,
            table: None,
            fingerprint: None,
            row_count: 1,
            refused: None,
            trace: None,
            delegated: None,
            evidence_id: Some(evidence.evidence_id.clone()),
            at: evidence.received_at,
        };
        let proposal = Proposal::seal(
            ProposalId::mint(&self.ids),
            mode,
            change,
            evidence.evidence_id.clone(),
            evidence.digest().unwrap(),
            evidence.received_at,
        );
        self.ledger.notebook().record_proposal(proposal.unwrap(), evidence, audit).await.unwrap().proposal
    }

    /// A proposal for the invoice of that number.
    pub(crate) async fn invoice(&self, id: &str) -> StoredProposal {
        let id = Value::Text(id.to_owned());
        self.propose(|change, _| {
            change.target.key = id.clone();
            for columns in [&mut change.before, &mut change.after] {
                columns.insert("id".to_owned(), id.clone());
            }
        })
        .await
    }

    /// Events in the ledger.
    pub(crate) async fn events(&self) -> i64 {
        self.ledger.latest_events(&EventFilter::default(), 1).await.unwrap()[0].seq
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// One browser's session.
pub(crate) struct Browser<'w> {
    pub(crate) world: &'w World,
    pub(crate) cookie: String,
}

impl Browser<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.world.ask(Request::get(path).with("cookie", &self.cookie)).await
    }

    /// A post as one of our own pages sends it.
    pub(crate) fn post(&self, path: &str, body: &str) -> Request {
        Request::post(path, body)
            .with("cookie", &self.cookie)
            .with("origin", &self.world.origin())
            .with("sec-fetch-site", "same-origin")
    }

    /// What the form of a proposal's page sends.
    pub(crate) async fn form(&self, stored: &StoredProposal, reason: &str) -> String {
        let page = self.get(&page(stored)).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let (csrf, digest) = (input(&page.body, "csrf"), input(&page.body, "digest"));
        let reason = crate::client::encoded(reason);
        format!("csrf={csrf}&digest={}&actor=ada&reason={reason}", digest.replace(':', "%3A"))
    }
}

/// Where a proposal is shown.
pub(crate) fn page(stored: &StoredProposal) -> String {
    format!("/proposals/{}", stored.proposal.proposal_id)
}

pub(crate) fn local() -> Bind {
    Bind { address: "127.0.0.1:0".parse().unwrap(), allow_remote: false }
}

fn opening() -> Opening {
    let start = Moment::from_micros(1_790_000_000_000_000).unwrap();
    Opening {
        create: true,
        clock: Arc::new(SteppingClock::new(start, 1)),
        ids: Arc::new(CountingIds::default()),
    }
}

pub(crate) async fn ledger_in(folder: &TempDir) -> Ledger {
    Ledger::open(&folder.path().join("ledger.db"), opening()).await.unwrap()
}

/// Secrets in a row; a test may guess none of them.
fn secret() -> [u8; 32] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut secret = [7; 32];
    secret[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    secret
}

pub(crate) fn parts(ledger: &Ledger, allow_apply: bool) -> Parts {
    let config: Arc<Config> = Arc::new(synapsor_config::check(CONFIG).config.expect("the demo's config"));
    let opening = opening();
    let ids: Arc<dyn Ids> = Arc::new(CountingIds::from(1 << 50));
    Parts {
        desk: Desk::new(ledger.clone(), Arc::clone(&config), Vec::new(), opening.clock, ids, "tests".into()),
        ledger: ledger.clone(),
        config,
        config_path: "synapsor.runner.json".into(),
        store: ledger.place().to_string(),
        operator: "ada".into(),
        allow_apply,
        tour: true,
        keys_last: KeysLast::default(),
        secret: Arc::new(|| Ok(secret())),
        rerun: Arc::new(|_| {
            Box::pin(async { Ok(RerunAnswer { same: true, words: "the same again".into() }) })
        }),
    }
}

/// Columns of one text.
pub(crate) fn text_column(name: &str, text: &str) -> Columns {
    Columns::from([(name.to_owned(), Value::Text(text.to_owned()))])
}
