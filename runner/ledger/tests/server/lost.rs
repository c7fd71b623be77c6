//! The connection is lost: before the work, in its middle, and while it is made durable.

use tokio::task::JoinSet;

use crate::ground::Fixture;
use crate::story::{Call, code};

const OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE application_name = 'synapsor-ledger' AND datname = current_database()";

#[tokio::test]
async fn a_server_that_went_away_between_two_calls_is_found_again() {
    let fixture = Fixture::new().await;
    for order in 0..3 {
        fixture.propose(&Call::order(order)).await;
        fixture.database.execute(OTHERS).await;
        assert_eq!(fixture.events().await, 2 + u64::try_from(order).expect("few"));
        fixture.database.execute(OTHERS).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_answered_while_connections_are_cut_is_there_once_and_the_rest_is_not() {
    let fixture = Fixture::new().await;
    let mut calls = JoinSet::new();
    for order in 0..300 {
        let notebook = fixture.ledger.notebook();
        let call = Call::order(order);
        calls.spawn(async move {
            let evidence = call.evidence();
            let id = evidence.evidence_id.clone();
            (id, notebook.record_read(evidence, call.audit(None)).await)
        });
    }
    let mut kept = 0;
    let mut answered = 0;
    let mut there = Vec::new();
    while let Some(call) = calls.join_next().await {
        let (id, recorded) = call.expect("joined");
        answered += 1;
        kept += u64::from(recorded.is_ok());
        there.push((id, recorded));
        if answered % 40 == 1 {
            fixture.database.execute(OTHERS).await;
        }
    }
    for (id, recorded) in there {
        let found = fixture.ledger.notebook().evidence(id.as_str(), "acme").await.expect("readable");
        assert_eq!(recorded.is_ok(), found.is_some(), "{id}: {recorded:?}");
    }
    assert_eq!(fixture.events().await, kept + 1);
    assert_eq!(kept, 300, "every change was made again until it went through");
}

#[tokio::test]
async fn a_lock_held_by_somebody_else_is_waited_for_and_then_said() {
    let fixture = Fixture::new().await;
    let holder = fixture.database.session().await;
    let mut holder = holder;
    holder.execute("BEGIN; SELECT 1 FROM synapsor_ledger.meta WHERE name = 'ledger_id' FOR UPDATE").await;
    let error = fixture.record(&Call::default()).await.expect_err("locked");
    assert_eq!(code(&error), "LEDGER_BUSY");
    assert!(fixture.ledger.proposals(&Default::default()).await.expect("reading goes on").is_empty());
    holder.execute("ROLLBACK").await;
    fixture.record(&Call::default()).await.expect("recorded");
}
