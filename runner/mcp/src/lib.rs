//! The surface a model sees: the Model Context Protocol over one pair of streams.
//!
//! Every served capability becomes a tool and a prompt that asks for it, the records a call leaves behind become resources that
//! can be watched, and nothing else is offered: there is no tool that approves or applies, and no code behind this room that
//! could.
//!
//! Two eras are served by one process: sessions opened by `initialize` (2024-11-05 to 2025-11-25), and 2026-07-28, where
//! every request carries its version and there is no session.
//!
//! [`foreign`] asks a server nobody vouches for for its tools.
//! [`Client`] is the other end of the wire, for the demo; [`preview()`] is the tool list without a client.
//!
//! Invariant: nothing but protocol frames is written to the output stream.
//! Invariant: arguments reach `Runtime::invoke` as they came. Nothing is dropped on the way, so that an argument such as
//! `tenant_id` is refused rather than ignored.
//! Absent on purpose: sampling, roots, elicitation, logging, tasks; a proposal is decided outside the protocol.
//!
//! Modules in reading order.

pub mod auth;
mod bridge;
mod serve;
pub mod http;
mod live;
mod retired;
mod surface;
mod instructions;
mod signature;
mod asker;
mod calls;
mod trace;
mod guarded;
mod progress;
mod observe;
mod envelope;
mod tools;
mod names;
mod preview;
mod resources;
mod card;
mod prompts;
mod watch;
mod pulse;
mod transport;
mod message;
mod in_flight;
mod frame;
mod client;
pub mod foreign;
mod error;
mod points;

pub use client::{Client, ClientError, ListedTool, ToolResult};
pub use error::Error;
pub use live::Live;
pub use names::ToolNames;
pub use observe::{CALL_TARGET, CallEnded, Observer, Outcome};
pub use preview::preview;
pub use serve::{ServeOptions, serve, serve_stdio};
