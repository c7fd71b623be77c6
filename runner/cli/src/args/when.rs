//! A time as it is typed: a day, an instant, or how long ago.

use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use synapsor_protocol::Moment;

/// What was typed. Days and times without an offset are UTC's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    /// A whole day.
    Day(Date),
    /// One instant.
    Instant(Timestamp),
    /// So long before now.
    Ago(Span),
}

/// Which end of a range a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Then or later: a day counts from its midnight on.
    From,
    /// Before then: a day counts until its midnight, so that it is still in the range.
    To,
}

impl FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(instant) = text.parse() {
            return Ok(Self::Instant(instant));
        }
        if text.len() == "2026-06-30".len()
            && let Ok(day) = text.parse()
        {
            return Ok(Self::Day(day));
        }
        if let Ok(time) = text.parse::<DateTime>() {
            return time
                .to_zoned(TimeZone::UTC)
                .map(|at| Self::Instant(at.timestamp()))
                .map_err(|_| EXPECTED);
        }
        match text.parse::<Span>() {
            Ok(span) if !text.starts_with('-') => Ok(Self::Ago(span.abs())),
            _ => Err(EXPECTED),
        }
    }
}

const EXPECTED: &str =
    "expected a day (2026-06-30), an instant (2026-06-30T12:00:00Z) or how long ago (2d, 2h 30m)";

impl When {
    /// The instant that is meant; none where it lies outside of time.
    pub(crate) fn resolve(self, end: End, now: Moment) -> Option<Moment> {
        let instant = match self {
            Self::Instant(instant) => instant,
            Self::Day(day) => {
                let midnight = if end == End::To { day.tomorrow().ok()? } else { day };
                midnight.to_zoned(TimeZone::UTC).ok()?.timestamp()
            }
            Self::Ago(span) => {
                let now = Timestamp::from_microsecond(now.micros()).ok()?;
                now.to_zoned(TimeZone::UTC).checked_sub(span).ok()?.timestamp()
            }
        };
        Some(Moment::new(instant))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, from: &str, to: &str) {
        let now = "2026-07-15T12:00:00Z".parse().expect("an instant");
        let when: When = text.parse().expect(text);
        let resolved = |end| when.resolve(end, now).expect("in time").to_string();
        let whole = |short: &str| format!("{short}.000000Z");
        assert_eq!((resolved(End::From), resolved(End::To)), (whole(from), whole(to)), "{text}");
    }

    #[test]
    fn days_instants_and_spans_are_understood() {
        check("2026-06-30", "2026-06-30T00:00:00", "2026-07-01T00:00:00");
        for (text, instant) in [
            ("2026-06-30T12:00:00Z", "2026-06-30T12:00:00"),
            ("2026-06-30T12:00:00+02:00", "2026-06-30T10:00:00"),
            ("2026-06-30T12:00", "2026-06-30T12:00:00"),
            ("2d", "2026-07-13T12:00:00"),
            ("2h 30m", "2026-07-15T09:30:00"),
            ("1 week ago", "2026-07-08T12:00:00"),
            ("1mo", "2026-06-15T12:00:00"),
        ] {
            check(text, instant, instant);
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-13-01", "2026-06", "30", "-2d", "2x", "' OR TRUE"] {
            assert_eq!(text.parse::<When>().err(), Some(EXPECTED), "{text}");
        }
        let now = "2026-07-15T12:00:00Z".parse().expect("an instant");
        let long: When = "19000y".parse().expect("a span");
        assert!(long.resolve(End::From, now).is_none());
    }
}
