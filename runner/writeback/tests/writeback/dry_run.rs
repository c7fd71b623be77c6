//! A dry run looks and leaves no trace, in the source or in the ledger.

use synapsor_protocol::{Code, Engine, Outcome, ProposalState, SourceChanged, Value};
use synapsor_writeback::DryRun;

use crate::bench::Bench;
use crate::on_every_engine;

const WAIVED: (&str, Value) = ("fee_cents", Value::Integer(0));

on_every_engine!(
    a_dry_run_leaves_no_trace_and_the_apply_still_works,
    a_dry_run_foresees_a_conflict,
    a_dry_run_after_the_apply_says_so,
    a_dry_run_needs_no_write_lock,
);

async fn a_dry_run_leaves_no_trace_and_the_apply_still_works(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    let head = bench.ledger.verify().await.expect("a chain").head;
    let row = bench.row().await;

    let report = bench.desk().apply(&id, true).await.expect("a dry run");
    assert_eq!((report.would, report.outcome, report.receipt), (Some(DryRun::Apply), None, None));
    assert_eq!(report.source_changed, SourceChanged::No);
    assert!(report.checks.iter().all(|check| check.held));
    assert_eq!(bench.row().await, row);
    assert!(!bench.has_receipts_table().await);
    assert_eq!(bench.ledger.verify().await.expect("a chain").head, head);
    assert_eq!(bench.state(&id).await, ProposalState::Approved);

    bench.apply_to(&id, Outcome::Applied).await;
}

async fn a_dry_run_foresees_a_conflict(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.execute("UPDATE invoices SET version = 8, note = 'x'").await;
    let report = bench.desk().apply(&id, true).await.expect("a dry run");
    let changed_columns = vec!["note".to_owned(), "version".to_owned()];
    assert_eq!(report.would, Some(DryRun::Conflict { code: Code::VersionConflict, changed_columns }));
    assert_eq!(bench.state(&id).await, ProposalState::Approved);
    assert!(!bench.has_receipts_table().await);
}

async fn a_dry_run_after_the_apply_says_so(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.apply_to(&id, Outcome::Applied).await;
    let report = bench.desk().apply(&id, true).await.expect("a dry run");
    assert_eq!(report.would, Some(DryRun::AlreadyApplied));
}

async fn a_dry_run_needs_no_write_lock(engine: Engine) {
    let bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    let mut somebody = bench.database.session().await;
    let begin = if engine == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
    somebody.execute(begin).await;
    somebody.execute("UPDATE invoices SET note = 'busy'").await;
    let report = bench.desk().apply(&id, true).await.expect("a dry run");
    assert_eq!(report.would, Some(DryRun::Apply));
}
