//! The room against real databases: the same cases on all three engines, and what only one of them can do.
#![expect(clippy::expect_used, reason = "a test ends where its ground gives way")]

mod door;
mod values;
mod round_trip;
mod scope;
mod down;
mod shape;
