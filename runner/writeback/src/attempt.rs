//! One try at a job: the transaction that decides, proves and reads back, steps S0 to S8 in order, for any engine. Pure.
//!
//! Invariant (R-ONE-ERROR): the first error inside the transaction is its last statement. ROLLBACK, and the connection is
//! dropped; MariaDB would otherwise commit a receipt without its update.
//! Invariant (R-READBACK): nothing is *applied* because COMMIT said so. A new statement must find the receipt: `COMMIT`
//! of a transaction the server had aborted reports success (`docs/decisions/0002-apply-is-one-transaction.md`).

use synapsor_protocol::Code;

use crate::action::{Next, Step};
use crate::classify::FaultClass;
use crate::ending::{Ending, Written};
use crate::engine::{Changed, Inserted};
use crate::error::{Fault, Obstacle};
use crate::event::Event;
use crate::guard::{Comparison, Decision};
use crate::look::Look;
use crate::report::Check;

/// Where a try stands, named by the step whose answer it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Try {
    /// S0.
    Connecting,
    /// Is there a receipts table?
    FindingReceiptsTable,
    /// Is the receipt of an earlier run in it?
    LookingForReceipt,
    /// Can the target keep the promise?
    Inspecting(Receipts),
    /// Does anything act on the change that was not acknowledged?
    FindingEffects(Receipts),
    /// Only for a target that can be changed is anything made in the source.
    MakingReceiptsTable,

    /// S1.
    Beginning,
    /// S2.
    Locking,
    /// S3.
    InsertingReceipt(Decision),
    /// S4.
    Updating,
    /// The statement's own lock keeps the table as it is from here to COMMIT: what acted is what is found now.
    FindingEffectsAgain(Changed),
    /// S5.
    ReadingBack,
    /// S6: an aborted transaction shows itself here rather than at COMMIT.
    CheckingAlive(Written),

    /// S7.
    Committing(Written),
    /// S8.
    ReadingReceipt(Written),

    /// The connection is given back, or what was begun is rolled back.
    Abandoning(Then),
    /// Another run got there first: what did it record? On a new connection, since the old one has seen an error.
    LookingAtTheOther(Look),
}

/// Whether the receipts table is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Receipts {
    /// It was found.
    Found,
    /// It is to be made.
    Missing,
}

/// What comes after a connection was given back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Then {
    /// The try is over.
    Over(Result<Tried, Obstacle>),
    /// A look at the receipt that stood in the way.
    Look,
}

/// A try either ends, or leaves open what its COMMIT did.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Tried {
    /// It is known how it ended.
    Ended(Ending),
    /// It is not.
    Unclear {
        /// What was written, if the COMMIT holds.
        written: Written,
        /// What came instead of an answer.
        fault: Fault,
    },
}

/// An obstacle is a try in which nothing happened and nothing was decided.
type TryNext = Next<Try, Result<Tried, Obstacle>>;

impl Try {
    /// Its first step.
    pub(crate) fn begin() -> (Self, Step) {
        (Self::Connecting, Step::Connect)
    }

    /// Whether a stop ends the try here: what has not come to COMMIT is rolled back, what has is finished.
    pub(crate) fn heeds_stop(&self) -> bool {
        !matches!(
            self,
            Self::Committing(_) | Self::ReadingReceipt(_) | Self::Abandoning(_) | Self::LookingAtTheOther(_)
        )
    }

    /// What follows from the answer to the last step.
    pub(crate) fn step(self, event: Event, checks: &mut Vec<Check>) -> TryNext {
        match self {
            Self::Connecting
            | Self::FindingReceiptsTable
            | Self::LookingForReceipt
            | Self::Inspecting(_)
            | Self::FindingEffects(_)
            | Self::MakingReceiptsTable => self.prepare(event, checks),
            Self::Beginning | Self::Locking | Self::InsertingReceipt(_) => self.decide(event, checks),
            Self::Updating | Self::FindingEffectsAgain(_) | Self::ReadingBack | Self::CheckingAlive(_) => {
                self.prove(event, checks)
            }
            Self::Committing(_) | Self::ReadingReceipt(_) => self.commit(event),
            Self::Abandoning(_) | Self::LookingAtTheOther(_) => self.leave(event, checks),
        }
    }

    /// S0, and the look around. Nothing is begun, so nothing is rolled back.
    fn prepare(self, event: Event, checks: &mut Vec<Check>) -> TryNext {
        let (next, step) = match (self, event) {
            (Self::Connecting, Event::Done) => (Self::FindingReceiptsTable, Step::FindReceiptsTable),
            (Self::FindingReceiptsTable, Event::ReceiptsTable { found: true }) => {
                (Self::LookingForReceipt, Step::ReadReceipt)
            }
            (Self::FindingReceiptsTable, Event::ReceiptsTable { found: false }) => {
                (Self::Inspecting(Receipts::Missing), Step::Inspect)
            }
            (Self::LookingForReceipt, Event::Receipt(Some(settlement))) => {
                return Next::Over(Ending::settled(settlement, checks).map(Tried::Ended));
            }
            (Self::LookingForReceipt, Event::Receipt(None)) => {
                (Self::Inspecting(Receipts::Found), Step::Inspect)
            }
            (Self::Inspecting(receipts), Event::Done) => (Self::FindingEffects(receipts), Step::FindEffects),
            (Self::FindingEffects(receipts), Event::Done) => {
                checks.push(Check::held(Check::EFFECTS));
                match receipts {
                    Receipts::Found => (Self::Beginning, Step::Begin),
                    Receipts::Missing => (Self::MakingReceiptsTable, Step::MakeReceiptsTable),
                }
            }
            (Self::MakingReceiptsTable, Event::Done) => (Self::Beginning, Step::Begin),
            (_, event) => return Next::Over(Err(event.into_obstacle())),
        };
        Next::Step(next, step)
    }

