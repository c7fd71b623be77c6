//! Proposals as they are stored: by id, by reference, as a list; always with the answer whether somebody edited them.

use std::ops::ControlFlow;

use serde::Serialize;
use synapsor_protocol::{Digest, Moment, Proposal, ProposalId, ProposalState};

use crate::chain::Appended;
use crate::error::Error;
use crate::rule::Rule;
use crate::search::{self, RecordKind};
use crate::statements::{Cell, Row, Statements, cells};
use crate::writer::Write;

/// What a statement selects for [`stored`]; the event is the one that recorded the proposal's making.
macro_rules! columns {
    () => {
        "SELECT p.proposal_id, p.document, p.state, p.updated_at, p.content_digest, e.payload "
    };
}

/// Proposals by what stands beside them.
pub(crate) const SELECT: &str =
    concat!(columns!(), "FROM proposals p LEFT JOIN events e ON e.seq = p.created_seq");

/// Proposals by what the events of their making are found by.
pub(crate) const SELECT_FOUND: &str = concat!(
    columns!(),
    "FROM found_by f JOIN proposals p ON p.created_seq = f.seq LEFT JOIN events e ON e.seq = f.seq"
);

/// A proposal and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredProposal {
    /// The proposal as it is stored now.
    pub proposal: Proposal,
    /// Where it stands.
    pub state: ProposalState,
    /// When its state last changed.
    pub updated_at: Moment,
    /// Whether the content, recomputed, is still what was sealed and what the chain recorded. A proposal that is not
    /// intact can be shown, and nothing else.
    pub intact: bool,
}

