//! Every step is broken, and every step is died at, on all three engines; the row changes once and the answer is true.

use std::sync::Arc;
use std::time::Duration;

use synapsor_protocol::{Code, Engine, Value, WritebackJob};
use synapsor_source::Connect;
use synapsor_test_servers::TestDatabase;

use super::Attempt;
use super::broken::{Broken, How, PLAN, Plan, Step};
use crate::action::{Action, Entry};
use crate::classify::FaultClass;
use crate::desk::WriteSettings;
use crate::driver;
use crate::effects::Reviewed;
use crate::effects::tests::nothing_acknowledged;
use crate::ending::Ending;
use crate::engine::{Mysql, Postgres, Session, Sqlite};
use crate::error::Obstacle;
use crate::event::Event;
use crate::guard::Decision;
use crate::guard::tests::job;
use crate::machine::Apply;
use crate::receipts::{self, RECEIPTS_TABLE, receipts_table_ddl};
use crate::stop::{StopSignal, StopSwitch};

/// What the source has to say to a claimed job; the ledger is not asked.
pub(crate) async fn run<S: Session>(
    settings: &WriteSettings,
    job: &WritebackJob,
    reviewed: &Reviewed,
    stop: &StopSignal,
) -> Result<Attempt, Obstacle> {
    let (apply, first) = Apply::begin().0.step(Event::Claimed);
    let Action::Source(first) = first else { panic!("{first:?}") };
    match driver::drive::<S>(settings, job, reviewed, stop, apply, first).await {
        (_, Action::Ledger(Entry::Record(attempt))) => Ok(attempt),
        (Apply::Weighing(obstacle), Action::Ledger(Entry::WeighEarlierAttempts)) => Err(obstacle),
        other => panic!("{other:?}"),
    }
}

struct Bench {
    database: TestDatabase,
    settings: WriteSettings,
}

/// What the source holds.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    fee: String,
    version: String,
    receipts: u32,
}

impl Bench {
    async fn on(engine: Engine) -> Self {
        let database = synapsor_test_servers::database(engine).await;
        let table = "CREATE TABLE invoices (
            id varchar(32) PRIMARY KEY, tenant_id varchar(32) NOT NULL, fee_cents bigint NOT NULL, version bigint NOT NULL)";
        database.execute(table).await;
        database.execute(receipts_table_ddl(engine)).await;
        let connect = match engine {
            Engine::Sqlite => Connect::File(database.path().to_owned()),
            Engine::Postgres | Engine::Mysql => Connect::Url(database.url().to_owned()),
        };
        let settings = WriteSettings { name: "billing".into(), engine, connect, statement_timeout_ms: 5_000 };
        Self { database, settings }
    }

    /// The row as it was reviewed, and no receipt.
    async fn reset(&self) {
        self.database.execute("DELETE FROM invoices").await;
        self.database.execute("INSERT INTO invoices VALUES ('INV-1', 'acme', 5500, 7)").await;
        self.database.execute(&format!("DELETE FROM {RECEIPTS_TABLE}")).await;
    }

    async fn held(&self) -> Held {
        let sql = format!("SELECT fee_cents, version, (SELECT count(*) FROM {RECEIPTS_TABLE}) FROM invoices");
        let row = self.database.query_text(&sql).await.remove(0);
        let text = |at: usize| row[at].clone().expect("not null");
        Held { fee: text(0), version: text(1), receipts: text(2).parse().expect("a count") }
    }

    fn job(&self) -> WritebackJob {
        let mut job = job();
        job.target.engine = self.settings.engine;
        job.target.schema = self.database.schema().to_owned();
        job
    }

    /// Runs the job under a plan; `None` is a runner that died.
    async fn run_broken<S: Session>(&self, plan: Plan) -> Option<Result<Ending, Obstacle>> {
        let (plan, job) = (Arc::new(plan), self.job());
        let (reviewed, never) = (nothing_acknowledged(&job), StopSignal::never());
        let apply = PLAN.scope(Arc::clone(&plan), run::<Broken<S>>(&self.settings, &job, &reviewed, &never));
        tokio::select! {
            attempt = apply => Some(attempt.map(|attempt| attempt.ending)),
            () = plan.dead.notified() => None,
        }
    }

    /// Whatever happened before: a run that nothing breaks ends it, and the row has changed exactly once.
    async fn ends_well<S: Session>(&self, what: &str) {
        let (before, job) = (self.held().await, self.job());
        let (acknowledged, never) = (nothing_acknowledged(&job), StopSignal::never());
        let ended = run::<S>(&self.settings, &job, &acknowledged, &never).await.map(|attempt| attempt.ending);
        match ended {
            Ok(Ending::Applied { .. }) => assert_eq!(before, reviewed(), "{what}"),
            Ok(Ending::AlreadyApplied) => assert_eq!(before, applied(), "{what}"),
            other => panic!("{what}: {other:?}"),
        }
        assert_eq!(self.held().await, applied(), "{what}");
    }
}

