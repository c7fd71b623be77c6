//! The review pages: a person looks at a proposal, decides about exactly what is on the screen, and sees what became of it.
//!
//! Invariant: nothing here changes a record without a session, its CSRF token, an `Origin` of our own and the digest that
//! was shown; `tests/room/attack.rs` holds each of them.
//! Invariant: no page names a script, a style or an address outside this binary, and none is written inline.
//! Absent on purpose: an SQL box, a way to edit the config, and, without [`Parts::allow_apply`], a way to apply.
//!
//! Modules in reading order.

mod server;
mod site;
mod routes;

// what every request passes before a page sees it
mod gate;
mod host;
mod sessions;
mod throttle;
mod form;
mod headers;

// the pages
mod page;
mod denied;
mod proposals;
mod proposal;
mod next;
mod decide;
mod records;
mod setup;
mod wanted;
mod export;
mod rerun;
mod live;
mod assets;

// how things are shown
mod html;
mod cell;
mod diff;
mod story;
mod checklist;
mod changes;

pub use server::{Links, Server};
pub use sessions::KeysLast;
pub use site::{MakeSecret, Parts, RerunAnswer, RerunProposal};
pub use synapsor_inbound::Bind;
