//! Runs handlers: loads a component by its digest, gives it one call in a box, and says what it answered and what it used.
//!
//! Invariant: a guest reaches its arguments, the row it was given, its declared reads and a log, and nothing else. There is
//! no file, socket, clock, environment or randomness to reach: the imports are compared by name before anything is linked,
//! and where WASI is granted there is nothing behind it.
//! Invariant: every call gets a fresh store and instance, and both are dropped with it.
//! Invariant: no type of the wasm engine leaves this room.
//! Absent on purpose: what a handler may read and write. The caller answers the reads and checks the change.
//!
//! Modules in reading order.

// What goes in and out.
mod allowance;
mod limits;
mod messages;

// Loading.
mod engine;
mod wasm;
mod gate;
mod compile;
mod cache;
mod code;

// Work in a process of its own.
mod helper;
mod confine;
mod compile_child;
mod sandbox;
mod worker;

// One call: the host's side of it, then the guest's.
mod handler;
mod reads;
mod recorded;
mod slots;

mod call;
mod turns;
mod console;
mod v0_1;
mod wasi;
mod wellformed;

// What bounds a guest, and how it ends.
mod allotment;
mod breaker;
mod error;
mod notes;
mod stop;
mod ticker;

pub use allowance::{Allowance, Wasi};
pub use breaker::{OWN_STOPS, PAUSE_MS, ROW_MS, STOPS_IN_A_ROW, Suspension};
pub use cache::CacheSettings;
pub use compile::{Compile, CompileLimits};
pub use engine::HandlerEngine;
pub use error::{Error, GuestError};
pub use handler::Handler;
pub use helper::{Helper, answer};
pub use limits::{EngineSettings, Isolation, Limits};
pub use messages::{BoxFuture, DeclaredReads, HandlerAnswer, HandlerCall, HandlerRun, ReadError};
pub use recorded::{Asked, RecordedReads};
pub use sandbox::Confinement;
