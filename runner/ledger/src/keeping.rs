//! Keeping a ledger: how large it is, copies of it, what may go, and who is in the way of that.
//!
//! Invariant: nothing is replaced, packed or removed while another process has the ledger open.
//! Invariant: what is pruned was written to an archive before, and leaves a signed tombstone in the chain.

mod archive;
mod backup;
mod guards;
mod lock;
mod prune;
mod remove;
mod stats;
mod tombstone;

pub use backup::{Backup, Restored, restore};
pub use prune::{Prunable, PruneFilter, Pruned};
pub use remove::{Packed, reset, vacuum};
pub use stats::{Sizes, Stats};

pub(crate) use archive::Archive;
pub(crate) use backup::backup;
pub(crate) use lock::Lock;
pub(crate) use prune::{Due, due, prunable, prune_step};
pub(crate) use stats::stats;
pub(crate) use tombstone::{Gone, Tombstone};
