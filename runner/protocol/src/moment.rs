//! An instant of our own records: UTC, microseconds, always printed with six digits so that text order is time order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// An instant in UTC with microsecond precision; RFC 3339 in documents, microseconds since 1970 in indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(jiff::Timestamp);

impl Moment {
    /// The instant, cut to whole microseconds.
    pub fn new(instant: jiff::Timestamp) -> Self {
        Self(jiff::Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant))
    }

    /// From microseconds since 1970-01-01T00:00:00Z; `None` when out of range.
    pub fn from_micros(micros: i64) -> Option<Self> {
        jiff::Timestamp::from_microsecond(micros).ok().map(Self)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn micros(self) -> i64 {
        self.0.as_microsecond()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

impl FromStr for Moment {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::new)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_six_digits_and_reads_back() {
        for micros in [0, 1, 1_750_000_000_123_456, -5] {
            let moment = Moment::from_micros(micros).expect("in range");
            let text = moment.to_string();
            assert!(text.ends_with('Z') && text.split('.').nth(1).is_some_and(|f| f.len() == 7), "{text}");
            assert_eq!(text.parse::<Moment>().ok(), Some(moment));
        }
    }
}
