//! From a component's bytes to something that can be instantiated: the only door to the compiler.
//!
//! Invariant: compiling happens at load, never during a call.
//! Absent on purpose: a cache of compiled code. Mapping native code needs proof of where it came from; until a host key
//! proves it, every load compiles.

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::error::Error;

/// The compiler recurses over what a guest wrote; it gets room for that.
const COMPILER_STACK_BYTES: usize = 16 * 1024 * 1024;

/// Compiles on a thread of its own, so that a component the compiler panics on ends the thread and not the host.
pub(crate) fn compile(engine: &Engine, component: &[u8]) -> Result<Component, Error> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("handler-compile".into())
            .stack_size(COMPILER_STACK_BYTES)
            .spawn_scoped(scope, || Component::from_binary(engine, component))
            .map_err(Error::Threads)?
            .join()
            .map_err(|_panic| Error::CompilerPanicked)?
            .map_err(|error| Error::Malformed {
                what: "the file is not a component this host can compile",
                source: error.into_boxed_dyn_error(),
            })
    })
}
