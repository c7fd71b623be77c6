//! Scoped reads from SQLite, Postgres and MySQL/MariaDB: one row by its key, or rows by equality, always of one tenant.
//!
//! Invariant: the tenant predicate is inside the SQL of a read-only transaction, and tenant, key and filters are
//! compared once more byte for byte in Rust, because SQL `=` follows collations and padding.
//! Invariant: values are exact. A type that cannot be kept exact is refused by name, never approximated.
//!
//! Invariant: a [`Catalog`] is read from the database's own catalogs; no row of a table is.
//!
//! Absent on purpose: statements that change anything; they live in `writeback`, which shares [`dialect`].
//!
//! Modules in reading order.

pub mod settings;
pub mod query;
pub mod shape;
pub mod catalog;
mod sources;
mod plan;
mod pool;
pub mod dialect;
pub mod accept;
pub mod advance;
mod exact;
pub mod error;

pub use accept::ColumnMismatch;
pub use advance::Stuck;
pub use catalog::{Catalog, CatalogTable};
pub use error::{Error, Unreachable};
pub use query::{FindQuery, RowQuery, ScopedRow};
pub use settings::{Connect, SourceSettings};
pub use shape::{ColumnKind, ColumnShape, JsonForm, Repertoire, TableKind, TableShape};
pub use sources::{READ_BYTES_MAX, ROW_BYTES_MAX, Sources};
