//! MCP over HTTP from outside: the binary as a server, and clients that say exactly what they are told to.

mod collector;
pub(crate) mod peer;
pub(crate) mod server;

mod authority;
mod eras;
mod floods;
mod hostile;
mod metrics;
mod rows;
mod start;
mod stop;
mod streams;
mod telemetry;
