//! Candidates of handlers, in shadow: each is shown the calls the live handler has answered, and what it answers is recorded.
//!
//! Invariant: a call is answered and on record before its candidate hears of it, and never waits for one: showing a call takes
//! a place in a bounded queue or is dropped and counted.
//! Invariant: a candidate has its own engine, and with it its own slots, threads and limits. It is run from the record, so no
//! source is asked; how it ends, well or badly, is a record of its own and nothing else.
//! Invariant: every call that was answered is in the record of its candidate, as a run or as one that was not shown, once the
//! server has stopped in its own time and the ledger could be written.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use synapsor_config::Capability;
use synapsor_ledger::{Error, Notebook, PastCall};
use synapsor_protocol::{CandidateEnding, CandidateRun, Code, Likeness, Refusal};
use synapsor_source::TableShape;
use tokio::sync::{Semaphore, watch};

use crate::candidate_run;
use crate::handlers::Handlers;
use crate::missed::{Missed, MissedCalls};
use crate::rerun::{Rerun, SettingsFrom, Today, rerun};

/// Calls that wait for their candidates or are shown to them; of one more only the number is kept, and the last of them.
const QUEUE_MAX: u32 = 64;
/// Candidates that run at once.
const RUNS_AT_ONCE: usize = 1;
/// How long a server that stops waits for records of calls that were not shown, after it has told them to end.
const RECORDS_WITHIN: Duration = Duration::from_secs(3);

/// The candidates of a config's handlers. Cheap to clone; clones share the queue.
#[derive(Clone)]
pub struct Candidates {
    shared: Arc<Shared>,
}

/// What became of one call as far as its candidate is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateOutcome {
    /// It answered as the live handler did.
    Same,
    /// It answered something else, or asked for other reads.
    Differed,
    /// It gave no answer.
    Failed,
    /// It was not shown the call.
    NotShown,
    /// It ran, and that could not be recorded.
    Unrecorded,
}

impl CandidateOutcome {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differed => "differed",
            Self::Failed => "failed",
            Self::NotShown => "not_shown",
            Self::Unrecorded => "unrecorded",
        }
    }

    fn of(run: &CandidateRun) -> Self {
        match (&run.ending, run.likeness) {
            (CandidateEnding::NotShown, _) => Self::NotShown,
            (CandidateEnding::Failed { .. }, _) => Self::Failed,
            (_, Some(Likeness::Same)) => Self::Same,
            _ => Self::Differed,
        }
    }
}

/// Is told what became of each call of a capability.
pub type CandidateWatcher = Box<dyn Fn(&str, CandidateOutcome) + Send + Sync>;

struct Shared {
    /// By the capability's name.
    tried: BTreeMap<String, Arc<Tried>>,
    /// The candidates by capability.
    handlers: Handlers,
    notebook: Notebook,
    places: Arc<Semaphore>,
    turns: Semaphore,
    /// Nothing is shown any more: the server stops.
    is_closed: AtomicBool,
    /// What waits or runs ends at once.
    is_over: watch::Sender<bool>,
    watcher: OnceLock<CandidateWatcher>,
}

/// One candidate.
struct Tried {
    /// With the candidate in its handler's place.
    capability: Arc<Capability>,
    missed: MissedCalls,
}

impl Candidates {
    /// Candidates to be shown calls, each a capability with the candidate in its handler's place; none where there are none.
    /// Nothing is loaded before the first call.
    pub fn new(
        capabilities: impl IntoIterator<Item = Arc<Capability>>,
        handlers: Handlers,
        notebook: Notebook,
    ) -> Option<Self> {
        let tried = |capability: Arc<Capability>| {
            let name = capability.name.clone();
            (name, Arc::new(Tried { capability, missed: MissedCalls::default() }))
        };
        let tried: BTreeMap<_, _> = capabilities.into_iter().map(tried).collect();
        let places = Arc::new(Semaphore::new(usize::try_from(QUEUE_MAX).unwrap_or(usize::MAX)));
        (!tried.is_empty()).then(|| Self {
            shared: Arc::new(Shared {
                tried,
                handlers,
                notebook,
                places,
                turns: Semaphore::new(RUNS_AT_ONCE),
                is_closed: AtomicBool::new(false),
                is_over: watch::Sender::new(false),
                watcher: OnceLock::new(),
            }),
        })
    }

    /// Calls that were not shown and that no record tells of yet: the next run's does, or the end of the server.
    pub fn missed(&self) -> u64 {
        self.shared.tried.values().map(|tried| tried.missed.count()).sum()
    }

    /// Calls that wait for their candidates or are shown to them.
    pub fn waiting(&self) -> usize {
        usize::try_from(QUEUE_MAX)
            .unwrap_or(usize::MAX)
            .saturating_sub(self.shared.places.available_permits())
    }

