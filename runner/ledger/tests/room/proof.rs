//! What `verify` proves: twelve kinds of tampering by name, and with checkpoints also what a chain alone cannot show.

use std::sync::Arc;

use ed25519_dalek::{SIGNATURE_LENGTH, Signature, SigningKey, VerifyingKey};
use synapsor_ledger::{ChainReport, MisfitKind, Trust, Verification};
use synapsor_protocol::{Checkpoint, Digest, Outcome, Signer, Verifier};

use crate::story::{Call, Fixture, receipt};

/// An Ed25519 key, its texts in hex.
pub(crate) struct Key(SigningKey);

impl Key {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }
}

impl Signer for Key {
    fn public_key(&self) -> String {
        hex(self.0.verifying_key().as_bytes())
    }

    fn sign(&self, message: &[u8]) -> String {
        hex(&ed25519_dalek::Signer::sign(&self.0, message).to_bytes())
    }
}

/// Judges them.
pub(crate) struct Judge;

impl Verifier for Judge {
    fn verifies(&self, public_key: &str, message: &[u8], signature: &str) -> bool {
        let key = unhex::<32>(public_key).and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        let signature = unhex::<SIGNATURE_LENGTH>(signature).map(|bytes| Signature::from_bytes(&bytes));
        matches!((key, signature), (Some(key), Some(made)) if key.verify_strict(message, &made).is_ok())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..N).map(byte).collect();
    bytes?.try_into().ok()
}

pub(crate) fn trusting(key: &Key) -> Trust {
    Trust { public_keys: vec![key.public_key()], verifier: Arc::new(Judge) }
}

fn against(checkpoints: Vec<Checkpoint>, key: &Key) -> Verification {
    Verification { checkpoints, trust: Some(trusting(key)), ..Verification::default() }
}

/// One applied proposal (events 2 to 5), one approved (6, 7), one waiting (8), one read (9).
async fn story() -> Fixture {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::order(1)).await;
    fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("finished");
    fixture.approved(&Call::order(2)).await;
    fixture.propose(&Call::order(3)).await;
    read(&fixture, 4).await;
    assert_eq!(fixture.events().await, 9);
    fixture
}

async fn read(fixture: &Fixture, order: i64) {
    let call = Call::order(order);
    let evidence = call.evidence();
    let audit = call.audit(Some(&evidence));
    fixture.ledger.notebook().record_read(evidence, audit).await.expect("recorded");
}

/// Removes the last event with its records, as somebody would who knows the tables.
const CUT_TAIL: &str =
    "DELETE FROM query_audit WHERE seq = 9; DELETE FROM evidence WHERE seq = 9; DELETE FROM found_by WHERE seq = 9;
     DELETE FROM events WHERE seq = 9;";

/// What was done to the file, the SQL that does it, and what is found at which event.
const TAMPERINGS: &[(&str, &str, MisfitKind, Option<i64>)] = &[
    (
        "an event's actor edited",
        "UPDATE events SET actor = 'eve' WHERE seq = 3",
        MisfitKind::EventEdited,
        Some(3),
    ),
    (
        "an event's time moved",
        "UPDATE events SET at = at - 86400000000 WHERE seq = 4",
        MisfitKind::EventEdited,
        Some(4),
    ),
    ("an event removed", "DELETE FROM events WHERE seq = 4", MisfitKind::EventMissing, Some(4)),
    (
        "an event removed and the gap closed",
        "DELETE FROM events WHERE seq = 4; UPDATE events SET seq = seq - 1 WHERE seq > 4",
        MisfitKind::EventEdited,
        Some(4),
    ),
    (
        "two events reordered",
        "UPDATE events SET seq = -1 WHERE seq = 3; UPDATE events SET seq = 3 WHERE seq = 4;
         UPDATE events SET seq = 4 WHERE seq = -1",
        MisfitKind::EventEdited,
        Some(3),
    ),
    (
        "an event put in between",
        "UPDATE events SET seq = -seq WHERE seq > 5; UPDATE events SET seq = 1 - seq WHERE seq < 0;
         INSERT INTO events SELECT 6, kind, proposal_id, actor, payload, at, previous_digest, digest FROM events WHERE seq = 5",
        MisfitKind::EventEdited,
        Some(6),
    ),
    (
        "what was read edited",
        "UPDATE evidence SET document = replace(document, 'open', 'paid')",
        MisfitKind::RecordEdited,
        Some(2),
    ),
    (
        "an approved change edited",
        "UPDATE proposals SET document = replace(document, 'refunded', 'paid') WHERE created_seq = 6",
        MisfitKind::RecordEdited,
        Some(6),
    ),
    ("an approval removed", "DELETE FROM approvals", MisfitKind::RecordMissing, Some(3)),
    (
        "a receipt's outcome edited",
        "UPDATE receipts SET document = replace(document, '\"applied\"', '\"conflict\"')",
        MisfitKind::RecordEdited,
        Some(5),
    ),
    (
        "a state set by hand",
        "UPDATE proposals SET state = 'approved' WHERE state = 'pending_review'",
        MisfitKind::StateEdited,
        None,
    ),
    (
        "a record put in that no event vouches for",
        "INSERT INTO evidence (seq, document) SELECT 99, document FROM evidence LIMIT 1",
        MisfitKind::RecordUnwitnessed,
        None,
    ),
];

