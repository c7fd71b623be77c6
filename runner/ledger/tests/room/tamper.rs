//! Somebody edits the file: what `verify` says, and what can no longer be done.

use synapsor_ledger::{Filter, Misfit, MisfitKind, Page};
use synapsor_protocol::{Digest, Outcome, Value, Verdict};

use crate::story::{Call, Documents, Fixture, approval, code, receipt};

/// One applied proposal, one approved, one waiting, one read: 11 events.
pub(crate) async fn story() -> Fixture {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::order(1)).await;
    fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("finished");
    fixture.approved(&Call::order(2)).await;
    fixture.propose(&Call::order(3)).await;
    let call = Call::order(4);
    let evidence = call.evidence();
    let audit = call.audit(Some(&evidence));
    fixture.ledger.notebook().record_read(evidence, audit).await.expect("recorded");
    assert_eq!(fixture.events().await, 9);
    // With the first list what records are found by is there to be tampered with.
    fixture.ledger.find_audits(&Filter::default(), &Page::default()).await.expect("readable");
    fixture
}

async fn misfit_after(edit: &str) -> Misfit {
    let fixture = story().await.tampered(edit).await;
    let report = fixture.ledger.verify().await.expect("readable");
    report.misfit.unwrap_or_else(|| panic!("not noticed: {edit}"))
}

#[tokio::test]
async fn an_edited_event_is_named() {
    for edit in [
        "UPDATE events SET actor = 'eve' WHERE seq = 3",
        "UPDATE events SET payload = '{}' WHERE seq = 3",
        "UPDATE events SET payload = 'no json' WHERE seq = 3",
        "UPDATE events SET kind = 'proposal_rejected' WHERE seq = 3",
        "UPDATE events SET kind = 'nonsense' WHERE seq = 3",
        "UPDATE events SET at = at + 1 WHERE seq = 3",
        "UPDATE events SET proposal_id = 'wrp_other' WHERE seq = 3",
        "UPDATE events SET digest = (SELECT digest FROM events WHERE seq = 2) WHERE seq = 3",
        "UPDATE events SET previous_digest = (SELECT digest FROM events WHERE seq = 1) WHERE seq = 3",
    ] {
        let found = misfit_after(edit).await;
        assert_eq!((found.kind, found.seq), (MisfitKind::EventEdited, Some(3)), "{edit}");
    }
}

#[tokio::test]
async fn a_removed_or_reordered_event_is_named() {
    let found = misfit_after("DELETE FROM events WHERE seq = 4").await;
    assert_eq!((found.kind, found.seq), (MisfitKind::EventMissing, Some(4)));
    let found = misfit_after("DELETE FROM events WHERE seq = 1").await;
    assert_eq!((found.kind, found.seq), (MisfitKind::EventMissing, Some(1)));
    let found = misfit_after("DELETE FROM events").await;
    assert_eq!((found.kind, found.seq), (MisfitKind::BeginningReplaced, Some(1)));
    let swap = "UPDATE events SET seq = -1 WHERE seq = 3; UPDATE events SET seq = 3 WHERE seq = 4;
                UPDATE events SET seq = 4 WHERE seq = -1;";
    let found = misfit_after(swap).await;
    assert_eq!((found.kind, found.seq), (MisfitKind::EventEdited, Some(3)));
    let close_gap = "DELETE FROM events WHERE seq = 4; UPDATE events SET seq = seq - 1 WHERE seq > 4";
    let found = misfit_after(close_gap).await;
    assert_eq!((found.kind, found.seq), (MisfitKind::EventEdited, Some(4)));
}

