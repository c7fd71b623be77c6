//! How wasm is configured here: everything off that no guest needs, and everything on that limits one.

use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy,
};

use crate::allotment::{INSTANCES_MAX, MEMORIES_MAX, TABLES_MAX};
use crate::allowance::{Allowance, Wasi};
use crate::call::{GuestState, Prepared};
use crate::code::Code;
use crate::error::Error;
use crate::limits::EngineSettings;
use crate::{v0_1, wasi};

/// Stack of a guest.
const GUEST_STACK_BYTES: usize = 512 * 1024;
/// What a pooled slot keeps mapped between calls; measured to make a call four times cheaper.
const KEEP_RESIDENT_BYTES: usize = 1024 * 1024;

/// What runs guests, in whichever process they run.
pub(crate) struct Wasm {
    pub(crate) engine: Engine,
    linker: Linker<GuestState>,
}

impl Wasm {
    /// Starts no thread.
    pub(crate) fn start(settings: &EngineSettings) -> Result<Self, Error> {
        let engine = start(settings)?;
        let linker = v0_1::linker(&engine).map_err(engine_error)?;
        Ok(Self { engine, linker })
    }

    /// Maps a component's code and links it against its world.
    pub(crate) fn prepare(&self, code: &Code, allowance: Allowance) -> Result<Prepared, Error> {
        let component = code.map(&self.engine)?;
        let pre = match allowance.wasi {
            Wasi::None => v0_1::prepare(&self.linker, &component)?,
            Wasi::DenyAll => v0_1::prepare(&self.linker_with_wasi()?, &component)?,
        };
        Ok(Prepared { engine: self.engine.clone(), pre, allowance })
    }

    /// Built for each handler that is granted it; few are, and compiling them takes far longer.
    fn linker_with_wasi(&self) -> Result<Linker<GuestState>, Error> {
        let mut linker = self.linker.clone();
        wasi::link(&mut linker).map_err(engine_error)?;
        Ok(linker)
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
pub(crate) fn compiler() -> Result<Engine, Error> {
    Engine::new(&base_config()).map_err(engine_error)
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
        .async_stack_keep_resident(KEEP_RESIDENT_BYTES)
        // Where the kernel can say which pages a guest wrote, those are put back and the others left alone.
        .pagemap_scan(Enabled::Auto);
    pool
}

fn engine_error(error: wasmtime::Error) -> Error {
    Error::Engine(error.into_boxed_dyn_error())
}
