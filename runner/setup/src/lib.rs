//! From a database to a first config, and a look at what an agent already has: everything that helps before there is a config
//! or beside it.
//!
//! Invariant: nothing here changes a source, and nothing here decides. What is found is told, what is suggested has a reason,
//! and a person takes it over.
//! Absent on purpose: reading the command line and printing, which are `cli`'s; speaking MCP, which is `mcp`'s.
//!
//! Modules in reading order.

mod spelling;
pub mod inspect;
pub mod init;
pub mod recipes;
pub mod boundary;
mod sample;
pub mod start;
pub mod doctor;
pub mod audit;
pub mod benchmark;

pub use inspect::{Inspection, inspect};
pub use sample::sample;
