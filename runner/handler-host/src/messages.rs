//! What goes into the box and what comes out of it: small owned messages, so that a guest can run in this process or in
//! a worker process with no rights, and the rest of the room does not notice.

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use synapsor_protocol::{Columns, Moment, RecordedRead, Usage, Value};
use tokio::sync::{mpsc, oneshot};

use crate::stop::Stop;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One call of a handler: everything the guest is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandlerCall {
    /// The capability's name.
    pub capability: String,
    /// Whose data.
    pub tenant: String,
    /// Who is asking.
    pub principal: String,
    /// When the call was received; the only clock a guest sees.
    pub now: Moment,
    /// The checked arguments.
    pub arguments: Columns,
    /// The capability's settings.
    pub settings: Columns,
    /// The scoped row.
    pub row: Columns,
}

/// What a handler answered, well formed but not yet checked against the capability's rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum HandlerAnswer {
    /// Columns to change on the target row.
    Change {
        /// New values by column.
        columns: Columns,
        /// The handler's one-line account.
        summary: Option<String>,
    },
    /// A business "no".
    Refusal {
        /// The handler's own code, `SCREAMING_SNAKE`.
        code: String,
        /// For the agent.
        message: String,
    },
}

/// A call that ended with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerRun {
    /// The answer.
    pub answer: HandlerAnswer,
    /// What the call used.
    pub usage: Usage,
    /// What the handler logged.
    pub log: Vec<String>,
    /// The reads it asked for with their answers, in order.
    pub reads: Vec<RecordedRead>,
}

/// Why a declared read was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadError {
    /// The config declares no such read, or not with those filters.
    NotDeclared,
    /// A limit of the read or of the call is used up.
    LimitReached,
    /// The source did not answer. The call ends as a failure, whatever the guest does.
    Unavailable,
}

/// Who answers a handler's declared reads: the source while proposing, the record in a rerun, a case file in a test.
///
/// Invariant: answers are scoped to the call's tenant, and depend on nothing but the read and the call.
pub trait DeclaredReads: Send + Sync {
    /// The row of `read` with this key.
    fn get(&self, read: &str, key: &Value) -> BoxFuture<'_, Result<Option<Columns>, ReadError>>;

    /// The rows of `read` that equal every filter.
    fn find(&self, read: &str, filters: &Columns) -> BoxFuture<'_, Result<Vec<Columns>, ReadError>>;
}

/// A read a guest asks for, on its way out of the box.
#[derive(Debug)]
pub(crate) enum Ask {
    Get { read: String, key: Value, reply: oneshot::Sender<Reply<Option<Columns>>> },
    Find { read: String, filters: Columns, reply: oneshot::Sender<Reply<Vec<Columns>>> },
}

/// The answer on its way in; `Stop` ends the call.
pub(crate) type Reply<T> = Result<Result<T, ReadError>, Stop>;

/// Where a guest's asks go.
pub(crate) type Asks = mpsc::Sender<Ask>;

/// How a call ended, seen from inside the box.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ending {
    pub(crate) outcome: Result<HandlerAnswer, Stop>,
    pub(crate) fuel: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) output_bytes: u64,
    pub(crate) wall_us: u64,
    pub(crate) log: Vec<String>,
}

impl Ending {
    /// A call that came to nothing before its guest could start.
    pub(crate) fn without_a_start(stop: Stop) -> Self {
        Self { outcome: Err(stop), fuel: 0, memory_bytes: 0, output_bytes: 0, wall_us: 0, log: Vec::new() }
    }
}
