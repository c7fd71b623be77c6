//! From a component's bytes to native code: what is kept of it, the gate, then the only door to the compiler.
//!
//! Invariant: compiling happens at load, never during a call.
//! Invariant: with [`Compile::InChild`] no byte of a guest reaches the compiler in this process, so that one which makes it
//! panic, run for minutes or take gigabytes costs the host nothing.

use std::io::{Read as _, Write as _};
use std::process::{Child, ExitStatus, Stdio};

use synapsor_protocol::Digest;
use wasmtime::Engine;

use crate::allowance::Allowance;
use crate::cache::Cache;
use crate::code::Code;
use crate::compile_child::{MESSAGE_BYTES_MAX, NOT_COMPILED};
use crate::error::{EngineError, Error};
use crate::gate::{self, Bodies};
use crate::helper::{COMPILE, Helper};
use crate::limits::EngineSettings;
use crate::wasm;

/// The compiler recurses over what a guest wrote; it gets room for that.
const COMPILER_STACK_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of native code of one component. `CPython`'s are a fifth of it.
const CODE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Where components are compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compile {
    /// On a thread of this process. A panic of the compiler ends the thread; its time and memory are not limited.
    InThread,
    /// In a process of its own.
    InChild {
        /// The program.
        helper: Helper,
        /// What it may use.
        limits: CompileLimits,
    },
}

/// What compiling one component may use of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Bytes of address space.
    pub memory_bytes: u64,
    /// Seconds of processor time.
    pub cpu_s: u64,
    /// Seconds by the clock: for a machine that is too busy to compile.
    pub wall_s: u64,
}

/// Four times what the largest guests were seen to need.
impl Default for CompileLimits {
    fn default() -> Self {
        Self { memory_bytes: 2 * 1024 * 1024 * 1024, cpu_s: 60, wall_s: 180 }
    }
}

/// Compiles for one engine.
pub(crate) struct Compiler {
    engine: Engine,
    how: Compile,
    cache: Option<Cache>,
}

impl Compiler {
    /// A cache that cannot be used is said and done without.
    pub(crate) fn new(settings: &EngineSettings) -> Result<Self, Error> {
        let engine = wasm::compiler()?;
        let open = |settings| match Cache::open(settings, &engine) {
            Ok(cache) => Some(cache),
            Err(problem) => {
                tracing::warn!(%problem, "no cache of compiled handlers; each start compiles them anew");
                None
            }
        };
        let cache = settings.cache.as_ref().and_then(open);
        Ok(Self { engine, how: settings.compile.clone(), cache })
    }

    /// The component's native code, kept from an earlier load or compiled now; the gate sees it first either way.
    pub(crate) fn code(
        &self,
        component: &[u8],
        digest: &Digest,
        allowance: &Allowance,
    ) -> Result<Code, Error> {
        if let Some(code) = self.cache.as_ref().and_then(|cache| cache.find(digest)) {
            gate::inspect(component, allowance, Bodies::Known)?;
            return Ok(code);
        }
        gate::inspect(component, allowance, Bodies::Read)?;
        let code = match &self.how {
            Compile::InThread => in_thread(|| compile(&self.engine, component))?.map_err(not_a_component)?,
            Compile::InChild { helper, limits } => in_child(helper, limits, component)?,
        };
        if let Some(cache) = &self.cache {
            cache.keep(digest, &code);
        }
        Ok(code)
    }
}

/// The compiler itself.
#[expect(clippy::disallowed_methods, reason = "the compiler made these bytes a moment ago")]
fn compile(engine: &Engine, component: &[u8]) -> wasmtime::Result<Code> {
    engine.precompile_component(component).map(Code::vouched_for)
}

/// Runs the compiler with room for its recursion, on a thread that may panic.
pub(crate) fn in_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("handler-compile".into())
            .stack_size(COMPILER_STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(Error::Threads)?
            .join()
            .map_err(|_panic| Error::CompilerPanicked)
    })
}

/// The same in a process of its own. It reads everything before it writes anything.
#[expect(
    clippy::disallowed_methods,
    reason = "the compiler made these bytes in a process nobody else can write to"
)]
fn in_child(helper: &Helper, limits: &CompileLimits, component: &[u8]) -> Result<Code, Error> {
    let CompileLimits { memory_bytes, cpu_s, wall_s } = limits;
    let child = helper
        .command(COMPILE)
        .args([memory_bytes, cpu_s, wall_s].map(u64::to_string))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(Error::Helper)?;
    let (status, answer) = talk(child, component).map_err(Error::Helper)?;
    match status.code() {
        Some(0) => Ok(Code::vouched_for(answer)),
        Some(code) if code == i32::from(NOT_COMPILED) => {
            let kept = answer.get(..MESSAGE_BYTES_MAX).unwrap_or(&answer);
            Err(not_a_component_because(String::from_utf8_lossy(kept).into_owned().into()))
        }
        _ => {
            tracing::debug!(%status, "the compiler did not come to an end");
            Err(Error::CompilerStopped)
        }
    }
}

/// Gives the child its component and takes its answer; no child is left behind.
fn talk(mut child: Child, component: &[u8]) -> std::io::Result<(ExitStatus, Vec<u8>)> {
    let mut answer = Vec::new();
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(component));
    let read = match child.stdout.take() {
        // A child that stopped reading says by its end why.
        Some(stdout) => stdout.take(CODE_BYTES_MAX.saturating_add(1)).read_to_end(&mut answer),
        None => Ok(0),
    };
    let too_much = read.is_err() || u64::try_from(answer.len()).unwrap_or(u64::MAX) > CODE_BYTES_MAX;
    if too_much {
        child.kill()?;
    }
    let status = child.wait()?;
    read?;
    if status.success() {
        written?;
    }
    Ok((status, answer))
}

fn not_a_component(error: wasmtime::Error) -> Error {
    not_a_component_because(error.into_boxed_dyn_error())
}

fn not_a_component_because(source: EngineError) -> Error {
    Error::Malformed { what: "the file is not a component this host can compile", source }
}
