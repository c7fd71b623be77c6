//! Candidates of handlers, in shadow: each is shown the calls the live handler has answered, and what it answers is recorded.
//!
//! Invariant: a call is answered and on record before its candidate hears of it, and never waits for one: showing a call takes
//! a place in a bounded queue or is dropped and counted.
//! Invariant: a candidate has its own engine, and with it its own slots, threads and limits. It is run from the record, so no
//! source is asked; how it ends, well or badly, is a record of its own and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use synapsor_config::{Capability, Logic};
use synapsor_ledger::{Notebook, PastCall};
use synapsor_protocol::candidate::CANDIDATE_RUN_SCHEMA;
use synapsor_protocol::{
    CandidateEnding, CandidateRun, Code, Digest, EvidenceBundle, HandlerInputs, Refusal, Used,
};
use synapsor_source::TableShape;
use tokio::sync::Semaphore;

use crate::compare::Comparison;
use crate::handlers::Handlers;
use crate::rerun::{Ending, Rerun, SettingsFrom, Today, rerun};

/// Calls that wait for their candidates or are shown to them; of one more only the number is kept.
const QUEUE_MAX: usize = 64;
/// Candidates that run at once.
const RUNS_AT_ONCE: usize = 1;

/// The candidates of a config's handlers. Cheap to clone; clones share the queue.
#[derive(Clone)]
pub struct Candidates {
    shared: Arc<Shared>,
}

struct Shared {
    /// By name, each with the candidate in its handler's place.
    capabilities: BTreeMap<String, Arc<Capability>>,
    /// The candidates by capability.
    handlers: Handlers,
    notebook: Notebook,
    places: Arc<Semaphore>,
    turns: Semaphore,
    dropped: AtomicU64,
}

impl Candidates {
    /// Candidates to be shown calls, each a capability with the candidate in its handler's place; none where there are none.
    /// Nothing is loaded before the first call.
    pub fn new(
        capabilities: impl IntoIterator<Item = Arc<Capability>>,
        handlers: Handlers,
        notebook: Notebook,
    ) -> Option<Self> {
        let by_name = |capability: Arc<Capability>| (capability.name.clone(), capability);
        let capabilities: BTreeMap<_, _> = capabilities.into_iter().map(by_name).collect();
        let (places, turns) = (Arc::new(Semaphore::new(QUEUE_MAX)), Semaphore::new(RUNS_AT_ONCE));
        let dropped = AtomicU64::new(0);
        (!capabilities.is_empty()).then(|| Self {
            shared: Arc::new(Shared { capabilities, handlers, notebook, places, turns, dropped }),
        })
    }

    /// Calls that were dropped since the last run, because too many waited.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Whether the handler of a capability has one.
    pub(crate) fn has(&self, capability: &str) -> bool {
        self.shared.capabilities.contains_key(capability)
    }

    /// Shows a call that was answered to its candidate, some time later, or drops it where too many wait. Returns at once.
    pub(crate) fn show(&self, past: PastCall, table: TableShape) {
        let Some(capability) = self.shared.capabilities.get(&past.evidence.capability).cloned() else {
            return;
        };
        let Ok(place) = Arc::clone(&self.shared.places).try_acquire_owned() else {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            // Given up with the task, whatever becomes of it.
            let _place = place;
            let Ok(_turn) = shared.turns.acquire().await else { return };
            shared.run(&past, &capability, &table).await;
        });
    }
}

impl Shared {
    async fn run(&self, past: &PastCall, capability: &Capability, table: &TableShape) {
        let today = Today { settings: SettingsFrom::Record, table: Some(table) };
        let ran = match self.handlers.get(&capability.name).await {
            Ok(handler) => rerun(past, capability, Some(handler), today).await,
            Err(refusal) => Err(refusal),
        };
        let Some(mut run) = self.written(past, capability, ran) else { return };
        let recorded = match self.notebook.record_candidate_run(&run).await {
            // Its answer is what must not be kept. That it is so is kept.
            Err(error) if error.refusal().code == Code::SecretMaterialRejected => {
                run.ending = CandidateEnding::Failed { code: Code::SecretMaterialRejected };
                (run.likeness, run.differing_columns) = (None, Vec::new());
                self.notebook.record_candidate_run(&run).await
            }
            recorded => recorded,
        };
        if let Err(error) = recorded {
            // Nobody waits for it; the live call is on record.
            tracing::warn!(capability = %capability.name, code = %error.refusal().code, "a candidate's run is not recorded");
        }
    }

    /// The record of a run; none of a call without a handler, which is not shown.
    fn written(
        &self,
        past: &PastCall,
        capability: &Capability,
        ran: Result<Rerun, Refusal>,
    ) -> Option<CandidateRun> {
        let EvidenceBundle { handler, usage, .. } = &past.evidence;
        let HandlerInputs { component: live, .. } = handler.as_ref()?;
        let (mut likeness, mut differing_columns, mut candidate_used) = (None, Vec::new(), None);
        let ending = match ran {
            Err(refusal) => CandidateEnding::Failed { code: refusal.code },
            Ok(ran) => {
                candidate_used = ran.fuel.zip(ran.wall_us).map(|(fuel, wall_us)| Used { fuel, wall_us });
                match ran.stopped {
                    Some(code) => CandidateEnding::Failed { code },
                    None => {
                        let compared = Comparison::new(past, ran).ok()?;
                        likeness = Some(compared.likeness);
                        differing_columns = compared.columns.into_iter().map(|found| found.column).collect();
                        ended(compared.now)
                    }
                }
            }
        };
        let evidence = &past.evidence;
        Some(CandidateRun {
            schema_version: CANDIDATE_RUN_SCHEMA.into(),
            evidence_id: evidence.evidence_id.clone(),
            proposal_id: past.proposal.as_ref().map(|proposal| proposal.proposal_id.clone()),
            capability: evidence.capability.clone(),
            tenant: evidence.tenant.clone(),
            principal: evidence.principal.clone(),
            source: evidence.source.clone(),
            schema: evidence.schema.clone(),
            table: evidence.table.clone(),
            key: evidence.key.clone(),
            live: live.clone(),
            candidate: pinned(capability)?,
            ending,
            likeness,
            differing_columns,
            live_used: usage.map(|usage| Used { fuel: usage.fuel, wall_us: usage.wall_us }),
            candidate_used,
            dropped_before: self.dropped.swap(0, Ordering::Relaxed),
            at: evidence.received_at,
        })
    }
}

fn ended(ending: Ending) -> CandidateEnding {
    match ending {
        Ending::Proposed { patch, summary } => CandidateEnding::Proposed { patch, summary },
        Ending::Refused { code, .. } => CandidateEnding::Refused { code },
        Ending::OtherReads { reads } => {
            CandidateEnding::OtherReads { reads: u32::try_from(reads.len()).unwrap_or(u32::MAX) }
        }
    }
}

/// The component that the config pins for a candidate.
fn pinned(capability: &Capability) -> Option<Digest> {
    match &capability.proposal.as_ref()?.logic {
        Logic::Handler(grant) => Some(grant.digest.clone()),
        Logic::Patch(_) => None,
    }
}
