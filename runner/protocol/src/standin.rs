//! Stand-ins for the clock and the randomness of [`crate::door`] that make every run the same: what tests hand in.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::door::{Clock, Ids};
use crate::moment::Moment;

/// A clock that moves by the same step whenever somebody looks; a step of zero stands still.
#[derive(Debug)]
pub struct SteppingClock {
    start: Moment,
    step_micros: i64,
    looks: AtomicI64,
}

impl SteppingClock {
    /// Says `start` first. Where time ends it stands still.
    pub fn new(start: Moment, step_micros: i64) -> Self {
        Self { start, step_micros, looks: AtomicI64::new(0) }
    }
}

impl Clock for SteppingClock {
    fn now(&self) -> Moment {
        let passed = self.looks.fetch_add(1, Ordering::Relaxed).saturating_mul(self.step_micros);
        Moment::from_micros(self.start.micros().saturating_add(passed)).unwrap_or(self.start)
    }
}

/// Ids in a row. Those of two counters repeat each other, so one ledger gets one counter.
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl CountingIds {
    /// Counts from there.
    pub fn from(first: u64) -> Self {
        Self(AtomicU64::new(first))
    }
}

impl Ids for CountingIds {
    fn token(&self) -> String {
        format!("{:032x}", self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_says_the_same_in_every_run() {
        let start = Moment::from_micros(1_750_000_000_000_000).unwrap();
        let clock = SteppingClock::new(start, 1_000_000);
        assert_eq!(
            [clock.now().to_string(), clock.now().to_string()],
            ["2025-06-15T15:06:40.000000Z", "2025-06-15T15:06:41.000000Z"]
        );
        let ids = CountingIds::from(9);
        assert_eq!((ids.token().len(), ids.token().trim_start_matches('0')), (32, "a"));
    }
}
