//! Guests in a process of their own: a long-lived worker of the same program, shut in, and the host's end of its pipes.
//!
//! What a guest could reach after breaking out of wasm is what its process has. The worker has no environment, no credential,
//! no descriptor but its two pipes, no files and no network; the host keeps the sources, the ledger and the rules.
//! Invariant: a worker that ends, for whatever reason, costs the calls in flight and nothing else. They end with
//! `HANDLER_WORKER_LOST`, nothing was proposed, and the next call meets a new worker.
//!
//! Modules in reading order.

// What is said.
mod frame;
mod message;
mod outbox;

// The worker's side.
mod serve;

// The host's side: one worker's life, what is believed of it, and keeping one alive.
mod link;
mod ear;
mod verify;
mod keeper;
mod resident;

pub(crate) use keeper::Worker;
pub(crate) use resident::Resident;
pub(crate) use serve::run;
