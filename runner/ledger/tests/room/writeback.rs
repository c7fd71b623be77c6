//! The ledger's side of an apply: intent, receipt, interruption.

use synapsor_ledger::Start;
use synapsor_protocol::{Code, Outcome, ProposalState, Receipt, SourceChanged};

use crate::story::{Call, Fixture, code, receipt, rejection};

#[tokio::test]
async fn every_attempt_has_the_same_job_and_key_and_the_next_number() {
    let fixture = Fixture::new().await;
    let first = fixture.started(&Call::default()).await;
    let second = fixture.start(&first.proposal_id).await;
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert_eq!(first.job_id, second.job_id);
    assert_eq!(first.idempotency_key, second.idempotency_key);
    let change = fixture.ledger.proposal(&first.proposal_id).await.expect("there").proposal.change_set;
    assert_eq!((&first.before, &first.patch, &first.tenant), (&change.before, &change.patch, &change.tenant));
}

#[tokio::test]
async fn equal_proposals_of_two_ledgers_have_different_keys() {
    let (left, right) = (Fixture::new().await, Fixture::new().await);
    let left = left.started(&Call::default()).await;
    let right = right.started(&Call::default()).await;
    assert_ne!(left.idempotency_key, right.idempotency_key);
}

#[tokio::test]
async fn only_an_approved_proposal_starts_and_the_answer_says_where_it_stands() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call::default()).await;
    let id = &stored.proposal.proposal_id;
    let error = fixture.ledger.start_writeback(id, "runner-1").await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_NOT_APPROVED");
    assert!(error.to_string().contains("`pending_review`"), "{error}");
    fixture.ledger.decide(&rejection(&stored, "ada", "no")).await.expect("rejected");
    let error = fixture.ledger.start_writeback(id, "runner-1").await.expect_err("refused");
    assert!(error.to_string().contains("`rejected`"), "{error}");
}

#[tokio::test]
async fn each_outcome_ends_where_the_table_says_and_is_final() {
    let outcomes = [
        (Outcome::Applied, ProposalState::Applied),
        (Outcome::AlreadyApplied, ProposalState::Applied),
        (Outcome::Conflict, ProposalState::Conflict),
        (Outcome::Failed, ProposalState::Failed),
    ];
    let fixture = Fixture::new().await;
    for (order, (outcome, state)) in (1..).zip(outcomes) {
        let job = fixture.started(&Call::order(order)).await;
        let finished = fixture.ledger.finish_writeback(&receipt(&job, outcome)).await.expect("finished");
        assert_eq!(finished.proposal.state, state);
        for other in [Outcome::Applied, Outcome::Conflict, Outcome::Failed, Outcome::Unknown] {
            let late = fixture.ledger.finish_writeback(&receipt(&job, other)).await;
            match late {
                Ok(same) => assert_eq!(same, finished, "{outcome} then {other}"),
                Err(error) => assert_eq!(code(&error), "PROPOSAL_NOT_APPROVED", "{outcome} then {other}"),
            }
        }
        let replay = fixture.ledger.replay(&job.proposal_id).await.expect("readable");
        assert_eq!(replay.receipts.len(), 1, "{outcome}");
    }
    fixture.events().await;
}

#[tokio::test]
async fn of_two_runs_that_say_the_same_the_first_stands_and_the_second_is_told() {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    let (first, second) = (receipt(&job, Outcome::Applied), receipt(&job, Outcome::AlreadyApplied));
    assert_ne!(first.receipt_id, second.receipt_id);
    for said in [&first, &second] {
        let finished = fixture.ledger.finish_writeback(said).await.expect("finished");
        assert_eq!((finished.proposal.state, &finished.receipt), (ProposalState::Applied, &first));
    }
    let replay = fixture.ledger.replay(&job.proposal_id).await.expect("readable");
    assert_eq!(replay.receipts, [first]);
}

#[tokio::test]
async fn an_applied_proposal_is_settled_and_not_started_again() {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    let receipt = receipt(&job, Outcome::Applied);
    fixture.ledger.finish_writeback(&receipt).await.expect("finished");
    let events = fixture.events().await;
    let start = fixture.ledger.start_writeback(&job.proposal_id, "runner-2").await.expect("answered");
    assert_eq!(start, Start::Settled { job, receipt });
    assert_eq!(fixture.events().await, events);
}

