//! A proposal whose row somebody else's transaction holds on the server: it is passed over, and nobody waits behind it.

use synapsor_ledger::Recipient;
use synapsor_protocol::fleet::Renewal;
use synapsor_protocol::{ProposalId, ProposalState};
use synapsor_test_servers::Session;

use crate::ground::Fixture;
use crate::story::{Call, code, recipient};

/// Approved proposals, oldest first, and the source they are of.
async fn approved(fixture: &Fixture, count: i64) -> (Vec<ProposalId>, String) {
    let (mut ids, mut source) = (Vec::new(), String::new());
    for order in 1..=count {
        let proposal = fixture.approved(&Call::order(order)).await.proposal;
        source = proposal.change_set.target.source;
        ids.push(proposal.proposal_id);
    }
    (ids, source)
}

/// An operator's session, or a repair's, that holds the rows of these.
async fn holding(fixture: &Fixture, ids: &[ProposalId]) -> Session {
    let mut holder = fixture.database.session().await;
    let list = ids.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ");
    let sql =
        format!("BEGIN; SELECT 1 FROM synapsor_ledger.proposals WHERE proposal_id IN ({list}) FOR UPDATE");
    holder.execute(&sql).await;
    holder
}

async fn claimed(fixture: &Fixture, source: &str, jobs_max: u32) -> Vec<ProposalId> {
    let claimed = fixture.ledger.claim(source, &recipient(), jobs_max).await.expect("answered");
    claimed.into_iter().map(|assignment| assignment.job.proposal_id).collect()
}

#[tokio::test]
async fn a_claim_passes_over_what_somebody_holds_and_gives_it_out_once_it_is_free() {
    let fixture = Fixture::new().await;
    let (ids, source) = approved(&fixture, 3).await;
    let mut holder = holding(&fixture, &ids[..1]).await;
    // Waiting for the row would be given up after five seconds, as a busy ledger.
    assert_eq!(claimed(&fixture, &source, 1).await, ids[1..2]);
    assert_eq!(claimed(&fixture, &source, 4).await, ids[2..]);
    assert_eq!(claimed(&fixture, &source, 4).await, []);
    assert_eq!(fixture.ledger.proposal(&ids[0]).await.expect("there").state, ProposalState::Approved);
    holder.execute("ROLLBACK").await;
    assert_eq!(claimed(&fixture, &source, 4).await, ids[..1]);
    fixture.events().await;
}

#[tokio::test]
async fn however_many_are_held_the_next_one_is_given_out() {
    let fixture = Fixture::new().await;
    let (ids, source) = approved(&fixture, 10).await;
    let mut holder = holding(&fixture, &ids[..9]).await;
    assert_eq!(claimed(&fixture, &source, 1).await, ids[9..]);
    assert_eq!(claimed(&fixture, &source, 1).await, []);
    holder.execute("ROLLBACK").await;
    assert_eq!(claimed(&fixture, &source, 9).await, ids[..9]);
}

#[tokio::test]
async fn a_lease_on_what_somebody_holds_is_refused_at_once_and_repeated_later() {
    let fixture = Fixture::new().await;
    let (ids, source) = approved(&fixture, 2).await;
    let held = fixture.ledger.claim(&source, &recipient(), 1).await.expect("claimed").remove(0);
    let lease_id = held.job.handover.expect("a lease").lease.lease_id;
    let renewal = Renewal { lease_id, lease_seconds: 600 };
    let other = Recipient { runner_id: "runner-2".into(), ..recipient() };
    let mut holder = holding(&fixture, &ids).await;
    let refused = fixture.ledger.hand_over(&ids[1], &other).await.expect_err("held");
    assert_eq!(code(&refused), "LEDGER_BUSY");
    let renewed = fixture.ledger.renew_claim(&held.job.job_id, &renewal, "runner-1").await;
    assert_eq!(code(&renewed.expect_err("held")), "LEDGER_BUSY");
    holder.execute("ROLLBACK").await;
    fixture.ledger.hand_over(&ids[1], &other).await.expect("a lease");
    fixture.ledger.renew_claim(&held.job.job_id, &renewal, "runner-1").await.expect("a longer one");
    fixture.events().await;
}
