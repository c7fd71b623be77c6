//! Pages: how many, after which record, and where the next one starts.
//!
//! A cursor is the time and the id of the last record that was shown. Records that come in later stand before it, so going
//! on neither repeats nor skips one.

use std::fmt;
use std::str::FromStr;

use synapsor_protocol::Moment;

/// Records on a page where nobody says.
pub const PAGE_ROWS_DEFAULT: u32 = 20;

/// Records on one page at most.
pub const PAGE_ROWS_MAX: u32 = 200;

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most so many; [`PAGE_ROWS_MAX`] holds where it is more, and there is always one.
    pub rows_max: u32,
    /// Only what comes after it.
    pub after: Option<Cursor>,
}

impl Page {
    /// The first page of that many.
    pub fn first(rows_max: u32) -> Self {
        Self { rows_max, after: None }
    }

    pub(super) fn rows(&self) -> usize {
        usize::try_from(self.rows_max.clamp(1, PAGE_ROWS_MAX)).unwrap_or(1)
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::first(PAGE_ROWS_DEFAULT)
    }
}

/// A place in a list, newest first: right after one record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub(super) at: Moment,
    pub(super) id: String,
}

/// As it is printed and typed: the time, a slash, the id.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.at, self.id)
    }
}

/// A cursor that no list printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a cursor as a list printed it, a time and an id with `/` between")]
pub struct CursorUnreadable;

impl FromStr for Cursor {
    type Err = CursorUnreadable;

    fn from_str(text: &str) -> Result<Self, CursorUnreadable> {
        let (at, id) = text.split_once('/').ok_or(CursorUnreadable)?;
        let at = at.parse().map_err(|_| CursorUnreadable)?;
        let well_formed = !id.is_empty() && id.chars().all(|c| c.is_ascii_graphic());
        well_formed.then(|| Self { at, id: id.to_owned() }).ok_or(CursorUnreadable)
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// The records, newest first.
    pub items: Vec<T>,
    /// Where the next page starts; none on the last one.
    pub next: Option<Cursor>,
}

impl<T> Listing<T> {
    /// A page out of one record more than it may hold, where there is one more.
    pub(super) fn cut(mut items: Vec<T>, rows: usize, place: impl Fn(&T) -> Cursor) -> Self {
        let more = items.len() > rows;
        items.truncate(rows);
        let next = more.then(|| items.last().map(place)).flatten();
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_printed_and_nothing_else_is() {
        let cursor = Cursor { at: Moment::from_micros(7).expect("in range"), id: "wrp_1".into() };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in
            ["", "/", "wrp_1", "1970-01-01T00:00:00.000007Z/", "yesterday/wrp_1", "1970-01-01T00:00:00Z/a b"]
        {
            assert_eq!(text.parse::<Cursor>(), Err(CursorUnreadable), "{text}");
        }
    }
}
