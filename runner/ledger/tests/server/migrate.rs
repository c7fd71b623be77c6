//! A ledger goes from a server to a file and from a file to a server, and is the same one there.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use synapsor_ledger::{
    Error, Filter, Ledger, Migrated, ObjectFilter, Place, Progress, Server, StoredProposal,
};
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{Outcome, ProposalState, RedactedRow, Value};
use synapsor_test_servers::TestDatabase;
use tokio::task::JoinSet;

use crate::ground::{edit_tables, server};
use crate::shadow::{answered, done, in_shadow};
use crate::story::{Call, Fixture, approval, code, opening, receipt, rejection};

/// Tells this test's own child which file to migrate to which server.
const MIGRATE_THIS: &str = "LEDGER_TEST_MIGRATE_THIS";

async fn migrate(from: impl Into<Place>, to: impl Into<Place>) -> Result<Migrated, Error> {
    let progress = Arc::new(Progress::default());
    let made = synapsor_ledger::migrate(from.into(), to.into(), opening(true), Arc::clone(&progress)).await;
    if let Ok(made) = &made {
        assert_eq!(progress.now(), (made.report.events, made.report.events), "the bar is at its end");
    }
    made
}

/// One applied, one rejected and proposed again, one waiting, one unsettled, and reads; among them what a server has to
/// spell otherwise.
async fn story() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.ledger.notebook().redaction_key().await.expect("made");
    let job = fixture.started(&Call::order(1)).await;
    fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("finished");
    let stored = fixture.propose(&Call::order(2)).await;
    fixture.ledger.decide(&rejection(&stored, "ada", "no")).await.expect("rejected");
    fixture.propose(&Call::order(2)).await;
    fixture.propose(&Call { note: Value::Text("\u{0}\u{e9}".into()), ..Call::order(3) }).await;
    fixture.started(&Call::order(4)).await;
    let shadow = fixture.propose(&in_shadow(4)).await;
    let action = done(&shadow, "ada", r#"{"status":"refunded","note":"\u00e9"}"#);
    fixture.ledger.record_human_action(&action).await.expect("recorded");
    let run = answered(&shadow, "\u{e9}");
    fixture.ledger.notebook().record_candidate_run(&run).await.expect("recorded");
    for order in 5..260 {
        read(&fixture.ledger, order).await;
    }
    let mut odd = Call::order(5).evidence();
    odd.key = Value::Text("a\u{0}b".into());
    let audit = Call::order(5).audit(Some(&odd));
    fixture.ledger.notebook().record_read(odd, audit).await.expect("recorded");
    fixture
}

async fn read(ledger: &Ledger, order: i64) {
    let call = Call::order(order);
    let evidence = call.evidence();
    let audit = call.audit(Some(&evidence));
    ledger.notebook().record_read(evidence, audit).await.expect("recorded");
}

/// Everything a ledger tells.
async fn told(ledger: &Ledger) -> Vec<String> {
    let mut told = vec![ledger.ledger_id().to_owned()];
    let key = ledger.redaction_key().await.expect("made by the story");
    let (tenant, source, schema, table) = ("acme", "shop", "main", "orders");
    let row = RedactedRow { tenant, source, schema, table, key: &Value::Integer(1) };
    told.push(key.redact(&row, "note", &Value::Text("late".into())).expect("canonical").to_string());
    for stored in ledger.proposals(&Default::default()).await.expect("readable") {
        told.push(format!("{stored:?}"));
        let replay = ledger.replay(&stored.proposal.proposal_id).await.expect("readable");
        told.push(serde_json::to_string(&replay).expect("serializes"));
    }
    let object = ObjectFilter::parse("order:1").expect("an object");
    let filter = Filter { object, ..Filter::default() };
    let (receipts, activity) = (
        ledger.find_receipts(&filter, &Default::default()).await.expect("readable"),
        ledger.find_activity(&Filter::default(), &Default::default()).await.expect("readable"),
    );
    told.push(format!("{receipts:?} {activity:?}"));
    ledger
        .each_candidate_run(&Filter::default(), |run| told.push(format!("{run:?}")))
        .await
        .expect("readable");
    told.push(format!("{:?}", ledger.verify().await.expect("readable")));
    told
}

