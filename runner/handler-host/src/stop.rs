//! Why a call was stopped: every way a guest can end, translated once into a stable code.
//!
//! Invariant: the message holds nothing a guest wrote but names, and those escaped and cut.

use std::fmt;

use serde::{Deserialize, Serialize};
use synapsor_protocol::Code;
use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use crate::limits::Limits;

/// The end of a call without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stop {
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl Stop {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The guest broke the contract.
    pub(crate) fn abi(message: impl Into<String>) -> Self {
        Self::new(Code::GuestAbi, message)
    }

    pub(crate) fn fuel(limits: &Limits) -> Self {
        Self::new(Code::GuestFuel, format!("the handler used up its fuel of {}", limits.fuel))
    }

    pub(crate) fn deadline(limits: &Limits) -> Self {
        Self::new(
            Code::GuestDeadline,
            format!("the handler did not answer within its {} ms", limits.timeout_ms),
        )
    }

    /// What an error of the engine means. `step` is what was being done when nothing better is known.
    pub(crate) fn from_engine(error: &wasmtime::Error, step: Step, limits: &Limits) -> Self {
        if let Some(stop) = error.downcast_ref::<Self>() {
            return stop.clone();
        }
        tracing::debug!(%error, detail = %error.root_cause(), ?step, "a guest was stopped");
        if let Some(trap) = error.downcast_ref::<Trap>() {
            return Self::from_trap(*trap, limits);
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return Self::new(Code::HandlerBusy, "every handler slot is in use");
        }
        if error.is::<I32Exit>() {
            return Self::new(Code::GuestTrap, "the handler left without an answer");
        }
        if error.is::<ResourceTableError>() {
            return Self::new(
                Code::GuestTrap,
                "the handler used a handle it does not hold, or held too many",
            );
        }
        if is_copy_limit(error) {
            return Self::new(
                Code::GuestOutputTooLarge,
                "the handler handed over more bytes than the host takes",
            );
        }
        match step {
            Step::Start => Self::new(Code::GuestTrap, "the handler could not be started"),
            Step::Call => Self::abi("the handler handed over a value outside its memory or not in its form"),
        }
    }

    fn from_trap(trap: Trap, limits: &Limits) -> Self {
        match trap {
            Trap::OutOfFuel => Self::fuel(limits),
            Trap::Interrupt => Self::deadline(limits),
            Trap::StackOverflow => Self::new(Code::GuestStack, "the handler ran out of stack"),
            Trap::StringOutOfBounds
            | Trap::ListOutOfBounds
            | Trap::InvalidDiscriminant
            | Trap::InvalidChar
            | Trap::UnalignedPointer
            | Trap::CannotEnterComponent
            | Trap::CannotLeaveComponent => Self::abi("the handler broke the component model's rules"),
            // The trap's text is the engine's own and names nothing of the guest.
            other => {
                let trap = other.to_string();
                let trap = trap.strip_prefix("wasm trap: ").unwrap_or(&trap);
                Self::new(Code::GuestTrap, format!("the handler trapped: {trap}"))
            }
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// So that a host function can end a call with it.
impl std::error::Error for Stop {}

/// What was being done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// Instantiating the component, start functions included.
    Start,
    /// Calling `propose`, its host calls and its answer included.
    Call,
}

/// Whether the engine's limit on bytes handed from guest to host was hit.
///
/// The engine keeps that error's type to itself, so its pinned text is all there is to go by; the hostile fixture
/// `huge_output` fails when an update changes it.
fn is_copy_limit(error: &wasmtime::Error) -> bool {
    error.root_cause().to_string().starts_with("too much data is being copied between the host and the guest")
}

#[cfg(test)]
mod tests {
    use wasmtime::component::{Component, Linker};
    use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

    use super::*;

    /// The slots keep calls below what the pool holds; a pool that is exhausted all the same says so, and nothing breaks.
    #[test]
    fn a_pool_with_no_room_left_is_busy_and_takes_the_next_when_one_has_gone() {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(1).total_core_instances(1).total_memories(1).total_tables(1);
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).expect("wasm runs here");
        let text = "(component (core module $m (memory 1)) (core instance (instantiate $m)))";
        let component = Component::new(&engine, wat::parse_str(text).expect("parses")).expect("compiles");
        let start = || {
            let mut store = Store::new(&engine, ());
            let started = Linker::new(&engine).instantiate(&mut store, &component);
            started.map(|_| store).map_err(|e| Stop::from_engine(&e, Step::Start, &Limits::default()).code)
        };
        let first = start().expect("there is room for one");
        assert_eq!(start().err(), Some(Code::HandlerBusy));
        assert!(Code::HandlerBusy.retryable());
        drop(first);
        assert!(start().is_ok());
    }
}
