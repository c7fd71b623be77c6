//! The fleet: approved changes of one ledger, carried out by workers in other networks that alone hold the write credentials.
//!
//! A *control plane* gives jobs out under leases and records what came of them; a *worker* claims, carries out and reports. The
//! source's own receipt is what makes it safe: however often a job is given out, lost or reported late, it changes its row once.
//!
//! Invariant: the control plane has no credential of a source, and no worker has the ledger.
//! Invariant: what a worker changes is what its own config allows, whatever it is sent.
//!
//! Modules in reading order.

// the control plane
mod server;
mod gate;
mod routes;
mod refused;
mod caller;
mod token;

// the worker
mod worker;
mod in_hand;
mod job;
mod client;

pub use client::ControlPlane;
pub use server::{ControlPlaneOptions, ControlPlaneServer};
pub use synapsor_inbound::TlsFiles;
pub use token::{TOKEN_PREFIX, digest_of, token_from};
pub use worker::{Drained, WorkerOptions, work};
