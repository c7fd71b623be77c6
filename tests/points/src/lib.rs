//! Named points at which a test build of the rooms can be killed, made to fail or stopped.
//!
//! Invariant: a room names this crate only behind its feature `failpoints`, which no ordinary build has; then neither
//! this code nor the name of a point is in the binary (`tests/crash/shipped.rs`, `tests/tidy`).
//! Absent on purpose: the crate `fail`. It cannot kill, and it changes features of crates that wasmtime and sqlx are
//! built on, so that every build with points would compile them once more.
//!
//! The variable `FAILPOINTS` of the process says what happens where: `s.lock=kill`, `s.lock=error`, or `s.lock=stall:2000`
//! to stand still for that many milliseconds. `s.lock@3=kill` is the third time the process gets there. Several are
//! separated by semicolons; each happens once.

use std::io::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use signal_hook::consts::SIGKILL;
use signal_hook::low_level::raise;

/// Where the plan comes from.
const VARIABLE: &str = "FAILPOINTS";

/// What a binary with points holds before the name of each, so that nothing else in it can be taken for one.
const MARK: &str = "failpoint ";

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Kill,
    Error,
    Stall(Duration),
}

/// One entry of the plan.
#[derive(Debug)]
struct Strike {
    point: String,
    /// Which pass of the point it is meant for, from 1.
    pass: usize,
    action: Action,
    /// Passes so far.
    passed: AtomicUsize,
}

/// Whether the point, `failpoint <name>`, is to fail now. Where it is to kill, this does not return; where it is to stand still, it returns
/// late, and holds up its thread as a stopped process would.
pub fn strikes(point: &'static str) -> bool {
    static PLAN: LazyLock<Vec<Strike>> = LazyLock::new(planned);
    let mut fails = false;
    let name = point.strip_prefix(MARK).unwrap_or(point);
    for strike in PLAN.iter().filter(|strike| strike.point == name) {
        if strike.passed.fetch_add(1, Ordering::Relaxed) + 1 == strike.pass {
            fails |= strike.act();
        }
    }
    fails
}

impl Strike {
    fn parse(entry: &str) -> Option<Self> {
        let (place, action) = entry.split_once('=')?;
        let (point, pass) = place.split_once('@').unwrap_or((place, "1"));
        let action = match action.split_once(':') {
            None if action == "kill" => Action::Kill,
            None if action == "error" => Action::Error,
            Some(("stall", millis)) => Action::Stall(Duration::from_millis(millis.parse().ok()?)),
            _ => return None,
        };
        let pass = pass.parse().ok()?;
        Some(Self { point: point.to_owned(), pass, action, passed: AtomicUsize::new(0) })
    }

    fn act(&self) -> bool {
        // Whoever waits for the process to get here reads it there.
        let _ = writeln!(std::io::stderr(), "{MARK}{}", self.point);
        match self.action {
            Action::Kill => die(),
            Action::Error => true,
            Action::Stall(time) => {
                std::thread::sleep(time);
                false
            }
        }
    }
}

/// An entry that cannot be read ends the process: a test that breaks nothing proves nothing.
fn planned() -> Vec<Strike> {
    #[expect(clippy::disallowed_methods, reason = "a test build has no wiring that could hand the plan in")]
    let plan = std::env::var(VARIABLE).unwrap_or_default();
    let entries = plan.split(';').filter(|entry| !entry.is_empty());
    entries
        .map(|entry| {
            Strike::parse(entry).unwrap_or_else(|| {
                let _ = writeln!(std::io::stderr(), "{VARIABLE}: `{entry}` is no point and action");
                std::process::abort();
            })
        })
        .collect()
}

/// By SIGKILL: nothing is unwound, flushed or dropped.
fn die() -> ! {
    let _ = raise(SIGKILL);
    std::process::abort();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_says_where_the_how_manyth_time_and_what() {
        for (entry, point, pass, action) in [
            ("s.lock=kill", "s.lock", 1, Action::Kill),
            ("s.step@12=error", "s.step", 12, Action::Error),
            ("job.ack=stall:2000", "job.ack", 1, Action::Stall(Duration::from_secs(2))),
        ] {
            let read = Strike::parse(entry).unwrap();
            assert_eq!((read.point.as_str(), read.pass, read.action), (point, pass, action));
        }
    }

    #[test]
    fn an_entry_that_would_break_nothing_is_refused() {
        for entry in ["s.lock", "s.lock=", "s.lock=die", "s.lock=stall", "s.lock=stall:x", "s.lock@=kill"] {
            assert!(Strike::parse(entry).is_none(), "{entry}");
        }
    }
}
