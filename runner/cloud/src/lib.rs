//! Tools of a hosted service: listed, judged, and called in the runner's place.
//!
//! In cloud mode a model sees the tools of an adapter that somebody hosts, and its calls are carried out and recorded there. This room
//! is the runner's end of that wire: [`Service`] is the wire, [`Service::adapter`] the list of tools as far as it may be shown, and
//! [`Adapter`] carries calls out.
//!
//! Invariant: the runner token goes to the service's address and nowhere else: not to a log, an answer, a model or another host.
//! Invariant: no tool reaches a model that could run SQL, name a table or a tenant, approve or apply; what a service says of its tools
//! is not believed against their names.
//! Invariant: a call that may have arrived is never sent again by itself.
//! Absent on purpose: a ledger and sources. The service keeps the record.
//!
//! Modules in reading order.

mod service;
mod adapter;
mod catalogue;
mod schema;
mod call;
mod answer;
mod connect;

pub use adapter::Adapter;
pub use catalogue::LeftOut;
pub use connect::{Connected, Registration};
pub use service::{CloudSettings, Service};
