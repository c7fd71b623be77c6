//! What is over goes from a server too: archived, signed for, and nothing else.

use std::sync::Arc;

use synapsor_ledger::{Ledger, MisfitKind, PruneFilter, Verification};
use synapsor_protocol::Outcome;

use crate::ground::server;
use crate::proof::{Key, trusting};
use crate::rights::{ENOUGH, forget, role};
use crate::shadow::{done, in_shadow};
use crate::story::{Call, Fixture, at, code, opening, receipt, rejection};

/// Later than everything in these stories.
const ALWAYS: i64 = 1_000_000_000;

/// One applied, one rejected, one waiting, one in shadow with what a person did, and two reads.
async fn story() -> Fixture {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::order(1)).await;
    fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("finished");
    let stored = fixture.propose(&Call::order(2)).await;
    fixture.ledger.decide(&rejection(&stored, "ada", "no")).await.expect("rejected");
    fixture.propose(&Call::order(3)).await;
    let shadow = fixture.propose(&in_shadow(3)).await;
    fixture
        .ledger
        .record_human_action(&done(&shadow, "ada", r#"{"status":"paid"}"#))
        .await
        .expect("recorded");
    for order in 5..7 {
        let call = Call::order(order);
        let evidence = call.evidence();
        let audit = call.audit(Some(&evidence));
        fixture.ledger.notebook().record_read(evidence, audit).await.expect("recorded");
    }
    fixture
}

async fn misfit(ledger: &Ledger) -> Option<MisfitKind> {
    let against = Verification { trust: Some(trusting(&Key::new(1))), ..Verification::default() };
    ledger.verify_against(&against).await.expect("readable").misfit.map(|found| found.kind)
}

#[tokio::test]
async fn a_prune_takes_what_is_over_archives_it_and_the_chain_still_holds() {
    let fixture = story().await;
    let folder = tempfile::tempdir().expect("a folder");
    let filter = PruneFilter::before(at(ALWAYS));
    let archive = folder.path().join("archive.jsonl");
    let found = fixture.ledger.prunable(filter).await.expect("counted");
    assert_eq!((found.calls, found.proposals), (2, 3));
    let pruned =
        fixture.ledger.prune(filter, "ada", &archive, Arc::new(Key::new(1)), u32::MAX).await.expect("pruned");
    // Applied: proposal, evidence, audit, decision, receipt. Rejected: the same without a receipt; in shadow: an action in the
    // decision's place. Two reads of two.
    assert_eq!((pruned.events, pruned.records), (4 + 2 + 2 + 2, 5 + 4 + 4 + 4));
    assert_eq!(std::fs::read_to_string(&archive).expect("readable").lines().count(), 1 + 17);
    assert_eq!(misfit(&fixture.ledger).await, None);
    assert_eq!(fixture.ledger.proposals(&Default::default()).await.expect("readable").len(), 1);

    let moved = synapsor_test_servers::postgres().await;
    let migrated = synapsor_ledger::migrate(
        server(&fixture.database).into(),
        server(&moved).into(),
        opening(true),
        Default::default(),
    );
    migrated.await.expect("what was pruned is no more there either");
    for table in ["evidence", "query_audit", "approvals", "receipts", "proposals"] {
        let tried = fixture
            .database
            .session()
            .await
            .try_execute(&format!("DELETE FROM synapsor_ledger.{table}"))
            .await;
        assert!(tried.expect_err(table).contains("append-only"), "{table} is kept again");
    }
    let fixture = fixture.tampered("DELETE FROM proposals").await;
    assert_eq!(
        misfit(&fixture.ledger).await,
        Some(MisfitKind::RecordMissing),
        "a tombstone excuses what it names"
    );
}

#[tokio::test]
async fn a_role_that_does_not_own_the_tables_prunes_nothing() {
    let fixture = story().await;
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::open(role(&fixture.database, ENOUGH).await, opening(false)).await.expect("opens");
    let archive = folder.path().join("archive.jsonl");
    let filter = PruneFilter::before(at(ALWAYS));
    let refused = ledger
        .prune(filter, "ada", &archive, Arc::new(Key::new(1)), u32::MAX)
        .await
        .expect_err("not the owner");
    assert_eq!(code(&refused), "LEDGER_READ_ONLY");
    assert_eq!(fixture.ledger.prunable(filter).await.expect("counted").proposals, 3);
    assert_eq!(misfit(&fixture.ledger).await, None);
    drop(ledger);
    forget(&fixture.database).await;
}
