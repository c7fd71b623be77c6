//! Many callers and several openings of one ledger at once.

use std::collections::HashSet;

use synapsor_ledger::Start;
use tokio::task::JoinSet;

use crate::story::{Call, Documents, Fixture, approval, code};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_reads_share_commits_and_every_one_is_kept() {
    let fixture = Fixture::new().await;
    let before = fixture.ledger.commits();
    let mut calls = JoinSet::new();
    for order in 0..400 {
        let notebook = fixture.ledger.notebook();
        let call = Call::order(order);
        calls.spawn(async move { notebook.record_read(call.evidence(), call.audit(None)).await });
    }
    while let Some(recorded) = calls.join_next().await {
        recorded.expect("joined").expect("recorded");
    }
    let commits = fixture.ledger.commits() - before;
    assert!(commits <= 100, "400 reads took {commits} commits");
    assert_eq!(fixture.events().await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_change_does_not_spoil_the_others_of_its_commit() {
    let fixture = Fixture::new().await;
    let taken = fixture.propose(&Call::order(-1)).await.proposal.proposal_id;
    let mut calls = JoinSet::new();
    for order in 0..200 {
        let (notebook, taken) = (fixture.ledger.notebook(), taken.clone());
        let call = Call::order(order);
        calls.spawn(async move {
            if order % 10 == 0 {
                let Documents { proposal, evidence, audit } = call.documents_as(&taken);
                return notebook.record_proposal(proposal, evidence, audit).await.map(drop);
            }
            notebook.record_read(call.evidence(), call.audit(None)).await
        });
    }
    let (mut kept, mut refused) = (0, 0);
    while let Some(recorded) = calls.join_next().await {
        match recorded.expect("joined") {
            Ok(()) => kept += 1,
            Err(error) => {
                assert_eq!(code(&error), "INTERNAL");
                refused += 1;
            }
        }
    }
    assert_eq!((kept, refused), (180, 20));
    assert_eq!(fixture.events().await, 182);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_equal_proposals_at_once_are_one() {
    let fixture = Fixture::new().await;
    let other = fixture.reopened().await;
    let mut calls = JoinSet::new();
    for turn in 0..100 {
        let ledger = if turn % 2 == 0 { fixture.ledger.clone() } else { other.clone() };
        calls.spawn(async move {
            let made = Call::default().documents();
            ledger.notebook().record_proposal(made.proposal, made.evidence, made.audit).await
        });
    }
    let (mut ids, mut fresh) = (HashSet::new(), 0);
    while let Some(recorded) = calls.join_next().await {
        let recorded = recorded.expect("joined").expect("recorded");
        fresh += usize::from(!recorded.repeated);
        ids.insert(recorded.proposal.proposal.proposal_id);
    }
    assert_eq!((ids.len(), fresh), (1, 1));
    assert_eq!(fixture.events().await, 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_openings_of_one_ledger_append_to_one_chain() {
    let fixture = Fixture::new().await;
    let other = fixture.reopened().await;
    let mut calls = JoinSet::new();
    for order in 0..100 {
        let ledger = if order % 2 == 0 { fixture.ledger.clone() } else { other.clone() };
        let call = Call::order(order);
        calls.spawn(async move { ledger.notebook().record_read(call.evidence(), call.audit(None)).await });
    }
    while let Some(recorded) = calls.join_next().await {
        recorded.expect("joined").expect("recorded");
    }
    assert_eq!(fixture.events().await, 101);
    assert_eq!(other.verify().await.expect("readable"), fixture.ledger.verify().await.expect("readable"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runners_start_different_applies_while_none_of_the_others_has_ended() {
    let fixture = Fixture::new().await;
    let other = fixture.reopened().await;
    let mut starts = JoinSet::new();
    for order in 0..100 {
        let ledger = if order % 2 == 0 { fixture.ledger.clone() } else { other.clone() };
        let id = fixture.approved(&Call::order(order)).await.proposal.proposal_id;
        starts.spawn(async move { ledger.start_writeback(&id, &format!("runner-{order}")).await });
    }
    while let Some(started) = starts.join_next().await {
        assert!(matches!(started.expect("joined"), Ok(Start::Run(_))));
    }
    assert_eq!(fixture.ledger.unsettled().await.expect("readable").len(), 100);
    fixture.events().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_people_deciding_at_once_one_is_first() {
    let fixture = Fixture::new().await;
    let other = fixture.reopened().await;
    let stored = fixture.propose(&Call::default()).await;
    let mut calls = JoinSet::new();
    for turn in 0..20 {
        let ledger = if turn % 2 == 0 { fixture.ledger.clone() } else { other.clone() };
        let decision = approval(&stored, &format!("person-{turn}"));
        calls.spawn(async move { ledger.decide(&decision).await });
    }
    let mut approved = 0;
    while let Some(decided) = calls.join_next().await {
        match decided.expect("joined") {
            Ok(_) => approved += 1,
            Err(error) => assert_eq!(code(&error), "PROPOSAL_NOT_PENDING_REVIEW"),
        }
    }
    assert_eq!(approved, 1);
    fixture.events().await;
}
