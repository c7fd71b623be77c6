//! What stands in the tables beside each event: its evidence or what a person did, its audit, and what they are found by.
//!
//! They are stored under the event's number, so that a walk reads them in one statement with the event. In a copy of an
//! early release's ledger documents are stored under their own ids, and each is looked up.

use synapsor_protocol::{CandidateRun, Digest, EventKind, EvidenceBundle, HumanAction, QueryAudit};

use super::{Stop, misfit};
use crate::documents::Sealed;
use crate::error::Error;
use crate::link::{COLUMNS, Link, Payload};
use crate::report::MisfitKind;
use crate::schema;
use crate::search::{FOUND_COLUMNS, Found, Matching, Noted};
use crate::statements::{Row, Statements, cells};

/// The columns of a walk's row after those of the event.
const AUDIT: usize = 8;
const ABOUT: usize = 9;
const FOUND: usize = 10;

/// Where the walk finds it.
pub(super) enum Beside {
    InTheRow {
        matching: Matching,
        /// What the tables say of the proposal an event made.
        made: &'static str,
    },
    ById,
}

/// Before there was a column of it.
const MADE: &str =
    "CASE WHEN f.at IS NOT NULL AND e.kind = 'proposal_created' THEN e.proposal_id END AS proposal_id";

/// What stands beside an event as it is stored.
#[derive(Clone, Copy, Default)]
pub(super) struct Documents<'r> {
    pub(super) audit: Option<&'r str>,
    /// What the event is about: evidence, a person's action, or a candidate's run.
    pub(super) about: Option<&'r str>,
}

impl Beside {
    pub(super) fn new(conn: &dyn Statements, version: i64) -> Result<Self, Error> {
        if version < schema::DOCUMENTS_BY_EVENT {
            return Ok(Self::ById);
        }
        let made = if version < schema::PROPOSALS_BY_EVENT { MADE } else { "f.proposal_id" };
        Ok(Self::InTheRow { matching: Matching::new(conn)?, made })
    }

    /// The statement that walks over the chain.
    pub(super) fn walk(&self) -> String {
        let event = COLUMNS.split(", ").map(|column| format!("e.{column}"));
        match self {
            Self::ById => format!("SELECT {COLUMNS} FROM events ORDER BY seq"),
            Self::InTheRow { made, .. } => {
                let beside = ["q.document".to_owned(), "v.document".to_owned()];
                let found = FOUND_COLUMNS.map(|column| match column {
                    "proposal_id" => (*made).to_owned(),
                    column => format!("f.{column}"),
                });
                let columns: Vec<_> = event.chain(beside).chain(found).collect();
                format!(
                    "SELECT {} FROM events e LEFT JOIN query_audit q ON q.seq = e.seq
                     LEFT JOIN evidence v ON v.seq = e.seq LEFT JOIN found_by f ON f.seq = e.seq ORDER BY e.seq",
                    columns.join(", ")
                )
            }
        }
    }

    /// The documents in the row, whatever the event says.
    pub(super) fn documents<'r>(&self, row: &'r dyn Row) -> Result<Documents<'r>, Error> {
        match self {
            Self::ById => Ok(Documents::default()),
            Self::InTheRow { .. } => {
                Ok(Documents { audit: row.optional_text(AUDIT)?, about: row.optional_text(ABOUT)? })
            }
        }
    }

    /// What the event vouches for is there and unchanged, and found by what it says.
    pub(super) fn fit(
        &mut self,
        conn: &dyn Statements,
        (event, kind): (&Link<'_>, EventKind),
        payload: &Payload<'_>,
        (row, documents): (&dyn Row, Documents<'_>),
    ) -> Result<(), Stop> {
        match self {
            Self::InTheRow { matching, .. } => {
                vouched(event, kind, payload, documents)?;
                let Documents { audit, about } = documents;
                let Link { seq, kind, actor, proposal_id, .. } = *event;
                let expected = Found::of(Noted { seq, kind, actor, proposal_id }, audit, about);
                if matching.is(conn, &expected, row, FOUND)? { Ok(()) } else { Err(misfound(event, payload)) }
            }
            Self::ById => {
                let audit = "SELECT document FROM query_audit WHERE audit_id = ?1";
                let audit = by_id(conn, audit, payload.audit_id)?;
                let evidence = "SELECT document FROM evidence WHERE evidence_id = ?1";
                let evidence = by_id(conn, evidence, payload.evidence_id)?;
                let documents = Documents { audit: audit.as_deref(), about: evidence.as_deref() };
                vouched(event, kind, payload, documents)
            }
        }
    }
}

fn by_id(conn: &dyn Statements, sql: &str, id: Option<&str>) -> Result<Option<String>, Error> {
    let Some(id) = id else { return Ok(None) };
    conn.one("read a record of the chain", sql, cells![id], |row| Ok(row.text(0)?.to_owned()))
}

fn vouched(
    event: &Link<'_>,
    kind: EventKind,
    payload: &Payload<'_>,
    documents: Documents<'_>,
) -> Result<(), Stop> {
    let (is_action, is_run) =
        (kind == EventKind::ShadowHumanActionRecorded, kind == EventKind::ShadowCandidateRan);
    if let Some(id) = payload.audit_id {
        fits::<QueryAudit>(event, id, payload.audit_digest, documents.audit)?;
    }
    if let Some(id) = payload.evidence_id {
        let evidence = documents.about.filter(|_| !is_action && !is_run);
        fits::<EvidenceBundle>(event, id, payload.evidence_digest, evidence)?;
    }
    if is_action {
        let id = event.proposal_id.unwrap_or_default();
        fits::<HumanAction>(event, id, payload.action_digest, documents.about)?;
    }
    if is_run {
        fits::<CandidateRun>(event, &event.seq.to_string(), payload.run_digest, documents.about)?;
    }
    Ok(())
}

/// The stored document is there, and it is the one whose digest the event carries.
pub(super) fn fits<T: Sealed>(
    event: &Link<'_>,
    id: &str,
    expected: Option<&str>,
    stored: Option<&str>,
) -> Result<(), Stop> {
    let kind = match stored {
        Some(text) if expected.is_some_and(|digest| Digest::is_of_canonical(digest, T::DOMAIN, text)) => {
            return Ok(());
        }
        Some(_) => MisfitKind::RecordEdited,
        None => MisfitKind::RecordMissing,
    };
    Err(misfit(kind, Some(event.seq), Some(format!("{} `{id}`", T::NAME))))
}

/// Names the record a call is found by: its evidence, else its audit, else the event.
fn misfound(event: &Link<'_>, payload: &Payload<'_>) -> Stop {
    let named = match (payload.evidence_id, payload.audit_id) {
        (Some(id), _) => format!("{} `{id}`", EvidenceBundle::NAME),
        (None, Some(id)) => format!("{} `{id}`", QueryAudit::NAME),
        (None, None) => format!("event `{}`", event.seq),
    };
    misfit(MisfitKind::RecordEdited, Some(event.seq), Some(format!("what {named} is found by")))
}
