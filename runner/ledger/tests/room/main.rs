//! The ledger against real files.

mod story;

mod crash;
mod decide;
mod faults;
mod files;
mod record;
mod sharing;
mod tamper;
mod writeback;
