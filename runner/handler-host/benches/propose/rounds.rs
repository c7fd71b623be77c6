//! Several pieces of work in turns, and what one takes beside another.
//!
//! A machine that does other things slows everything for a while. So every round runs each piece a few times, one after the
//! other, and what is compared are times of the same round; the median over the rounds leaves out the disturbed ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use synapsor_handler_host::BoxFuture;
use tokio::runtime::Runtime;

const ROUNDS_MAX: usize = 200;
const ROUNDS_MIN: usize = 15;
/// What one handler's rounds may take, where the fewest do not take longer.
const TIME_MAX: Duration = Duration::from_secs(8);
/// Counted calls of each piece in a round; one before them finds the caches full of another piece's work.
const CALLS: u32 = 20;

/// Something whose time is measured.
pub(crate) type Work = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// The time of one call of each piece, round by round.
pub(crate) struct Rounds<const N: usize> {
    rounds: Vec<[Duration; N]>,
}

impl<const N: usize> Rounds<N> {
    /// Runs them all.
    pub(crate) fn run(runtime: &Runtime, works: &[Work; N]) -> Self {
        let started = Instant::now();
        let mut rounds = Vec::new();
        while rounds.len() < ROUNDS_MIN || (rounds.len() < ROUNDS_MAX && started.elapsed() < TIME_MAX) {
            rounds.push(works.each_ref().map(|work| timed(runtime, work)));
        }
        Self { rounds }
    }

    /// One call of each, at its median.
    pub(crate) fn medians(&self) -> [Duration; N] {
        std::array::from_fn(|which| Duration::from_secs_f64(self.median_s(|times| times[which])))
    }

    /// How many times as long as `base` a piece takes.
    pub(crate) fn ratio(&self, which: usize, base: usize) -> f64 {
        self.median_s(|times| times[which] / times[base])
    }

    /// Microseconds a piece takes more than `base`.
    pub(crate) fn added_us(&self, which: usize, base: usize) -> f64 {
        1e6 * self.median_s(|times| times[which] - times[base])
    }

    /// Over the rounds, of a figure made of the seconds of each.
    fn median_s(&self, figure: impl Fn([f64; N]) -> f64) -> f64 {
        let mut figures: Vec<_> =
            self.rounds.iter().map(|times| figure(times.map(|time| time.as_secs_f64()))).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    }
}

/// One call, on a thread of the runtime, where calls come from in a server.
fn timed(runtime: &Runtime, work: &Work) -> Duration {
    let work = Arc::clone(work);
    let task = runtime.spawn(async move {
        work().await;
        let started = Instant::now();
        for _ in 0..CALLS {
            work().await;
        }
        started.elapsed() / CALLS
    });
    runtime.block_on(task).expect("does not panic")
}
