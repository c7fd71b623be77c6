//! What the machine is told: what came of an action, as far as it matters for what comes next. Pure.
//!
//! The leaves (guard, after image, effects, receipts) turn what a source answered into what it means, here and nowhere else,
//! so that a simulated source is judged by the same rules as a real one.

use synapsor_protocol::{Columns, RowKey, Value, WritebackJob};

use crate::after_image;
use crate::classify::FaultClass;
use crate::effects::{Effect, Reviewed};
use crate::engine::{Changed, Inserted};
use crate::error::{Fault, Obstacle};
use crate::guard::{self, Comparison};
use crate::receipts::{Settlement, SourceReceipt};

/// The answer to an [`Action`](crate::action::Action).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    /// It is done, and there is nothing to say about it.
    Done,
    /// It was not done, or nobody knows.
    Failed(Obstacle),
    /// A person wants the runner to end.
    ToldToStop,

    /// The ledger has the intent, and the job is to be carried out.
    Claimed,
    /// The ledger says applied already.
    SettledBefore,
    /// Whether every earlier attempt is recorded as having come to nothing.
    EarlierAttempts {
        /// It is.
        came_to_nothing: bool,
    },
    /// The ledger says no, or cannot be used.
    LedgerRefused,

    /// Whether there is a receipts table.
    ReceiptsTable {
        /// There is.
        found: bool,
    },
    /// What the job's receipt means, if there is one.
    Receipt(Option<Settlement>),
    /// The locked row against the reviewed one.
    Locked(Comparison),
    /// The receipt is in, or its key is taken.
    Inserted(Inserted),
    /// What the update came to.
    Updated(Changed),
    /// The row as it is stored now.
    Stored {
        /// The columns that hold something else than was approved.
        wrong: Vec<String>,
        /// The version now, where there is a version column.
        version: Option<Value>,
    },
}

impl Event {
    /// A receipt, if one was found, as it concerns this job.
    pub(crate) fn receipt(job: &WritebackJob, found: Option<&SourceReceipt>) -> Self {
        Self::Receipt(found.map(|receipt| receipt.settles(job)))
    }

    /// The row under the lock.
    pub(crate) fn locked(job: &WritebackJob, row: Option<&Columns>, redaction: Option<&RowKey>) -> Self {
        Self::Locked(guard::compare(job, row, redaction))
    }

    /// The row after the update.
    pub(crate) fn stored(job: &WritebackJob, row: Option<&Columns>, warned: bool) -> Self {
        let mut wrong = after_image::mismatches(job, row);
        if wrong.is_empty() && warned {
            // MySQL warns where it shortened or clamped something, be it in a column nobody looks at.
            wrong = job.patch.keys().cloned().collect();
        }
        Self::Stored { wrong, version: after_image::version(job, row) }
    }

    /// What else acts on the change.
    pub(crate) fn effects(reviewed: &Reviewed, found: &[Effect]) -> Self {
        reviewed.check(found).map_or_else(Self::Failed, |()| Self::Done)
    }

    /// What stands in the way. An answer to another question is no answer: the step is broken.
    pub(crate) fn into_obstacle(self) -> Obstacle {
        match self {
            Self::Failed(obstacle) => obstacle,
            Self::ToldToStop => Obstacle::Stopped,
            _ => Obstacle::Fault(Fault { class: FaultClass::Broken }),
        }
    }

    /// The fault a step met; an obstacle of another kind, where none can stand any more, is a broken step.
    pub(crate) fn into_fault(self) -> Fault {
        match self.into_obstacle() {
            Obstacle::Fault(fault) => fault,
            _ => Fault { class: FaultClass::Broken },
        }
    }
}