#[tokio::test]
async fn a_conflict_or_a_failure_is_never_tried_again() {
    let fixture = Fixture::new().await;
    for (order, outcome) in (1..).zip([Outcome::Conflict, Outcome::Failed]) {
        let job = fixture.started(&Call::order(order)).await;
        fixture.ledger.finish_writeback(&receipt(&job, outcome)).await.expect("finished");
        let error = fixture.ledger.start_writeback(&job.proposal_id, "runner-1").await.expect_err("refused");
        assert_eq!(code(&error), "PROPOSAL_NOT_APPROVED");
        assert!(error.to_string().contains(outcome.as_str()), "{error}");
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_settled_by_the_next_attempt() {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    let unknown = Receipt { source_changed: SourceChanged::Unknown, ..receipt(&job, Outcome::Unknown) };
    let stored = fixture.ledger.finish_writeback(&unknown).await.expect("recorded").proposal;
    assert_eq!(stored.state, ProposalState::ReconciliationRequired);
    let events = fixture.events().await;
    fixture.ledger.finish_writeback(&unknown).await.expect("the same answer");
    assert_eq!(fixture.events().await, events);

    let error = fixture.ledger.decide(&rejection(&stored, "ada", "no")).await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_NOT_REJECTABLE");
    let next = fixture.start(&job.proposal_id).await;
    assert_eq!(next.attempt, 2);
    let settled = fixture.ledger.finish_writeback(&receipt(&next, Outcome::AlreadyApplied)).await;
    assert_eq!(settled.expect("settled").proposal.state, ProposalState::Applied);
}

#[tokio::test]
async fn an_interruption_leaves_the_proposal_approved_and_says_who_and_why() {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    fixture.ledger.interrupt_writeback(&job, Code::DatabaseUnavailable).await.expect("recorded");
    let replay = fixture.ledger.replay(&job.proposal_id).await.expect("readable");
    assert_eq!(replay.proposal.state, ProposalState::Approved);
    let last = replay.events.last().expect("an event");
    assert_eq!((last.actor.as_str(), &last.payload["code"]), ("runner-1", &"DATABASE_UNAVAILABLE".into()));
}

#[tokio::test]
async fn an_interruption_after_the_end_is_not_recorded() {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("finished");
    let events = fixture.events().await;
    fixture.ledger.interrupt_writeback(&job, Code::DatabaseUnavailable).await.expect("answered");
    assert_eq!(fixture.events().await, events);
}

#[tokio::test]
async fn a_late_interruption_of_an_older_attempt_does_not_hide_the_newer_one() {
    let fixture = Fixture::new().await;
    let first = fixture.started(&Call::default()).await;
    fixture.start(&first.proposal_id).await;
    fixture.ledger.interrupt_writeback(&first, Code::DatabaseUnavailable).await.expect("recorded");
    let stored = fixture.ledger.proposal(&first.proposal_id).await.expect("there");
    let error = fixture.ledger.decide(&rejection(&stored, "ada", "no")).await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_NOT_REJECTABLE");
}

#[tokio::test]
async fn a_receipt_for_another_job_or_content_is_refused() {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    let other = fixture.started(&Call::order(43)).await;
    let good = receipt(&job, Outcome::Applied);
    for wrong in [
        Receipt { job_id: other.job_id.clone(), ..good.clone() },
        Receipt { idempotency_key: other.idempotency_key.clone(), ..good.clone() },
        Receipt { proposal_digest: other.proposal_digest.clone(), ..good.clone() },
        Receipt { proposal_id: other.proposal_id.clone(), ..good.clone() },
    ] {
        assert_eq!(code(&fixture.ledger.finish_writeback(&wrong).await.expect_err("refused")), "INTERNAL");
    }
    assert_eq!(
        fixture.ledger.proposal(&job.proposal_id).await.expect("there").state,
        ProposalState::Approved
    );
}

#[tokio::test]
async fn a_receipt_for_an_apply_that_never_started_is_refused() {
    let fixture = Fixture::new().await;
    let other = Fixture::new().await;
    let job = other.started(&Call::default()).await;
    let approved = fixture.approved(&Call::default()).await;
    let id = approved.proposal.proposal_id.clone();
    let stray = Receipt { proposal_id: id, ..receipt(&job, Outcome::Applied) };
    assert_eq!(code(&fixture.ledger.finish_writeback(&stray).await.expect_err("refused")), "INTERNAL");
}
