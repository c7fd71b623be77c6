//! What a person sets in motion: approve, reject, apply; and the sealed receipt of what happened.
//!
//! Invariant: the only room whose statements change a source, and no room the model talks to can reach it.
//! Invariant: a source changes at most once per approved content, and *applied* is said only after the source's own
//! receipt was read back. Why that holds: `docs/decisions/0002-apply-is-one-transaction.md`.
//! Absent on purpose: anything here that writes more than one row of an application's, inserts or deletes one. That is for
//! executors of its own (`http_handler`, `command_handler`), which are asked and believed under rules of their own.
//!
//! Modules in reading order.

// what a person asks for
mod desk;
mod apply;
mod errand;
mod job;
mod assignment;
mod reconcile;
mod stop;
mod record;
mod admit;
mod authority;
mod history;

// the machine: what an apply does next, without doing it
mod machine;
mod action;
mod event;
mod resolve;
mod attempt;
mod look;

// the pure leaves it decides by
mod guard;
mod effects;
mod statement;
mod after_image;
mod receipts;
mod ending;

// what it needs, and whether that is there
mod rights;
mod excess;
mod reading;
mod doctor;
mod proof;

// a place of its own to try all of it in
mod scratch;

// or somebody else does it
mod executor;

// where it runs
mod driver;
mod rehearse;
mod engine;
mod classify;

// the machine in worlds of every kind
#[cfg(test)]
mod simulation;

// what comes back
mod report;
mod error;
mod points;

pub use assignment::{Carried, WorkerDesk};
pub use desk::{Desk, WriteSettings};
pub use doctor::{Checkup, Finding, examine};
pub use excess::Excess;
pub use executor::{CommandReach, ExecutorSettings, HttpReach, Reach, SigningKey};
pub use proof::{ReceiptsProof, prove_receipts};
pub use reading::reading_excess;
pub use receipts::{RECEIPTS_TABLE, receipts_table_ddl};
pub use reconcile::{Conclusion, Inspection, SourceSays};
pub use report::{ApplyReport, Check, DryRun};
pub use rights::{default_role, grants};
pub use scratch::{Order, SCRATCH_PREFIX, Scratch};
pub use stop::{StopSignal, StopSwitch};
