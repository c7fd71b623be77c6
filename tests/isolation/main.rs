//! Handlers in processes of their own: the compiler's and the guests', both the real binary started again.
//!
//! The room of handlers is used as a library, with the binary as its helper. The room's own tests run here once more, as they
//! stand, with every guest in a worker: hostile ones, reads, limits, WASI, load.
#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test ends loudly")]

// the binary as a helper; guests from text, reads from a table
mod process;
mod support;

// the compiler's process and what is kept of its work
mod cache;
mod compile;

// the guests' process
mod worker;

// the room's own tests, with every guest in a worker
#[path = "../../runner/handler-host/tests/room/calls.rs"]
mod calls;
#[path = "../../runner/handler-host/tests/room/hostile.rs"]
mod hostile;
#[path = "../../runner/handler-host/tests/room/load.rs"]
mod load;
#[path = "../../runner/handler-host/tests/room/reads.rs"]
mod reads;
#[path = "../../runner/handler-host/tests/room/wasi.rs"]
mod wasi;
