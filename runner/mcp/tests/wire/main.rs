//! The surface from a client's side: raw JSON-RPC lines in both eras, against a runtime on a real SQLite file.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test the first surprise should end it"
)]

mod client;
mod issuer;
mod world;

mod bridge;
mod lifecycle;
mod limits;
mod cards;
mod prompts;
mod resources;
mod results;
mod schemas;
mod tools;
mod traces;
mod watches;
mod tenants;
