//! Finding records: by who, what, where and when, newest first, a page at a time.
//!
//! Invariant: a page is read off an index that ends in the time of the records, so that its cost does not grow
//! with the ledger; `plans.rs` holds every filter to it.
//! Invariant: evidence, audits and proposals are found by rows that are written later than they are, and always before a page is
//! read; where they cannot be written they are worked out for that page. A proposal is found by its state without them.
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
mod runs;
mod reference;
mod copies;

mod names;
mod found;
mod catch_up;
mod unwritten;

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

pub(crate) use catch_up::{
    Matching, STEP_EVENTS, STEP_EVENTS_MAX, among_latest, behind, forget, forget_names, missing, step,
};
pub(crate) use copies::is_copied;
pub(crate) use events::of_kind;
pub(crate) use found::{COLUMNS as FOUND_COLUMNS, Found, Noted};
pub(crate) use lists::proposals;
pub(crate) use reference::{not_found, proposal};
pub(crate) use unwritten::work_out;
