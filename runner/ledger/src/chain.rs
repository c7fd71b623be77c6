//! The chain of events: how one is appended, how one is read back.
//!
//! Invariant: the head is read in the transaction that appends; other processes append too. From there on the transaction
//! knows it.

use synapsor_protocol::{Digest, Event, EventKind, Moment, ProposalId, canonical_json};

use crate::error::Error;
use crate::link::{COLUMNS, Link};
use crate::points::point;
use crate::statements::{Row, Statements, cells};
use crate::writer::Write;

const NO_CANONICAL_FORM: Error = Error::Invariant { what: "a record has no canonical form" };

/// An event that was just added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appended {
    /// Its number, under which its documents are stored.
    pub(crate) seq: i64,
    pub(crate) at: Moment,
}

/// Adds the next event.
pub(crate) fn append(
    write: &Write<'_>,
    kind: EventKind,
    proposal_id: Option<&ProposalId>,
    actor: &str,
    payload: serde_json::Value,
) -> Result<Appended, Error> {
    append_written(write, kind, proposal_id, actor, &canonical_text(&payload)?)
}

/// The same with a payload that its caller has written out, so that the one thread that writes for everybody does not.
pub(crate) fn append_written(
    write: &Write<'_>,
    kind: EventKind,
    proposal_id: Option<&ProposalId>,
    actor: &str,
    payload: &str,
) -> Result<Appended, Error> {
    let known = write.tail.take();
    let (last_seq, previous_digest) = known.map_or_else(|| head(write.conn), Ok)?;
    let (seq, at) = (last_seq + 1, write.clock.now());
    let unsealed = Link {
        seq,
        kind: kind.as_str(),
        proposal_id: proposal_id.map(ProposalId::as_str),
        actor,
        payload,
        at_micros: at.micros(),
        previous_digest: previous_digest.as_str(),
        digest: "",
    };
    let digest = unsealed.seal(&mut String::new()).ok_or(NO_CANONICAL_FORM)?;
    point!("l.anchor.pre");
    insert(write.conn, &Link { digest: digest.as_str(), ..unsealed })?;
    write.tail.replace(Some((seq, digest)));
    point!("l.anchor.post");
    Ok(Appended { seq, at })
}

/// The last event's number and digest; zero and [`genesis`] in a chain without events.
pub(crate) fn head(conn: &dyn Statements) -> Result<(i64, Digest), Error> {
    let sql = "SELECT seq, digest FROM events ORDER BY seq DESC LIMIT 1";
    let last = conn.one("read the head of the chain", sql, cells![], |row| {
        let seq = row.integer(0)?;
        Ok((seq, digest(row, 1, seq)?))
    })?;
    Ok(last.unwrap_or_else(|| (0, genesis())))
}

/// What the first event names as the one before: 64 zeros.
pub(crate) fn genesis() -> Digest {
    // A digest of nothing stands in should the zeros ever stop being a well-formed digest; a test holds them to it.
    Digest::try_from(format!("sha256:{}", "0".repeat(64))).unwrap_or_else(|_| Digest::of_bytes(b""))
}

/// The events of one proposal, in order.
pub(crate) fn of_proposal(conn: &dyn Statements, id: &ProposalId) -> Result<Vec<Event>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM events WHERE proposal_id = ?1 ORDER BY seq");
    conn.all("read the proposal's events", &sql, cells![id.as_str()], event)
}

fn insert(conn: &dyn Statements, link: &Link<'_>) -> Result<(), Error> {
    let sql = "INSERT INTO events (seq, kind, proposal_id, actor, payload, at, previous_digest, digest)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let cells = cells![
        link.seq,
        link.kind,
        link.proposal_id,
        link.actor,
        link.payload,
        link.at_micros,
        link.previous_digest,
        link.digest,
    ];
    conn.execute("append to the chain", sql, cells)?;
    Ok(())
}

/// An event out of a row of [`COLUMNS`].
pub(crate) fn event(row: &dyn Row) -> Result<Event, Error> {
    let seq = row.integer(0)?;
    let record = || format!("event `{seq}`");
    Ok(Event {
        seq,
        kind: serde_json::from_value(row.text(1)?.into()).map_err(Error::unreadable(record))?,
        proposal_id: row.optional_text(2)?.map(ProposalId::from_stored),
        actor: row.text(3)?.to_owned(),
        payload: serde_json::from_str(row.text(4)?).map_err(Error::unreadable(record))?,
        at: Moment::from_micros(row.integer(5)?).ok_or_else(|| Error::Unreadable { record: record() })?,
        previous_digest: digest(row, 6, seq)?,
        digest: digest(row, 7, seq)?,
    })
}

fn digest(row: &dyn Row, column: usize, seq: i64) -> Result<Digest, Error> {
    Digest::try_from(row.text(column)?.to_owned()).map_err(Error::unreadable(|| format!("event `{seq}`")))
}

/// The canonical JSON of a document, as it is stored.
pub(crate) fn canonical_text<T: serde::Serialize + ?Sized>(document: &T) -> Result<String, Error> {
    let bytes = canonical_json(document).map_err(no_canonical_form)?;
    String::from_utf8(bytes).map_err(|_| Error::Invariant { what: "canonical JSON is not UTF-8" })
}

/// For `map_err`: only a float has no canonical form, and our documents hold none.
pub(crate) fn no_canonical_form(error: synapsor_protocol::CanonicalError) -> Error {
    tracing::warn!(%error, "a record has no canonical form");
    NO_CANONICAL_FORM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_link_points_at_zeros() {
        assert_eq!(genesis().hex(), "0".repeat(64));
    }
}
