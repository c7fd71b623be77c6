//! A recorded ending beside one of today: same, different, newly refused, newly allowed, or in need of other reads.

use std::collections::BTreeSet;

use serde::Serialize;
use synapsor_ledger::PastCall;
use synapsor_protocol::{CanonicalError, Digest, EvidenceId, Likeness, ProposalId, Value};

use crate::rerun::{Ending, Rerun};

/// One column that two changes do not agree on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// The column.
    pub column: String,
    /// What was recorded; none where the column was left alone.
    pub recorded: Option<Value>,
    /// What it would be now; none likewise.
    pub now: Option<Value>,
}

/// A recorded call and its rerun.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Same or not, and how.
    pub likeness: Likeness,
    /// The recorded call.
    pub evidence_id: EvidenceId,
    /// What came of it; none where it was refused.
    pub proposal_id: Option<ProposalId>,
    /// The capability.
    pub capability: String,
    /// How it ended then.
    pub recorded: Ending,
    /// How it ends now.
    pub now: Ending,
    /// Digest of the recorded change set, and of the one it would be now, where both are changes.
    pub content_digests: Option<(Digest, Digest)>,
    /// The columns the two changes do not agree on.
    pub columns: Vec<Disagreement>,
    /// Fuel then.
    pub fuel_recorded: Option<u64>,
    /// Fuel now.
    pub fuel: Option<u64>,
}

impl Comparison {
    /// Holds a rerun against its record.
    ///
    /// # Errors
    /// Never for values of a ledger; see [`Digest::of`].
    pub fn new(past: &PastCall, rerun: Rerun) -> Result<Self, CanonicalError> {
        let recorded = Ending::recorded(past);
        Ok(Self {
            likeness: likeness(&recorded, &rerun.ending),
            evidence_id: past.evidence.evidence_id.clone(),
            proposal_id: past.proposal.as_ref().map(|proposal| proposal.proposal_id.clone()),
            capability: past.evidence.capability.clone(),
            content_digests: content_digests(past, &rerun.ending)?,
            columns: disagreements(&recorded, &rerun.ending),
            fuel_recorded: past.evidence.usage.map(|usage| usage.fuel),
            fuel: rerun.fuel,
            recorded,
            now: rerun.ending,
        })
    }

    /// Whether the handler used other fuel than it did then. For one component that is a difference; for two it is not.
    pub fn other_fuel(&self) -> bool {
        self.fuel_recorded.is_some() && self.fuel != self.fuel_recorded
    }
}

fn likeness(recorded: &Ending, now: &Ending) -> Likeness {
    match (recorded, now) {
        (_, Ending::OtherReads { .. }) => Likeness::NeedsOtherReads,
        (Ending::Proposed { .. }, Ending::Refused { .. }) => Likeness::NewlyRefused,
        (Ending::Refused { .. } | Ending::OtherReads { .. }, Ending::Proposed { .. }) => {
            Likeness::NewlyAllowed
        }
        (Ending::Refused { code: then, .. }, Ending::Refused { code, .. }) if then == code => Likeness::Same,
        (then, now) if then == now => Likeness::Same,
        _ => Likeness::Different,
    }
}

/// The change set there would be now: the recorded one with the new columns and account. What computed it is left as it
/// was, so that two versions of a handler that agree have one digest.
fn content_digests(past: &PastCall, now: &Ending) -> Result<Option<(Digest, Digest)>, CanonicalError> {
    let (Some(proposal), Ending::Proposed { patch, summary }) = (&past.proposal, now) else {
        return Ok(None);
    };
    let mut change_set = proposal.change_set.clone();
    let recorded = change_set.digest()?;
    change_set.after = change_set.before.clone();
    change_set.after.extend(patch.clone());
    change_set.patch = patch.clone();
    change_set.summary = summary.clone();
    Ok(Some((recorded, change_set.digest()?)))
}

fn disagreements(recorded: &Ending, now: &Ending) -> Vec<Disagreement> {
    let (Ending::Proposed { patch: then, .. }, Ending::Proposed { patch: now, .. }) = (recorded, now) else {
        return Vec::new();
    };
    let columns: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    columns
        .into_iter()
        .filter(|column| then.get(*column) != now.get(*column))
        .map(|column| Disagreement {
            column: column.clone(),
            recorded: then.get(column).cloned(),
            now: now.get(column).cloned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposed(cents: i64, summary: &str) -> Ending {
        Ending::Proposed {
            patch: [("fee".to_owned(), Value::Integer(cents))].into(),
            summary: Some(summary.to_owned()),
        }
    }

    fn refused(code: &str, message: Option<&str>) -> Ending {
        Ending::Refused { code: code.to_owned(), message: message.map(str::to_owned) }
    }

    #[test]
    fn every_pair_of_endings_has_a_name() {
        let other = Ending::OtherReads { reads: vec!["read `customer`".to_owned()] };
        for (recorded, now, expected) in [
            (proposed(1, "a"), proposed(1, "a"), Likeness::Same),
            (proposed(1, "a"), proposed(2, "a"), Likeness::Different),
            (proposed(1, "a"), proposed(1, "b"), Likeness::Different),
            (proposed(1, "a"), refused("NO", None), Likeness::NewlyRefused),
            (refused("NO", None), proposed(1, "a"), Likeness::NewlyAllowed),
            (refused("NO", None), refused("NO", Some("why")), Likeness::Same),
            (refused("NO", None), refused("NEVER", None), Likeness::Different),
            (proposed(1, "a"), other.clone(), Likeness::NeedsOtherReads),
            (refused("NO", None), other, Likeness::NeedsOtherReads),
        ] {
            assert_eq!(likeness(&recorded, &now), expected, "{recorded:?} {now:?}");
        }
    }

    #[test]
    fn columns_that_disagree_are_named_with_both_values() {
        let found = disagreements(&proposed(1, "a"), &proposed(2, "a"));
        let expected = Disagreement {
            column: "fee".to_owned(),
            recorded: Some(Value::Integer(1)),
            now: Some(Value::Integer(2)),
        };
        assert_eq!(found, [expected]);
    }
}
