//! What must be true before the source is touched: the decision, the record, the config.

use synapsor_config::Mode;
use synapsor_protocol::{Advance, Code, Digest, Engine, ProposalState, Value};

use crate::bench::{Bench, Setup, updated_at};

const WAIVED: (&str, Value) = ("fee_cents", Value::Integer(0));

/// Everything here is decided without the source, so one engine is all engines.
async fn bench() -> Bench {
    Bench::on(Engine::Sqlite).await
}

async fn refused(bench: &Bench, id: &synapsor_protocol::ProposalId, code: Code) {
    for dry_run in [true, false] {
        let refusal = bench.desk().apply(id, dry_run).await.expect_err("a refusal");
        assert_eq!(refusal.code, code, "{refusal:?}");
    }
    assert_eq!(bench.fee().await, "5500");
    assert!(!bench.has_receipts_table().await);
}

#[tokio::test]
async fn what_nobody_approved_is_not_applied() {
    let bench = bench().await;
    let stored = bench.propose(&[WAIVED]).await;
    refused(&bench, &stored.proposal.proposal_id, Code::ProposalNotApproved).await;
}

#[tokio::test]
async fn what_was_rejected_is_not_applied() {
    let bench = bench().await;
    let proposal = bench.propose(&[WAIVED]).await.proposal;
    let (id, digest) = (&proposal.proposal_id, &proposal.digest);
    let stored = bench.desk().reject(id, digest, "alice", "not this one").await.expect("a rejection");
    assert_eq!(stored.state, ProposalState::Rejected);
    refused(&bench, id, Code::ProposalNotApproved).await;
}

#[tokio::test]
async fn a_rejection_needs_a_reason() {
    let bench = bench().await;
    let proposal = bench.propose(&[WAIVED]).await.proposal;
    let refusal = bench.desk().reject(&proposal.proposal_id, &proposal.digest, "alice", " ").await;
    assert_eq!(refusal.expect_err("no reason").code, Code::ReasonRequired);
}

#[tokio::test]
async fn an_approval_is_for_the_digest_on_the_screen() {
    let bench = bench().await;
    let id = bench.propose(&[WAIVED]).await.proposal.proposal_id;
    let refusal = bench.desk().approve(&id, &Digest::of_bytes(b"another"), "alice", None).await;
    assert_eq!(refusal.expect_err("another content").code, Code::ProposalHashMismatch);
    assert_eq!(bench.state(&id).await, ProposalState::PendingReview);
}

#[tokio::test]
async fn a_change_set_edited_in_the_ledger_is_not_applied() {
    let bench = bench().await;
    let id = bench.approved(&[WAIVED]).await;
    let ledger =
        rusqlite::Connection::open(bench.ledger.place().file().expect("a file")).expect("the ledger's file");
    // Whoever can write the file can drop its triggers too.
    let triggers =
        "SELECT group_concat('DROP TRIGGER ' || name, ';') FROM sqlite_schema WHERE type = 'trigger'";
    let drop_all: String = ledger.query_row(triggers, [], |row| row.get(0)).expect("triggers");
    ledger.execute_batch(&drop_all).expect("dropped");
    let edited = ledger
        .execute(
            "UPDATE proposals SET document = replace(document, '\"fee_cents\":{\"integer\":0}', '\"fee_cents\":{\"integer\":9}')",
            [],
        )
        .expect("an edit");
    assert_eq!(edited, 1);
    refused(&bench, &id, Code::ProposalHashMismatch).await;
}

#[tokio::test]
async fn an_unknown_proposal_is_not_found() {
    let bench = bench().await;
    let id = synapsor_protocol::ProposalId::from_stored("wrp_nothing");
    refused(&bench, &id, Code::ProposalNotFound).await;
}

#[tokio::test]
async fn only_mode_review_applies() {
    for (mode, code) in [
        (Mode::ReadOnly, Code::ReadOnlyWritebackDisabled),
        (Mode::Shadow, Code::ShadowWritebackDisabled),
        (Mode::Cloud, Code::WritebackNotReviewed),
    ] {
        let mut bench = bench().await;
        let id = bench.approved(&[WAIVED]).await;
        bench.setup.mode = mode;
        refused(&bench, &id, code).await;
    }
}

#[tokio::test]
async fn a_read_only_source_is_not_written() {
    let mut bench = bench().await;
    let id = bench.approved(&[WAIVED]).await;
    bench.setup.source_read_only = true;
    refused(&bench, &id, Code::SourceReadOnly).await;
    assert_eq!(bench.state(&id).await, ProposalState::Approved);
}

#[tokio::test]
async fn without_a_write_credential_nothing_is_applied() {
    let mut bench = bench().await;
    let id = bench.approved(&[WAIVED]).await;
    let none = bench.desk_with(Vec::new()).apply(&id, false).await.expect_err("no writer");
    assert_eq!(none.code, Code::WritebackDisabled);
    bench.setup.connect = Some(synapsor_source::Connect::Missing { env: "BILLING_WRITE_URL".into() });
    let unset = bench.apply(&id).await.expect_err("no URL");
    assert_eq!(unset.code, Code::WritebackDisabled);
    assert!(unset.message.contains("`BILLING_WRITE_URL`"), "{}", unset.message);
}

#[tokio::test]
async fn a_guard_that_was_changed_in_the_config_takes_the_approval_with_it() {
    let mut bench = bench().await;
    let id = bench.approved(&[WAIVED]).await;
    bench.setup.guard = updated_at(Advance::None);
    refused(&bench, &id, Code::WritebackNotReviewed).await;
}

#[tokio::test]
async fn an_executor_of_the_application_is_not_run_here() {
    let mut setup = Setup::on(Engine::Sqlite);
    setup.executor = "billing_api".into();
    let bench = setup.bench().await;
    let id = bench.approved(&[WAIVED]).await;
    refused(&bench, &id, Code::ExecutorUnsupported).await;
}

#[tokio::test]
async fn a_column_outside_the_reviewed_ones_is_not_written() {
    let bench = bench().await;
    for column in ["version", "tenant_id", "id"] {
        let id = bench.approved(&[(column, Value::Text("x".into()))]).await;
        refused(&bench, &id, Code::WritebackNotReviewed).await;
    }
}