    /// S1 to S3. An error here comes before the receipt is in: nothing is known of other runs of this job, so nothing is
    /// decided, whatever the error says.
    fn decide(self, event: Event, checks: &mut Vec<Check>) -> TryNext {
        match (self, event) {
            (Self::Beginning, Event::Done) => Next::Step(Self::Locking, Step::Lock),
            (Self::Locking, Event::Locked(Comparison { decision, checks: compared })) => {
                checks.extend(compared);
                Next::Step(Self::InsertingReceipt(decision.clone()), Step::InsertReceipt(decision))
            }
            (Self::InsertingReceipt(decision), Event::Inserted(Inserted::Yes)) => {
                checks.push(Check::held(Check::IDEMPOTENCY_KEY));
                match decision {
                    Decision::Apply => Next::Step(Self::Updating, Step::Update),
                    Decision::Conflict { code, changed_columns } => {
                        check_alive(Written::Conflict { code, changed_columns })
                    }
                }
            }
            (Self::InsertingReceipt(_), Event::Inserted(Inserted::Duplicate)) => abandon(Then::Look),
            (_, event) => over(Err(event.into_obstacle())),
        }
    }

    /// S4 to S6: the one guarded statement, and the proof that the row now holds what was approved. The receipt is in, so no
    /// other run has done it or can do it any more, and what the database refuses for good is refused.
    fn prove(self, event: Event, checks: &mut Vec<Check>) -> TryNext {
        match (self, event) {
            (Self::Updating, Event::Updated(changed)) => {
                Next::Step(Self::FindingEffectsAgain(changed), Step::FindEffects)
            }
            (Self::FindingEffectsAgain(changed), Event::Done) => {
                checks.push(Check::new(Check::ONE_ROW, changed.rows == 1));
                match changed.rows {
                    1 => Next::Step(Self::ReadingBack, Step::ReadBack { warned: changed.warnings > 0 }),
                    // The row is locked and was compared: only the database's own rules can have swallowed it.
                    0 => refused(Code::ConstraintViolated, Vec::new()),
                    _ => refused(Code::MultiRowWriteBlocked, Vec::new()),
                }
            }
            // The table is not as it was reviewed, or nobody can tell: that decides nothing.
            (Self::FindingEffectsAgain(_), event) => over(Err(event.into_obstacle())),
            (Self::ReadingBack, Event::Stored { wrong, version }) => {
                checks.push(Check::new(Check::AFTER_IMAGE, wrong.is_empty()));
                if wrong.is_empty() {
                    check_alive(Written::Applied { new_version: version })
                } else {
                    refused(Code::AfterImageMismatch, wrong)
                }
            }
            (Self::CheckingAlive(written), Event::Done) => {
                Next::Step(Self::Committing(written), Step::Commit)
            }
            (_, Event::Failed(Obstacle::Fault(fault))) => over(Ending::refused(fault).map(Tried::Ended)),
            (_, event) => over(Err(event.into_obstacle())),
        }
    }

    /// S7 and S8. Every error here leaves open what happened, also one that reads like a refusal.
    fn commit(self, event: Event) -> TryNext {
        match (self, event) {
            (Self::Committing(written), Event::Done) => {
                Next::Step(Self::ReadingReceipt(written), Step::ReadReceipt)
            }
            (Self::Committing(written), event) => {
                over(Ok(Tried::Unclear { written, fault: event.into_fault() }))
            }
            (Self::ReadingReceipt(written), Event::Receipt(Some(settlement))) => {
                over(written.confirmed_by(settlement).map(Tried::Ended))
            }
            // COMMIT was answered, but no receipt of ours is there; or the look failed, and not the COMMIT: whatever it
            // says, it refuses nothing.
            (Self::ReadingReceipt(written), _) => {
                over(Ok(Tried::Unclear { written, fault: Fault { class: FaultClass::Broken } }))
            }
            (_, event) => over(Err(event.into_obstacle())),
        }
    }

    /// After the connection. Whether ROLLBACK was answered does not matter: it is dropped, which rolls back as well.
    fn leave(self, event: Event, checks: &mut Vec<Check>) -> TryNext {
        let looked = match self {
            Self::Abandoning(Then::Over(tried)) => return Next::Over(tried),
            Self::Abandoning(Then::Look) => {
                let (look, step) = Look::begin();
                return Next::Step(Self::LookingAtTheOther(look), step);
            }
            Self::LookingAtTheOther(look) => match look.step(event) {
                Next::Step(look, step) => return Next::Step(Self::LookingAtTheOther(look), step),
                Next::Over(looked) => looked,
            },
            _ => Err(event.into_obstacle()),
        };
        Next::Over(match looked {
            Ok(Some(settlement)) => Ending::settled(settlement, checks).map(Tried::Ended),
            // The receipt that stood in the way was never committed.
            Ok(None) => Err(Fault { class: FaultClass::Transient }.into()),
            Err(obstacle) => Err(obstacle),
        })
    }
}

fn check_alive(written: Written) -> TryNext {
    Next::Step(Try::CheckingAlive(written), Step::CheckAlive)
}

fn abandon(then: Then) -> TryNext {
    Next::Step(Try::Abandoning(then), Step::Abandon)
}

fn over(tried: Result<Tried, Obstacle>) -> TryNext {
    abandon(Then::Over(tried))
}

/// The database did something else than was approved.
fn refused(code: Code, changed_columns: Vec<String>) -> TryNext {
    over(Ok(Tried::Ended(Ending::Failed { code, changed_columns })))
}
