//! A look: what the source has recorded for a job, asked on a connection of its own. Pure.
//!
//! Invariant: nothing here writes, creates a table, or takes a lock somebody else would wait for.

use crate::action::{Next, Step};
use crate::error::Obstacle;
use crate::event::Event;
use crate::receipts::Settlement;

/// Where a look stands, named by the step whose answer it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Look {
    /// S0.
    Connecting,
    /// Is there a table at all?
    FindingReceiptsTable,
    /// Is there a receipt in it?
    ReadingReceipt,
    /// The answer is known; the connection is given back.
    Abandoning(Option<Settlement>),
}

/// What was found; `None` is no receipt.
type Found = Result<Option<Settlement>, Obstacle>;

impl Look {
    /// Its first step.
    pub(crate) fn begin() -> (Self, Step) {
        (Self::Connecting, Step::Connect)
    }

    /// What follows from the answer to the last step.
    pub(crate) fn step(self, event: Event) -> Next<Self, Found> {
        match (self, event) {
            (Self::Connecting, Event::Done) => {
                Next::Step(Self::FindingReceiptsTable, Step::FindReceiptsTable)
            }
            (Self::FindingReceiptsTable, Event::ReceiptsTable { found: true }) => {
                Next::Step(Self::ReadingReceipt, Step::ReadReceipt)
            }
            (Self::FindingReceiptsTable, Event::ReceiptsTable { found: false }) => {
                Next::Step(Self::Abandoning(None), Step::Abandon)
            }
            (Self::ReadingReceipt, Event::Receipt(found)) => {
                Next::Step(Self::Abandoning(found), Step::Abandon)
            }
            (Self::Abandoning(found), _) => Next::Over(Ok(found)),
            (_, event) => Next::Over(Err(event.into_obstacle())),
        }
    }
}
