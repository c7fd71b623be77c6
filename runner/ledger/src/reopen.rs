//! An operator's *try again*: what an executor of the application did not carry out is approved once more.
//!
//! A runner's own conflict stands in the source, by a receipt under the same key, so it is final. An application keeps a
//! receipt of a success only; its no may come from a rule that has changed since, or from a row that was put right.
//!
//! Invariant: a success is never tried again. The approval is the one there is: it is for content, and the content is the same.

use serde_json::json;
use synapsor_protocol::proposal::Move;
use synapsor_protocol::{EventKind, ProposalId, ProposalState};

use crate::chain;
use crate::error::Error;
use crate::jobs::{self, Status, StoredJob};
use crate::proposals::{self, StoredProposal};
use crate::rule::Rule;
use crate::secrets;
use crate::writer::Write;

/// Approves once more what came to nothing. Again before the next attempt, it changes nothing.
pub(crate) fn reopen(
    write: &Write<'_>,
    id: &ProposalId,
    actor: &str,
    reason: &str,
) -> Result<StoredProposal, Error> {
    let stored = proposals::get_intact(write.conn, id)?;
    let refused = |why: String| Err(Rule::NotReopenable { proposal: id.to_string(), why }.into());
    if reason.trim().is_empty() {
        return Err(Rule::ReasonRequired { proposal: id.to_string() }.into());
    }
    secrets::refuse_in_text("reason", reason)?;
    if stored.proposal.change_set.app_executor().is_none() {
        return refused("the runner itself carries it out".to_owned());
    }
    let job = jobs::find(write.conn, id)?;
    if stored.state == ProposalState::Approved && job.as_ref().is_some_and(came_to_nothing) {
        return Ok(stored);
    }
    let (Some(state), Some(job)) = (stored.state.next(Move::Reopen), job) else {
        return refused(format!("it is `{}`, expected `conflict` or `failed`", stored.state));
    };
    let content = stored.proposal.change_set.digest().map_err(chain::no_canonical_form)?;
    if let Some(twin) = proposals::open_with_content(write.conn, &stored.proposal, &content)? {
        return refused(format!("`{}` proposes the same and is open", twin.proposal.proposal_id));
    }
    let payload =
        json!({ "proposal_digest": stored.proposal.digest, "attempt": job.attempt, "reason": reason });
    jobs::save(write, &StoredJob { status: Status::Interrupted, ..job })?;
    let event = chain::append(write, EventKind::WritebackReopened, Some(id), actor, payload)?;
    proposals::set_state(write, stored, state, event)
}

fn came_to_nothing(job: &StoredJob) -> bool {
    job.status == Status::Interrupted && job.attempt > 0
}
