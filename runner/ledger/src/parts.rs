//! A proposal's canonical text in its parts, each as it stands there: what its seal and its content's digest are over, without
//! writing any of it out once more.

use serde::Deserialize;
use serde_json::value::RawValue;
use synapsor_protocol::Digest;
use synapsor_protocol::change_set::CHANGE_SET_SCHEMA;
use synapsor_protocol::proposal::PROPOSAL_SCHEMA;

/// The parts of one proposal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parts<'d> {
    #[serde(borrow)]
    change_set: &'d RawValue,
    #[serde(borrow)]
    created_at: &'d RawValue,
    pub(crate) digest: &'d str,
    #[serde(borrow)]
    evidence_digest: &'d RawValue,
    #[serde(borrow)]
    evidence_id: &'d RawValue,
    #[serde(borrow)]
    mode: &'d RawValue,
    pub(crate) proposal_id: &'d str,
    #[serde(borrow)]
    schema_version: &'d RawValue,
}

impl<'d> Parts<'d> {
    /// None where the text is no proposal's.
    pub(crate) fn of(text: &'d str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether its digest is the one over everything else in it.
    pub(crate) fn is_sealed(&self) -> bool {
        let sealed = [
            "{\"change_set\":",
            self.change_set.get(),
            ",\"created_at\":",
            self.created_at.get(),
            ",\"evidence_digest\":",
            self.evidence_digest.get(),
            ",\"evidence_id\":",
            self.evidence_id.get(),
            ",\"mode\":",
            self.mode.get(),
            ",\"proposal_id\":\"",
            self.proposal_id,
            "\",\"schema_version\":",
            self.schema_version.get(),
            "}",
        ]
        .concat();
        Digest::is_of_canonical(self.digest, PROPOSAL_SCHEMA, &sealed)
    }

    /// The digest of its change set.
    pub(crate) fn content(&self) -> Digest {
        Digest::of_canonical(CHANGE_SET_SCHEMA, self.change_set.get())
    }
}

#[cfg(test)]
mod tests {
    use synapsor_protocol::{Proposal, canonical_json};

    use super::*;

    const GOLDEN: &str = include_str!("../../../fixtures/protocol/proposal.v2.json");

    #[test]
    fn the_digests_are_those_the_proposal_itself_computes() {
        let proposal: Proposal = serde_json::from_str(GOLDEN).expect("a proposal");
        let text = String::from_utf8(canonical_json(&proposal).expect("canonical")).expect("text");
        let parts = Parts::of(&text).expect("a proposal's");
        assert_eq!(parts.is_sealed(), proposal.recompute_digest().expect("canonical") == proposal.digest);
        assert!(parts.is_sealed());
        assert_eq!(parts.content(), proposal.change_set.digest().expect("canonical"));
        let edited = text.replacen("\"tenant\":\"", "\"tenant\":\"x", 1);
        let edited = Parts::of(&edited).expect("a proposal's");
        assert!(!edited.is_sealed() && edited.content() != parts.content());
        assert!(Parts::of("{}").is_none());
    }
}