#[tokio::test]
async fn an_edited_or_removed_record_is_named_with_its_event() {
    let edits = [
        ("UPDATE evidence SET document = replace(document, 'open', 'paid')", MisfitKind::RecordEdited),
        ("UPDATE evidence SET document = '{}'", MisfitKind::RecordEdited),
        ("DELETE FROM evidence", MisfitKind::RecordMissing),
        ("UPDATE query_audit SET document = replace(document, 'bot-7', 'bot-8')", MisfitKind::RecordEdited),
        ("DELETE FROM query_audit", MisfitKind::RecordMissing),
        ("UPDATE proposals SET document = replace(document, 'refunded', 'paid')", MisfitKind::RecordEdited),
        ("UPDATE proposals SET document = replace(document, 'acme', 'globex')", MisfitKind::RecordEdited),
        ("UPDATE proposals SET content_digest = content_digest || '0'", MisfitKind::RecordEdited),
        ("DELETE FROM proposals", MisfitKind::RecordMissing),
    ];
    for (edit, kind) in edits {
        let found = misfit_after(edit).await;
        assert_eq!((found.kind, found.seq), (kind, Some(2)), "{edit}");
        assert!(found.record.is_some(), "{edit}");
    }
    for (edit, seq) in [("approvals", 3), ("receipts", 5)] {
        let found = misfit_after(&format!("UPDATE {edit} SET document = replace(document, 'a', 'b')")).await;
        assert_eq!((found.kind, found.seq), (MisfitKind::RecordEdited, Some(seq)), "{edit}");
        let found = misfit_after(&format!("DELETE FROM {edit}")).await;
        assert_eq!((found.kind, found.seq), (MisfitKind::RecordMissing, Some(seq)), "{edit}");
    }
}

#[tokio::test]
async fn what_a_record_is_found_by_is_named_when_it_was_edited() {
    for (edit, kind, seq) in [
        ("UPDATE found_by SET fingerprint = actor WHERE seq = 2", "evidence", 2),
        ("UPDATE found_by SET object_key = '77'", "event", 1),
        ("UPDATE found_by SET object_key = '77' WHERE seq > 1", "evidence", 2),
        ("UPDATE found_by SET object_key = NULL", "evidence", 2),
        ("UPDATE found_by SET at = at + 1", "evidence", 2),
        ("UPDATE found_by SET proposal_id = NULL", "evidence", 2),
        ("UPDATE found_by SET proposal_id = 'wrp_other' WHERE seq = 3", "event", 3),
        ("UPDATE names SET name = 'globex' WHERE name = 'acme'", "evidence", 2),
        ("DELETE FROM found_by WHERE seq = 2", "evidence", 2),
        ("UPDATE found_by SET kind = actor WHERE seq = 3", "event", 3),
        ("UPDATE receipts SET tenant = 'globex'", "receipt", 5),
        ("UPDATE receipts SET object_type = NULL", "receipt", 5),
    ] {
        let found = misfit_after(edit).await;
        assert_eq!((found.kind, found.seq), (MisfitKind::RecordEdited, Some(seq)), "{edit}");
        let record = found.record.expect("a record");
        assert!(record.starts_with(&format!("what {kind} `")), "{edit}: {record}");
    }
}

#[tokio::test]
async fn a_key_of_any_type_is_copied_as_it_is_compared() {
    let fixture = Fixture::new().await;
    for key in [
        Value::Text("INV-3001".into()),
        Value::Text("a \"quoted\" \\u0000 \u{0} key\n\u{202e}".into()),
        Value::Text(String::new()),
        Value::Integer(i64::MIN),
        Value::Decimal("1.10".into()),
        Value::Boolean(true),
        Value::Bytes(vec![0, 255]),
        Value::Date("2026-01-01".into()),
        Value::Timestamp("2026-01-01T00:00:00.000001Z".into()),
        Value::Uuid("00000000-0000-0000-0000-000000000001".into()),
        Value::Json("{\"a\": 1}".into()),
        Value::Null,
    ] {
        let call = Call::default();
        let evidence = synapsor_protocol::EvidenceBundle { key, ..call.evidence() };
        let audit = synapsor_protocol::QueryAudit {
            fingerprint: Some(Digest::of_bytes(b"a query")),
            ..call.audit(Some(&evidence))
        };
        fixture.ledger.notebook().record_read(evidence, audit).await.expect("recorded");
    }
    assert_eq!(fixture.events().await, 13);
}

