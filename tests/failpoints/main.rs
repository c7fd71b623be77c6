//! The runner is killed, made to fail and stopped at every point of the way from a proposal to its receipt, on every
//! engine; then the apply is repeated until it ends, and the checker of `tests/crash` looks.
//!
//! Unlike there, the binary is one of its own, with points compiled in (`--features failpoints`). What each point means,
//! and why each outcome is what it is: `docs/decisions/0007-crash-points.md`.
//!
//! ```sh
//! tests/with-databases cargo nextest run -p synapsor-cli --features failpoints --test failpoints
//! ```
#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test ends loudly")]

#[expect(dead_code, reason = "`tests/crash` uses the rest of them")]
#[path = "../crash"]
mod crash {
    pub(crate) mod bench;
    pub(crate) mod invariants;
    pub(crate) mod settle;
    pub(crate) mod table;
}

mod names;
mod expected;
mod strike;
mod cell;

mod every_point;
mod twice;
mod sweep;

use crash::{bench, invariants, settle, table};