fn reviewed() -> Held {
    Held { fee: "5500".into(), version: "7".into(), receipts: 0 }
}

fn applied() -> Held {
    Held { fee: "0".into(), version: "8".into(), receipts: 1 }
}

/// What an ending claims about the source must be so.
fn check_truth(ended: &Result<Ending, Obstacle>, held: &Held, what: &str) {
    match ended {
        Ok(Ending::Applied { new_version }) => {
            assert_eq!((held, new_version), (&applied(), &Some(Value::Integer(8))), "{what}");
        }
        Err(_) => assert_eq!(held, &reviewed(), "{what}"),
        Ok(other) => panic!("{what}: {other:?}"),
    }
}

macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        mod sqlite { $(#[tokio::test] async fn $case() { super::$case::<super::Sqlite>(super::Engine::Sqlite).await; })+ }
        mod postgres { $(#[tokio::test] async fn $case() { super::$case::<super::Postgres>(super::Engine::Postgres).await; })+ }
        mod mysql { $(#[tokio::test] async fn $case() { super::$case::<super::Mysql>(super::Engine::Mysql).await; })+ }
    };
}

on_every_engine!(
    any_step_may_break_once,
    the_runner_may_die_at_any_step,
    the_runner_may_die_again_while_it_recovers,
    a_lost_answer_to_commit_is_settled_without_a_person,
    a_source_that_stays_away_after_commit_leaves_the_outcome_unknown,
    a_commit_that_lies_is_noticed,
    a_refusal_at_commit_is_believed_only_after_a_look,
    a_run_that_is_still_under_way_is_waited_for,
    a_run_told_to_stop_before_its_commit_is_rolled_back,
);

async fn any_step_may_break_once<S: Session>(engine: Engine) {
    let bench = Bench::on(engine).await;
    for step in Step::ALL {
        for how in [How::Before, How::After] {
            let what = format!("{step:?} {how:?}");
            bench.reset().await;
            let ended = bench.run_broken::<S>(Plan::new(step, how)).await.expect("nobody died");
            check_truth(&ended, &bench.held().await, &what);
            bench.ends_well::<S>(&what).await;
        }
    }
}

async fn the_runner_may_die_at_any_step<S: Session>(engine: Engine) {
    let bench = Bench::on(engine).await;
    for step in Step::ALL {
        bench.reset().await;
        let ended = bench.run_broken::<S>(Plan::new(step, How::Killed)).await;
        assert!(ended.is_none(), "{step:?}");
        bench.ends_well::<S>(&format!("{step:?}")).await;
    }
}

async fn the_runner_may_die_again_while_it_recovers<S: Session>(engine: Engine) {
    let bench = Bench::on(engine).await;
    for first in [Step::InsertReceipt, Step::Update, Step::Commit] {
        for second in Step::ALL {
            let what = format!("{first:?} {second:?}");
            bench.reset().await;
            assert!(bench.run_broken::<S>(Plan::new(first, How::Killed)).await.is_none(), "{what}");
            // After a finished COMMIT the recovery ends before it reaches most steps.
            let ended = bench.run_broken::<S>(Plan::new(second, How::Killed)).await;
            assert!(ended.is_none_or(|ended| matches!(ended, Ok(Ending::AlreadyApplied))), "{what}");
            bench.ends_well::<S>(&what).await;
        }
    }
}

async fn a_lost_answer_to_commit_is_settled_without_a_person<S: Session>(engine: Engine) {
    let bench = Bench::on(engine).await;
    for how in [How::Before, How::After] {
        bench.reset().await;
        let ended = bench.run_broken::<S>(Plan::new(Step::Commit, how)).await.expect("nobody died");
        assert!(matches!(ended, Ok(Ending::Applied { .. })), "{how:?} {ended:?}");
        assert_eq!(bench.held().await, applied());
    }
}

async fn a_source_that_stays_away_after_commit_leaves_the_outcome_unknown<S: Session>(engine: Engine) {
    let bench = Bench::on(engine).await;
    for how in [How::Before, How::After] {
        bench.reset().await;
        let plan = Plan::new(Step::Commit, how).for_good();
        let ended = bench.run_broken::<S>(plan).await.expect("nobody died");
        assert!(matches!(ended, Ok(Ending::Unknown)), "{ended:?}");
        bench.ends_well::<S>(&format!("{how:?}")).await;
    }
}

async fn a_commit_that_lies_is_noticed<S: Session>(engine: Engine) {
    let bench = Bench::on(engine).await;
    bench.reset().await;
    let ended = bench.run_broken::<S>(Plan::new(Step::Commit, How::Lies)).await.expect("nobody died");
    assert!(matches!(ended, Ok(Ending::Applied { .. })), "{ended:?}");
    assert_eq!(bench.held().await, applied());
}

async fn a_refusal_at_commit_is_believed_only_after_a_look<S: Session>(engine: Engine) {
    let bench = Bench::on(engine).await;
    for how in [How::Before, How::After] {
        bench.reset().await;
        let plan = Plan::new(Step::Commit, how).reporting(FaultClass::Constraint);
        let ended = bench.run_broken::<S>(plan).await.expect("nobody died");
        match how {
            How::After => assert!(matches!(ended, Ok(Ending::Applied { .. })), "{ended:?}"),
            _ => {
                assert!(
                    matches!(ended, Ok(Ending::Failed { code: Code::ConstraintViolated, .. })),
                    "{ended:?}"
                )
            }
        }
    }
}

/// Another runner holds the receipt's key in a transaction that has not ended.
async fn a_run_that_is_still_under_way_is_waited_for<S: Session>(engine: Engine) {
    let bench = Bench::on(engine).await;
    let job = bench.job();
    let acknowledged = nothing_acknowledged(&job);
    for ends_with in ["COMMIT", "ROLLBACK"] {
        bench.reset().await;
        let mut other = bench.database.session().await;
        other.execute(if engine == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).await;
        let values = receipts::values(&job, &Decision::Apply).join("', '");
        let columns = receipts::COLUMNS.join(", ");
        other.execute(&format!("INSERT INTO {RECEIPTS_TABLE} ({columns}) VALUES ('{values}')")).await;

        let end = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            other.execute(ends_with).await;
        };
        let never = StopSignal::never();
        let (ended, ()) = tokio::join!(run::<S>(&bench.settings, &job, &acknowledged, &never), end);
        let ending = ended.expect("an end").ending;
        match ends_with {
            // The other runner's word is taken; this one wrote nothing.
            "COMMIT" => {
                assert!(matches!(ending, Ending::AlreadyApplied), "{ending:?}");
                assert_eq!(bench.held().await, Held { receipts: 1, ..reviewed() });
            }
            _ => {
                assert!(matches!(ending, Ending::Applied { .. }), "{ending:?}");
                assert_eq!(bench.held().await, applied());
            }
        }
    }
}

/// The runner is told at the moment at which it hangs, so nothing but the stop can end it.
async fn a_run_told_to_stop_before_its_commit_is_rolled_back<S: Session>(engine: Engine) {
    let bench = Bench::on(engine).await;
    let job = bench.job();
    let acknowledged = nothing_acknowledged(&job);
    for step in Step::ALL.into_iter().take_while(|step| *step != Step::Commit) {
        bench.reset().await;
        let plan = Arc::new(Plan::new(step, How::Killed));
        let switch = StopSwitch::new();
        let signal = switch.signal();
        let apply =
            PLAN.scope(Arc::clone(&plan), run::<Broken<S>>(&bench.settings, &job, &acknowledged, &signal));
        let told = async {
            plan.dead.notified().await;
            switch.throw();
        };
        let (ended, ()) = tokio::join!(apply, told);
        let ended = ended.map(|attempt| attempt.ending);
        assert!(matches!(ended, Err(Obstacle::Stopped)), "{step:?} {ended:?}");
        assert_eq!(bench.held().await, reviewed(), "{step:?}");
        bench.ends_well::<S>(&format!("{step:?}")).await;
    }
}
