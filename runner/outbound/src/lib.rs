//! Requests to somebody else over HTTP: where they may go, and how much of an answer is read.
//!
//! What is sent, and what an answer means, is the business of who asks: the application's executors in `writeback`, the hosted
//! service in `cloud`, the control plane in `fleet`, the receiver of a ledger's events in `cli`.
//!
//! Invariant: no redirect is followed and no proxy asked, so what is sent goes to the address that was judged and nowhere else.
//!
//! Modules in reading order.

mod address;
mod client;
mod exchange;

pub use address::{AddressNotAllowed, BadUrl, Policy, target, target_of_secrets};
pub use client::client;
pub use exchange::{Exchange, NotSent, Silence, address_refused, exchange, untrusted};
