//! What the host and a worker say to each other. Both are the same build of the same program, so there is one version.
//!
//! Invariant: the host takes nothing from a worker on trust. A worker runs guests, so it is treated as one that a guest has
//! taken over: unknown members, unknown ids, a second answer, a figure over its limit each end it (`verify.rs`).

use serde::{Deserialize, Serialize};
use synapsor_protocol::{Columns, Value};

use crate::allowance::Allowance;
use crate::limits::Limits;
use crate::messages::{Ending, HandlerCall, ReadError};
use crate::sandbox::Confinement;
use crate::stop::Stop;

/// Bytes of a message of a worker: an answer and a log at their maxima, every character escaped.
pub(super) const FROM_WORKER_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Bytes of a message to a worker: every read at its maximum, every character escaped.
pub(super) const TO_WORKER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The first message to a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    /// The most any handler is given; the memory pool is made for it.
    pub(super) limits_max: Limits,
    /// Calls that run at once.
    pub(super) slots: u32,
    /// Threads that run guests.
    pub(super) threads: usize,
}

/// Host to worker, after [`Start`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum ToWorker {
    /// Native code follows, this many bytes of it.
    Load { handler: u64, allowance: Allowance, code_bytes: u64 },
    /// No call will name it again.
    Unload { handler: u64 },
    /// Run one call.
    Call { call: u64, handler: u64, given: HandlerCall },
    /// The answer to the call's one open ask.
    Answered { call: u64, answer: Answer },
    /// Nobody waits for the call any more.
    Cancel { call: u64 },
}

/// A declared read, answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Answer {
    Row(Result<Option<Columns>, ReadError>),
    Rows(Result<Vec<Columns>, ReadError>),
    /// The call ends here.
    Stop(Stop),
}

/// Worker to host.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum FromWorker {
    /// The first: the engine runs and the process is shut in.
    Ready(Confinement),
    /// The handler can be called, or why it cannot: what was being done, and the engine's words.
    Loaded { handler: u64, outcome: Result<(), String> },
    /// The guest asks for a read and waits.
    Ask { call: u64, asked: Asked },
    /// Once for every call, cancelled ones too.
    Ended { call: u64, ending: Ending },
}

/// A declared read, asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Asked {
    Get { read: String, key: Value },
    Find { read: String, filters: Columns },
}
