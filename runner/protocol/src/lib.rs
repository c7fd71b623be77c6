//! The nouns every room shares: exact values, change sets, proposals, receipts, refusals and digests.
//!
//! Invariant: pure. No I/O, no clock, no randomness, no environment; those come in through [`door`].
//! Invariant: anything stored or sent lives here, names its schema version, and has a golden document in
//! `fixtures/protocol/` that must parse for ever.
//!
//! Modules in reading order.

pub mod value;
pub mod members;
pub mod moment;
pub mod door;
pub mod standin;
pub mod ids;
mod canonical;
pub mod digest;
pub mod redaction;
pub mod refusal;
pub mod problem;
pub mod reserved;
pub mod context;
pub mod trace;
pub mod change_set;
pub mod delegated;
pub mod evidence;
pub mod proposal;
pub mod job;
pub mod job_document;
pub mod receipt;
pub mod executor;
pub mod shadow;
pub mod candidate;
pub mod event;
pub mod fleet;
pub mod checkpoint;
pub mod webhook;
pub mod reach;
pub mod words;
pub mod inert;
pub mod reference;

pub use candidate::{CandidateEnding, CandidateRun, Likeness, Used};
pub use change_set::{Advance, ChangeSet, Guard, Logic, SQL_UPDATE, Target};
pub use checkpoint::Checkpoint;
pub use context::{Provenance, TrustedContext};
pub use delegated::DelegatedTrace;
pub use digest::{CanonicalError, Digest, canonical_json};
pub use door::{Clock, Environment, Ids, Signer, Verifier};
pub use event::{Event, EventKind};
pub use evidence::{Budget, EvidenceBundle, HandlerInputs, QueryAudit, RecordedRead, Share, Usage};
pub use ids::{AuditId, EvidenceId, JobId, ProposalId, ReceiptId};
pub use job::{Handover, LOCAL_PROJECT, Lease, WritebackJob};
pub use job_document::{JobDocument, JobInvalid};
pub use moment::Moment;
pub use proposal::{Decision, Proposal, ProposalState, Verdict};
pub use reach::Reach;
pub use receipt::{Outcome, Receipt};
pub use redaction::{Redacted, RedactedColumns, RedactedRow, RedactionKey, RowKey};
pub use refusal::{Code, Kind, Refusal, SourceChanged};
pub use reserved::is_reserved;
pub use shadow::{Agreement, ColumnRefused, HumanAction, ShadowComparison};
pub use trace::TraceId;
pub use value::{Columns, Engine, Value};
pub use webhook::{EventEnvelope, WebhookSecret};
