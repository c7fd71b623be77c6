//! One tool call, from a name and some JSON to a recorded answer: read, or propose.
//!
//! [`Runtime::invoke`] tells the story on one screen; the other modules are its steps, in order. [`rerun`] is the logic of a
//! recorded call once more, without a source, and [`Comparison`] what came of it beside the record; [`Candidates`] do that for
//! the calls that were just answered.
//!
//! Invariant: nothing here can approve, apply or write to a source. The ledger is held as a `Notebook`, which cannot
//! decide, and the sources are held for scoped reads only.
//! Invariant: no answer leaves without its record, refusals included: a proposal's is on the disk, a read's where no killed process can
//! take it back, and on the disk a moment later.
//!
//! Modules in reading order.

pub mod invoke;
mod runtime;
mod answer;
mod delegate;
mod under_way;
mod stage;
mod catalog;
mod faithful;
mod arguments;
mod claims;
mod context;
mod reads;
mod kept;
mod handlers;
mod logic;
mod rules;
mod change;
mod trail;
mod resource;
mod rerun;
mod compare;
mod candidates;
mod candidate_run;
mod missed;

pub use answer::{Answer, DelegatedAnswer, Difference, ProposalAnswer, ReadAnswer, ToolCall, UsageSlot};
pub use candidates::{CandidateOutcome, CandidateWatcher, Candidates};
pub use catalog::{ToolDescription, ToolKind, ToolOrigin, describe_tools, scalar_schema};
pub use claims::VerifiedClaims;
pub use compare::{Comparison, Disagreement};
pub use delegate::{Delegate, Delegated, DelegatedCall, Delegation};
pub use faithful::{Unfaithful, read_json};
pub use handlers::{Handlers, LoadHandler, LoadedHandler, Readiness};
pub use rerun::{Ending, Rerun, SettingsFrom, Today, rerun};
pub use runtime::{Parts, ResultFormat, Runtime};
pub use stage::{Stage, Stages};
pub use synapsor_config::{OVERVIEW_PROMPT, Prompt as ConfiguredPrompt, PromptArgument, PromptPart};
pub use synapsor_protocol::Likeness;
