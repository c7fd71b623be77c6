//! The engine: where guests run, the threads they run on, and the way a handler is loaded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use synapsor_protocol::{Clock, Digest};
use tokio::runtime::{Handle, Runtime};

use crate::allowance::Allowance;
use crate::breaker::{Breaker, Suspension};
use crate::compile::Compiler;
use crate::error::Error;
use crate::handler::{Handler, Loaded, Program};
use crate::limits::{EngineSettings, Isolation};
use crate::sandbox::Confinement;
use crate::slots::Slots;
use crate::ticker::Ticker;
use crate::turns::Crowd;
use crate::wasm::Wasm;
use crate::worker::Worker;

/// Runs handlers. One per process; a clone is the same engine.
#[derive(Clone)]
pub struct HandlerEngine {
    shared: Arc<Shared>,
}

/// What every handler of an engine holds on to.
pub(crate) struct Shared {
    pub(crate) slots: Slots,
    /// The guests on the engine's threads.
    pub(crate) crowd: Crowd,
    place: Place,
    guests: GuestThreads,
    compiler: Compiler,
    settings: EngineSettings,
    /// There where components that keep breaking are suspended.
    breakers: Option<Breakers>,
}

/// Where guests run.
enum Place {
    Here { wasm: Box<Wasm>, _ticker: Ticker },
    Worker(Arc<Worker>),
}

/// One breaker per component that was ever loaded, for as long as the engine lives: a component loaded anew is the same.
struct Breakers {
    clock: Arc<dyn Clock>,
    by_component: Mutex<BTreeMap<Digest, Arc<Breaker>>>,
}

impl HandlerEngine {
    /// Starts the engine and what its guests run on. All of it ends with the last clone.
    ///
    /// # Errors
    /// [`Error::Engine`] where the host cannot run wasm, [`Error::Threads`] where it gives no threads, [`Error::Worker`]
    /// where the guests' process does not start.
    pub fn new(settings: EngineSettings) -> Result<Self, Error> {
        Self::starting(settings, None)
    }

    /// The same, and a component that is stopped [`STOPS_IN_A_ROW`](crate::STOPS_IN_A_ROW) times in a row is suspended: for
    /// serving calls, not for judging a handler by its cases.
    ///
    /// # Errors
    /// As [`HandlerEngine::new`].
    pub fn suspending(settings: EngineSettings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Self::starting(settings, Some(Breakers { clock, by_component: Mutex::default() }))
    }

    fn starting(settings: EngineSettings, breakers: Option<Breakers>) -> Result<Self, Error> {
        let guests = GuestThreads::start(settings.threads)?;
        let place = match &settings.isolation {
            Isolation::InProcess => {
                let wasm = Box::new(Wasm::start(&settings)?);
                let _ticker = Ticker::start(wasm.engine.clone()).map_err(Error::Threads)?;
                Place::Here { wasm, _ticker }
            }
            Isolation::Process(helper) => {
                let worker = Worker::start(helper.clone(), &settings, guests.handle.clone());
                Place::Worker(Arc::new(worker.map_err(Error::Worker)?))
            }
        };
        let compiler = Compiler::new(&settings)?;
        let (slots, crowd) = (Slots::new(&settings), Crowd::on(settings.threads));
        Ok(Self { shared: Arc::new(Shared { slots, crowd, place, guests, compiler, settings, breakers }) })
    }

    /// What keeps the guests' process in; `None` where there is none, or none at the moment.
    pub fn confinement(&self) -> Option<Confinement> {
        self.shared.worker()?.confinement()
    }

    /// The id of the guests' process, for those who watch its memory; `None` as for [`HandlerEngine::confinement`].
    pub fn worker_process_id(&self) -> Option<u32> {
        self.shared.worker()?.process_id()
    }

    /// Checks a component and compiles it: digest, size, imports, what it is built of, then its world.
    ///
    /// The limits are capped by the engine's maxima; [`Handler::limits`] says what is left. Blocks for as long as the compile
    /// takes, which is seconds for an interpreter: call it from a thread that may block.
    ///
    /// # Errors
    /// The first check that fails; see [`Error`].
    pub fn load(
        &self,
        component: &[u8],
        expected: &Digest,
        allowance: impl Into<Allowance>,
    ) -> Result<Handler, Error> {
        let found = Digest::of_bytes(component);
        if found != *expected {
            return Err(Error::DigestMismatch { expected: expected.clone(), found });
        }
        let size = u64::try_from(component.len()).unwrap_or(u64::MAX);
        if size > self.shared.settings.component_bytes_max {
            return Err(Error::TooLarge { max: self.shared.settings.component_bytes_max, found: size });
        }
        let Allowance { limits, wasi } = allowance.into();
        let limits = limits.capped_by(&self.shared.settings.limits_max);
        let allowance = Allowance { limits, wasi };
        let code = self.shared.compiler.code(component, &found, &allowance)?;
        let program = match &self.shared.place {
            Place::Here { wasm, .. } => Program::Here(Arc::new(wasm.prepare(&code, allowance)?)),
            Place::Worker(worker) => Program::There(worker.load(code, allowance)?),
        };
        let breaker = self.shared.breakers.as_ref().map(|breakers| breakers.of(&found));
        Ok(Handler::new(Loaded { engine: Arc::clone(&self.shared), program, digest: found, limits, breaker }))
    }

    /// The components that are not run for now, in digest order.
    pub fn suspensions(&self) -> Vec<Suspension> {
        let breakers = self.shared.breakers.as_ref().map(Breakers::lock);
        breakers.iter().flat_map(|all| all.values()).filter_map(|breaker| breaker.suspension()).collect()
    }
}

impl Breakers {
    fn of(&self, component: &Digest) -> Arc<Breaker> {
        let new = || Arc::new(Breaker::new(component.clone(), Arc::clone(&self.clock)));
        Arc::clone(self.lock().entry(component.clone()).or_insert_with(new))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Digest, Arc<Breaker>>> {
        self.by_component.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn worker(&self) -> Option<&Worker> {
        match &self.place {
            Place::Here { .. } => None,
            Place::Worker(worker) => Some(worker.as_ref()),
        }
    }

    /// Where guests run.
    pub(crate) fn guests(&self) -> &Handle {
        &self.guests.handle
    }
}

/// The runtime guests run on, or the host's end of their process; apart from the one that serves sockets.
struct GuestThreads {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl GuestThreads {
    fn start(threads: usize) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads.max(1))
            .thread_name("handler-guest")
            .enable_io()
            .enable_time()
            .build()
            .map_err(Error::Threads)?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }
}

/// A runtime must not be waited for from inside another one, so it is left to wind down by itself.
impl Drop for GuestThreads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
