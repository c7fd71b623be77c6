//! What a call is and what it answers, before any transport gives it a shape.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use synapsor_protocol::{
    ChangeSet, Columns, EvidenceId, Proposal, ProposalState, TraceId, TrustedContext, Usage, Value,
};

use crate::catalog::ToolKind;
use crate::stage::{Stage, Stages};

/// A request for one capability.
#[derive(Debug, Clone)]
pub struct ToolCall {
    /// Canonical capability name.
    pub name: String,
    /// Arguments as they came; nothing is dropped on the way here.
    pub arguments: serde_json::Map<String, serde_json::Value>,
    /// The caller's trace; it is kept with the record.
    pub trace: Option<TraceId>,
    /// Where to say how far the call is.
    pub stages: Option<Stages>,
    /// Where to leave what a handler used, whether or not the call is carried out.
    pub usage: Option<UsageSlot>,
}

/// A place for what one call's handler used; filled at most once.
pub type UsageSlot = Arc<OnceLock<Usage>>;

impl ToolCall {
    /// A call that nobody traces or watches.
    pub fn new(name: impl Into<String>, arguments: serde_json::Map<String, serde_json::Value>) -> Self {
        Self { name: name.into(), arguments, trace: None, stages: None, usage: None }
    }

    pub(crate) fn used(&self, usage: Option<Usage>) {
        if let (Some(slot), Some(usage)) = (&self.usage, usage) {
            // A call has one handler, which ran once.
            let _ = slot.set(usage);
        }
    }

    pub(crate) fn reached(&self, stage: Stage) {
        if let Some(stages) = &self.stages {
            // Somebody who no longer watches is no reason to stop.
            let _ = stages.send(stage);
        }
    }
}

/// What came of a call that was carried out.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A row.
    Read(Box<ReadAnswer>),
    /// A proposal that waits for a person.
    Proposal(Box<ProposalAnswer>),
    /// What somebody else answered.
    Delegated(Box<DelegatedAnswer>),
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
    /// The proposal. Its change set holds more than a model may see; `diff` is what it may.
    pub proposal: Proposal,
    /// What would change, by column.
    pub diff: BTreeMap<String, Difference>,
    /// Where it stands.
    pub state: ProposalState,
    /// An equal proposal was waiting already, and this is it.
    pub repeated: bool,
    /// Whose row, and who asked.
    pub context: TrustedContext,
}

/// What a hosted service answered.
#[derive(Debug, Clone)]
pub struct DelegatedAnswer {
    /// The tool.
    pub capability: String,
    /// Read or proposal.
    pub kind: ToolKind,
    /// Which adapter of the service it belongs to.
    pub adapter_id: String,
    /// Its result, as the service gave it.
    pub result: serde_json::Map<String, serde_json::Value>,
}

/// One changed column, as far as a model may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What the row holds; `None` where the capability does not show the column.
    pub before: Option<Value>,
    /// What was proposed.
    pub proposed: Value,
}

/// What a change set would change. That a column may be written does not make it one that may be read.
pub(crate) fn differences(change_set: &ChangeSet, visible: &[String]) -> BTreeMap<String, Difference> {
    let difference = |(column, proposed): (&String, &Value)| {
        let before = change_set.before.get(column).filter(|_| visible.contains(column));
        (column.clone(), Difference { before: before.cloned(), proposed: proposed.clone() })
    };
    change_set.patch.iter().map(difference).collect()
}
