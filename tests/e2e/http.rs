//! MCP over HTTP from outside: the binary as a server, and clients that say exactly what they are told to.

mod collector;
pub(crate) mod floods;
pub(crate) mod peer;
pub(crate) mod rows;
pub(crate) mod server;

mod authority;
mod eras;
mod hostile;
mod metrics;
mod start;
mod stop;
mod streams;
mod telemetry;
