//! What a table looks like, as the database's own catalog says.

use std::collections::BTreeMap;

use serde::Serialize;
use synapsor_protocol::Engine;

/// A table or view and its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShape {
    /// Which database it is in.
    pub engine: Engine,
    /// Schema (Postgres), database (MySQL), or `main` (SQLite).
    pub schema: String,
    /// Table.
    pub table: String,
    /// What kind of relation it is.
    pub kind: TableKind,
    /// Columns by name.
    pub columns: BTreeMap<String, ColumnShape>,
}

/// What kind of relation a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// A plain or partitioned table.
    Table,
    /// A view, materialised or not.
    View,
    /// Anything else: a foreign table, a virtual table, a sequence.
    Other,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// Its type as the database says it, for messages and for casts; a Postgres domain shows its base type.
    pub type_name: String,
    /// Its type as this runner sees it.
    pub kind: ColumnKind,
    /// Whether it takes NULL.
    pub nullable: bool,
    /// Whether the database computes it, so that nobody can set it.
    pub generated: bool,
}

/// The types whose values this runner keeps exact, and the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnKind {
    /// True or false, by the database's own boolean type.
    Boolean,
    /// A whole number between the two, inclusive.
    Integer {
        /// Smallest.
        min: i128,
        /// Largest.
        max: i128,
    },
    /// An exact decimal; without precision any.
    Decimal {
        /// Digits in all.
        precision: Option<u32>,
        /// Digits after the point.
        scale: Option<u32>,
    },
    /// Text.
    Text {
        /// Longest, in Unicode scalar values; MySQL's `text` types count bytes.
        length_max: Option<u64>,
        /// The characters it can hold at all.
        repertoire: Repertoire,
    },
    /// One of some labels.
    Enum {
        /// The labels, in the database's order.
        labels: Vec<String>,
    },
    /// Bytes.
    Bytes {
        /// Longest, in bytes.
        length_max: Option<u64>,
    },
    /// A calendar date.
    Date,
    /// A date and a time of day.
    Timestamp {
        /// Whether it is an instant (read in UTC) or a wall clock's reading.
        with_offset: bool,
        /// Fractional digits the column keeps.
        digits: u32,
    },
    /// A uuid.
    Uuid {
        /// Whether the database refuses a version of 8 and more without the variant bit of RFC 9562, as MariaDB does.
        variant_checked: bool,
    },
    /// JSON.
    Json(JsonForm),
    /// SQLite: every value brings its own type, and the declared type only nudges it.
    Dynamic {
        /// A strict table refuses what another one converts or takes as it is.
        strict: bool,
    },
    /// A type whose values cannot be kept exact: floats, arrays, intervals and many more.
    Unsupported,
}

/// The characters a column's character set has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repertoire {
    /// Every one.
    Unicode,
    /// None beyond U+FFFF. Of MySQL's smaller character sets this is all that is known here; the database says the rest.
    Basic,
    /// MySQL's `latin1`, which is Windows-1252.
    Latin1,
    /// 7 bits.
    Ascii,
}

impl Repertoire {
    /// Whether every character of the text is in it.
    pub(crate) fn holds(self, text: &str) -> bool {
        /// What Windows-1252 has in place of the control characters from U+0080 to U+009F.
        const WINDOWS: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
        text.chars().all(|c| match self {
            Self::Unicode => true,
            Self::Basic => c <= '\u{ffff}',
            Self::Latin1 => c.is_ascii() || ('\u{a0}'..='\u{ff}').contains(&c) || WINDOWS.contains(c),
            Self::Ascii => c.is_ascii(),
        })
    }
}

/// In which form a column keeps JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonForm {
    /// The text as it came: `json` on Postgres.
    Text,
    /// The text as it came, up to 31 levels deep: `json` on MariaDB, which is text with a check.
    ShallowText,
    /// Parsed, with exact numbers and printed anew: `jsonb`.
    Jsonb,
    /// Parsed, with numbers that may become floats: `json` on MySQL.
    Binary,
}
