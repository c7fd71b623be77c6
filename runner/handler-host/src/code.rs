//! Native code that may be mapped: the one place that hands bytes to the processor.
//!
//! Invariant: a [`Code`] comes from the compiler, from a cache file its key vouches for, or from the host through a worker's
//! own pipe. The three callers of [`Code::vouched_for`] are those three, and the linter knows.
//! Invariant: what is mapped is a copy of the bytes that were vouched for, so nobody can change a file in between.
//! `docs/decisions/0008-native-code.md` says why that makes the one `unsafe` of this room sound.

use bytes::Bytes;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::error::Error;

/// What the compiler made of a component.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Code {
    bytes: Bytes,
}

impl Code {
    /// Bytes whose origin the caller has proved.
    pub(crate) fn vouched_for(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Maps it. The engine checks first that the code was compiled by its own version with its own settings.
    #[expect(
        unsafe_code,
        clippy::disallowed_methods,
        reason = "the bytes are the compiler's own: see `Code`"
    )]
    pub(crate) fn map(&self, engine: &Engine) -> Result<Component, Error> {
        // SAFETY: wasmtime asks for bytes that its own `precompile_component` made and nobody changed since. A `Code` is
        // made of nothing else, and it is copied out of memory that only this process has.
        unsafe { Component::deserialize(engine, &self.bytes) }.map_err(|error| Error::Malformed {
            what: "the compiled component does not fit this engine",
            source: error.into_boxed_dyn_error(),
        })
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Code").field("bytes", &self.bytes.len()).finish()
    }
}
