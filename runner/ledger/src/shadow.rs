//! Shadow proposals beside what people did: an action is recorded, and the latest one is what a proposal is compared with.
//!
//! Invariant: an action is added and never replaced, and its event holds its digest and none of its values.
//! Invariant: nothing here moves a proposal.

use serde::Serialize;
use serde_json::json;
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{EventKind, HumanAction, ProposalId, ShadowComparison};

use crate::chain;
use crate::documents::{self, Written};
use crate::error::Error;
use crate::ledger::Ledger;
use crate::proposals::{self, StoredProposal};
use crate::rule::Rule;
use crate::search::{self, Filter, Listing, Page};
use crate::secrets;
use crate::statements::Statements;
use crate::writer::Write;

/// A shadow proposal beside what people did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shadowed {
    /// The proposal.
    pub proposal: StoredProposal,
    /// What people said they did, oldest first; the last one counts.
    pub actions: Vec<HumanAction>,
    /// How far the last one is what was proposed.
    pub comparison: ShadowComparison,
}

impl Ledger {
    /// Records what a person did to the row of a shadow proposal. Saying the same again changes nothing.
    ///
    /// # Errors
    /// When it is no shadow proposal, the stored content is not the sealed one or not the one the action names, or the action
    /// holds what looks like a secret.
    pub async fn record_human_action(&self, action: &HumanAction) -> Result<Shadowed, Error> {
        secrets::refuse_in_human_action(action)?;
        let (action, written) = (action.clone(), Written::of(action)?);
        self.book.writer.write(move |write| record(write, &action, &written)).await
    }

    /// A shadow proposal beside what people did.
    ///
    /// # Errors
    /// When there is none of that id, it is no shadow proposal, or an action is not what was sealed.
    pub async fn shadow(&self, id: &ProposalId) -> Result<Shadowed, Error> {
        let id = id.clone();
        self.book.readers.read(move |conn| compared(conn, of_shadow(proposals::get(conn, &id)?)?)).await
    }

    /// A page of the shadow proposals a filter lets through, newest first, each beside what people did.
    ///
    /// # Errors
    /// When the ledger cannot be read, or an action is not what was sealed.
    pub async fn find_shadows(&self, filter: &Filter, page: &Page) -> Result<Listing<Shadowed>, Error> {
        let (filter, page) = (Filter { mode: Some(ProposalMode::Shadow), ..filter.clone() }, page.clone());
        self.book
            .search(move |conn| {
                let Listing { items, next } = search::proposals(conn, &filter, &page)?;
                let items = items.into_iter().map(|stored| compared(conn, stored));
                Ok(Listing { items: items.collect::<Result<_, _>>()?, next })
            })
            .await
    }
}

fn record(write: &Write<'_>, action: &HumanAction, written: &Written) -> Result<Shadowed, Error> {
    let id = &action.proposal_id;
    let stored = of_shadow(proposals::get_intact(write.conn, id)?)?;
    if action.proposal_digest != stored.proposal.digest {
        return Err(proposals::mismatch(id, "shown"));
    }
    let known = compared(write.conn, stored)?;
    if known.actions.last().is_some_and(|last| action.repeats(last)) {
        return Ok(known);
    }
    let payload = json!({ "proposal_digest": action.proposal_digest, "action_digest": written.seal });
    let kind = EventKind::ShadowHumanActionRecorded;
    let event = chain::append(write, kind, Some(id), &action.actor, payload)?;
    documents::insert_evidence(write.conn, event.seq, written)?;
    compared(write.conn, known.proposal)
}

fn of_shadow(stored: StoredProposal) -> Result<StoredProposal, Error> {
    match stored.proposal.mode {
        ProposalMode::Shadow => Ok(stored),
        ProposalMode::Review => {
            Err(Rule::NotShadow { proposal: stored.proposal.proposal_id.to_string() }.into())
        }
    }
}

fn compared(conn: &dyn Statements, proposal: StoredProposal) -> Result<Shadowed, Error> {
    let actions = documents::human_actions(conn, &proposal.proposal.proposal_id)?;
    let done = actions.last().map(|action| &action.columns);
    let comparison = ShadowComparison::of(&proposal.proposal.change_set.patch, done);
    Ok(Shadowed { proposal, actions, comparison })
}
