//! The JSON-RPC bridge: three methods over plain HTTP, for programs that are no MCP clients.
//!
//! `tools/list`, `tools/call` and `resources/read`, each request for itself: no `initialize`, no session, no stream. It
//! stands behind the same door as Streamable HTTP and answers from the same tools and envelopes.
//!
//! Invariant: a request's id comes back as it was sent, and what cannot be answered under an id is answered under null.
//! Invariant: a message without an id asks for no answer, so nothing is carried out for it.
//! Absent on purpose: batches. One request, one caller, one limit.
//!
//! Modules in reading order.

mod endpoint;
mod request;
mod methods;
mod answer;

pub(crate) use endpoint::{Endpoint, answer};
