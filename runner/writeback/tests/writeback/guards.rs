//! A row that is no longer the reviewed one is a conflict: recorded, final, and nothing changed.

use synapsor_config::ConflictGuard;
use synapsor_protocol::{Advance, Code, Engine, Outcome, ProposalState, SourceChanged, Value};

use crate::bench::{Bench, Setup, updated_at, version};
use crate::{on_engine, on_every_engine};

const WAIVED: (&str, Value) = ("fee_cents", Value::Integer(0));

on_every_engine!(
    two_proposals_from_one_version_cannot_both_apply,
    two_weakly_guarded_proposals_from_one_row_cannot_both_apply,
    a_version_that_moved_is_a_conflict,
    a_version_that_moved_by_a_microsecond_is_a_conflict,
    a_captured_column_that_changed_under_an_unmoved_version_is_a_conflict,
    a_row_that_vanished_is_a_conflict,
    a_tenant_that_changed_only_its_case_is_a_conflict,
    a_conflict_stays_one_when_the_row_is_changed_back,
);

/// No trigger moves the version, and nobody advances it: the captured columns alone tell.
async fn two_proposals_from_one_version_cannot_both_apply(engine: Engine) {
    for advance in [Advance::None, Advance::Increment] {
        let bench = Setup::on(engine).guard(version(advance)).bench().await;
        let first = bench.approved(&[WAIVED]).await;
        let second = bench.approved(&[("fee_cents", Value::Integer(1))]).await;
        bench.apply_to(&first, Outcome::Applied).await;
        let report = bench.apply_to(&second, Outcome::Conflict).await;

        let receipt = report.receipt.expect("a receipt");
        let code =
            if advance == Advance::None { Code::RowChangedAfterProposal } else { Code::VersionConflict };
        assert_eq!(receipt.code, Some(code));
        assert!(receipt.changed_columns.contains(&"fee_cents".to_owned()), "{receipt:?}");
        assert_eq!(bench.fee().await, "0");
        assert_eq!(bench.state(&second).await, ProposalState::Conflict);
    }
}

async fn two_weakly_guarded_proposals_from_one_row_cannot_both_apply(engine: Engine) {
    let bench = Setup::on(engine).guard(ConflictGuard::WeakAck).bench().await;
    let first = bench.approved(&[WAIVED]).await;
    let second = bench.approved(&[("note", Value::Text("other".into()))]).await;
    bench.apply_to(&first, Outcome::Applied).await;
    bench.apply_to(&second, Outcome::Conflict).await;
    assert_eq!(bench.row().await.get(2).cloned().flatten().as_deref(), Some("late"));
}

/// Applies after somebody else ran `sql`, and insists on the conflict.
async fn conflict_after(bench: &Bench, sql: &str, code: Code, changed: &[&str]) {
    let id = bench.approved(&[WAIVED]).await;
    bench.execute(sql).await;
    let before = bench.row().await;
    let report = bench.apply_to(&id, Outcome::Conflict).await;

    let receipt = report.receipt.as_ref().expect("a receipt");
    assert_eq!((receipt.code, receipt.rows_affected), (Some(code), 0));
    assert_eq!(receipt.changed_columns, changed);
    assert_eq!(report.source_changed, SourceChanged::No);
    assert!(report.checks.iter().any(|check| !check.held), "{report:?}");
    assert_eq!(bench.row().await, before);
    assert_eq!(bench.receipts().await, ["conflict"]);
    assert_eq!(bench.state(&id).await, ProposalState::Conflict);
}

async fn a_version_that_moved_is_a_conflict(engine: Engine) {
    let bench = Bench::on(engine).await;
    let sql = "UPDATE invoices SET version = 9 WHERE id = 'INV-1'";
    conflict_after(&bench, sql, Code::VersionConflict, &["version"]).await;
}

async fn a_version_that_moved_by_a_microsecond_is_a_conflict(engine: Engine) {
    let bench = Setup::on(engine).guard(updated_at(Advance::Now)).bench().await;
    let sql = match engine {
        Engine::Postgres => "UPDATE invoices SET updated_at = updated_at + interval '1 microsecond'",
        Engine::Mysql => "UPDATE invoices SET updated_at = updated_at + INTERVAL 1 MICROSECOND",
        Engine::Sqlite => "UPDATE invoices SET updated_at = '2026-01-02 03:04:05.678902'",
    };
    conflict_after(&bench, sql, Code::VersionConflict, &["updated_at"]).await;
}

async fn a_captured_column_that_changed_under_an_unmoved_version_is_a_conflict(engine: Engine) {
    let bench = Bench::on(engine).await;
    let sql = "UPDATE invoices SET note = 'early' WHERE id = 'INV-1'";
    conflict_after(&bench, sql, Code::RowChangedAfterProposal, &["note"]).await;
}

async fn a_row_that_vanished_is_a_conflict(engine: Engine) {
    let bench = Bench::on(engine).await;
    conflict_after(&bench, "DELETE FROM invoices WHERE id = 'INV-1'", Code::RowNotFound, &[]).await;
}

/// The column's collation finds `ACME` equal to `acme`; the runner does not.
async fn a_tenant_that_changed_only_its_case_is_a_conflict(engine: Engine) {
    let bench = Bench::on(engine).await;
    let sql = "UPDATE invoices SET tenant_id = 'ACME' WHERE id = 'INV-1'";
    conflict_after(&bench, sql, Code::RowNotFound, &[]).await;
}

async fn a_conflict_stays_one_when_the_row_is_changed_back(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.execute("UPDATE invoices SET version = 8").await;
    bench.apply_to(&id, Outcome::Conflict).await;
    bench.execute("UPDATE invoices SET version = 7").await;

    let refusal = bench.apply(&id).await.expect_err("a final state");
    assert_eq!(refusal.code, Code::ProposalNotApproved);
    assert_eq!(bench.fee().await, "5500");
}

on_engine!(one_engine, Sqlite: a_conflict_the_ledger_forgot_is_remembered_by_the_source);

/// The runner died after the conflict was committed in the source; meanwhile the row went back to what was reviewed.
async fn a_conflict_the_ledger_forgot_is_remembered_by_the_source(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    let started = bench.ledger.start_writeback(&id, "runner-0").await.expect("the intent");
    let synapsor_ledger::Start::Run(job) = started else { panic!("not applied yet") };
    bench
        .execute(&format!(
            "{}; INSERT INTO synapsor_writeback_receipts (idempotency_key, job_id, proposal_id, proposal_digest, decision) \
             VALUES ('{}', '{}', '{}', '{}', 'conflict')",
            synapsor_writeback::receipts_table_ddl(engine),
            job.idempotency_key,
            job.job_id,
            job.proposal_id,
            job.proposal_digest
        ))
        .await;
    bench.apply_to(&id, Outcome::Conflict).await;
    assert_eq!(bench.fee().await, "5500");
}
