//! What a table looks like, as the database's own catalog says.

use std::collections::BTreeMap;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    Uuid,
    /// JSON.
    Json,
    /// SQLite: every value brings its own type, and the declared type only nudges it.
    Dynamic,
    /// A type whose values cannot be kept exact: floats, arrays, intervals and many more.
    Unsupported,
}
