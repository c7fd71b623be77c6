//! Which reads are so brief that they are made on the thread that asks, and what cuts off one that is not.
//!
//! Invariant: such a read waits for no lock, takes a bounded number of SQLite's steps, and follows one that was quick, so a
//! slow disk or a large table holds up the thread once and not again before a read was quick elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Steps of SQLite's machine between two looks at the limit. A row by its key takes some ten for each column.
const STEPS_BETWEEN_LOOKS: i32 = 2_000;

/// Looks at which a read is cut off. SQLite counts a statement's steps over all its runs, so that the first look may come
/// after any number of them.
const LOOKS_MAX: u8 = 2;

/// How long a read may take for the next one to be expected to be brief.
const BRIEF: Duration = Duration::from_micros(500);

/// Whether a source's reads are brief at present. The first one never is expected to be.
#[derive(Default)]
pub(super) struct Brevity {
    last_was_brief: AtomicBool,
}

impl Brevity {
    pub(super) fn is_likely(&self) -> bool {
        self.last_was_brief.load(Ordering::Relaxed)
    }

    /// How long the last read took, wherever it was made.
    pub(super) fn took(&self, took: Duration) {
        self.last_was_brief.store(took <= BRIEF, Ordering::Relaxed);
    }

    /// Makes a read, and remembers how long it took.
    pub(super) fn watch<T>(&self, read: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = read();
        self.took(began.elapsed());
        done
    }
}

/// The looks a read on one connection has left; none are counted where it may take its time.
pub(super) struct Limit(AtomicU8);

impl Limit {
    /// What reads may take their time by.
    const NONE: u8 = u8::MAX;

    /// Has a connection look at its limit.
    pub(super) fn on(connection: &Connection) -> rusqlite::Result<Arc<Self>> {
        let limit = Arc::new(Self(AtomicU8::new(Self::NONE)));
        let looked_at = Arc::clone(&limit);
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || looked_at.is_reached()))?;
        Ok(limit)
    }

    /// Makes a read that is interrupted when it is not brief.
    pub(super) fn hold<T>(&self, read: impl FnOnce() -> T) -> T {
        self.0.store(LOOKS_MAX, Ordering::Relaxed);
        let done = read();
        self.0.store(Self::NONE, Ordering::Relaxed);
        done
    }

    fn is_reached(&self) -> bool {
        match self.0.load(Ordering::Relaxed) {
            Self::NONE => false,
            left => {
                self.0.store(left.saturating_sub(1), Ordering::Relaxed);
                left <= 1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ErrorCode;

    use super::*;

    const LONG: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT MAX(i) FROM n";

    fn run(connection: &Connection, sql: &str) -> rusqlite::Result<i64> {
        connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
    }

    #[test]
    fn a_long_read_is_cut_off_only_where_it_has_to_be_brief() {
        let connection = Connection::open_in_memory().expect("opens");
        let limit = Limit::on(&connection).expect("a limit");
        let cut_off = limit.hold(|| run(&connection, LONG)).expect_err("cut off");
        assert_eq!(cut_off.sqlite_error_code(), Some(ErrorCode::OperationInterrupted));
        assert_eq!(run(&connection, LONG).expect("takes its time"), 100_000);
    }

    #[test]
    fn a_brief_read_is_never_cut_off_however_often_it_is_made() {
        let connection = Connection::open_in_memory().expect("opens");
        let limit = Limit::on(&connection).expect("a limit");
        for _ in 0..10_000 {
            assert_eq!(limit.hold(|| run(&connection, "SELECT 7")).expect("brief"), 7);
        }
    }

    #[test]
    fn a_read_is_expected_to_be_brief_after_one_that_was() {
        let brevity = Brevity::default();
        assert!(!brevity.is_likely());
        brevity.took(BRIEF);
        assert!(brevity.is_likely());
        brevity.took(BRIEF + Duration::from_micros(1));
        assert!(!brevity.is_likely());
        assert_eq!(brevity.watch(|| 7), 7);
    }
}
