//! The room against real components: ordinary ones answer, hostile ones are stopped, and the next call works.

#![expect(clippy::expect_used, clippy::panic, reason = "what a test sets up may fail loudly")]

mod calls;
mod hostile;
mod load;
mod precompiled;
mod reads;
mod support;
mod suspension;
mod wasi;
