//! Declared reads: answered, recorded, limited, and never left out of an answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use synapsor_handler_host::{HandlerAnswer, Limits, ReadError};
use synapsor_protocol::{Code, Columns, RecordedRead, Value};

use crate::support::{Table, call, columns, engine, every_type, load, load_with};

fn change(columns: Columns) -> HandlerAnswer {
    HandlerAnswer::Change { columns, summary: None }
}

fn read_failed() -> HandlerAnswer {
    HandlerAnswer::Refusal { code: "READ_FAILED".into(), message: "READ_FAILED".into() }
}

#[tokio::test]
async fn a_row_reaches_the_guest_as_it_was_and_is_recorded_with_its_key() {
    let reads = Arc::new(Table::of([("INV-1", every_type())]));
    let run = load("gets").propose(call(), reads).await.expect("answers");
    assert_eq!(run.answer, change(every_type()));
    assert_eq!((run.usage.reads, run.usage.rows), (1, 1));
    let key = Value::Text("INV-1".into());
    assert_eq!(run.reads, [RecordedRead::Get { read: "customer".into(), key, row: Some(every_type()) }]);
}

#[tokio::test]
async fn a_missing_row_is_none_and_is_recorded_too() {
    let run = load("gets").propose(call(), Arc::new(Table::default())).await.expect("answers");
    assert_eq!(run.answer, change(Columns::new()));
    assert!(matches!(run.reads.as_slice(), [RecordedRead::Get { row: None, .. }]), "{:?}", run.reads);
}

#[tokio::test]
async fn rows_found_by_filters_reach_the_guest_and_are_recorded() {
    let row = |n| columns([("invoice_id", Value::Text("INV-1".into())), ("n", Value::Integer(n))]);
    let reads = Arc::new(Table::of([("1", row(1)), ("2", row(2)), ("3", columns([("n", Value::Null)]))]));
    let run = load("finds").propose(call(), reads).await.expect("answers");
    assert_eq!(run.answer, change(row(1)));
    assert_eq!((run.usage.reads, run.usage.rows), (1, 2));
    let filters = columns([("invoice_id", Value::Text("INV-1".into()))]);
    assert_eq!(
        run.reads,
        [RecordedRead::Find { read: "recent".into(), filters, rows: vec![row(1), row(2)] }]
    );
}

#[tokio::test]
async fn a_read_that_is_not_declared_is_the_guests_to_handle() {
    let reads = Arc::new(Table::failing(ReadError::NotDeclared));
    let run = load("gets").propose(call(), reads).await.expect("answers");
    assert_eq!((run.answer, run.reads), (read_failed(), vec![]));
}

#[tokio::test]
async fn a_source_that_does_not_answer_ends_the_call_whatever_the_guest_makes_of_it() {
    let reads = Arc::new(Table::failing(ReadError::Unavailable));
    let error = load("gets").propose(call(), reads).await.expect_err("not answered");
    assert_eq!(error.code, Code::GuestReadFailed);
    assert!(error.refusal().code.retryable());
    assert_eq!(error.usage.reads, 1);
}

#[tokio::test]
async fn a_slow_source_counts_against_the_calls_deadline() {
    let reads = Arc::new(Table { delay: Duration::from_secs(3_600), ..Table::default() });
    let handler = load_with(&engine(), "gets", Limits { timeout_ms: 50, ..Limits::default() });
    let error = handler.propose(call(), reads).await.expect_err("never answered");
    assert_eq!(error.code, Code::GuestDeadline);
    assert!(error.usage.fuel > 0 && error.usage.wall_us >= 50_000, "{:?}", error.usage);
}

#[tokio::test]
async fn a_guest_that_minds_its_read_limit_may_still_answer() {
    let reads = Arc::new(Table::default());
    let handler = load_with(&engine(), "gets_once_too_often", Limits { reads_max: 3, ..Limits::default() });
    let run = handler.propose(call(), reads.clone()).await.expect("answers");
    assert_eq!((run.answer, run.reads.len(), run.usage.reads), (change(Columns::new()), 3, 4));
    assert_eq!(reads.asked.load(Ordering::Relaxed), 3, "the refused read never reached the source");
}

#[tokio::test]
async fn rows_and_bytes_over_a_limit_are_withheld_whole_and_not_recorded() {
    let row = columns([("invoice_id", Value::Text("INV-1".into()))]);
    let size = 10 + 5;
    let all = Limits::default();
    for (limits, answered) in [
        (Limits { rows_max: 2, ..all }, true),
        (Limits { rows_max: 1, ..all }, false),
        (Limits { read_bytes: 2 * size, ..all }, true),
        (Limits { read_bytes: 2 * size - 1, ..all }, false),
        (Limits { reads_bytes: 2 * size, ..all }, true),
        (Limits { reads_bytes: 2 * size - 1, ..all }, false),
    ] {
        let reads = Arc::new(Table::of([("1", row.clone()), ("2", row.clone())]));
        let run = load_with(&engine(), "finds", limits).propose(call(), reads).await.expect("answers");
        let expected = if answered { change(row.clone()) } else { read_failed() };
        assert_eq!((run.answer, run.reads.len()), (expected, usize::from(answered)), "{limits:?}");
    }
}
