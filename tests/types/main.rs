//! Exact types through the whole loop: read, propose, approve, apply, read back, receipt, for every type of every engine.
//!
//! One table of values per engine, and draws of a property test beside it. What is stored afterwards, as another client of
//! the database prints it, is what was approved, byte for byte; or the call was refused by code and nothing changed.
//!
//! Run with both servers up: `tests/with-databases cargo nextest run -p synapsor-cli --test types`.
#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test ends loudly")]

// a source, a ledger and both sides of the runner
mod config;
mod world;

// another client of the database
mod witness;

// a table of values, and how it is run
mod table;

// the tables
mod mysql;
mod postgres;
mod sqlite;

// what follows the value: what takes its place, the version it guards by, the tenant it belongs to
mod tenants;
mod twins;
mod versions;

// values nobody listed
mod drawn;
