//! Handlers by capability: loaded once in the background, awaited by the calls that need them.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use synapsor_config::DeclaredRead;
use synapsor_handler_host::Handler;
use synapsor_protocol::{Code, Refusal};
use tokio::sync::OnceCell;

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

    /// Loads every handler that is not loaded yet, one after the other: compiling is what costs, and calls wait for
    /// their own handler anyway.
    ///
    /// # Errors
    /// The first refusal; the others are loaded all the same.
    pub async fn load_all(&self) -> Result<(), Refusal> {
        let mut first = Ok(());
        for name in self.slots.keys() {
            let loaded = self.get(name).await.map(|_| ());
            first = first.and(loaded);
        }
        first
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
