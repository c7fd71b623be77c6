//! Handlers by capability: loaded once in the background, awaited by the calls that need them.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use synapsor_config::DeclaredRead;
use synapsor_handler_host::Handler;
use synapsor_protocol::{Code, Refusal};
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinSet;

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

/// How the loads of all handlers ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loads {
    /// Handlers that are ready.
    pub loaded: usize,
    /// Why each of the others is not, by capability.
    pub failed: BTreeMap<String, Refusal>,
}

struct Slot {
    loaded: OnceCell<Result<LoadedHandler, Refusal>>,
    load: LoadHandler,
}

/// One slot per capability that has a handler. Cheap to clone.
#[derive(Clone, Default)]
pub struct Handlers {
    slots: Arc<BTreeMap<String, Slot>>,
}

impl Handlers {
    /// Slots by capability name. Nothing is loaded yet.
    pub fn new(loaders: impl IntoIterator<Item = (String, LoadHandler)>) -> Self {
        let slot = |(name, load)| (name, Slot { loaded: OnceCell::new(), load });
        Self { slots: Arc::new(loaders.into_iter().map(slot).collect()) }
    }

    /// Loads every handler that is not loaded yet, a few at a time: compiling is what costs, and calls wait for their
    /// own handler anyway.
    pub async fn load_all(&self) -> Loads {
        let turns = Arc::new(Semaphore::new(LOADS_AT_ONCE));
        let mut loading = JoinSet::new();
        for name in self.slots.keys().cloned() {
            let (handlers, turns) = (self.clone(), Arc::clone(&turns));
            loading.spawn(async move {
                let _turn = turns.acquire_owned().await;
                let refused = handlers.get(&name).await.err();
                (name, refused)
            });
        }
        let mut loads = Loads::default();
        while let Some(done) = loading.join_next().await {
            match done {
                Ok((_, None)) => loads.loaded += 1,
                Ok((name, Some(refusal))) => {
                    loads.failed.insert(name, refusal);
                }
                // A load that panicked is tried again by the call that needs it, and that call says so.
                Err(error) => tracing::error!(%error, "a handler's load did not come to an end"),
            }
        }
        loads
    }

    /// The capability's handler, loading it now if nobody did.
    ///
    /// # Errors
    /// Why it could not be loaded; the same answer for every later call.
    pub async fn get(&self, capability: &str) -> Result<&LoadedHandler, Refusal> {
        let slot = self.slots.get(capability).ok_or_else(|| {
            Refusal::new(
                Code::HandlerNotLoaded,
                format!("`{capability}` has a handler that was never set up"),
            )
        })?;
        slot.loaded.get_or_init(|| (slot.load)()).await.as_ref().map_err(Clone::clone)
    }
}
