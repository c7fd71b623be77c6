//! The room's front door: texts in, problems or a compiled config out.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that cannot go on ends its test"
)]

mod accepted;
mod fixture;
mod generated;
mod hostile;
mod migrated;
mod refusals;
