//! The review pages over real sockets: every attack, every hostile value, every decision.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends loudly"
)]

mod client;
mod tries;
mod world;

mod attack;
mod decisions;
mod executors;
mod hostile;
mod limits;
mod templates;
mod views;
