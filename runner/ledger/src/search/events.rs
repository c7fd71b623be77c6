//! The links of the chain as a list: the latest few, or what came after one.

use synapsor_protocol::{Event, EventKind, ProposalId};

use super::select::{Param, Select};
use crate::chain;
use crate::error::Error;
use crate::link;
use crate::statements::{Statements, cells};

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
    statement(filter, Some(seq), "seq", rows_max).all(conn, chain::event)
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
    statement(filter, None, "seq DESC", rows_max)
}

/// Every event of a kind of which there are few, oldest first: those that are found, and among the latest those that are not
/// found yet. Nothing is brought up to date for it.
pub(crate) fn of_kind(conn: &dyn Statements, kind: EventKind) -> Result<Vec<Event>, Error> {
    conn.all("read the events of a kind", &of_kind_statement(), cells![kind.as_str()], chain::event)
}

/// The statement behind [`of_kind`].
pub(super) fn of_kind_statement() -> String {
    let columns = link::COLUMNS;
    format!(
        "SELECT {columns} FROM events
         WHERE seq IN (SELECT seq FROM found_by WHERE kind = (SELECT name_id FROM names WHERE name = ?1))
         UNION ALL
         SELECT {columns} FROM events
         WHERE seq > coalesce((SELECT max(seq) FROM found_by), 0) AND kind = ?1
         ORDER BY seq"
    )
}

impl EventFilter {
    /// Whether events are found by what is brought up to date now and then.
    pub(super) fn is_searched(&self) -> bool {
        self.proposal.is_none() && (self.kind.is_some() || self.actor.is_some())
    }
}

/// The chain itself knows the events of a proposal, which are few; those of a kind or an actor are found.
fn statement(filter: &EventFilter, after: Option<i64>, order: &str, rows_max: usize) -> Select {
    let EventFilter { proposal, kind, actor } = filter;
    let searched = filter.is_searched();
    let head = format!("SELECT {} FROM events", link::COLUMNS);
    let mut select = Select::from(if searched { "SELECT seq FROM found_by" } else { head.as_str() });
    let (left, right) =
        if searched { (" = (SELECT name_id FROM names WHERE name =", ")") } else { (" =", "") };
    if let Some(id) = proposal {
        select.and("proposal_id =", Param::Text(id.to_string()), "");
    }
    let words = [("kind", kind.map(|kind| kind.as_str().to_owned())), ("actor", actor.clone())];
    for (column, word) in words {
        if let Some(word) = word {
            select.and(&format!("{column}{left}"), Param::Text(word), right);
        }
    }
    if let Some(seq) = after {
        select.and("seq >", Param::Integer(seq), "");
    }
    let select = select.ordered(order, rows_max);
    if searched {
        select.within(&format!("{head} WHERE seq IN"), &format!("ORDER BY {order}"))
    } else {
        select
    }
}
