//! What stays of records that were pruned: an event that says which events' records are gone, signed.

use std::iter::Peekable;
use std::ops::ControlFlow;
use std::vec::IntoIter;

use serde::{Deserialize, Serialize};
use synapsor_protocol::{Digest, EventKind, Moment, Signer};

use crate::chain::no_canonical_form;
use crate::error::Error;
use crate::statements::{Statements, cells};

/// Domain tag of what is signed.
const TOMBSTONE_SCHEMA: &str = "synapsor.tombstone.v1";

/// The payload of an event of kind `records_pruned`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tombstone {
    /// Everything that went was older.
    pub(crate) before: Moment,
    /// The numbers of the events whose records are gone: first and last of each run.
    pub(crate) ranges: Vec<(i64, i64)>,
    /// How many records went.
    pub(crate) records: u64,
    /// Digest of what was written to the archive for them.
    pub(crate) archive_digest: Digest,
    pub(crate) public_key: String,
    pub(crate) signature: String,
}

impl Tombstone {
    pub(crate) fn sign(
        ledger_id: &str,
        before: Moment,
        ranges: Vec<(i64, i64)>,
        records: u64,
        archive_digest: Digest,
        signer: &dyn Signer,
    ) -> Result<Self, Error> {
        let public_key = signer.public_key();
        let unsigned = Self { before, ranges, records, archive_digest, public_key, signature: String::new() };
        let signature = signer.sign(&unsigned.message(ledger_id)?);
        Ok(Self { signature, ..unsigned })
    }

    /// What is signed: everything but the signature, for this ledger.
    pub(crate) fn message(&self, ledger_id: &str) -> Result<Vec<u8>, Error> {
        let Self { before, ranges, records, archive_digest, public_key, signature: _ } = self;
        let signed = (ledger_id, before, ranges, records, archive_digest, public_key);
        let digest = Digest::of(TOMBSTONE_SCHEMA, &signed).map_err(no_canonical_form)?;
        Ok([TOMBSTONE_SCHEMA.as_bytes(), &[0], digest.as_str().as_bytes()].concat())
    }
}

/// The events whose records are gone, by every tombstone of a ledger.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gone {
    /// In order and apart from each other.
    ranges: Vec<(i64, i64)>,
}

impl Gone {
    /// What the tombstones say. One that does not read back says nothing; the walk over the chain names it.
    pub(crate) fn load(conn: &dyn Statements) -> Result<Self, Error> {
        // The kind in the statement's text, so that the index of just these answers.
        let kind = EventKind::RecordsPruned.as_str();
        let sql = format!("SELECT payload FROM events WHERE kind = '{kind}' ORDER BY seq");
        let mut ranges = Vec::new();
        conn.each("read what was pruned", &sql, cells![], &mut |row| {
            if let Ok(tombstone) = serde_json::from_str::<Tombstone>(row.text(0)?) {
                ranges.extend(tombstone.ranges);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        ranges.sort_unstable();
        Ok(Self { ranges: joined(ranges) })
    }

    /// How many events they are.
    pub(crate) fn events(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| last.abs_diff(*first) + 1).sum()
    }

    /// Whether the event is one of them.
    pub(crate) fn holds(&self, seq: i64) -> bool {
        let after = self.ranges.partition_point(|(first, _)| *first <= seq);
        let found = after.checked_sub(1).and_then(|at| self.ranges.get(at));
        found.is_some_and(|(_, last)| seq <= *last)
    }
}

/// Numbers in order, as runs.
pub(crate) fn runs(numbers: impl IntoIterator<Item = i64>) -> Vec<(i64, i64)> {
    joined(numbers.into_iter().map(|number| (number, number)).collect())
}

fn joined(ranges: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    let mut rest: Peekable<IntoIter<(i64, i64)>> = ranges.into_iter().peekable();
    let mut joined = Vec::new();
    while let Some((first, mut last)) = rest.next() {
        while let Some((_, further)) = rest.next_if(|(next, _)| *next <= last.saturating_add(1)) {
            last = last.max(further);
        }
        joined.push((first, last));
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_one_run() {
        assert_eq!(runs([2, 3, 4, 7, 9, 10]), [(2, 4), (7, 7), (9, 10)]);
        let gone = Gone { ranges: joined(vec![(2, 4), (5, 6), (9, 9)]) };
        assert_eq!((gone.ranges.len(), gone.events()), (2, 6));
        let held: Vec<i64> = (0..12).filter(|seq| gone.holds(*seq)).collect();
        assert_eq!(held, [2, 3, 4, 5, 6, 9]);
    }
}
