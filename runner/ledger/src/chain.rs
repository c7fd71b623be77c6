//! The chain of events: how one is appended, how one is read back.
//!
//! Invariant: the head is read in the transaction that appends; other processes append too.

use rusqlite::{Connection, OptionalExtension, Row};
use synapsor_protocol::{Digest, Event, EventKind, Moment, ProposalId, canonical_json};

use crate::error::Error;
use crate::points::point;
use crate::writer::Write;

/// Every column of an event, in the order [`event`] reads them.
const COLUMNS: &str = "seq, kind, proposal_id, actor, payload, at, previous_digest, digest";

/// Adds the next event and answers it.
pub(crate) fn append(
    write: &Write<'_>,
    kind: EventKind,
    proposal_id: Option<&ProposalId>,
    actor: &str,
    payload: serde_json::Value,
) -> Result<Event, Error> {
    let (last_seq, previous_digest) = head(write.conn)?;
    let mut event = Event {
        seq: last_seq + 1,
        kind,
        proposal_id: proposal_id.cloned(),
        actor: actor.to_owned(),
        payload,
        at: write.clock.now(),
        digest: previous_digest.clone(),
        previous_digest,
    };
    event.digest = event.recompute_digest().map_err(no_canonical_form)?;
    point!("l.anchor.pre");
    insert(write.conn, &event)?;
    point!("l.anchor.post");
    Ok(event)
}

/// The last event's number and digest; zero and [`genesis`] in a chain without events.
pub(crate) fn head(conn: &Connection) -> Result<(i64, Digest), Error> {
    let last = conn
        .prepare_cached("SELECT seq, digest FROM events ORDER BY seq DESC LIMIT 1")
        .and_then(|mut statement| {
            statement.query_one([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).optional()
        })
        .map_err(Error::storage("read the head of the chain"))?;
    match last {
        None => Ok((0, genesis())),
        Some((seq, digest)) => {
            let digest = Digest::try_from(digest).map_err(Error::unreadable(|| format!("event `{seq}`")))?;
            Ok((seq, digest))
        }
    }
}

/// What the first event names as the one before: 64 zeros.
pub(crate) fn genesis() -> Digest {
    // A digest of nothing stands in should the zeros ever stop being a well-formed digest; a test holds them to it.
    Digest::try_from(format!("sha256:{}", "0".repeat(64))).unwrap_or_else(|_| Digest::of_bytes(b""))
}

/// The events of one proposal, in order.
pub(crate) fn of_proposal(conn: &Connection, id: &ProposalId) -> Result<Vec<Event>, Error> {
    let failed = || Error::storage("read the proposal's events");
    let mut statement = conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM events WHERE proposal_id = ?1 ORDER BY seq"))
        .map_err(failed())?;
    let mut rows = statement.query([id.as_str()]).map_err(failed())?;
    let mut events = Vec::new();
    while let Some(row) = rows.next().map_err(failed())? {
        events.push(event(row)?);
    }
    Ok(events)
}

/// Hands every event to `look`, in order, together with its number, until `look` refuses one.
pub(crate) fn walk<E, F>(conn: &Connection, mut look: F) -> Result<(), E>
where
    E: From<Error>,
    F: FnMut(i64, Result<Event, Error>) -> Result<(), E>,
{
    let failed = || Error::storage("walk the chain");
    let sql = format!("SELECT {COLUMNS} FROM events ORDER BY seq");
    let mut statement = conn.prepare(&sql).map_err(failed())?;
    let mut rows = statement.query([]).map_err(failed())?;
    while let Some(row) = rows.next().map_err(failed())? {
        let seq = row.get(0).map_err(failed())?;
        look(seq, event(row))?;
    }
    Ok(())
}

fn insert(conn: &Connection, event: &Event) -> Result<(), Error> {
    let payload = canonical_text(&event.payload)?;
    conn.prepare_cached(
        "INSERT INTO events (seq, kind, proposal_id, actor, payload, at, previous_digest, digest)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .and_then(|mut statement| {
        statement.execute((
            event.seq,
            event.kind.as_str(),
            event.proposal_id.as_ref().map(ProposalId::as_str),
            &event.actor,
            payload,
            event.at.micros(),
            event.previous_digest.as_str(),
            event.digest.as_str(),
        ))
    })
    .map_err(Error::storage("append to the chain"))?;
    Ok(())
}

fn event(row: &Row<'_>) -> Result<Event, Error> {
    let failed = || Error::storage("read an event");
    let seq: i64 = row.get(0).map_err(failed())?;
    let text = |column: usize| row.get::<_, String>(column).map_err(failed());
    let record = || format!("event `{seq}`");
    let micros: i64 = row.get(5).map_err(failed())?;
    Ok(Event {
        seq,
        kind: serde_json::from_value(text(1)?.into()).map_err(Error::unreadable(record))?,
        proposal_id: row.get::<_, Option<String>>(2).map_err(failed())?.map(ProposalId::from_stored),
        actor: text(3)?,
        payload: serde_json::from_str(&text(4)?).map_err(Error::unreadable(record))?,
        at: Moment::from_micros(micros).ok_or_else(|| Error::Unreadable { record: record() })?,
        previous_digest: Digest::try_from(text(6)?).map_err(Error::unreadable(record))?,
        digest: Digest::try_from(text(7)?).map_err(Error::unreadable(record))?,
    })
}

/// The canonical JSON of a document, as it is stored.
pub(crate) fn canonical_text<T: serde::Serialize + ?Sized>(document: &T) -> Result<String, Error> {
    let bytes = canonical_json(document).map_err(no_canonical_form)?;
    String::from_utf8(bytes).map_err(|_| Error::Invariant { what: "canonical JSON is not UTF-8" })
}

/// For `map_err`: only a float has no canonical form, and our documents hold none.
pub(crate) fn no_canonical_form(error: synapsor_protocol::CanonicalError) -> Error {
    tracing::warn!(%error, "a record has no canonical form");
    Error::Invariant { what: "a record has no canonical form" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_link_points_at_zeros() {
        assert_eq!(genesis().hex(), "0".repeat(64));
    }
}
