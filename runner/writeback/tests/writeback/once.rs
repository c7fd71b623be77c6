//! An approved change happens once, and the record says so.

use synapsor_protocol::{Advance, Code, Engine, Outcome, ProposalState, SourceChanged, Value};

use crate::bench::{Bench, Setup, updated_at, version};
use crate::on_every_engine;
use synapsor_config::ConflictGuard;

const WAIVED: (&str, Value) = ("fee_cents", Value::Integer(0));

on_every_engine!(
    an_approved_change_is_applied_and_proved,
    a_second_apply_is_already_applied,
    two_runners_apply_once,
    the_version_is_incremented,
    the_version_follows_the_sources_clock,
    the_version_stays_where_nobody_advances_it,
    a_weak_guard_applies_too,
    a_value_the_column_already_holds_counts_as_one_row,
    a_lost_ledger_record_is_settled_by_the_sources_receipt,
    a_receipt_that_vanished_is_never_applied_again,
    a_key_used_for_other_content_stops_the_apply,
);

async fn an_approved_change_is_applied_and_proved(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED, ("note", Value::Text("waived".into()))]).await;
    let report = bench.apply_to(&id, Outcome::Applied).await;

    assert_eq!(bench.row().await, ["acme", "0", "waived", "8"].map(|text| Some(text.to_owned())));
    assert_eq!(bench.receipts().await, ["applied"]);
    assert_eq!(bench.state(&id).await, ProposalState::Applied);
    assert_eq!(report.source_changed, SourceChanged::Yes);
    let checks: Vec<_> = report.checks.iter().map(|check| (check.name, check.held)).collect();
    let names = [
        "allowed columns",
        "acknowledged effects",
        "primary key",
        "tenant",
        "version",
        "captured columns",
        "idempotency key",
        "one row",
        "after image",
    ];
    assert_eq!(checks, names.map(|name| (name, true)));
    let receipt = report.receipt.expect("a receipt");
    assert_eq!((receipt.rows_affected, receipt.code), (1, None));
    assert_eq!(receipt.previous_version, Some(Value::Integer(7)));
    assert_eq!(receipt.new_version, Some(Value::Integer(8)));
}

async fn a_second_apply_is_already_applied(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    let second = bench.apply_to(&id, Outcome::AlreadyApplied).await;

    assert_eq!(second.source_changed, SourceChanged::No);
    assert_eq!((bench.fee().await, bench.version().await), ("0".into(), "8".into()));
    assert_eq!(bench.receipts().await, ["applied"]);
    assert!(bench.ledger.verify().await.expect("a chain").holds());
}

async fn two_runners_apply_once(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    let (one, other) = (bench.desk(), bench.desk());
    let (first, second) = tokio::join!(one.apply(&id, false), other.apply(&id, false));

    // Either may come second: to the source's receipt, to its lock, or to the ledger.
    let applied =
        [&first, &second].into_iter().flatten().filter(|r| r.outcome == Some(Outcome::Applied)).count();
    assert_eq!(applied, 1, "{first:?} {second:?}");
    assert_eq!((bench.fee().await, bench.version().await), ("0".into(), "8".into()));
    assert_eq!(bench.receipts().await, ["applied"]);
    assert_eq!(bench.state(&id).await, ProposalState::Applied);
    assert!(bench.ledger.verify().await.expect("a chain").holds());
}

async fn the_version_is_incremented(engine: Engine) {
    let bench = Setup::on(engine).guard(version(Advance::Increment)).bench().await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    assert_eq!(bench.version().await, "8");
}

/// The seeded instant has microseconds; upstream lost them and every such apply ended in a conflict.
async fn the_version_follows_the_sources_clock(engine: Engine) {
    let bench = Setup::on(engine).guard(updated_at(Advance::Now)).bench().await;
    let first = bench.approved(&[WAIVED]).await;
    let applied = bench.apply_to(&first, Outcome::Applied).await.receipt.expect("a receipt");
    assert!(applied.new_version.is_some() && applied.new_version != applied.previous_version);

    let second = bench.approved(&[("fee_cents", Value::Integer(1))]).await;
    let again = bench.apply_to(&second, Outcome::Applied).await.receipt.expect("a receipt");
    assert_eq!(again.previous_version, applied.new_version);
    assert_ne!(again.new_version, applied.new_version);
}