async fn opened(place: impl Into<Place>) -> Ledger {
    Ledger::open(place, opening(false)).await.expect("opens")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_goes_to_a_file_and_to_another_server_and_is_the_same() {
    let fixture = story().await;
    let before = told(&fixture.ledger).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ledger.db");
    let made = migrate(server(&fixture.database), file.as_path()).await.expect("migrated");
    assert!(made.found == 0 && made.copied == made.report.events && made.copied > 200, "{made:?}");
    assert_eq!(told(&opened(file.as_path()).await).await, before);

    let other = synapsor_test_servers::postgres().await;
    migrate(file.as_path(), server(&other)).await.expect("migrated");
    let there = opened(server(&other)).await;
    assert_eq!(told(&there).await, before);
    assert_eq!(told(&fixture.ledger).await, before, "the one it came from is as it was");

    // And it goes on there: what waited is decided, what was under way is finished.
    let stored = there.proposals(&Default::default()).await.expect("readable");
    let waits = |found: &&StoredProposal| {
        found.state == ProposalState::PendingReview && found.proposal.mode == ProposalMode::Review
    };
    let waiting = stored.iter().find(waits).expect("one waits");
    there.decide(&approval(waiting, "ada")).await.expect("decided");
    let started = there.unsettled().await.expect("readable");
    let id = &started.first().expect("one is unsettled").proposal.proposal_id;
    let moved = Fixture { ledger: there, database: other };
    let job = moved.start(id).await;
    moved.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("finished");
    assert_eq!(moved.events().await, made.report.events + 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_was_killed_goes_on_where_it_ended() {
    const NAME: &str = "migrate::a_migration_that_was_killed_goes_on_where_it_ended";
    #[expect(clippy::disallowed_methods, reason = "how a test tells its own child what to do")]
    if let Ok(places) = std::env::var(MIGRATE_THIS) {
        let (file, url) = places.split_once(' ').expect("two places");
        migrate(Path::new(file), Server::at(url).expect("a URL")).await.expect("migrated");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ledger.db");
    let source = Ledger::open(file.as_path(), opening(true)).await.expect("opens");
    let mut reads = JoinSet::new();
    for order in 0..4_000 {
        let ledger = source.clone();
        reads.spawn(async move { read(&ledger, order).await });
    }
    while let Some(recorded) = reads.join_next().await {
        recorded.expect("recorded");
    }
    let report = source.verify().await.expect("readable");
    drop(source);
    let database = synapsor_test_servers::postgres().await;
    let mut child = tokio::process::Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", NAME])
        .env(MIGRATE_THIS, format!("{} {}", file.display(), database.url()))
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("runs");
    while copied(&database).await == 0 {
        assert_eq!(child.try_wait().expect("asked"), None, "it ended before anything was there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().await.expect("killed");

    let unfinished = Ledger::open(server(&database), opening(true)).await.expect_err("not all is there");
    assert_eq!(code(&unfinished), "LEDGER_UNAVAILABLE");
    assert!(unfinished.refusal().hint.expect("a hint").contains("store migrate"));
    let made = migrate(file.as_path(), server(&database)).await.expect("migrated");
    assert!(made.found > 0 && made.copied > 0, "{} found, {} copied", made.found, made.copied);
    assert_eq!((made.report.clone(), made.found + made.copied), (report.clone(), report.events));
    assert_eq!(opened(server(&database)).await.verify().await.expect("readable"), report);
    let again = migrate(file.as_path(), server(&database)).await.expect("is there");
    assert_eq!((again.found, again.copied), (report.events, 0));
}

/// Events in the copy so far.
async fn copied(database: &TestDatabase) -> u64 {
    let tables = "SELECT count(*)::text FROM pg_tables WHERE schemaname = 'synapsor_ledger'";
    if database.scalar(tables).await.as_deref() == Some("0") {
        return 0;
    }
    let events = database.scalar("SELECT count(*)::text FROM synapsor_ledger.events").await;
    events.and_then(|events| events.parse().ok()).expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_recorded_meanwhile_comes_along_or_the_migration_says_that_it_does_not_end() {
    let fixture = story().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ledger.db");
    let writing = fixture.ledger.clone();
    let writer = tokio::spawn(async move {
        for order in 300..400 {
            read(&writing, order).await;
        }
    });
    let made = loop {
        match migrate(server(&fixture.database), file.as_path()).await {
            Ok(made) => break made,
            Err(error) => assert_eq!(code(&error), "LEDGER_BUSY"),
        }
    };
    writer.await.expect("written");
    let copy = opened(file.as_path()).await.verify().await.expect("readable");
    assert!(copy.holds() && copy == made.report && copy.events <= fixture.events().await, "{made:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_holds_something_else_is_refused_and_left_as_it_is() {
    let fixture = story().await;
    let before = told(&fixture.ledger).await;
    let folder = tempfile::tempdir().expect("a folder");
    let other = folder.path().join("other.db");
    let own = Ledger::open(other.as_path(), opening(true)).await.expect("opens");
    read(&own, 1).await;
    let busy = migrate(other.as_path(), server(&fixture.database)).await.expect_err("a server uses it");
    assert_eq!(code(&busy), "LEDGER_BUSY");
    drop(own);
    let occupied = migrate(other.as_path(), server(&fixture.database)).await.expect_err("another ledger");
    assert_eq!(code(&occupied), "INVALID_INPUT");
    assert_eq!(told(&fixture.ledger).await, before);

    let gone_on = folder.path().join("gone-on.db");
    migrate(server(&fixture.database), gone_on.as_path()).await.expect("migrated");
    read(&opened(gone_on.as_path()).await, 1).await;
    let diverged = migrate(server(&fixture.database), gone_on.as_path()).await.expect_err("it went on");
    assert_eq!(code(&diverged), "INVALID_INPUT");

    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign)
        .and_then(|db| db.execute_batch("CREATE TABLE orders (id)"))
        .expect("made");
    let refused = migrate(server(&fixture.database), foreign.as_path()).await.expect_err("foreign");
    assert_eq!(code(&refused), "LEDGER_UNAVAILABLE");
    let nowhere = folder.path().join("nowhere.db");
    let missing = migrate(nowhere.as_path(), folder.path().join("new.db").as_path()).await.expect_err("none");
    assert_eq!(code(&missing), "LEDGER_UNAVAILABLE");
    assert!(!folder.path().join("new.db").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_verify_is_not_carried_on() {
    let Fixture { ledger, database } = story().await;
    drop(ledger);
    edit_tables(&database, "UPDATE approvals SET document = replace(document, 'ada', 'eve')").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ledger.db");
    let refused = migrate(server(&database), file.as_path()).await.expect_err("edited");
    assert_eq!(code(&refused), "LEDGER_CORRUPT");
    assert!(refused.to_string().contains("decision"), "{refused}");
    assert!(!file.exists());
}
