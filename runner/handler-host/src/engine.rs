//! The engine: how wasm is configured here, the threads guests run on, and the way a handler is loaded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use synapsor_protocol::{Clock, Digest};
use tokio::runtime::{Handle, Runtime};
use wasmtime::component::Linker;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy};

use crate::allotment::{INSTANCES_MAX, MEMORIES_MAX, TABLES_MAX};
use crate::allowance::{Allowance, Wasi};
use crate::breaker::{Breaker, Suspension};
use crate::call::GuestState;
use crate::compile::Compiler;
use crate::error::Error;
use crate::handler::{Handler, Loaded};
use crate::limits::EngineSettings;
use crate::slots::Slots;
use crate::ticker::Ticker;
use crate::{gate, v0_1, wasi};

/// Stack of a guest.
const GUEST_STACK_BYTES: usize = 512 * 1024;
/// What a pooled slot keeps mapped between calls; measured to make a call four times cheaper.
const KEEP_RESIDENT_BYTES: usize = 1024 * 1024;

/// Runs handlers. One per process; a clone is the same engine.
#[derive(Clone)]
pub struct HandlerEngine {
    shared: Arc<Shared>,
}

/// What every handler of an engine holds on to.
pub(crate) struct Shared {
    pub(crate) wasm: Engine,
    pub(crate) slots: Slots,
    linker: Linker<GuestState>,
    guests: GuestThreads,
    compiler: Compiler,
    settings: EngineSettings,
    /// There where components that keep breaking are suspended.
    breakers: Option<Breakers>,
    _ticker: Ticker,
}

/// One breaker per component that was ever loaded, for as long as the engine lives: a component loaded anew is the same.
struct Breakers {
    clock: Arc<dyn Clock>,
    by_component: Mutex<BTreeMap<Digest, Arc<Breaker>>>,
}

impl HandlerEngine {
    /// Starts the engine, its epoch ticker and the threads its guests run on. All of them end with the last clone.
    ///
    /// # Errors
    /// [`Error::Engine`] where the host cannot run wasm, [`Error::Threads`] where it gives no threads.
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
        let wasm = start(&settings)?;
        let linker = v0_1::linker(&wasm).map_err(engine_error)?;
        let _ticker = Ticker::start(wasm.clone()).map_err(Error::Threads)?;
        let guests = GuestThreads::start(settings.threads)?;
        let slots = Slots::new(&settings);
        let compiler = Compiler::new(&settings, &wasm);
        Ok(Self {
            shared: Arc::new(Shared { wasm, slots, linker, guests, compiler, settings, breakers, _ticker }),
        })
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
        gate::inspect(component, &Allowance { limits, wasi })?;
        let code = self.shared.compiler.code(&self.shared.wasm, component, &found)?;
        let compiled = code.map(&self.shared.wasm)?;
        let pre = match wasi {
            Wasi::None => v0_1::prepare(&self.shared.linker, &compiled)?,
            Wasi::DenyAll => v0_1::prepare(&self.shared.linker_with_wasi()?, &compiled)?,
        };
        let breaker = self.shared.breakers.as_ref().map(|breakers| breakers.of(&found));
        Ok(Handler::new(Loaded {
            engine: Arc::clone(&self.shared),
            pre,
            digest: found,
            limits,
            wasi,
            breaker,
        }))
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
    /// Built for each handler that is granted it; few are, and compiling them takes far longer.
    fn linker_with_wasi(&self) -> Result<Linker<GuestState>, Error> {
        let mut linker = self.linker.clone();
        wasi::link(&mut linker).map_err(engine_error)?;
        Ok(linker)
    }

    /// Where guests run.
    pub(crate) fn guests(&self) -> &Handle {
        &self.guests.handle
    }
}

/// Pooled memory where the host gives the address space, memory on demand where it does not.
fn start(settings: &EngineSettings) -> Result<Engine, Error> {
    let mut config = base_config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(settings)));
    match Engine::new(&config) {
        Ok(engine) => Ok(engine),
        Err(error) => {
            tracing::warn!(%error, "no memory pool for handlers; each call will map its own memory");
            Engine::new(&base_config()).map_err(engine_error)
        }
    }
}

/// An engine that compiles what [`start`]'s engine runs.
pub(crate) fn compiler() -> wasmtime::Result<Engine> {
    Engine::new(&base_config())
}

/// Everything off that no guest needs, and everything on that limits one.
///
/// Garbage collection, exceptions, threads and async components are not compiled in at all; see the workspace's features
/// of `wasmtime`. Several memories per module stay on, because the engine itself makes such modules to join the parts of
/// a composed component (with them off its compiler panics); the gate keeps them from guests.
fn base_config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(GUEST_STACK_BYTES)
        .wasm_component_model(true)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false)
        .wasm_stack_switching(false)
        .wasm_shared_everything_threads(false)
        .shared_memory(false)
        .concurrency_support(false)
        .wasm_backtrace_max_frames(None);
    config
}

fn pool(settings: &EngineSettings) -> PoolingAllocationConfig {
    let slots = settings.slots;
    let max = &settings.limits_max;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_stacks(slots)
        .total_core_instances(slots.saturating_mul(INSTANCES_MAX))
        .total_memories(slots.saturating_mul(MEMORIES_MAX))
        .total_tables(slots.saturating_mul(TABLES_MAX))
        .max_core_instances_per_component(INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_tables_per_module(TABLES_MAX)
        .max_memory_size(max.memory_bytes.try_into().unwrap_or(usize::MAX))
        .table_elements(max.table_elements.try_into().unwrap_or(usize::MAX))
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES)
        .async_stack_keep_resident(KEEP_RESIDENT_BYTES);
    pool
}

fn engine_error(error: wasmtime::Error) -> Error {
    Error::Engine(error.into_boxed_dyn_error())
}

/// The runtime guests run on, apart from the one that serves sockets.
struct GuestThreads {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl GuestThreads {
    fn start(threads: usize) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads.max(1))
            .thread_name("handler-guest")
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
