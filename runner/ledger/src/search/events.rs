//! The links of the chain as a list: the latest few, or what came after one.

use synapsor_protocol::{Event, EventKind, ProposalId};

use super::select::{Param, Select};
use crate::chain;
use crate::error::Error;
use crate::link;
use crate::statements::Statements;

/// Which events. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// About this proposal.
    pub proposal: Option<ProposalId>,
    /// Of this kind.
    pub kind: Option<EventKind>,
    /// By this person, principal or runner.
    pub actor: Option<String>,
}

/// The events after one, oldest first.
pub(super) fn after(
    conn: &dyn Statements,
    filter: &EventFilter,
    seq: i64,
    rows_max: usize,
) -> Result<Vec<Event>, Error> {
    let mut select = matching(filter);
    select.and("seq >", Param::Integer(seq), "");
    select.ordered("seq", rows_max).all(conn, chain::event)
}

/// The latest events, oldest first.
pub(super) fn latest(
    conn: &dyn Statements,
    filter: &EventFilter,
    rows_max: usize,
) -> Result<Vec<Event>, Error> {
    let mut events = latest_statement(filter, rows_max).all(conn, chain::event)?;
    events.reverse();
    Ok(events)
}

/// The statement behind [`latest`].
pub(super) fn latest_statement(filter: &EventFilter, rows_max: usize) -> Select {
    matching(filter).ordered("seq DESC", rows_max)
}

fn matching(filter: &EventFilter) -> Select {
    let mut select = Select::from(&format!("SELECT {} FROM events", link::COLUMNS));
    let EventFilter { proposal, kind, actor } = filter;
    let terms = [
        ("proposal_id =", proposal.as_ref().map(|id| id.to_string())),
        ("kind =", kind.map(|kind| kind.as_str().to_owned())),
        ("actor =", actor.clone()),
    ];
    for (left, value) in terms {
        if let Some(value) = value {
            select.and(left, Param::Text(value), "");
        }
    }
    select
}
