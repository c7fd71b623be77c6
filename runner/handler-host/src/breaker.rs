//! A component that is stopped again and again is left alone for a while, and then tried with one call.
//!
//! What counts is what only the component can be blamed for: a trap, a limit used up, an answer outside the contract. A
//! business "no" is an answer. A source that does not answer and a busy host count for nothing.
//! Invariant: one count per component, whichever capabilities run it, and one call at a time tries a suspended one.
//! Absent on purpose: a memory of it beyond the process. A runner that starts anew tries anew.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use synapsor_protocol::{Clock, Code, Digest, Moment};

use crate::error::GuestError;
use crate::stop::Stop;

/// Calls stopped in a row that suspend a component.
pub const STOPS_IN_A_ROW: u32 = 5;
/// How long a row may take; a stop after that begins a new one.
pub const ROW_MS: u64 = 60_000;
/// How long a suspended component is left alone.
pub const PAUSE_MS: u64 = 30_000;

/// A component that is not run for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// The component.
    pub component: Digest,
    /// How its last call was stopped.
    pub code: Code,
    /// When it was suspended.
    pub since: Moment,
}

/// Watches one component's calls.
pub(crate) struct Breaker {
    component: Digest,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Runs. So many calls were stopped in a row, the first of them then.
    Working { stops: u32, first: Moment },
    /// Is left alone.
    Suspended { code: Code, since: Moment },
    /// One call tries whether it works again.
    Trying { code: Code, since: Moment },
}

/// What happens to a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// A call wants to run.
    Call,
    /// A call was answered.
    Answered,
    /// A call was stopped, through the component's fault.
    Stopped(Code),
    /// The one call that tried ended without saying anything about the component.
    Undecided,
}

/// The one table of what may happen. `None`: not now.
fn next(state: State, event: Event, now: Moment) -> Option<State> {
    use Event::{Answered, Call, Stopped, Undecided};
    use State::{Suspended, Trying, Working};
    Some(match (state, event) {
        (Working { .. }, Call | Undecided) => state,
        (Working { .. } | Trying { .. }, Answered) => Working { stops: 0, first: now },
        (Working { stops, first }, Stopped(code)) => match stops.saturating_add(1) {
            STOPS_IN_A_ROW.. if passed_ms(first, now) <= ROW_MS => Suspended { code, since: now },
            stops if passed_ms(first, now) <= ROW_MS && stops > 1 => Working { stops, first },
            _ => Working { stops: 1, first: now },
        },
        (Suspended { code, since }, Call) if passed_ms(since, now) >= PAUSE_MS => Trying { code, since },
        (Suspended { .. } | Trying { .. }, Call) => return None,
        // A call that began before the suspension says nothing new.
        (Suspended { .. }, Answered | Stopped(_) | Undecided) => state,
        (Trying { .. }, Stopped(code)) => Suspended { code, since: now },
        (Trying { code, since }, Undecided) => Suspended { code, since },
    })
}

/// A clock set back must not keep a component suspended for as long as it was set back.
fn passed_ms(since: Moment, now: Moment) -> u64 {
    now.micros()
        .checked_sub(since.micros())
        .and_then(|micros| u64::try_from(micros).ok())
        .map_or(u64::MAX, |m| m / 1_000)
}

impl Breaker {
    pub(crate) fn new(component: Digest, clock: Arc<dyn Clock>) -> Self {
        let state = Mutex::new(State::Working { stops: 0, first: clock.now() });
        Self { component, clock, state }
    }

