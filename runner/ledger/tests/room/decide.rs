//! A person's decision, and what it is refused for.

use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{Decision, Digest, Outcome, ProposalState};

use crate::story::{Call, Fixture, approval, code, receipt, rejection};

#[tokio::test]
async fn an_approval_moves_the_proposal_and_repeating_it_adds_nothing() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call::default()).await;
    let decision = approval(&stored, "ada");
    let approved = fixture.ledger.decide(&decision).await.expect("approved");
    assert_eq!(approved.state, ProposalState::Approved);
    let events = fixture.events().await;
    assert_eq!(fixture.ledger.decide(&decision).await.expect("the same answer"), approved);
    assert_eq!(fixture.events().await, events);
}

#[tokio::test]
async fn another_persons_second_approval_is_refused() {
    let fixture = Fixture::new().await;
    let stored = fixture.approved(&Call::default()).await;
    let error = fixture.ledger.decide(&approval(&stored, "bob")).await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_NOT_PENDING_REVIEW");
    assert!(error.to_string().contains("`approved`"), "{error}");
}

#[tokio::test]
async fn a_rejection_needs_a_reason_and_is_final() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call::default()).await;
    for reason in ["", "  \n"] {
        let error = fixture.ledger.decide(&rejection(&stored, "ada", reason)).await.expect_err("refused");
        assert_eq!(code(&error), "REASON_REQUIRED");
    }
    let no = rejection(&stored, "ada", "wrong order");
    let rejected = fixture.ledger.decide(&no).await.expect("rejected");
    assert_eq!(rejected.state, ProposalState::Rejected);
    assert_eq!(fixture.ledger.decide(&no).await.expect("the same answer"), rejected);
    let error = fixture.ledger.decide(&approval(&stored, "ada")).await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_NOT_PENDING_REVIEW");
    let error = fixture.ledger.decide(&rejection(&stored, "bob", "me too")).await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_NOT_REJECTABLE");
}

#[tokio::test]
async fn an_approved_proposal_can_be_rejected_before_it_is_applied_and_approving_it_again_is_refused() {
    let fixture = Fixture::new().await;
    let stored = fixture.approved(&Call::default()).await;
    fixture.ledger.decide(&rejection(&stored, "bob", "second thoughts")).await.expect("rejected");
    let error = fixture.ledger.decide(&approval(&stored, "ada")).await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_NOT_PENDING_REVIEW");
}

#[tokio::test]
async fn a_proposal_whose_apply_is_unsettled_cannot_be_rejected() {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    let stored = fixture.ledger.proposal(&job.proposal_id).await.expect("there");
    let no = rejection(&stored, "ada", "too late");
    let error = fixture.ledger.decide(&no).await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_NOT_REJECTABLE");
    assert!(error.refusal().hint.is_some());
    // Once the attempt is known to have changed nothing, it can.
    let code = synapsor_protocol::Code::DatabaseUnavailable;
    fixture.ledger.interrupt_writeback(&job, code).await.expect("recorded");
    assert_eq!(fixture.ledger.decide(&no).await.expect("rejected").state, ProposalState::Rejected);
}

#[tokio::test]
async fn approving_content_that_was_not_shown_is_refused() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call::default()).await;
    let other = Decision { proposal_digest: Digest::of_bytes(b"another"), ..approval(&stored, "ada") };
    let error = fixture.ledger.decide(&other).await.expect_err("refused");
    assert_eq!(code(&error), "PROPOSAL_HASH_MISMATCH");
}

#[tokio::test]
async fn a_shadow_proposal_is_never_approved_but_may_be_put_away() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call { mode: ProposalMode::Shadow, ..Call::default() }).await;
    let error = fixture.ledger.decide(&approval(&stored, "ada")).await.expect_err("refused");
    assert_eq!(code(&error), "SHADOW_WRITEBACK_DISABLED");
    let id = &stored.proposal.proposal_id;
    let error = fixture.ledger.start_writeback(id, "runner-1").await.expect_err("refused");
    assert_eq!(code(&error), "SHADOW_WRITEBACK_DISABLED");
    fixture.ledger.decide(&rejection(&stored, "ada", "compared")).await.expect("put away");
}

#[tokio::test]
async fn the_approver_may_repeat_after_the_apply_and_gets_the_present_state() {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    let finished = fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await;
    let applied = finished.expect("finished").proposal;
    let again = fixture.ledger.decide(&approval(&applied, "ada")).await.expect("the same answer");
    assert_eq!(again, applied);
}

#[tokio::test]
async fn a_reason_that_holds_a_secret_is_not_recorded() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call::default()).await;
    let no = rejection(&stored, "ada", "leaks mysql://root:pw@db");
    assert_eq!(code(&fixture.ledger.decide(&no).await.expect_err("refused")), "SECRET_MATERIAL_REJECTED");
}
