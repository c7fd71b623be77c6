//! Handlers in processes of their own: the compiler's and the guests', both the real binary started again.
//!
//! The room of handlers is used as a library, with the binary as its helper.
#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test ends loudly")]

// guests from text, reads from a table
#[path = "../../runner/handler-host/tests/room/support.rs"]
#[expect(dead_code, reason = "the room's own tests use the rest")]
mod support;

mod process;

mod cache;
mod compile;