    /// Lets a call run, or not.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<Watched, Stop> {
        let now = self.clock.now();
        let mut state = self.lock();
        match next(*state, Event::Call, now) {
            Some(after) => {
                *state = after;
                let tries = matches!(after, State::Trying { .. });
                Ok(Watched { breaker: Arc::clone(self), tries, settled: false })
            }
            None => Err(Stop::new(Code::HandlerSuspended, refused(*state))),
        }
    }

    pub(crate) fn suspension(&self) -> Option<Suspension> {
        match *self.lock() {
            State::Working { .. } => None,
            State::Suspended { code, since } | State::Trying { code, since } => {
                Some(Suspension { component: self.component.clone(), code, since })
            }
        }
    }

    /// While one call tries, only that one decides.
    fn happened(&self, event: Event, tries: bool) {
        let now = self.clock.now();
        let mut state = self.lock();
        let before = *state;
        if matches!(before, State::Trying { .. }) && !tries {
            return;
        }
        let after = next(before, event, now).unwrap_or(before);
        *state = after;
        drop(state);
        let component = &self.component;
        match (before, after) {
            (State::Working { .. } | State::Trying { .. }, State::Suspended { code, .. }) => {
                tracing::warn!(%component, %code, "a handler is suspended: it was stopped again and again");
            }
            (State::Trying { .. }, State::Working { .. }) => {
                tracing::info!(%component, "a suspended handler works again");
            }
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(state: State) -> String {
    let code = match state {
        State::Suspended { code, .. } | State::Trying { code, .. } => code.as_str(),
        State::Working { .. } => "none",
    };
    format!(
        "the handler was stopped {STOPS_IN_A_ROW} times in a row, the last time with `{code}`; it is tried again after \
         {} s",
        PAUSE_MS / 1_000
    )
}

/// A call that was let run. Dropped unsettled, as by a caller that went away, it says nothing.
pub(crate) struct Watched {
    breaker: Arc<Breaker>,
    tries: bool,
    settled: bool,
}

impl Watched {
    /// Says how the call ended.
    pub(crate) fn settle(mut self, error: Option<&GuestError>) {
        let event = match error {
            None => Event::Answered,
            Some(error) if is_its_own_fault(error) => Event::Stopped(error.code),
            Some(_) => return,
        };
        self.settled = true;
        self.breaker.happened(event, self.tries);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.tries && !self.settled {
            self.breaker.happened(Event::Undecided, true);
        }
    }
}

/// How a call ends that was stopped for what the component itself did.
pub const OWN_STOPS: [Code; 8] = [
    Code::GuestFuel,
    Code::GuestMemory,
    Code::GuestTable,
    Code::GuestStack,
    Code::GuestTrap,
    Code::GuestOutputTooLarge,
    Code::GuestAbi,
    Code::GuestReadsExceeded,
];

/// A deadline counts where no read was asked for: with reads, the time may have been the source's.
fn is_its_own_fault(error: &GuestError) -> bool {
    OWN_STOPS.contains(&error.code) || (error.code == Code::GuestDeadline && error.usage.reads == 0)
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker").field("component", &self.component).field("state", &*self.lock()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAP: Event = Event::Stopped(Code::GuestTrap);

    fn at(ms: i64) -> Moment {
        Moment::from_micros(1_750_000_000_000_000 + ms * 1_000).expect("in range")
    }

    fn after(events: &[(Event, i64)]) -> State {
        let start = State::Working { stops: 0, first: at(0) };
        events.iter().fold(start, |state, (event, ms)| next(state, *event, at(*ms)).unwrap_or(state))
    }

    fn suspended(ms: i64) -> State {
        State::Suspended { code: Code::GuestTrap, since: at(ms) }
    }

    #[test]
    fn five_stops_in_a_row_within_a_minute_suspend() {
        let row: Vec<_> = (0..5).map(|n| (TRAP, n * 1_000)).collect();
        assert_eq!(after(&row[..4]), State::Working { stops: 4, first: at(0) });
        assert_eq!(after(&row), suspended(4_000));
    }

    #[test]
    fn an_answer_between_them_and_a_row_too_long_begin_anew() {
        let mut row: Vec<_> = (0..8).map(|n| (TRAP, n)).collect();
        row[4] = (Event::Answered, 4);
        assert_eq!(after(&row), State::Working { stops: 3, first: at(5) });
        let slow: Vec<_> = (0..20).map(|n| (TRAP, n * 16_000)).collect();
        assert!(matches!(after(&slow), State::Working { .. }));
    }

    #[test]
    fn after_the_pause_one_call_tries_and_decides() {
        let pause = PAUSE_MS.cast_signed();
        assert_eq!(next(suspended(0), Event::Call, at(pause - 1)), None);
        let trying = next(suspended(0), Event::Call, at(pause)).expect("may try");
        assert_eq!(trying, State::Trying { code: Code::GuestTrap, since: at(0) });
        assert_eq!(next(trying, Event::Call, at(pause)), None, "one at a time");
        assert_eq!(next(trying, TRAP, at(pause)), Some(suspended(pause)));
        let works = State::Working { stops: 0, first: at(pause) };
        assert_eq!(next(trying, Event::Answered, at(pause)), Some(works));
        assert_eq!(
            next(trying, Event::Undecided, at(pause)),
            Some(suspended(0)),
            "the next call may try at once"
        );
    }

    #[test]
    fn a_clock_set_back_ends_the_pause() {
        assert!(next(suspended(0), Event::Call, at(-3_600_000)).is_some());
    }
}
