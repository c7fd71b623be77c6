//! Resolve: a job is tried until it is certain how it ended. Pure.
//!
//! Invariant: whatever is unclear at COMMIT is settled by looking for the source's receipt and running the same job again;
//! its key makes that harmless. Nothing is guessed: a source that stays away leaves the outcome unknown.

use crate::action::{Next, Step};
use crate::attempt::{Tried, Try};
use crate::ending::{Ending, Written};
use crate::error::{Fault, Obstacle};
use crate::event::Event;
use crate::look::Look;
use crate::receipts::Settlement;
use crate::report::Check;

/// Pauses before each try to find out what an unclear COMMIT did, in milliseconds; afterwards the outcome is unknown.
pub(crate) const RESOLVE_AFTER_MS: [u64; 3] = [100, 500, 2500];

/// How a job ended, and what was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    /// How it ended.
    pub(crate) ending: Ending,
    /// The conditions in the order they were looked at.
    pub(crate) checks: Vec<Check>,
}

/// Where a job stands between its first try and its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Resolve {
    stage: Stage,
    doubt: Option<Doubt>,
    checks: Vec<Check>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Stage {
    /// The job runs.
    Trying(Try),
    /// Its COMMIT is unclear; a moment is given to whatever happened.
    Resting,
    /// The source's receipt says what the COMMIT did; without one the same job runs again.
    Looking(Look),
}

/// What an unclear COMMIT left behind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Doubt {
    /// What was written, if it holds.
    written: Written,
    /// What came instead of an answer.
    fault: Fault,
    /// How often it was looked into.
    looks: usize,
}

/// An obstacle is a job to which nothing happened and of which nothing was decided.
type ResolveNext = Next<Resolve, Result<Attempt, Obstacle>>;

impl Resolve {
    /// Its first step.
    pub(crate) fn begin() -> (Self, Step) {
        let (first, step) = Try::begin();
        (Self { stage: Stage::Trying(first), doubt: None, checks: Vec::new() }, step)
    }

    /// Whether a stop ends it here. An unclear COMMIT is looked into once, which is all there is time for.
    pub(crate) fn heeds_stop(&self) -> bool {
        match &self.stage {
            Stage::Trying(trying) => trying.heeds_stop(),
            Stage::Resting => self.doubt.as_ref().is_none_or(|doubt| doubt.looks > 1),
            Stage::Looking(_) => false,
        }
    }

    /// What follows from the answer to the last step.
    pub(crate) fn step(mut self, event: Event) -> ResolveNext {
        match self.stage.clone() {
            Stage::Trying(trying) => {
                // What is printed is what the first try looked at.
                let mut again = Vec::new();
                let checks = if self.doubt.is_none() { &mut self.checks } else { &mut again };
                match trying.step(event, checks) {
                    Next::Step(trying, step) => self.wait(Stage::Trying(trying), step),
                    Next::Over(tried) => self.tried(tried),
                }
            }
            Stage::Resting if event == Event::ToldToStop => self.ended(Ending::Unknown),
            Stage::Resting => {
                let (look, step) = Look::begin();
                self.wait(Stage::Looking(look), step)
            }
            Stage::Looking(look) => match look.step(event) {
                Next::Step(look, step) => self.wait(Stage::Looking(look), step),
                Next::Over(looked) => self.looked(looked),
            },
        }
    }

    fn tried(mut self, tried: Result<Tried, Obstacle>) -> ResolveNext {
        match (self.doubt.take(), tried) {
            (None, Ok(Tried::Ended(ending))) => self.ended(ending),
            (None, Err(obstacle)) => Next::Over(Err(obstacle)),
            (doubt, Ok(Tried::Unclear { written, fault })) => {
                let looks = doubt.map_or(0, |doubt| doubt.looks);
                self.rest(Doubt { written, fault, looks })
            }
            // Our first COMMIT was still under way, and won.
            (Some(doubt), Ok(Tried::Ended(Ending::AlreadyApplied))) => {
                self.settled(doubt, Settlement::Applied)
            }
            (Some(_), Ok(Tried::Ended(ending))) => self.ended(ending),
            // What stands in the way now says nothing about the COMMIT.
            (Some(doubt), Err(_)) => self.rest(doubt),
        }
    }

    fn looked(mut self, looked: Result<Option<Settlement>, Obstacle>) -> ResolveNext {
        let Some(doubt) = self.doubt.take() else { return self.ended(Ending::Unknown) };
        match looked {
            Ok(Some(settlement)) => self.settled(doubt, settlement),
            // The server itself refused at COMMIT, as it does for deferred constraints, and holds no receipt: certain.
            Ok(None) if doubt.fault.class.is_final() => match Ending::refused(doubt.fault) {
                Ok(ending) => self.ended(ending),
                Err(_) => self.rest(doubt),
            },
            Ok(None) => {
                self.doubt = Some(doubt);
                let (again, step) = Try::begin();
                self.wait(Stage::Trying(again), step)
            }
            Err(_) => self.rest(doubt),
        }
    }

    fn settled(self, doubt: Doubt, settlement: Settlement) -> ResolveNext {
        match doubt.written.confirmed_by(settlement) {
            Ok(ending) => self.ended(ending),
            Err(_) => self.rest(doubt),
        }
    }

    /// Gives it another moment, or gives up.
    fn rest(mut self, doubt: Doubt) -> ResolveNext {
        let Some(pause_ms) = RESOLVE_AFTER_MS.get(doubt.looks).copied() else {
            return self.ended(Ending::Unknown);
        };
        self.doubt = Some(Doubt { looks: doubt.looks.saturating_add(1), ..doubt });
        self.wait(Stage::Resting, Step::Rest { pause_ms })
    }

    fn wait(self, stage: Stage, step: Step) -> ResolveNext {
        Next::Step(Self { stage, ..self }, step)
    }

    fn ended(self, ending: Ending) -> ResolveNext {
        Next::Over(Ok(Attempt { ending, checks: self.checks }))
    }
}

#[cfg(test)]
mod broken;
#[cfg(test)]
pub(crate) mod tests;