#[tokio::test]
async fn a_record_nobody_vouches_for_and_an_edited_state_are_named() {
    let edits = [
        ("UPDATE proposals SET state = 'approved' WHERE state = 'pending_review'", MisfitKind::StateEdited),
        ("UPDATE proposals SET state = 'nonsense' WHERE state = 'pending_review'", MisfitKind::RecordEdited),
        (
            "INSERT INTO evidence (seq, document) SELECT 99, document FROM evidence LIMIT 1",
            MisfitKind::RecordUnwitnessed,
        ),
        (
            "INSERT INTO approvals (proposal_id, verdict, document) SELECT proposal_id, 'approved', '{}' FROM proposals
             WHERE state = 'pending_review'",
            MisfitKind::RecordUnwitnessed,
        ),
    ];
    for (edit, kind) in edits {
        assert_eq!(misfit_after(edit).await.kind, kind, "{edit}");
    }
}

#[tokio::test]
async fn a_cut_tail_is_not_noticed_by_the_chain_alone_but_by_its_remembered_head() {
    let fixture = story().await;
    let remembered = fixture.ledger.verify().await.expect("readable");
    let cut = "DELETE FROM query_audit WHERE seq = 9; DELETE FROM evidence WHERE seq = 9; DELETE FROM found_by WHERE seq = 9;
         DELETE FROM events WHERE seq = 9";
    let report = fixture.tampered(cut).await.ledger.verify().await.expect("readable");
    assert!(report.holds());
    assert!(report.events < remembered.events && report.head != remembered.head);
}

#[tokio::test]
async fn a_misfit_reads_as_a_sentence() {
    let found = misfit_after("DELETE FROM receipts").await;
    let text = found.to_string();
    assert!(text.starts_with("event `5`: the record is missing (receipt `rcp_"), "{text}");
}

#[tokio::test]
async fn an_edited_proposal_can_be_shown_and_nothing_else() {
    let fixture = Fixture::new().await;
    let waiting = fixture.propose(&Call::order(1)).await;
    let approved = fixture.approved(&Call::order(2)).await;
    let running = fixture.started(&Call::order(3)).await;
    let fixture =
        fixture.tampered("UPDATE proposals SET document = replace(document, 'refunded', 'paid')").await;
    let shown = fixture.ledger.proposal(&waiting.proposal.proposal_id).await.expect("shown");
    assert!(!shown.intact);
    for verdict in [Verdict::Approved, Verdict::Rejected] {
        let reason = Some("why".to_owned());
        let decision = synapsor_protocol::Decision { verdict, reason, ..approval(&waiting, "ada") };
        let error = fixture.ledger.decide(&decision).await.expect_err("refused");
        assert_eq!(code(&error), "PROPOSAL_HASH_MISMATCH");
    }
    let error = fixture
        .ledger
        .start_writeback(&approved.proposal.proposal_id, "runner-1")
        .await
        .expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_HASH_MISMATCH");
    let error =
        fixture.ledger.finish_writeback(&receipt(&running, Outcome::Applied)).await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_HASH_MISMATCH");
}

#[tokio::test]
async fn resealing_an_edited_proposal_does_not_help() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call::default()).await;
    let mut forged = stored.proposal.clone();
    forged.change_set.patch.insert("status".into(), Value::Text("paid".into()));
    forged.digest = forged.recompute_digest().expect("canonical");
    let document = serde_json::to_string(&forged).expect("serializes").replace('\'', "''");
    let edit = format!("UPDATE proposals SET document = '{document}'");
    let fixture = fixture.tampered(&edit).await;
    let shown = fixture.ledger.proposal(&forged.proposal_id).await.expect("shown");
    assert!(!shown.intact, "the chain still knows the first seal");
    let error = fixture.ledger.decide(&approval(&shown, "ada")).await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_HASH_MISMATCH");
}

