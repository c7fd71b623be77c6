//! What a call is and what it answers, before any transport gives it a shape.

use synapsor_protocol::{Columns, EvidenceId, Proposal, ProposalState, TrustedContext, Value};

/// A request for one capability.
#[derive(Debug, Clone)]
pub struct ToolCall {
    /// Canonical capability name.
    pub name: String,
    /// Arguments as they came; nothing is dropped on the way here.
    pub arguments: serde_json::Map<String, serde_json::Value>,
}

/// What came of a call that was carried out.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A row.
    Read(Box<ReadAnswer>),
    /// A proposal that waits for a person.
    Proposal(Box<ProposalAnswer>),
}

/// One scoped row.
#[derive(Debug, Clone)]
pub struct ReadAnswer {
    /// The capability.
    pub capability: String,
    /// The runner's mode, as the config names it.
    pub mode: &'static str,
    /// The table, without its schema.
    pub table: String,
    /// The row's key.
    pub key: Value,
    /// The visible columns.
    pub data: Columns,
    /// Whose row, and who asked.
    pub context: TrustedContext,
    /// What was recorded.
    pub evidence_id: EvidenceId,
}

/// A stored proposal.
#[derive(Debug, Clone)]
pub struct ProposalAnswer {
    /// The capability.
    pub capability: String,
    /// The proposal.
    pub proposal: Proposal,
    /// Where it stands.
    pub state: ProposalState,
    /// An equal proposal was waiting already, and this is it.
    pub repeated: bool,
    /// Whose row, and who asked.
    pub context: TrustedContext,
}
