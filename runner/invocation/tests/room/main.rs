//! Calls against a real SQLite source and a real ledger: what is answered, what is refused, and what is recorded.
#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test ends loudly")]

mod desk;

mod arguments;
mod candidates;
mod loads;
mod patches;
mod records;
mod redaction;
