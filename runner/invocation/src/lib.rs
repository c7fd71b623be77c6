//! One tool call, from a name and some JSON to a recorded answer: read, or propose.
//!
//! [`Runtime::invoke`] tells the story on one screen; the other modules are its steps, in order.
//!
//! Invariant: nothing here can approve, apply or write to a source. The ledger is held as a `Notebook`, which cannot
//! decide, and the sources are held for scoped reads only.
//! Invariant: no answer leaves without its record on disk, refusals included.
//!
//! Modules in reading order.

mod answer;
mod arguments;
mod catalog;
mod change;
mod context;
mod handlers;
pub mod invoke;
mod logic;
mod reads;
mod resource;
mod rules;
mod runtime;
mod trail;

pub use answer::{Answer, ProposalAnswer, ReadAnswer, ToolCall};
pub use catalog::{ToolDescription, ToolKind};
pub use handlers::{Handlers, LoadHandler, LoadedHandler};
pub use runtime::{Parts, ResultFormat, Runtime};
