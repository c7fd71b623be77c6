//! The trace of a call that a hosted service carried out: that it was made and what came of it, and no value that passed.
//!
//! The record of such a call is the service's. This is what stands on this side of it: enough to find the call there, and to hold
//! what passed against what the service says passed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::digest::Digest;

/// Domain tag of the digest of a delegated call's arguments.
pub const ARGUMENTS_SCHEMA: &str = "synapsor.delegated-arguments.v1";

/// Domain tag of the digest of what a service answered.
pub const ANSWER_SCHEMA: &str = "synapsor.delegated-answer.v1";

/// The names under which a service tells what it calls its own records.
const SERVICE_IDS: [&str; 4] = ["proposal_id", "evidence_id", "evidence_bundle_id", "replay_id"];

/// Longest id of a stranger that is kept, in characters.
const ID_CHARACTERS_MAX: usize = 128;

/// What of a delegated call is kept beside who asked for which tool, when, and the code it ended with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegatedTrace {
    /// Whose tool it was.
    pub adapter_id: String,
    /// The call's own id, which the service was given as its `step_key`.
    pub call_id: String,
    /// Of the arguments as they were handed on.
    pub arguments_digest: Digest,
    /// Of the answer that was passed on; none where none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_digest: Option<Digest>,
    /// What the service calls its own records of the call, by the names it uses.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub service_ids: BTreeMap<String, String>,
    /// How long it took.
    pub took_ms: u64,
}

impl DelegatedTrace {
    /// Of a call that is about to be handed on.
    pub fn begun(adapter_id: &str, call_id: &str, arguments: &Map<String, Json>) -> Self {
        Self {
            adapter_id: adapter_id.to_owned(),
            call_id: call_id.to_owned(),
            arguments_digest: digest(ARGUMENTS_SCHEMA, arguments),
            answer_digest: None,
            service_ids: BTreeMap::new(),
            took_ms: 0,
        }
    }

    /// It was answered with this.
    pub fn answered(&mut self, answer: &Map<String, Json>) {
        self.answer_digest = Some(digest(ANSWER_SCHEMA, answer));
        let id = |name: &str| {
            Some((name.to_owned(), answer.get(name)?.as_str().filter(|id| is_plain(id))?.to_owned()))
        };
        self.service_ids = SERVICE_IDS.into_iter().filter_map(id).collect();
    }
}

/// Over the canonical form. What has none, since it holds a number that is no whole one, counts as it is written.
fn digest(domain: &str, document: &Map<String, Json>) -> Digest {
    Digest::of(domain, document)
        .unwrap_or_else(|_| Digest::of_canonical(domain, &Json::Object(document.clone()).to_string()))
}

/// A stranger's id is kept as long as it can hold nothing but an id.
fn is_plain(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    !id.is_empty() && id.len() <= ID_CHARACTERS_MAX && id.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trace(answer: &Json) -> DelegatedTrace {
        let mut trace = DelegatedTrace::begun("mcp.billing", "c1", &Map::new());
        trace.answered(answer.as_object().expect("an object"));
        trace
    }

    #[test]
    fn of_an_answer_its_digest_and_the_services_ids_are_kept_and_nothing_else() {
        let said = json!({ "proposal_id": "wrp_1", "invoice_id": "INV-3001", "late_fee_cents": 5500, "evidence_id": 7,
            "replay_id": "a b", "evidence_bundle_id": "x".repeat(129) });
        let kept = trace(&said);
        assert_eq!(kept.service_ids, BTreeMap::from([("proposal_id".to_owned(), "wrp_1".to_owned())]));
        let text = serde_json::to_string(&kept).expect("JSON");
        assert!(!text.contains("INV-3001") && !text.contains("5500"), "{text}");
    }

    #[test]
    fn the_same_answer_has_the_same_digest_in_whichever_order_it_comes() {
        let [one, two, other] =
            [r#"{"a":1,"b":{"c":2,"d":3}}"#, r#"{"b":{"d":3,"c":2},"a":1}"#, r#"{"a":1}"#]
                .map(|text| trace(&serde_json::from_str(text).expect("JSON")).answer_digest);
        assert_eq!(one, two);
        assert_ne!(one, other);
        assert!(trace(&json!({ "a": 1.5 })).answer_digest.is_some(), "a fraction has no canonical form");
    }
}
