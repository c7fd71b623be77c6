//! Shadow proposals beside what people did: recorded in the chain, compared with the latest, and never a way to a decision.

use std::collections::BTreeMap;

use synapsor_ledger::{Filter, Ledger, Page, StoredProposal, verify_export};
use synapsor_protocol::candidate::CANDIDATE_RUN_SCHEMA;
use synapsor_protocol::job_document::Scalar;
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{
    Agreement, CandidateEnding, CandidateRun, Columns, Digest, EventKind, HumanAction, Likeness,
    ProposalState, Used, Value,
};

use crate::story::{Call, Fixture, approval, at, code, recipient};

pub(crate) fn in_shadow(order: i64) -> Call {
    Call { order, mode: ProposalMode::Shadow, ..Call::default() }
}

/// What `actor` did: a JSON object of columns.
pub(crate) fn done(stored: &StoredProposal, actor: &str, json: &str) -> HumanAction {
    let columns: BTreeMap<String, Scalar> = serde_json::from_str(json).expect("columns");
    HumanAction::new(&stored.proposal, actor, columns, None, at(1)).expect("taken")
}

async fn compared(ledger: &Ledger, stored: &StoredProposal) -> Agreement {
    ledger.shadow(&stored.proposal.proposal_id).await.expect("readable").comparison.agreement
}

