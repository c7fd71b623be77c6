//! An event in its columns, as it is stored: what appending seals, and what a walk over the chain reads.
//!
//! Invariant: the seal is computed over the stored text, so that a payload in any other form than the canonical one is an
//! edited one.

use std::fmt::Write as _;

use serde::Deserialize;
use synapsor_protocol::event::EVENT_SCHEMA;
use synapsor_protocol::{Digest, EventKind, Moment};

use crate::keeping::Tombstone;
use crate::statements::Row;

/// Every column of a link, in the order [`Link::of`] reads them.
pub(crate) const COLUMNS: &str = "seq, kind, proposal_id, actor, payload, at, previous_digest, digest";

/// One event, as it is stored.
#[derive(Clone, Copy)]
pub(crate) struct Link<'r> {
    pub(crate) seq: i64,
    pub(crate) kind: &'r str,
    pub(crate) proposal_id: Option<&'r str>,
    pub(crate) actor: &'r str,
    /// Canonical JSON.
    pub(crate) payload: &'r str,
    pub(crate) at_micros: i64,
    pub(crate) previous_digest: &'r str,
    /// Empty in an event that is yet to be sealed.
    pub(crate) digest: &'r str,
}

/// What a payload says, as far as a walk asks. Ids and digests hold nothing that JSON would have to escape.
#[derive(Deserialize)]
pub(crate) struct Payload<'r> {
    pub(crate) ledger_id: Option<&'r str>,
    pub(crate) evidence_id: Option<&'r str>,
    pub(crate) evidence_digest: Option<&'r str>,
    pub(crate) audit_id: Option<&'r str>,
    pub(crate) audit_digest: Option<&'r str>,
    pub(crate) decision_digest: Option<&'r str>,
    pub(crate) receipt_id: Option<&'r str>,
    pub(crate) receipt_digest: Option<&'r str>,
    pub(crate) action_digest: Option<&'r str>,
    pub(crate) run_digest: Option<&'r str>,
    pub(crate) proposal_digest: Option<&'r str>,
    pub(crate) content_digest: Option<&'r str>,
    pub(crate) job_id: Option<&'r str>,
    pub(crate) idempotency_key: Option<&'r str>,
    pub(crate) attempt: Option<u32>,
}

impl<'r> Link<'r> {
    /// The event of a row that selects [`COLUMNS`]; none where a column holds what no event can.
    pub(crate) fn of(row: &'r dyn Row) -> Option<Self> {
        let text = |column| row.text(column).ok();
        Some(Self {
            seq: row.integer(0).ok()?,
            kind: text(1)?,
            proposal_id: row.optional_text(2).ok()?,
            actor: text(3)?,
            payload: text(4)?,
            at_micros: row.integer(5).ok()?,
            previous_digest: text(6)?,
            digest: text(7)?,
        })
    }

    pub(crate) fn kind(&self) -> Option<EventKind> {
        EventKind::parse(self.kind)
    }

    pub(crate) fn at(&self) -> Option<Moment> {
        Moment::from_micros(self.at_micros)
    }

    pub(crate) fn payload(&self) -> Option<Payload<'r>> {
        serde_json::from_str(self.payload).ok()
    }

    /// What was pruned, in an event that says so.
    pub(crate) fn tombstone(&self) -> Option<Tombstone> {
        serde_json::from_str(self.payload).ok()
    }

    /// The digest over everything else in it; none where a column holds what no event can. `text` is room to work in.
    pub(crate) fn seal(&self, text: &mut String) -> Option<Digest> {
        text.clear();
        self.canonical(text)?;
        Some(Digest::of_canonical(EVENT_SCHEMA, text))
    }

    /// Whether the content is the one its digest was made over.
    pub(crate) fn is_sealed(&self, text: &mut String) -> bool {
        text.clear();
        self.canonical(text).is_some() && Digest::is_of_canonical(self.digest, EVENT_SCHEMA, text)
    }

    /// What [`synapsor_protocol::Event::recompute_digest`] hashes, put together from the columns.
    fn canonical(&self, text: &mut String) -> Option<()> {
        write!(text, "[{},\"", self.seq).ok()?;
        add(text, [self.kind, "\","]);
        match self.proposal_id {
            Some(id) => quote(text, id)?,
            None => text.push_str("null"),
        }
        text.push(',');
        quote(text, self.actor)?;
        add(text, [",", self.payload, ",\""]);
        write!(text, "{}", self.at()?).ok()?;
        add(text, ["\",\"", self.previous_digest, "\"]"]);
        Some(())
    }
}

/// Adds a text as JSON has it. Most hold nothing to escape.
fn quote(json: &mut String, text: &str) -> Option<()> {
    if text.bytes().any(|byte| byte < b' ' || matches!(byte, b'"' | b'\\')) {
        json.push_str(&serde_json::to_string(text).ok()?);
    } else {
        add(json, ["\"", text, "\""]);
    }
    Some(())
}

fn add<const N: usize>(text: &mut String, parts: [&str; N]) {
    parts.into_iter().for_each(|part| text.push_str(part));
}
