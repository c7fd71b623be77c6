//! MCP over HTTP from outside: the binary as a server, and clients that say exactly what they are told to.

pub(crate) mod peer;
mod server;

mod authority;
mod eras;
mod floods;
mod hostile;
mod rows;
mod start;
mod stop;
mod streams;