#[tokio::test]
async fn actions_are_added_and_the_latest_is_what_a_proposal_is_compared_with() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&in_shadow(1)).await;
    assert_eq!(compared(&fixture.ledger, &stored).await, Agreement::NoHumanAction);
    for (columns, expected) in [
        (r#"{"status":"paid"}"#, Agreement::Mismatch),
        (r#"{"status":"refunded","note":"by phone"}"#, Agreement::PartialMatch),
        ("{}", Agreement::Mismatch),
        (r#"{"status":"refunded"}"#, Agreement::ExactMatch),
    ] {
        let action = done(&stored, "ada", columns);
        let recorded = fixture.ledger.record_human_action(&action).await.expect("recorded");
        assert_eq!(recorded.comparison.agreement, expected, "{columns}");
        assert_eq!(recorded.actions.last(), Some(&action));
        assert_eq!(compared(&fixture.ledger, &stored).await, expected);
    }
    // Said again by the same person nothing is added; said by another it is.
    fixture
        .ledger
        .record_human_action(&done(&stored, "ada", r#"{"status":"refunded"}"#))
        .await
        .expect("known");
    let other = done(&stored, "bob", r#"{"status":"refunded"}"#);
    let recorded = fixture.ledger.record_human_action(&other).await.expect("recorded");
    assert_eq!(recorded.actions.len(), 5);

    let replay = fixture.ledger.replay(&stored.proposal.proposal_id).await.expect("readable");
    assert_eq!(replay.human_actions, recorded.actions);
    assert_eq!(replay.proposal.state, ProposalState::PendingReview, "nothing was decided");
    let said = replay.events.iter().filter(|event| event.kind == EventKind::ShadowHumanActionRecorded);
    assert_eq!(
        said.clone().map(|event| event.actor.as_str()).collect::<Vec<_>>(),
        ["ada", "ada", "ada", "ada", "bob"]
    );
    assert!(said.clone().all(|event| !event.payload.to_string().contains("phone")), "no value in an event");
    let export = serde_json::to_string(&replay).expect("serializes");
    let report = verify_export(&export).expect("an export");
    assert_eq!((report.misfit, report.records), (None, 3 + 5));
    let report = verify_export(&export.replace("by phone", "by mail!")).expect("an export");
    assert!(report.misfit.is_some_and(|found| found.to_string().contains("human action")));
    fixture.events().await;
}

#[tokio::test]
async fn what_is_no_shadow_proposal_another_content_or_a_secret_is_not_recorded() {
    let fixture = Fixture::new().await;
    let for_review = fixture.propose(&Call::order(1)).await;
    let error =
        fixture.ledger.record_human_action(&done(&for_review, "ada", "{}")).await.expect_err("refused");
    assert_eq!(code(&error), "NOT_SHADOW_PROPOSAL");
    let error = fixture.ledger.shadow(&for_review.proposal.proposal_id).await.expect_err("refused");
    assert_eq!(code(&error), "NOT_SHADOW_PROPOSAL");

    let stored = fixture.propose(&in_shadow(2)).await;
    let mut other = done(&stored, "ada", "{}");
    other.proposal_digest = for_review.proposal.digest.clone();
    let error = fixture.ledger.record_human_action(&other).await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_HASH_MISMATCH");
    let secret = done(&stored, "ada", r#"{"note":"postgres://u:hunter2@db/app"}"#);
    let noted = HumanAction { notes: Some("Bearer abcdefgh.ijkl".into()), ..done(&stored, "ada", "{}") };
    for action in [secret, noted] {
        let error = fixture.ledger.record_human_action(&action).await.expect_err("refused");
        assert_eq!(code(&error), "SECRET_MATERIAL_REJECTED");
        assert!(!error.to_string().contains("hunter2"));
    }
    assert_eq!(fixture.events().await, 3);
    assert_eq!(compared(&fixture.ledger, &stored).await, Agreement::NoHumanAction);
}

#[tokio::test]
async fn no_action_opens_a_way_to_a_decision_or_an_apply() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&in_shadow(1)).await;
    let id = &stored.proposal.proposal_id;
    let action = done(&stored, "ada", r#"{"status":"refunded"}"#);
    fixture.ledger.record_human_action(&action).await.expect("recorded");
    let refused = [
        fixture.ledger.decide(&approval(&stored, "ada")).await.err(),
        fixture.ledger.start_writeback(id, "runner-1").await.err(),
        fixture.ledger.hand_over(id, &recipient()).await.err(),
    ];
    for error in refused {
        assert_eq!(code(&error.expect("refused")), "SHADOW_WRITEBACK_DISABLED");
    }
}

#[tokio::test]
async fn shadows_are_listed_by_the_filters_of_proposals_a_page_at_a_time() {
    let fixture = Fixture::new().await;
    for order in 1..=5 {
        fixture.propose(&in_shadow(order)).await;
        fixture.propose(&Call::order(order + 10)).await;
    }
    let other = fixture.propose(&Call { tenant: "globex", ..in_shadow(9) }).await;
    let (mut page, mut found) = (Page::first(2), Vec::new());
    let acme = Filter { tenant: Some("acme".into()), ..Filter::default() };
    loop {
        let listing = fixture.ledger.find_shadows(&acme, &page).await.expect("readable");
        assert!(listing.items.len() <= 2);
        found.extend(listing.items.into_iter().map(|shadow| shadow.proposal.proposal.change_set.target.key));
        let Some(next) = listing.next else { break };
        page.after = Some(next);
    }
    assert_eq!(found, [5, 4, 3, 2, 1].map(Value::Integer));
    let all = fixture.ledger.find_shadows(&Filter::default(), &Page::default()).await.expect("readable");
    assert_eq!(all.items[0].proposal, other);
    assert_eq!(all.items.len(), 6);
}

#[tokio::test]
async fn an_edited_or_removed_action_is_named_and_never_shown() {
    let edit = "UPDATE evidence SET document = replace(document, 'by phone', 'by mail!')";
    let forge = "UPDATE events SET kind = 'evidence_recorded' WHERE kind = 'shadow_human_action_recorded'";
    for (edit, expected) in [
        (edit, "human action `"),
        ("DELETE FROM evidence WHERE document LIKE '%by phone%'", "human action `"),
        (
            "INSERT INTO evidence SELECT 1, document FROM evidence WHERE document LIKE '%by phone%'",
            "evidence: `",
        ),
        (forge, "event `3`"),
    ] {
        let fixture = Fixture::new().await;
        let stored = fixture.propose(&in_shadow(1)).await;
        let action = done(&stored, "ada", r#"{"note":"by phone"}"#);
        fixture.ledger.record_human_action(&action).await.expect("recorded");
        let fixture = fixture.tampered(edit).await;
        let misfit = fixture.ledger.verify().await.expect("readable").misfit.expect("noticed");
        assert!(misfit.to_string().contains(expected), "{edit}: {misfit}");
        if expected.starts_with("human") {
            let error = fixture.ledger.shadow(&stored.proposal.proposal_id).await.expect_err("not shown");
            assert_eq!(code(&error), "LEDGER_CORRUPT");
        }
    }
}

/// What a candidate answered to the call of that proposal.
pub(crate) fn answered(stored: &StoredProposal, status: &str) -> CandidateRun {
    let change = &stored.proposal.change_set;
    let patch = Columns::from([("status".to_owned(), Value::Text(status.into()))]);
    CandidateRun {
        schema_version: CANDIDATE_RUN_SCHEMA.into(),
        evidence_id: stored.proposal.evidence_id.clone(),
        proposal_id: Some(stored.proposal.proposal_id.clone()),
        capability: change.capability.clone(),
        tenant: change.tenant.clone(),
        principal: change.principal.clone(),
        source: change.target.source.clone(),
        schema: change.target.schema.clone(),
        table: change.target.table.clone(),
        key: change.target.key.clone(),
        live: Digest::of_bytes(b"one"),
        candidate: Digest::of_bytes(b"two"),
        ending: CandidateEnding::Proposed { patch, summary: None },
        likeness: Some(Likeness::Different),
        differing_columns: vec!["status".into()],
        live_used: None,
        candidate_used: Some(Used { fuel: 7, wall_us: 9 }),
        dropped_before: 2,
        at: stored.proposal.created_at,
    }
}

async fn runs(ledger: &Ledger, filter: &Filter) -> Vec<CandidateRun> {
    let mut found = Vec::new();
    ledger.each_candidate_run(filter, |run| found.push(run)).await.expect("readable");
    found
}

#[tokio::test]
async fn what_a_candidate_answers_is_found_by_the_call_it_was_shown_and_is_no_evidence_of_it() {
    let fixture = Fixture::new().await;
    let mut expected = Vec::new();
    for order in 1..=3 {
        let stored = fixture.propose(&Call::order(order)).await;
        let run = answered(&stored, "paid-4711");
        fixture.ledger.notebook().record_candidate_run(&run).await.expect("recorded");
        expected.insert(0, run);
    }
    assert_eq!(runs(&fixture.ledger, &Filter::default()).await, expected);
    let object = synapsor_ledger::ObjectFilter::parse("order:2").expect("an object");
    let of_one = Filter { object, tenant: Some("acme".into()), from: Some(at(2)), ..Filter::default() };
    assert_eq!(runs(&fixture.ledger, &of_one).await, expected[1..2]);
    for none in [
        Filter { tenant: Some("globex".into()), ..Filter::default() },
        Filter { capability: Some("billing.other".into()), ..Filter::default() },
        Filter { to: Some(at(0)), ..Filter::default() },
        Filter { idempotency_key: Some("k".into()), ..Filter::default() },
    ] {
        assert_eq!(runs(&fixture.ledger, &none).await, [], "{none:?}");
    }
    let evidence =
        fixture.ledger.find_evidence(&Filter::default(), &Page::default()).await.expect("readable");
    let audits = fixture.ledger.find_audits(&Filter::default(), &Page::default()).await.expect("readable");
    assert_eq!((evidence.items.len(), audits.items.len()), (3, 3));
    let stats = fixture.ledger.stats().await.expect("counted");
    assert_eq!((stats.records["evidence"], stats.records["candidate_runs"]), (3, 3));
    assert_eq!(fixture.events().await, 1 + 6);

    let fixture =
        fixture.tampered("UPDATE evidence SET document = replace(document, 'paid-4711', 'paid-4712')").await;
    let misfit = fixture.ledger.verify().await.expect("readable").misfit.expect("noticed");
    assert!(misfit.to_string().contains("candidate run `3`"), "{misfit}");
    let error = fixture.ledger.each_candidate_run(&Filter::default(), |_| ()).await.expect_err("not shown");
    assert_eq!(code(&error), "LEDGER_CORRUPT");
}

#[tokio::test]
async fn a_candidates_answer_that_holds_a_secret_is_not_recorded() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call::order(1)).await;
    let run = answered(&stored, "see postgres://u:hunter2@db/app");
    let error = fixture.ledger.notebook().record_candidate_run(&run).await.expect_err("refused");
    assert_eq!(code(&error), "SECRET_MATERIAL_REJECTED");
    assert_eq!(fixture.events().await, 2);
}
