//! What an executor of the application did not carry out can be tried again, by an operator and on record.

use synapsor_ledger::Start;
use synapsor_protocol::{EventKind, Outcome, ProposalState};

use crate::story::{Call, Fixture, code, receipt};

fn by_the_application(order: i64) -> Call {
    Call { order, executor: "refunds_api", ..Call::default() }
}

#[tokio::test]
async fn a_failed_or_conflicting_attempt_is_approved_again_and_keeps_its_job_and_key() {
    let fixture = Fixture::new().await;
    for (order, outcome) in (1..).zip([Outcome::Conflict, Outcome::Failed]) {
        let first = fixture.started(&by_the_application(order)).await;
        let id = &first.proposal_id;
        fixture.ledger.finish_writeback(&receipt(&first, outcome)).await.expect("finished");

        let reopened = fixture.ledger.reopen(id, "lead", "the rule was fixed").await.expect("reopened");
        assert_eq!(reopened.state, ProposalState::Approved);
        let again = fixture.ledger.reopen(id, "lead", "the rule was fixed").await.expect("the same");
        assert_eq!(again, reopened);
        // Settled, and open again: what is recorded beside the chain still follows from it.
        fixture.events().await;

        let second = fixture.start(id).await;
        assert_eq!((second.attempt, &second.job_id), (2, &first.job_id));
        assert_eq!(second.idempotency_key, first.idempotency_key);
        let applied = receipt(&second, Outcome::Applied);
        let finished = fixture.ledger.finish_writeback(&applied).await.expect("finished");
        assert_eq!(finished.proposal.state, ProposalState::Applied);

        let replay = fixture.ledger.replay(id).await.expect("readable");
        assert_eq!(replay.receipts.len(), 2);
        let reopenings = replay.events.iter().filter(|event| event.kind == EventKind::WritebackReopened);
        let told: Vec<_> = reopenings.map(|event| (event.actor.as_str(), &event.payload["reason"])).collect();
        assert_eq!(told, [("lead", &serde_json::json!("the rule was fixed"))]);
    }
    fixture.events().await;
}

#[tokio::test]
async fn a_success_an_unknown_outcome_and_the_runners_own_conflict_are_not_reopened() {
    let fixture = Fixture::new().await;
    let ended = [
        (by_the_application(1), Outcome::Applied),
        (by_the_application(2), Outcome::AlreadyApplied),
        (by_the_application(3), Outcome::Unknown),
        (Call::order(4), Outcome::Conflict),
        (Call::order(5), Outcome::Failed),
    ];
    for (call, outcome) in ended {
        let job = fixture.started(&call).await;
        let finished = fixture.ledger.finish_writeback(&receipt(&job, outcome)).await.expect("finished");
        let error = fixture.ledger.reopen(&job.proposal_id, "lead", "please").await.expect_err("refused");
        assert_eq!(code(&error), "PROPOSAL_NOT_REOPENABLE", "{outcome}");
        let state = fixture.ledger.proposal(&job.proposal_id).await.expect("there").state;
        assert_eq!(state, finished.proposal.state);
    }
}

#[tokio::test]
async fn what_was_never_tried_has_no_reason_or_has_an_open_twin_is_not_reopened() {
    let fixture = Fixture::new().await;
    let waiting = fixture.approved(&by_the_application(1)).await.proposal.proposal_id;
    let error = fixture.ledger.reopen(&waiting, "lead", "please").await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_NOT_REOPENABLE");

    let job = fixture.started(&by_the_application(2)).await;
    fixture.ledger.finish_writeback(&receipt(&job, Outcome::Failed)).await.expect("finished");
    let error = fixture.ledger.reopen(&job.proposal_id, "lead", " ").await.expect_err("refused");
    assert_eq!(code(&error), "REASON_REQUIRED");

    let twin = fixture.propose(&by_the_application(2)).await.proposal.proposal_id;
    let error = fixture.ledger.reopen(&job.proposal_id, "lead", "please").await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_NOT_REOPENABLE");
    assert!(error.to_string().contains(twin.as_str()), "{error}");
    let start = fixture.ledger.start_writeback(&job.proposal_id, "runner-1").await;
    assert!(!matches!(start, Ok(Start::Run(_))));
}