    /// Has somebody told what becomes of each call; the first to ask is.
    pub fn watch(&self, watcher: CandidateWatcher) {
        // Whoever watches already goes on.
        let _ = self.shared.watcher.set(watcher);
    }

    /// Whether the handler of a capability has one.
    pub(crate) fn has(&self, capability: &str) -> bool {
        self.shared.tried.contains_key(capability)
    }

    /// Shows a call that was answered to its candidate, some time later, or drops it where too many wait. Returns at once.
    pub(crate) fn show(&self, past: PastCall, table: TableShape) {
        let Some(tried) = self.shared.tried.get(&past.evidence.capability).cloned() else { return };
        let is_open = !self.shared.is_closed.load(Ordering::SeqCst);
        let place = is_open.then(|| Arc::clone(&self.shared.places).try_acquire_owned().ok()).flatten();
        let Some(place) = place else {
            tried.missed.add(Missed::one(past));
            self.shared.tell(&tried, CandidateOutcome::NotShown);
            if !is_open {
                // It was under way when this closed; nobody who comes later would tell of it.
                let shared = Arc::clone(&self.shared);
                tokio::spawn(async move { shared.tell_of_missed(&tried).await });
            }
            return;
        };
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            // Given up with the task, whatever becomes of it.
            let _place = place;
            let mut over = shared.is_over.subscribe();
            let ran = tokio::select! {
                ran = shared.run(&past, &tried, &table) => Some(ran),
                _ = over.wait_for(|over| *over) => None,
            };
            let outcome = shared.record(past, &tried, ran).await;
            outcome.into_iter().for_each(|outcome| shared.tell(&tried, outcome));
        });
    }

    /// Shows nothing any more, lets what waits run for that long, and records the rest as not shown.
    pub async fn drain(&self, within: Duration) {
        let shared = &self.shared;
        shared.is_closed.store(true, Ordering::SeqCst);
        if tokio::time::timeout(within, shared.places.acquire_many(QUEUE_MAX)).await.is_err() {
            shared.is_over.send_replace(true);
            let records = tokio::time::timeout(RECORDS_WITHIN, shared.places.acquire_many(QUEUE_MAX));
            if records.await.is_err() {
                tracing::warn!(
                    waiting = self.waiting(),
                    "calls that candidates were not shown are not all recorded"
                );
            }
        }
        for tried in shared.tried.values() {
            shared.tell_of_missed(tried).await;
        }
    }
}

impl Shared {
    /// What the candidate answers, once it is its turn.
    async fn run(&self, past: &PastCall, tried: &Tried, table: &TableShape) -> Result<Rerun, Refusal> {
        let _turn = self.turns.acquire().await.map_err(Refusal::bug)?;
        let today = Today { settings: SettingsFrom::Record, table: Some(table) };
        // A call gives up on one that takes long to compile; nobody waits here.
        self.handlers.load(&tried.capability.name).await;
        let handler = self.handlers.get(&tried.capability.name).await?;
        rerun(past, &tried.capability, Some(handler), today).await
    }

    /// Records what became of a call, and with it how many were not shown before.
    async fn record(
        &self,
        past: PastCall,
        tried: &Tried,
        ran: Option<Result<Rerun, Refusal>>,
    ) -> Option<CandidateOutcome> {
        let mut run = candidate_run::of(&past, &tried.capability, ran)?;
        let before = tried.missed.take();
        run.dropped_before = before.calls;
        let Err(error) = self.written(&mut run).await else { return Some(CandidateOutcome::of(&run)) };
        // Nobody waits for it; the live call is on record. What it would have told is told by the next.
        tried.missed.add(before);
        let capability = &tried.capability.name;
        tracing::warn!(%capability, code = %error.refusal().code, "a candidate's run is not recorded");
        if run.ending != CandidateEnding::NotShown {
            return Some(CandidateOutcome::Unrecorded);
        }
        tried.missed.add(Missed::one(past));
        Some(CandidateOutcome::NotShown)
    }

    /// Records the calls that no record tells of yet.
    async fn tell_of_missed(&self, tried: &Tried) {
        if let Some(last) = tried.missed.take_with_last() {
            // It was told when it was not shown.
            let _ = self.record(last, tried, None).await;
        }
    }

    async fn written(&self, run: &mut CandidateRun) -> Result<(), Error> {
        match self.notebook.record_candidate_run(run).await {
            // Its answer is what must not be kept. That it is so is kept.
            Err(error) if error.refusal().code == Code::SecretMaterialRejected => {
                run.ending = CandidateEnding::Failed { code: Code::SecretMaterialRejected };
                (run.likeness, run.differing_columns) = (None, Vec::new());
                self.notebook.record_candidate_run(run).await
            }
            recorded => recorded,
        }
    }

    fn tell(&self, tried: &Tried, outcome: CandidateOutcome) {
        if let Some(watcher) = self.watcher.get() {
            watcher(&tried.capability.name, outcome);
        }
    }
}
