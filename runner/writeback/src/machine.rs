//! The machine: what an apply does next, given what came of its last action; from the ledger's claim to its record.
//!
//! An apply is told here once, for every engine, without waiting for anything: [`Apply::step`] takes an event and answers with
//! an action. `driver.rs` performs the actions on a real source and `errand.rs` in the real ledger; `simulation` performs them
//! in a world of its own, where every action may crash, fail, lose its answer or come late, in every order.
//!
//! Inside it: [`Resolve`] runs the job until its outcome is certain, [`Try`](crate::attempt::Try) is one transaction,
//! [`Look`] asks the source for its receipt. Each answers with its next step, or with what it came to.
//!
//! Invariant: no clock, no connection, no future, no row. What it knows is what it was told.

use crate::action::{Action, Entry, Next, Step, Verdict};
use crate::error::Obstacle;
use crate::event::Event;
use crate::look::Look;
use crate::receipts::Settlement;
use crate::resolve::{Attempt, Resolve};

/// Where an apply stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Apply {
    /// L1: durable before the source is touched.
    Claiming,
    /// The ledger says applied: true only if the source says so too. Never applied again by itself.
    Confirming(Look),
    /// The source has its say.
    Resolving(Resolve),
    /// L2.
    Recording,
    /// This attempt came to nothing. Is that certain of every earlier one too?
    Weighing(Obstacle),
    /// It is: the ledger hears that nothing is under way.
    Interrupting(Obstacle),
    /// It has come to its verdict.
    Over,
}

impl Apply {
    /// Its first action.
    pub(crate) fn begin() -> (Self, Action) {
        (Self::Claiming, Action::Ledger(Entry::Claim))
    }

    /// Whether a stop is heard here. Otherwise what is under way is finished first.
    pub(crate) fn heeds_stop(&self) -> bool {
        match self {
            Self::Confirming(_) => true,
            Self::Resolving(resolve) => resolve.heeds_stop(),
            _ => false,
        }
    }

    /// What follows from the answer to the last action.
    pub(crate) fn step(self, event: Event) -> (Self, Action) {
        match (self, event) {
            (Self::Claiming, Event::Claimed) => Self::resolving(Resolve::begin()),
            (Self::Claiming, Event::SettledBefore) => Self::confirming(Look::begin()),
            (Self::Confirming(_), Event::ToldToStop) => Self::over(Verdict::Obstructed(Obstacle::Stopped)),
            (Self::Confirming(look), event) => match look.step(event) {
                Next::Step(look, step) => Self::confirming((look, step)),
                Next::Over(recorded) => Self::confirmed(recorded),
            },
            (Self::Resolving(resolve), event) => match resolve.step(event) {
                Next::Step(resolve, step) => Self::resolving((resolve, step)),
                Next::Over(Ok(attempt)) => Self::recording(attempt),
                Next::Over(Err(obstacle)) => {
                    (Self::Weighing(obstacle), Action::Ledger(Entry::WeighEarlierAttempts))
                }
            },
            (Self::Weighing(obstacle), Event::EarlierAttempts { came_to_nothing: true }) => {
                let code = obstacle.code();
                (Self::Interrupting(obstacle), Action::Ledger(Entry::Interrupt(code)))
            }
            (Self::Weighing(obstacle), Event::EarlierAttempts { came_to_nothing: false }) => {
                Self::over(Verdict::Unsettled(obstacle))
            }
            (Self::Interrupting(obstacle), Event::Done) => Self::over(Verdict::Obstructed(obstacle)),
            // Recorded, or the ledger said no.
            (
                Self::Claiming | Self::Recording | Self::Weighing(_) | Self::Interrupting(_) | Self::Over,
                _,
            ) => Self::over(Verdict::AsTheLedgerSaid),
        }
    }

    fn resolving((resolve, step): (Resolve, Step)) -> (Self, Action) {
        (Self::Resolving(resolve), Action::Source(step))
    }

    fn confirming((look, step): (Look, Step)) -> (Self, Action) {
        (Self::Confirming(look), Action::Source(step))
    }

    fn recording(attempt: Attempt) -> (Self, Action) {
        (Self::Recording, Action::Ledger(Entry::Record(attempt)))
    }

    fn confirmed(recorded: Result<Option<Settlement>, Obstacle>) -> (Self, Action) {
        Self::over(match recorded {
            Ok(Some(Settlement::Applied)) => Verdict::Confirmed,
            Ok(_) => Verdict::Regressed,
            Err(obstacle) => Verdict::Obstructed(obstacle),
        })
    }

    fn over(verdict: Verdict) -> (Self, Action) {
        (Self::Over, Action::End(verdict))
    }
}