/// Which proposals to list. The default is the newest hundred.
#[derive(Debug, Clone)]
pub struct ProposalFilter {
    /// Only those in this state.
    pub state: Option<ProposalState>,
    /// Only this tenant's.
    pub tenant: Option<String>,
    /// Only those of this capability.
    pub capability: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl Default for ProposalFilter {
    fn default() -> Self {
        Self { state: None, tenant: None, capability: None, limit: 100 }
    }
}

/// The proposal of that id; a refusal where there is none.
pub(crate) fn get(conn: &dyn Statements, id: &ProposalId) -> Result<StoredProposal, Error> {
    find(conn, id)?.ok_or_else(|| search::not_found(RecordKind::Proposal, id.as_str()))
}

/// The proposal of that id.
pub(crate) fn find(conn: &dyn Statements, id: &ProposalId) -> Result<Option<StoredProposal>, Error> {
    one(conn, &format!("{SELECT} WHERE p.proposal_id = ?1"), cells![id.as_str()])
}

/// Takes the row of a proposal for this transaction, so that moving it waits for nobody; `false` where somebody else's
/// transaction holds it.
pub(crate) fn take(conn: &dyn Statements, id: &ProposalId) -> Result<bool, Error> {
    let sql = "SELECT proposal_id FROM proposals WHERE proposal_id = ?1";
    let mut taken = false;
    conn.take("take a proposal", sql, cells![id.as_str()], &mut |_| {
        taken = true;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(taken)
}

/// The proposal of that id, ready for a move: the record is what was sealed, or nothing may happen to it.
pub(crate) fn get_intact(conn: &dyn Statements, id: &ProposalId) -> Result<StoredProposal, Error> {
    let stored = get(conn, id)?;
    if stored.intact { Ok(stored) } else { Err(mismatch(id, "sealed")) }
}

/// The open proposal with this content, where one waits already.
pub(crate) fn open_with_content(
    conn: &dyn Statements,
    proposal: &Proposal,
    content: &Digest,
) -> Result<Option<StoredProposal>, Error> {
    // The list of states is the one of the unique index, letter for letter, so that the index answers.
    let sql = format!(
        "{SELECT} WHERE p.tenant = ?1 AND p.mode = ?2 AND p.content_digest = ?3
         AND p.state IN ('pending_review', 'approved', 'pending_worker', 'reconciliation_required')"
    );
    let tenant = &proposal.change_set.tenant;
    one(conn, &sql, cells![tenant, proposal.mode.as_str(), content.as_str()])
}

/// The proposals a filter lets through, newest first.
pub(crate) fn list(conn: &dyn Statements, filter: &ProposalFilter) -> Result<Vec<StoredProposal>, Error> {
    let conditions = [
        ("p.state", filter.state.map(ProposalState::as_str)),
        ("p.tenant", filter.tenant.as_deref()),
        ("p.capability", filter.capability.as_deref()),
    ];
    let mut sql = format!("{SELECT} WHERE TRUE");
    let mut cells = Vec::new();
    for (column, wanted) in conditions {
        if let Some(wanted) = wanted {
            cells.push(Cell::from(wanted));
            sql.push_str(&format!(" AND {column} = ?{}", cells.len()));
        }
    }
    cells.push(Cell::from(filter.limit));
    // Each is the order of an index: those of a state lie by their time, all of them by their event.
    let order = if filter.state.is_some() { "p.created_at DESC, p.rowid DESC" } else { "p.created_seq DESC" };
    sql.push_str(&format!(" ORDER BY {order} LIMIT ?{}", cells.len()));
    conn.all("list the proposals", &sql, &cells, stored)
}

/// Stores the canonical text of a proposal that was just made, bound to the event that says so.
pub(crate) fn insert(
    write: &Write<'_>,
    id: &ProposalId,
    document: &str,
    content: &Digest,
    created: Appended,
) -> Result<(), Error> {
    let sql = "INSERT INTO proposals (proposal_id, content_digest, created_seq, state, updated_at, document)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let cells = cells![
        id.as_str(),
        content.as_str(),
        created.seq,
        ProposalState::PendingReview.as_str(),
        created.at.micros(),
        document,
    ];
    write.conn.execute("record the proposal", sql, cells)?;
    Ok(())
}

/// Moves a proposal because of an event, and answers it as it is then. The move was checked against the table of
/// legal ones.
pub(crate) fn set_state(
    write: &Write<'_>,
    stored: StoredProposal,
    state: ProposalState,
    moved: Appended,
) -> Result<StoredProposal, Error> {
    let id = stored.proposal.proposal_id.as_str();
    let sql = "UPDATE proposals SET state = ?2, updated_at = ?3 WHERE proposal_id = ?1";
    write.conn.execute("move the proposal", sql, cells![id, state.as_str(), moved.at.micros()])?;
    Ok(StoredProposal { state, updated_at: moved.at, ..stored })
}

/// The refusal for a proposal whose content is not the one that `was` sealed, shown or approved.
pub(crate) fn mismatch(id: &ProposalId, was: &'static str) -> Error {
    Rule::HashMismatch { proposal: id.to_string(), was }.into()
}

fn one(conn: &dyn Statements, sql: &str, cells: &[Cell<'_>]) -> Result<Option<StoredProposal>, Error> {
    conn.one("read the proposal", sql, cells, stored)
}

/// A proposal out of a row of [`SELECT`].
pub(crate) fn stored(row: &dyn Row) -> Result<StoredProposal, Error> {
    let id = row.text(0)?;
    let record = || format!("proposal `{id}`");
    let unreadable = || Error::Unreadable { record: record() };
    let proposal: Proposal = serde_json::from_str(row.text(1)?).map_err(Error::unreadable(record))?;
    let state = ProposalState::parse(row.text(2)?).ok_or_else(unreadable)?;
    let updated_at = Moment::from_micros(row.integer(3)?).ok_or_else(unreadable)?;
    let content = row.text(4)?;
    let witness = row.optional_text(5)?;
    let intact = proposal.proposal_id.as_str() == id
        && proposal.recompute_digest().is_ok_and(|now| now == proposal.digest)
        && witness.is_some_and(|payload| is_sealed_by(payload, &proposal.digest, content));
    Ok(StoredProposal { proposal, state, updated_at, intact })
}

/// Whether the event of the proposal's making carries these digests.
fn is_sealed_by(payload: &str, seal: &Digest, content: &str) -> bool {
    let payload: serde_json::Value = serde_json::from_str(payload).unwrap_or_default();
    let field = |name: &str| payload.get(name).and_then(serde_json::Value::as_str);
    field("proposal_digest") == Some(seal.as_str()) && field("content_digest") == Some(content)
}
