//! Claims of workers: one lease at a time, only its holder is heard, and a token is a digest with an end.

use synapsor_ledger::{EventFilter, Recipient, TokenGrant};
use synapsor_protocol::fleet::{AttemptEnd, JobResult, RESULT_SCHEMA, Renewal};
use synapsor_protocol::{Code, Digest, EventKind, Outcome, ProposalState};

use crate::story::{Call, Fixture, code, receipt, recipient};

fn result(lease_id: &str, end: AttemptEnd) -> JobResult {
    JobResult { schema_version: RESULT_SCHEMA.into(), lease_id: lease_id.into(), end }
}

#[tokio::test]
async fn a_claimed_job_is_given_to_nobody_else_and_its_result_is_recorded_once() {
    let fixture = Fixture::new().await;
    let source = fixture.approved(&Call::order(1)).await.proposal.change_set.target.source;
    assert!(fixture.ledger.claim("elsewhere", &recipient(), 1).await.expect("readable").is_empty());
    let claimed = fixture.ledger.claim(&source, &recipient(), 4).await.expect("claimed").remove(0);
    assert!(fixture.ledger.claim(&source, &recipient(), 4).await.expect("readable").is_empty());
    let (job, lease) = (&claimed.job, claimed.job.handover.clone().expect("a lease").lease);
    assert_eq!((job.attempt, job.proposal_digest.clone()), (1, claimed.approval.proposal_digest.clone()));

    let renewal = Renewal { lease_id: lease.lease_id.clone(), lease_seconds: 600 };
    let renewed = fixture.ledger.renew_claim(&job.job_id, &renewal, "runner-1").await.expect("renewed");
    assert!(renewed.expires_at > lease.expires_at && renewed.lease_id == lease.lease_id);

    let of_another = receipt(&fixture.started(&Call::order(2)).await, Outcome::Applied);
    let wrong = result(&lease.lease_id, AttemptEnd::Receipt(Box::new(of_another)));
    let refused = fixture.ledger.end_claim(&job.job_id, &wrong, "runner-1").await.expect_err("another job's");
    assert_eq!(code(&refused), "WRITEBACK_JOB_MISMATCH");

    let applied = result(&lease.lease_id, AttemptEnd::Receipt(Box::new(receipt(job, Outcome::Applied))));
    for _ in 0..2 {
        let ended = fixture.ledger.end_claim(&job.job_id, &applied, "runner-1").await.expect("recorded");
        assert_eq!(ended.state, ProposalState::Applied);
    }
    assert_eq!(fixture.ledger.replay(&job.proposal_id).await.expect("readable").receipts.len(), 1);
    fixture.events().await;
}

#[tokio::test]
async fn a_worker_that_was_overtaken_is_not_heard_any_more() {
    let fixture = Fixture::new().await;
    let source = fixture.approved(&Call::order(1)).await.proposal.change_set.target.source;
    let first = fixture.ledger.claim(&source, &recipient(), 1).await.expect("claimed").remove(0);
    let lease = first.job.handover.expect("a lease").lease.lease_id;
    let (job, id) = (&first.job.job_id, &first.job.proposal_id);
    let nothing = result(&lease, AttemptEnd::CameToNothing { code: Code::DatabaseUnavailable });
    let pretended = fixture.ledger.end_claim(job, &nothing, "runner-2").await.expect_err("another's lease");
    assert_eq!(code(&pretended), "WRITEBACK_LEASE_EXPIRED");

    let other = Recipient { runner_id: "runner-2".into(), ..recipient() };
    fixture.ledger.hand_over(id, &other).await.expect("a later lease");
    let renewal = Renewal { lease_id: lease.clone(), lease_seconds: 60 };
    let lost = fixture.ledger.renew_claim(job, &renewal, "runner-1").await.expect_err("lost");
    assert_eq!(code(&lost), "WRITEBACK_LEASE_EXPIRED");
    let late = fixture.ledger.end_claim(job, &nothing, "runner-1").await.expect_err("late");
    assert_eq!(code(&late), "WRITEBACK_LEASE_EXPIRED");
    assert_eq!(fixture.ledger.proposal(id).await.expect("there").state, ProposalState::PendingWorker);
    fixture.events().await;
}

#[tokio::test]
async fn a_token_is_kept_as_a_digest_and_its_end_is_on_record() {
    let fixture = Fixture::new().await;
    let digest = Digest::of_bytes(b"syn_wbr_x");
    let grant = TokenGrant { runner_id: "runner-1".into(), sources: vec!["app".into()], digest };
    let made = fixture.ledger.make_runner_token(&grant, "lead").await.expect("made");
    assert_eq!(fixture.ledger.runner_tokens().await.expect("readable"), std::slice::from_ref(&made));
    // Found as soon as it is made, and also once it can be found by its kind.
    let of_its_kind = EventFilter { kind: Some(EventKind::RunnerTokenMade), ..EventFilter::default() };
    assert_eq!(fixture.ledger.latest_events(&of_its_kind, 9).await.expect("readable").len(), 1);
    assert_eq!(fixture.ledger.runner_tokens().await.expect("readable"), std::slice::from_ref(&made));
    for _ in 0..2 {
        let revoked = fixture.ledger.revoke_runner_token(&made.token_id, "lead").await.expect("revoked");
        assert!(revoked.revoked_at.is_some());
        assert_eq!(fixture.ledger.runner_tokens().await.expect("readable").len(), 1);
    }
    let unknown = fixture.ledger.revoke_runner_token("rtk_nothing", "lead").await.expect_err("unknown");
    assert_eq!(code(&unknown), "RECORD_NOT_FOUND");
    fixture.events().await;
}
