//! Handlers by capability: loaded once in the background, awaited by the calls that need them.
//!
//! Invariant: a load that was begun goes on, whoever stops waiting for it, and how it ended is the answer for good.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use synapsor_config::DeclaredRead;
use synapsor_handler_host::Handler;
use synapsor_protocol::{Code, Refusal};
use tokio::sync::{Semaphore, watch};

/// A handler that is ready to run.
#[derive(Clone)]
pub struct LoadedHandler {
    /// The bundle's name.
    pub name: String,
    /// The bundle's version.
    pub version: String,
    /// The component, compiled and linked.
    pub handler: Handler,
    /// The reads it may ask for: granted by the config and declared by the bundle, both.
    pub reads: Arc<BTreeMap<String, DeclaredRead>>,
    /// The columns the bundle declares that it changes. The capability's rules say which of them it may.
    pub writes: BTreeSet<String>,
}

/// Loads one handler. Runs at most once.
pub type LoadHandler =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<LoadedHandler, Refusal>> + Send>> + Send + Sync>;

/// Loads that run at once. Each may be a compiler of its own, which takes a core and its memory.
const LOADS_AT_ONCE: usize = 2;
/// How long a call waits for its handler to be loaded. A client that is told to come back is served better than one that
/// gives up first.
const CALL_WAIT: Duration = Duration::from_secs(10);

/// How far the loads have come, by capability.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Those whose handler is ready.
    pub loaded: BTreeSet<String>,
    /// Those whose handler is not loaded yet.
    pub waiting: BTreeSet<String>,
    /// Those whose handler cannot be loaded, and why.
    pub failed: BTreeMap<String, Refusal>,
}

impl Readiness {
    /// Whether every handler is loaded. Without handlers there is nothing to wait for.
    pub fn is_ready(&self) -> bool {
        self.waiting.is_empty() && self.failed.is_empty()
    }
}

/// One slot per capability that has a handler. Cheap to clone.
#[derive(Clone)]
pub struct Handlers {
    slots: Arc<BTreeMap<String, Arc<Slot>>>,
    turns: Arc<Semaphore>,
    call_wait: Duration,
}

struct Slot {
    load: LoadHandler,
    begun: AtomicBool,
    loaded: OnceLock<Result<LoadedHandler, Refusal>>,
    done: watch::Sender<bool>,
}

impl Handlers {
    /// Slots by capability name. Nothing is loaded yet.
    pub fn new(loaders: impl IntoIterator<Item = (String, LoadHandler)>) -> Self {
        let slot = |(name, load)| (name, Arc::new(Slot::new(load)));
        Self {
            slots: Arc::new(loaders.into_iter().map(slot).collect()),
            turns: Arc::new(Semaphore::new(LOADS_AT_ONCE)),
            call_wait: CALL_WAIT,
        }
    }

    /// With another time that a call waits for its handler.
    #[must_use]
    pub fn call_wait(self, call_wait: Duration) -> Self {
        Self { call_wait, ..self }
    }

    /// Loads every handler that is not loaded yet, a few at a time, and says how it went.
    pub async fn load_all(&self) -> Readiness {
        self.slots.values().for_each(|slot| self.begin(slot));
        for slot in self.slots.values() {
            slot.ended().await;
        }
        self.readiness()
    }

    /// Loads a capability's handler, if it has one, for as long as that takes. How it ended is what [`Handlers::get`] says.
    pub async fn load(&self, capability: &str) {
        if let Some(slot) = self.slots.get(capability) {
            self.begin(slot);
            slot.ended().await;
        }
    }

    /// How far the loads have come.
    pub fn readiness(&self) -> Readiness {
        let mut readiness = Readiness::default();
        for (capability, slot) in self.slots.iter() {
            let capability = capability.clone();
            match slot.loaded.get() {
                None => drop(readiness.waiting.insert(capability)),
                Some(Ok(_)) => drop(readiness.loaded.insert(capability)),
                Some(Err(refusal)) => drop(readiness.failed.insert(capability, refusal.clone())),
            }
        }
        readiness
    }

    /// The capability's handler. Begins to load it if nobody did, and waits for that, but not for ever.
    ///
    /// # Errors
    /// Why it could not be loaded, the same answer for every later call; or [`Code::HandlerLoading`], which is worth
    /// repeating.
    pub async fn get(&self, capability: &str) -> Result<&LoadedHandler, Refusal> {
        let slot = self.slots.get(capability).ok_or_else(|| {
            Refusal::new(
                Code::HandlerNotLoaded,
                format!("`{capability}` has a handler that was never set up"),
            )
        })?;
        if slot.loaded.get().is_none() {
            self.begin(slot);
            // Whether it is there is looked at below.
            let _ = tokio::time::timeout(self.call_wait, slot.ended()).await;
        }
        match slot.loaded.get() {
            Some(loaded) => loaded.as_ref().map_err(Clone::clone),
            None => Err(still_loading(capability)),
        }
    }

    /// Sees to it that a load takes its turn. It runs apart from whoever asked for it.
    fn begin(&self, slot: &Arc<Slot>) {
        if slot.begun.swap(true, Ordering::SeqCst) {
            return;
        }
        let (slot, turns) = (Arc::clone(slot), Arc::clone(&self.turns));
        tokio::spawn(async move {
            let _turn = turns.acquire_owned().await;
            let load = tokio::spawn((slot.load)());
            // A load that panicked is a bug, and every call that needs it says so.
            let outcome = load.await.unwrap_or_else(|error| Err(Refusal::bug(error)));
            slot.end(outcome);
        });
    }
}

impl Default for Handlers {
    fn default() -> Self {
        Self::new([])
    }
}

impl Slot {
    fn new(load: LoadHandler) -> Self {
        let (done, _) = watch::channel(false);
        Self { load, begun: AtomicBool::new(false), loaded: OnceLock::new(), done }
    }

    fn end(&self, outcome: Result<LoadedHandler, Refusal>) {
        self.loaded.get_or_init(|| outcome);
        self.done.send_replace(true);
    }

    /// Waits for the load to end.
    async fn ended(&self) {
        // The sender is in `self`, so it cannot be gone.
        let _ = self.done.subscribe().wait_for(|done| *done).await;
    }
}

fn still_loading(capability: &str) -> Refusal {
    let message = format!("the handler of `{capability}` is still being loaded");
    Refusal::new(Code::HandlerLoading, message).hint("call again in some seconds")
}
