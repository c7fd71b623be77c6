//! A person's yes or no, for exactly the content that was on the screen.
//!
//! Invariant: the digest is recomputed from the stored change set in the transaction that records the decision.

use serde_json::json;
use synapsor_protocol::proposal::{Move, ProposalMode};
use synapsor_protocol::{Decision, EventKind, ProposalState, Verdict};

use crate::chain;
use crate::documents;
use crate::error::Error;
use crate::handover;
use crate::proposals::{self, StoredProposal};
use crate::rule::Rule;
use crate::secrets;
use crate::writeback;
use crate::writer::Write;

/// Records a decision and moves the proposal. The same decision by the same person again changes nothing.
pub(crate) fn decide(write: &Write<'_>, decision: &Decision) -> Result<StoredProposal, Error> {
    let id = &decision.proposal_id;
    let stored = proposals::get_intact(write.conn, id)?;
    if decision.proposal_digest != stored.proposal.digest {
        return Err(proposals::mismatch(id, "shown"));
    }
    check_reason(decision)?;
    if is_repeat(write, decision, stored.state)? {
        return Ok(stored);
    }
    let state = next_state(write, &stored, decision.verdict)?;
    let seal = documents::insert_decision(write.conn, decision)?;
    let kind = match decision.verdict {
        Verdict::Approved => EventKind::ProposalApproved,
        Verdict::Rejected => EventKind::ProposalRejected,
    };
    let payload = json!({ "proposal_digest": decision.proposal_digest, "decision_digest": seal });
    let event = chain::append(write, kind, Some(id), &decision.actor, payload)?;
    proposals::set_state(write, stored, state, event)
}

fn check_reason(decision: &Decision) -> Result<(), Error> {
    let reason = decision.reason.as_deref().unwrap_or_default();
    if decision.verdict == Verdict::Rejected && reason.trim().is_empty() {
        return Err(Rule::ReasonRequired { proposal: decision.proposal_id.to_string() }.into());
    }
    secrets::refuse_in_text("reason", reason)
}

/// Whether this person already decided this and the decision still stands, in whatever the apply made of it since.
fn is_repeat(write: &Write<'_>, decision: &Decision, state: ProposalState) -> Result<bool, Error> {
    let stands = match decision.verdict {
        Verdict::Approved => !matches!(state, ProposalState::PendingReview | ProposalState::Rejected),
        Verdict::Rejected => state == ProposalState::Rejected,
    };
    let earlier = documents::decision(write.conn, &decision.proposal_id, decision.verdict)?;
    Ok(stands
        && earlier.is_some_and(|earlier| {
            earlier.actor == decision.actor && earlier.proposal_digest == decision.proposal_digest
        }))
}

fn next_state(write: &Write<'_>, stored: &StoredProposal, verdict: Verdict) -> Result<ProposalState, Error> {
    let id = &stored.proposal.proposal_id;
    let (proposal, state) = (id.to_string(), stored.state);
    let refused = match verdict {
        Verdict::Approved if stored.proposal.mode == ProposalMode::Shadow => Rule::Shadow { proposal },
        Verdict::Approved => match state.next(Move::Approve) {
            Some(next) => return Ok(next),
            None => Rule::NotPendingReview { proposal, state },
        },
        // A try whose outcome is unknown may have changed the row; "rejected" could then be a lie.
        Verdict::Rejected if writeback::is_open(write.conn, id)? => Rule::ApplyUnsettled { proposal },
        Verdict::Rejected => match (state.next(Move::Reject), handover::leased_until(write, id)?) {
            // Its runner may begin at any moment, and would be told "rejected" for what a person handed out.
            (Some(_), Some(until)) => Rule::HandedOver { proposal, until },
            (Some(next), None) => return Ok(next),
            (None, _) => Rule::NotRejectable { proposal, state },
        },
    };
    Err(refused.into())
}
