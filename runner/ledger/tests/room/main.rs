//! The ledger against real files.

#![expect(clippy::expect_used, clippy::panic, reason = "what the stories are told with may fail a test")]

mod ground;
mod story;

mod catch_up;
mod cells;
mod claims;
mod crash;
mod damage;
mod decide;
mod faults;
mod files;
mod frozen;
mod handover;
mod keeping;
mod proof;
mod record;
mod reopen;
mod search;
mod shadow;
mod sharing;
mod steps;
mod tamper;
mod writeback;