async fn the_version_stays_where_nobody_advances_it(engine: Engine) {
    let bench = Setup::on(engine).guard(updated_at(Advance::None)).bench().await;
    let id = bench.approved(&[WAIVED]).await;
    let receipt = bench.apply_to(&id, Outcome::Applied).await.receipt.expect("a receipt");
    assert_eq!(receipt.new_version, receipt.previous_version);
}

async fn a_weak_guard_applies_too(engine: Engine) {
    let bench = Setup::on(engine).guard(ConflictGuard::WeakAck).bench().await;
    let id = bench.approved(&[WAIVED]).await;
    let report = bench.apply_to(&id, Outcome::Applied).await;
    assert!(report.checks.iter().all(|check| check.name != "version"));
    assert_eq!((bench.fee().await, bench.version().await), ("0".into(), "7".into()));
}

async fn a_value_the_column_already_holds_counts_as_one_row(engine: Engine) {
    let bench = Setup::on(engine).guard(version(Advance::None)).bench().await;
    let id = bench.approved(&[("fee_cents", Value::Integer(5500))]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    assert_eq!(bench.receipts().await, ["applied"]);
}

/// The runner died between COMMIT and the ledger: the intent is recorded, the ending is not.
async fn a_lost_ledger_record_is_settled_by_the_sources_receipt(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    let started = bench.ledger.start_writeback(&id, "runner-0").await.expect("the intent");
    let synapsor_ledger::Start::Run(job) = started else { panic!("not applied yet") };
    bench
        .execute(&format!(
            "UPDATE invoices SET fee_cents = 0, version = 8 WHERE id = 'INV-1'; {}; \
             INSERT INTO synapsor_writeback_receipts (idempotency_key, job_id, proposal_id, proposal_digest, decision) \
             VALUES ('{}', '{}', '{}', '{}', 'applied')",
            synapsor_writeback::receipts_table_ddl(engine),
            job.idempotency_key,
            job.job_id,
            job.proposal_id,
            job.proposal_digest
        ))
        .await;

    let report = bench.apply_to(&id, Outcome::AlreadyApplied).await;
    assert_eq!(report.source_changed, SourceChanged::No);
    assert_eq!(bench.state(&id).await, ProposalState::Applied);
    assert_eq!((bench.fee().await, bench.version().await), ("0".into(), "8".into()));
}

async fn a_receipt_that_vanished_is_never_applied_again(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    // The source was restored from a backup.
    bench.execute("UPDATE invoices SET fee_cents = 5500, version = 7 WHERE id = 'INV-1'").await;
    bench.execute("DELETE FROM synapsor_writeback_receipts").await;

    let refusal = bench.apply(&id).await.expect_err("a regressed source");
    assert_eq!(refusal.code, Code::SourceRegressed);
    assert_eq!(bench.fee().await, "5500");
    bench.execute("DROP TABLE synapsor_writeback_receipts").await;
    assert_eq!(bench.apply(&id).await.expect_err("a regressed source").code, Code::SourceRegressed);
    assert!(!bench.has_receipts_table().await);
}

async fn a_key_used_for_other_content_stops_the_apply(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    let started = bench.ledger.start_writeback(&id, "runner-0").await.expect("the intent");
    let synapsor_ledger::Start::Run(job) = started else { panic!("not applied yet") };
    bench
        .execute(&format!(
            "{}; INSERT INTO synapsor_writeback_receipts (idempotency_key, job_id, proposal_id, proposal_digest, decision) \
             VALUES ('{}', 'x', 'x', 'x', 'applied')",
            synapsor_writeback::receipts_table_ddl(engine),
            job.idempotency_key,
        ))
        .await;

    assert_eq!(bench.apply(&id).await.expect_err("a forged receipt").code, Code::IdempotencyKeyReused);
    assert_eq!(bench.apply(&id).await.expect_err("still there").code, Code::IdempotencyKeyReused);
    assert_eq!(bench.fee().await, "5500");
    assert_eq!(bench.state(&id).await, ProposalState::Approved);
}