#[tokio::test]
async fn twelve_kinds_of_tampering_are_caught_and_named() {
    for (name, edit, kind, seq) in TAMPERINGS {
        let report = story().await.tampered(edit).await.ledger.verify().await.expect("readable");
        let found = report.misfit.unwrap_or_else(|| panic!("not noticed: {name}"));
        assert_eq!((found.kind, found.seq), (*kind, *seq), "{name}");
    }
    assert_eq!(TAMPERINGS.len(), 12);
}

#[tokio::test]
async fn of_two_things_that_do_not_fit_the_first_is_named() {
    let both = "UPDATE events SET actor = 'eve' WHERE seq = 4; DELETE FROM receipts;
                UPDATE proposals SET state = 'rejected' WHERE state = 'applied'";
    let report = story().await.tampered(both).await.ledger.verify().await.expect("readable");
    let found = report.misfit.expect("noticed");
    assert_eq!((found.kind, found.seq), (MisfitKind::EventEdited, Some(4)));
    assert_eq!(report.events, 3, "what fits before it");
}

async fn found_with(fixture: &Fixture, against: &Verification) -> ChainReport {
    fixture.ledger.verify_against(against).await.expect("readable")
}

#[tokio::test]
async fn a_checkpoint_shows_a_cut_tail_and_holds_on_what_has_grown_since() {
    let key = Key::new(1);
    let fixture = story().await;
    let early = fixture.ledger.checkpoint(&key).await.expect("signed");
    assert_eq!(early.events, 9);
    read(&fixture, 5).await;
    let grown = found_with(&fixture, &against(vec![early.clone()], &key)).await;
    assert!(grown.holds() && grown.checkpoints == 1, "{grown:?}");

    let fixture = story().await;
    let kept = fixture.ledger.checkpoint(&key).await.expect("signed");
    let fixture = fixture.tampered(CUT_TAIL).await;
    assert!(fixture.ledger.verify().await.expect("readable").holds(), "the chain alone cannot show it");
    let found = found_with(&fixture, &against(vec![kept], &key)).await.misfit.expect("noticed");
    assert_eq!((found.kind, found.seq), (MisfitKind::TailCut, Some(9)));
    let text = found.to_string();
    assert!(text.starts_with("event `9`: ") && text.ends_with("(checkpoint of event `9`)"), "{text}");
}

#[tokio::test]
async fn a_checkpoint_shows_an_older_copy_that_went_on_differently() {
    let key = Key::new(1);
    let fixture = story().await;
    let kept = fixture.ledger.checkpoint(&key).await.expect("signed");
    let fixture = fixture.tampered(CUT_TAIL).await;
    read(&fixture, 77).await;
    let found = found_with(&fixture, &against(vec![kept], &key)).await.misfit.expect("noticed");
    assert_eq!((found.kind, found.seq), (MisfitKind::CheckpointDiffers, Some(9)));
}

#[tokio::test]
async fn a_checkpoint_counts_only_with_a_signature_by_a_key_that_counts() {
    let (key, other) = (Key::new(1), Key::new(2));
    let fixture = story().await;
    let good = fixture.ledger.checkpoint(&key).await.expect("signed");
    let foreign = fixture.ledger.checkpoint(&other).await.expect("signed");
    let claims_key = Checkpoint { public_key: key.public_key(), ..foreign.clone() };
    let moved = Checkpoint { events: 8, ..good.clone() };
    let other_head = Checkpoint { head: Digest::of_bytes(b""), ..good.clone() };
    let garbled = Checkpoint { signature: "é".into(), ..good.clone() };
    for forged in [foreign, claims_key, moved, other_head, garbled] {
        let report = found_with(&fixture, &against(vec![good.clone(), forged.clone()], &key)).await;
        let found = report.misfit.unwrap_or_else(|| panic!("not noticed: {forged:?}"));
        assert_eq!(found.kind, MisfitKind::SignatureInvalid, "{forged:?}");
    }
    let nobody = Verification { checkpoints: vec![good], ..Verification::default() };
    assert!(!found_with(&fixture, &nobody).await.holds(), "without a key that counts, none does");
}

#[tokio::test]
async fn a_checkpoint_of_another_ledger_is_no_proof_for_this_one() {
    let key = Key::new(1);
    let (fixture, other) = (story().await, story().await);
    let foreign = other.ledger.checkpoint(&key).await.expect("signed");
    let own = fixture.ledger.checkpoint(&key).await.expect("signed");
    let found = found_with(&fixture, &against(vec![own, foreign], &key)).await.misfit.expect("noticed");
    assert_eq!(found.kind, MisfitKind::CheckpointDiffers);
}

#[tokio::test]
async fn a_walk_tells_how_far_it_is() {
    let fixture = story().await;
    let against = Verification::default();
    assert!(found_with(&fixture, &against).await.holds());
    assert_eq!(against.progress.now(), (9, 9));
}

#[tokio::test]
async fn an_event_in_another_form_than_the_canonical_one_is_an_edited_one() {
    let edit = "UPDATE events SET payload = replace(payload, ':', ': ') WHERE seq = 3";
    let fixture = story().await.tampered(edit).await;
    let found = fixture.ledger.verify().await.expect("readable").misfit.expect("noticed");
    assert_eq!((found.kind, found.seq), (MisfitKind::EventEdited, Some(3)));
}
