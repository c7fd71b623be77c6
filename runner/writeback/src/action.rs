//! What the machine asks for: of the ledger, of the source, and in the end to say how it went. Pure.

use synapsor_protocol::Code;

use crate::error::Obstacle;
use crate::guard::Decision;
use crate::resolve::Attempt;

/// What the driver does next; it answers with an [`Event`](crate::event::Event), except to the last.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// One ledger transaction.
    Ledger(Entry),
    /// One step at the source.
    Source(Step),
    /// Nothing more: the apply has come to this.
    End(Verdict),
}

/// What the ledger is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Entry {
    /// L1: the durable intent, before the source is touched.
    Claim,
    /// L2: how the job ended, as a sealed receipt.
    Record(Attempt),
    /// Whether every earlier attempt is recorded as having come to nothing.
    WeighEarlierAttempts,
    /// This attempt came to nothing, for this reason.
    Interrupt(Code),
}

/// What is asked of the source, each on the present connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// Wait, without a connection.
    Rest {
        /// How long.
        pause_ms: u64,
    },
    /// S0: a fresh connection; whatever there was before is dropped, which rolls it back.
    Connect,
    /// Look whether there is a receipts table.
    FindReceiptsTable,
    /// Make one, where the config leaves that to the runner.
    MakeReceiptsTable,
    /// The job's receipt, in a statement of its own; S8 where it follows a COMMIT.
    ReadReceipt,
    /// Whether the target is a table that can keep the promise.
    Inspect,
    /// What else acts on the change, and whether that was acknowledged.
    FindEffects,
    /// S1.
    Begin,
    /// S2: read the row under a lock, and compare it with what was reviewed.
    Lock,
    /// S3.
    InsertReceipt(Decision),
    /// S4.
    Update,
    /// S5: read the row again, and compare it with what was approved.
    ReadBack {
        /// The update gave a warning, so no patched column is to be trusted.
        warned: bool,
    },
    /// S6.
    CheckAlive,
    /// S7.
    Commit,
    /// ROLLBACK, as far as the connection still answers, and drop it.
    Abandon,
}

/// What an apply has come to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Verdict {
    /// What the ledger answered last, be it the record of an ending or an error.
    AsTheLedgerSaid,
    /// The ledger said applied, and so does the source.
    Confirmed,
    /// The ledger says applied, and the source does not know of it.
    Regressed,
    /// Nothing happened, and the proposal is where it was.
    Obstructed(Obstacle),
    /// Nothing happened in this attempt, but an earlier one may have changed the row.
    Unsettled(Obstacle),
}

/// What a part of the machine says to the part around it.
#[derive(Debug)]
pub(crate) enum Next<S, R> {
    /// It waits for the answer to a step.
    Step(S, Step),
    /// It is over.
    Over(R),
}
