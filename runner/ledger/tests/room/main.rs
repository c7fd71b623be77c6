//! The ledger against real files.

mod story;

mod decide;
mod record;
mod sharing;
mod writeback;
