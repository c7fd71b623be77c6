//! Finding records: by who, what, where and when, newest first, a page at a time.
//!
//! Invariant: a page is read off an index that ends in the time and the id of the records, so that its cost does not grow
//! with the ledger; `plans.rs` holds every filter to it.
//! Invariant: what a page shows is the documents themselves; columns only find them.
//! Absent on purpose: full-text search and free SQL. The filters are the questions that are asked.
//!
//! Modules in reading order.

mod filter;
mod page;
mod object;

mod table;
mod select;
mod lists;
mod activity;
mod events;
mod reference;
mod copies;

mod door;

#[cfg(test)]
mod plans;

pub use activity::Activity;
pub use events::EventFilter;
pub use filter::{Filter, Status};
pub use lists::{About, FoundAudit, FoundEvidence, FoundReceipt};
pub use object::{ObjectFilter, TableFilter};
pub use page::{Cursor, CursorUnreadable, Listing, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, Page};
pub use table::RecordKind;

pub(crate) use copies::{is_miscopied, said_fingerprint, said_key};
pub(crate) use reference::{not_found, proposal};
