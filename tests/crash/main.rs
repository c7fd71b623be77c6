//! An approved proposal changes its one row exactly once, exactly as shown, or not at all, whatever dies: shown from
//! outside, on the binary as it ships, with real databases.
//!
//! Nothing in the product helps: there are no hooks in it (`shipped.rs`), and where hooks are needed `tests/failpoints` has
//! a binary of its own. The wire (`proxy.rs`) and the disk (`disk.c`) are where it is broken, and one checker
//! (`invariants.rs`) looks at what is left after every trial. The points, the outcome each must have and why:
//! `docs/decisions/0007-crash-points.md`.
//!
//! What CI runs, in about five minutes on two cores:
//!
//! ```sh
//! tests/with-databases cargo nextest run -p synapsor-cli --test crash
//! ```
//!
//! The nightly volume: every frame of the wire instead of every request, fifty times the drawn moments. A failing trial
//! prints its seed, and `SYNAPSOR_CRASH_SEED` draws the same moments again.
//!
//! ```sh
//! SYNAPSOR_CRASH_VOLUME=50 tests/with-databases cargo nextest run -p synapsor-cli --test crash --test-threads 2
//! ```
#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test ends loudly")]

mod volume;
mod bench;
mod preload;
mod wire;
mod proxy;
mod invariants;
mod table;
mod settle;
mod trial;

mod commit;
mod sweep;
mod kill;
mod disk;
mod decide;
mod zombie;
mod crowd;
mod clock;
mod server;
mod shared;
mod shipped;
