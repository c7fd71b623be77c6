//! The record of one proposal shown again, from the ledger alone.

use serde::Serialize;
use synapsor_protocol::{
    Decision, Event, EvidenceBundle, HumanAction, ProposalId, QueryAudit, Receipt, WritebackJob,
};

use crate::chain;
use crate::documents;
use crate::error::Error;
use crate::proposals::{self, StoredProposal};
use crate::statements::Statements;
use crate::writeback;

/// Schema version of [`Replay`].
pub const REPLAY_SCHEMA: &str = "synapsor.replay.v2";

/// Everything the ledger holds about one proposal, in the order it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// [`REPLAY_SCHEMA`].
    pub schema_version: &'static str,
    /// Which ledger; part of the idempotency key.
    pub ledger_id: String,
    /// The proposal and where it stands.
    pub proposal: StoredProposal,
    /// What was read for it; what a rerun starts from.
    pub evidence: EvidenceBundle,
    /// Whether that evidence is still what the proposal sealed.
    pub evidence_intact: bool,
    /// The calls that led to it, repeats included.
    pub audits: Vec<QueryAudit>,
    /// What people decided.
    pub decisions: Vec<Decision>,
    /// The job as of its latest attempt; none before the first apply.
    pub jobs: Vec<WritebackJob>,
    /// How the applies ended.
    pub receipts: Vec<Receipt>,
    /// What people did, of a shadow proposal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub human_actions: Vec<HumanAction>,
    /// The proposal's links of the chain.
    pub events: Vec<Event>,
}

/// Rebuilds the record of a proposal.
pub(crate) fn of(conn: &dyn Statements, ledger_id: &str, id: &ProposalId) -> Result<Replay, Error> {
    let proposal = proposals::get(conn, id)?;
    let sealed = &proposal.proposal;
    let evidence = documents::evidence_of(conn, id)?
        .ok_or_else(|| Error::Unreadable { record: format!("the evidence of proposal `{id}`") })?;
    let evidence_intact = evidence.digest().is_ok_and(|digest| digest == sealed.evidence_digest);
    Ok(Replay {
        schema_version: REPLAY_SCHEMA,
        ledger_id: ledger_id.to_owned(),
        evidence,
        evidence_intact,
        audits: documents::audits(conn, id)?,
        decisions: documents::decisions(conn, id)?,
        jobs: writeback::job(conn, &proposal)?.into_iter().collect(),
        receipts: documents::receipts(conn, id)?,
        human_actions: documents::human_actions(conn, id)?,
        events: chain::of_proposal(conn, id)?,
        proposal,
    })
}
