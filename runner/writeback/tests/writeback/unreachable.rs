//! A source that is away: nothing is decided, the proposal stays approved, and the message names no secret.

use synapsor_protocol::{Code, Engine, Outcome, ProposalState, SourceChanged, Value};
use synapsor_source::Connect;

use crate::bench::Bench;
use crate::on_every_engine;

const WAIVED: (&str, Value) = ("fee_cents", Value::Integer(0));

on_every_engine!(
    a_source_that_is_down_leaves_the_proposal_approved,
    a_wrong_password_is_told_without_the_password
);

fn nowhere(engine: Engine) -> Connect {
    match engine {
        Engine::Sqlite => Connect::File("/nonexistent/source.db".into()),
        // Port 1 answers nobody.
        Engine::Postgres => Connect::Url("postgres://writer:hunter2@127.0.0.1:1/shop".into()),
        Engine::Mysql => Connect::Url("mysql://writer:hunter2@127.0.0.1:1/shop".into()),
    }
}

async fn a_source_that_is_down_leaves_the_proposal_approved(engine: Engine) {
    let mut bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.setup.connect = Some(nowhere(engine));
    for dry_run in [true, false] {
        let refusal = bench.desk().apply(&id, dry_run).await.expect_err("nobody there");
        assert_eq!(refusal.code, Code::DatabaseUnavailable, "{refusal:?}");
        assert!(refusal.code.retryable());
        assert_eq!(refusal.source_changed, SourceChanged::No);
        assert!(
            !refusal.message.contains("hunter2") && !refusal.message.contains("127.0.0.1"),
            "{refusal:?}"
        );
    }
    assert_eq!(bench.state(&id).await, ProposalState::Approved);

    bench.setup.connect = None;
    bench.apply_to(&id, Outcome::Applied).await;
}

async fn a_wrong_password_is_told_without_the_password(engine: Engine) {
    if engine == Engine::Sqlite {
        return a_folder_in_place_of_the_file_is_unreachable().await;
    }
    let mut bench = Bench::on(engine).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.setup.connect = Some(Connect::Url(bench.database.url_as("nobody_here", "hunter2")));
    let refusal = bench.apply(&id).await.expect_err("no such user");
    assert_eq!(refusal.code, Code::PermissionDenied, "{refusal:?}");
    assert!(!refusal.message.contains("hunter2") && !refusal.message.contains("nobody_here"), "{refusal:?}");
    assert_eq!(bench.state(&id).await, ProposalState::Approved);
}

/// SQLite's way of not letting anybody in.
async fn a_folder_in_place_of_the_file_is_unreachable() {
    let mut bench = Bench::on(Engine::Sqlite).await;
    let id = bench.approved(&[WAIVED]).await;
    bench.setup.connect = Some(Connect::File(std::env::temp_dir()));
    assert_eq!(bench.apply(&id).await.expect_err("a folder").code, Code::DatabaseUnavailable);
}

#[tokio::test]
async fn an_attempt_without_an_end_is_not_forgotten_while_the_source_is_away() {
    let mut bench = Bench::on(Engine::Sqlite).await;
    let stored = bench.propose(&[WAIVED]).await;
    let id = bench.approve(&stored).await;
    // A runner recorded its intent and was not heard of again.
    bench.ledger.start_writeback(&id, "runner-0").await.expect("the intent");
    bench.setup.connect = Some(nowhere(Engine::Sqlite));
    for _ in 0..2 {
        let refusal = bench.apply(&id).await.expect_err("nobody there");
        assert_eq!(
            (refusal.code, refusal.source_changed),
            (Code::DatabaseUnavailable, SourceChanged::Unknown)
        );
    }
    let rejected = bench.desk().reject(&id, &stored.proposal.digest, "alice", "too late").await;
    assert!(rejected.is_err(), "the row may have changed: {rejected:?}");

    bench.setup.connect = None;
    bench.apply_to(&id, Outcome::Applied).await;
}

#[tokio::test]
async fn a_proposal_whose_attempts_all_came_to_nothing_may_be_rejected() {
    let mut bench = Bench::on(Engine::Sqlite).await;
    let stored = bench.propose(&[WAIVED]).await;
    let id = bench.approve(&stored).await;
    bench.setup.connect = Some(nowhere(Engine::Sqlite));
    for _ in 0..2 {
        bench.apply(&id).await.expect_err("nobody there");
    }
    let rejected = bench.desk().reject(&id, &stored.proposal.digest, "alice", "changed my mind").await;
    assert_eq!(rejected.expect("nothing is under way").state, ProposalState::Rejected);
}