#[tokio::test]
async fn a_state_set_to_approved_by_hand_starts_nothing() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call::default()).await;
    let id = stored.proposal.proposal_id.clone();
    let fixture = fixture.tampered("UPDATE proposals SET state = 'approved'").await;
    let error = fixture.ledger.start_writeback(&id, "runner-1").await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_NOT_APPROVED");

    let decision = serde_json::to_string(&approval(&stored, "eve")).expect("serializes");
    let edit = format!(
        "INSERT INTO approvals (proposal_id, verdict, document) VALUES ('{id}', 'approved', '{decision}')"
    );
    let fixture = fixture.tampered(&edit).await;
    let error = fixture.ledger.start_writeback(&id, "runner-1").await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_NOT_APPROVED");
}

#[tokio::test]
async fn an_approval_moved_to_other_content_starts_nothing() {
    let fixture = Fixture::new().await;
    let stored = fixture.approved(&Call::default()).await;
    let other = Digest::of_bytes(b"another");
    let edit =
        format!("UPDATE approvals SET document = replace(document, '{}', '{other}')", stored.proposal.digest);
    let fixture = fixture.tampered(&edit).await;
    let error =
        fixture.ledger.start_writeback(&stored.proposal.proposal_id, "runner-1").await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_HASH_MISMATCH");
}

#[tokio::test]
async fn evidence_that_was_edited_is_marked_in_the_replay() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call::default()).await;
    let fixture =
        fixture.tampered("UPDATE evidence SET document = replace(document, 'acme', 'globex')").await;
    let id = stored.proposal.evidence_id.as_str();
    let notebook = fixture.ledger.notebook();
    assert!(notebook.evidence(id, "acme").await.expect("readable").is_none());
    assert!(!fixture.ledger.replay(&stored.proposal.proposal_id).await.expect("readable").evidence_intact);
}

/// More than a walk follows at a time.
const MANY: i64 = 1_100;

#[tokio::test]
async fn accounts_a_walk_has_no_room_for_are_settled_all_the_same() {
    let fixture = Fixture::new().await;
    let first = fixture.propose(&Call::order(0)).await;
    let waiting = fixture.propose(&Call::order(1)).await;
    let mut calls = tokio::task::JoinSet::new();
    for order in 2..MANY {
        let (notebook, documents) = (fixture.ledger.notebook(), Call::order(order).documents());
        calls.spawn(async move {
            let Documents { proposal, evidence, audit } = documents;
            notebook.record_proposal(proposal, evidence, audit).await.map(drop)
        });
    }
    while let Some(recorded) = calls.join_next().await {
        recorded.expect("joined").expect("recorded");
    }
    fixture.ledger.decide(&approval(&first, "ada")).await.expect("approved");
    let job = fixture.start(&first.proposal.proposal_id).await;
    fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("finished");
    // The same content once more is an event of the one that waits, and moves nothing.
    assert!(fixture.record(&Call::order(1)).await.expect("recorded").repeated);
    assert_eq!(fixture.events().await, u64::try_from(MANY).expect("a count") + 5);
    let (first, waiting) = (&first.proposal.proposal_id, &waiting.proposal.proposal_id);
    let mut fixture = fixture;
    for (edit, record) in [
        (format!("UPDATE proposals SET state = 'failed' WHERE proposal_id = '{first}'"), first),
        (format!("UPDATE proposals SET updated_at = 7 WHERE proposal_id = '{waiting}'"), waiting),
    ] {
        let undone = "CREATE TABLE kept AS SELECT proposal_id, state, updated_at FROM proposals";
        fixture = fixture.tampered(&format!("{undone}; {edit}")).await;
        let found = fixture.ledger.verify().await.expect("readable").misfit.expect("noticed");
        assert_eq!((found.kind, found.seq), (MisfitKind::StateEdited, None), "{edit}");
        assert_eq!(found.record, Some(format!("proposal `{record}`")));
        let undo = "UPDATE proposals SET (state, updated_at) =
            (SELECT k.state, k.updated_at FROM kept k WHERE k.proposal_id = proposals.proposal_id); DROP TABLE kept";
        fixture = fixture.tampered(undo).await;
        assert!(fixture.ledger.verify().await.expect("readable").holds());
    }
}
