//! A job that leaves the ledger as a document: its lease is in the chain, and the latest one counts.

use synapsor_ledger::Recipient;
use synapsor_protocol::{Code, Outcome, ProposalState};

use crate::story::{Call, Fixture, approval, code, receipt, recipient, rejection};

#[tokio::test]
async fn a_job_that_is_handed_over_waits_for_its_runner_under_a_lease() {
    let fixture = Fixture::new().await;
    let id = fixture.approved(&Call::default()).await.proposal.proposal_id;
    assert_eq!(fixture.ledger.handover(&id).await.expect("readable"), None);
    let job = fixture.ledger.hand_over(&id, &recipient()).await.expect("handed over");
    let handover = job.handover.clone().expect("a lease");
    assert_eq!(fixture.ledger.handover(&id).await.expect("readable"), Some(handover.clone()));
    assert_eq!(fixture.ledger.proposal(&id).await.expect("there").state, ProposalState::PendingWorker);
    let handed_over = fixture.ledger.replay(&id).await.expect("a record").events.pop().expect("events");
    // The fixture's clock moves on by a microsecond at each look.
    let lasts = handover.lease.expires_at.micros() - handed_over.at.micros();
    assert!((299_000_000..=300_000_000).contains(&lasts), "{lasts}");
    assert!(fixture.ledger.verify().await.expect("readable").holds());

    let started = fixture.start(&id).await;
    assert_eq!((started.job_id, started.idempotency_key), (job.job_id, job.idempotency_key));
    assert_eq!((job.attempt, started.attempt), (0, 1));
    assert!(fixture.ledger.verify().await.expect("readable").holds());
}

#[tokio::test]
async fn a_later_lease_takes_the_place_of_an_earlier_one_for_the_same_job() {
    let fixture = Fixture::new().await;
    let id = fixture.approved(&Call::default()).await.proposal.proposal_id;
    let first = fixture.ledger.hand_over(&id, &recipient()).await.expect("handed over");
    let second = fixture.ledger.hand_over(&id, &recipient()).await.expect("handed over");
    assert_eq!((&first.job_id, &first.idempotency_key), (&second.job_id, &second.idempotency_key));
    assert_ne!(first.handover, second.handover);
    assert_eq!(fixture.ledger.handover(&id).await.expect("readable"), second.handover);
    assert!(fixture.ledger.verify().await.expect("readable").holds());
}

#[tokio::test]
async fn a_job_that_was_handed_over_is_taken_back_once_its_lease_is_over() {
    let fixture = Fixture::new().await;
    let id = fixture.approved(&Call::default()).await.proposal.proposal_id;
    fixture.ledger.hand_over(&id, &recipient()).await.expect("handed over");
    let stored = fixture.ledger.proposal(&id).await.expect("there");
    let no = rejection(&stored, "ada", "the worker is gone");
    let error = fixture.ledger.decide(&no).await.expect_err("the lease runs");
    assert_eq!(code(&error), "PROPOSAL_NOT_REJECTABLE");
    assert!(error.refusal().message.contains("handed over until"));

    let over = Recipient { lease_seconds: 0, ..recipient() };
    let job = fixture.ledger.hand_over(&id, &over).await.expect("a lease that is over at once");
    let rejected = fixture.ledger.decide(&no).await.expect("rejected");
    assert_eq!(rejected.state, ProposalState::Rejected);
    let late = fixture.ledger.start_writeback(&job.proposal_id, "runner-1").await.expect_err("too late");
    assert_eq!(code(&late), "PROPOSAL_NOT_APPROVED");
    assert!(fixture.ledger.verify().await.expect("readable").holds());
}

#[tokio::test]
async fn only_what_a_person_approved_is_handed_over() {
    let fixture = Fixture::new().await;
    let waiting = fixture.propose(&Call::order(1)).await;
    let rejected = fixture.propose(&Call::order(2)).await;
    fixture.ledger.decide(&rejection(&rejected, "ada", "no")).await.expect("rejected");
    let over = fixture.started(&Call::order(3)).await;
    fixture.ledger.finish_writeback(&receipt(&over, Outcome::Conflict)).await.expect("finished");
    for id in [waiting.proposal.proposal_id, rejected.proposal.proposal_id, over.proposal_id] {
        let refused = fixture.ledger.hand_over(&id, &recipient()).await.expect_err("refused");
        assert_eq!(code(&refused), "PROPOSAL_NOT_APPROVED");
        assert_eq!(fixture.ledger.handover(&id).await.expect("readable"), None);
    }
}

#[tokio::test]
async fn an_apply_without_an_end_is_unsettled_until_it_ends() {
    let fixture = Fixture::new().await;
    let unsettled = async || -> Vec<_> {
        let found = fixture.ledger.unsettled().await.expect("readable");
        found.into_iter().map(|stored| stored.proposal.proposal_id).collect()
    };
    let approved = fixture.propose(&Call::order(1)).await;
    fixture.ledger.decide(&approval(&approved, "ada")).await.expect("approved");
    let died = fixture.started(&Call::order(2)).await;
    let unknown = fixture.started(&Call::order(3)).await;
    fixture.ledger.finish_writeback(&receipt(&unknown, Outcome::Unknown)).await.expect("finished");
    let stopped = fixture.started(&Call::order(4)).await;
    fixture.ledger.interrupt_writeback(&stopped, Code::DatabaseUnavailable).await.expect("interrupted");
    assert_eq!(unsettled().await, [died.proposal_id.clone(), unknown.proposal_id.clone()]);
    for job in [died, unknown] {
        fixture.ledger.finish_writeback(&receipt(&job, Outcome::AlreadyApplied)).await.expect("finished");
    }
    assert!(unsettled().await.is_empty());
}
