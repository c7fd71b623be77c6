//! The ledger: the append-only local record of what was read, proposed, decided and carried out.
//!
//! One SQLite file in WAL mode, shared by every process that opens it, or a schema on a PostgreSQL server, shared by every
//! machine that does. What happened is a chain of events, each
//! carrying the digest of the one before; the documents themselves (evidence, proposals, decisions, receipts) are bound
//! to the chain by their digests, so an edited, removed or reordered record is found by [`Ledger::verify`].
//!
//! Invariant: whatever was proposed, decided or carried out is on the disk before the answer. What was read is committed before the
//! answer, where no killed process can take it back, and on the disk a moment later. A caller that saw an error may repeat.
//! Invariant: a [`Notebook`], which the model's side holds, cannot decide or apply and leads to no [`Ledger`].
//! Absent on purpose: a key. The chain proves that the file is consistent with itself; somebody who may write the file
//! can rebuild the whole chain, or cut its tail. A signed [`Ledger::checkpoint`] that is kept elsewhere shows that.
//!
//! Modules in reading order.

mod ledger;
mod notebook;

mod decide;
mod propose;
mod handover;
mod claims;
mod runner_tokens;
mod writeback;
mod reopen;
mod shadow;

mod proposals;
mod replay;
mod history;
mod search;

mod account;
mod report;
mod progress;
mod verify;

mod keeping;
mod migrate;

mod chain;
mod link;
mod documents;
mod parts;
mod jobs;
mod redaction;
mod secrets;

mod statements;
mod sqlite;
mod postgres;

mod book;
mod place;
mod connection;
mod file;
mod readers;
mod schema;
mod upgrade;
mod writer;
mod queue;
mod committer;
mod flush;

mod error;
mod rule;
mod points;

pub use book::Opening;
pub use error::{Error, Fault};
pub use handover::Recipient;
pub use history::{HistoryFilter, PastCall};
pub use keeping::{
    Backup, Packed, Prunable, PruneFilter, Pruned, Restored, Sizes, Stats, reset, restore, vacuum,
};
pub use ledger::Ledger;
pub use migrate::{Migrated, migrate};
pub use notebook::Notebook;
pub use place::Place;
pub use postgres::Server;
pub use progress::Progress;
pub use proposals::{ProposalFilter, StoredProposal};
pub use propose::Recorded;
pub use replay::{REPLAY_SCHEMA, Replay};
pub use report::{ChainReport, Misfit, MisfitKind};
pub use rule::Rule;
pub use runner_tokens::{RunnerToken, TokenGrant};
pub use search::{
    About, Activity, Cursor, CursorUnreadable, EventFilter, Filter, FoundAudit, FoundEvidence, FoundReceipt,
    Listing, ObjectFilter, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, Page, RecordKind, Status, TableFilter,
};
pub use secrets::{REDACTED, looks_secret, redact};
pub use shadow::Shadowed;
pub use verify::{ExportReport, Trust, Verification, verify_export};
pub use writeback::{Finished, Start};
