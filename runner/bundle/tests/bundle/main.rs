//! The room against real compiled components: the late-fee handler as it is shipped, and copies of it broken one way each.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test sets up may fail loudly"
)]

mod copy;
mod frozen;
mod grants;
mod packed;
mod published;
mod refusals;
mod shipped;
mod signed;
mod wasi;
