//! Recorded calls in the order they came, with what came of each: what a rerun and a backtest start from.

use synapsor_protocol::{Code, EvidenceBundle, Moment, Proposal, ProposalId};

use crate::documents;
use crate::error::Error;
use crate::proposals::{self, ProposalFilter, StoredProposal};
use crate::statements::Statements;

/// Which calls. The default is all of them.
#[derive(Debug, Clone, Default)]
pub struct HistoryFilter {
    /// Only those of this capability.
    pub capability: Option<String>,
    /// Only those received then or later.
    pub since: Option<Moment>,
}

/// One recorded call that proposed something, or was refused after its row had been read.
#[derive(Debug, Clone)]
pub struct PastCall {
    /// What it was given and what it read.
    pub evidence: EvidenceBundle,
    /// What it proposed.
    pub proposal: Option<Proposal>,
    /// Why it was refused.
    pub refused: Option<Code>,
    /// Whether the record is still what was sealed. A refused call is sealed by the chain alone, which
    /// [`crate::Ledger::verify`] walks.
    pub intact: bool,
}

/// The call that led to a proposal.
pub(crate) fn of_proposal(conn: &dyn Statements, id: &ProposalId) -> Result<PastCall, Error> {
    proposed(conn, proposals::get(conn, id)?)
}

/// The calls a filter lets through, oldest first.
pub(crate) fn list(conn: &dyn Statements, filter: &HistoryFilter) -> Result<Vec<PastCall>, Error> {
    let wanted =
        ProposalFilter { capability: filter.capability.clone(), limit: u32::MAX, ..Default::default() };
    let mut calls = Vec::new();
    for stored in proposals::list(conn, &wanted)? {
        if filter.since.is_none_or(|since| stored.proposal.created_at >= since) {
            calls.push(proposed(conn, stored)?);
        }
    }
    for (audit, evidence) in documents::refusals(conn)? {
        let of_capability = filter.capability.as_ref().is_none_or(|name| *name == audit.capability);
        if !of_capability || filter.since.is_some_and(|since| audit.at < since) {
            continue;
        }
        calls.push(PastCall { evidence, proposal: None, refused: audit.refused, intact: true });
    }
    calls.sort_by_key(|call| call.evidence.received_at);
    Ok(calls)
}

fn proposed(conn: &dyn Statements, stored: StoredProposal) -> Result<PastCall, Error> {
    let StoredProposal { proposal, intact, .. } = stored;
    let evidence = documents::evidence_of(conn, &proposal.proposal_id)?.ok_or_else(|| Error::Unreadable {
        record: format!("the evidence of proposal `{}`", proposal.proposal_id),
    })?;
    let intact = intact && evidence.digest().is_ok_and(|digest| digest == proposal.evidence_digest);
    Ok(PastCall { evidence, proposal: Some(proposal), refused: None, intact })
}
