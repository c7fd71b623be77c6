//! Documents that were stored or sent once must parse for ever, with the digest they had.
#![expect(clippy::panic, clippy::expect_used, reason = "a test ends loudly")]

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use synapsor_protocol::evidence::EvidenceBundle;
use synapsor_protocol::{ChangeSet, Decision, Event, Proposal, QueryAudit, Receipt, WritebackJob};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/protocol")
}

/// Reads the document, prints it again, and compares: nothing is lost, nothing is added.
fn golden<T: Serialize + DeserializeOwned>(name: &str) -> T {
    let text =
        std::fs::read_to_string(fixtures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let document: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let printed = serde_json::to_value(&document).expect("prints");
    let written: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
    assert_eq!(printed, written, "{name}");
    document
}

#[test]
fn the_first_documents_still_parse_with_their_digests() {
    let change_set: ChangeSet = golden("change-set.v2.json");
    let proposal: Proposal = golden("proposal.v2.json");
    assert_eq!(proposal.change_set, change_set);
    assert_eq!(proposal.recompute_digest().expect("a digest"), proposal.digest);
    let evidence: EvidenceBundle = golden("evidence.v2.json");
    assert_eq!(evidence.digest().expect("a digest"), proposal.evidence_digest);
    let job: WritebackJob = golden("writeback-job.v2.json");
    assert_eq!(job.proposal_digest, proposal.digest);
    let receipt: Receipt = golden("execution-receipt.v2.json");
    assert_eq!(receipt.idempotency_key, job.idempotency_key);
    let event: Event = golden("event.v1.json");
    assert_eq!(event.recompute_digest().expect("a digest"), event.digest);
    let _: Decision = golden("decision.v1.json");
    let _: QueryAudit = golden("query-audit.v1.json");
}

#[test]
fn one_changed_value_changes_the_digest() {
    let mut proposal: Proposal = golden("proposal.v2.json");
    for column in proposal.change_set.patch.clone().into_keys() {
        let mut edited = proposal.clone();
        edited.change_set.patch.insert(column, synapsor_protocol::Value::Integer(1));
        assert_ne!(edited.recompute_digest().expect("a digest"), proposal.digest);
    }
    proposal.change_set.tenant.push(' ');
    assert_ne!(proposal.recompute_digest().expect("a digest"), proposal.digest);
}

#[test]
fn an_unknown_field_is_refused() {
    let text = std::fs::read_to_string(fixtures().join("writeback-job.v2.json")).expect("the job");
    let text = text.replacen('{', "{ \"sql\": \"UPDATE\",", 1);
    assert!(serde_json::from_str::<WritebackJob>(&text).is_err());
}

#[test]
fn the_page_of_refusal_codes_is_as_generated() {
    let page = fixtures().join("../../docs/reference/refusals.md");
    let generated = synapsor_protocol::reference::refusal_reference();
    #[expect(clippy::disallowed_methods, reason = "a test has no wiring that could hand the environment in")]
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&page, &generated).expect("the page is written");
    }
    let committed = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        committed == generated,
        "run this test with UPDATE_GOLDEN=1 and commit docs/reference/refusals.md"
    );
}
