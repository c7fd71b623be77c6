//! Processes that die in the middle, and two of them at once.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::ground::open;
use crate::story::{Call, Fixture};

/// Tells this test's own child which ledger to write to.
const WRITE_HERE: &str = "LEDGER_TEST_WRITE_HERE";

#[tokio::test]
async fn what_a_killed_process_had_answered_is_on_disk() {
    const NAME: &str = "crash::what_a_killed_process_had_answered_is_on_disk";
    if let Some(path) = given() {
        return write_for_ever(Path::new(&path)).await;
    }
    let Fixture { ledger, path, folder } = Fixture::new().await;
    let mut recorded = Vec::new();
    for kill_after in [1, 3, 20] {
        let mut child = spawn(NAME, &path);
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        recorded.extend(evidence_ids(answers).take(kill_after));
        child.kill().expect("killed");
        child.wait().expect("gone");
    }
    drop(ledger);
    let ledger = open(&path).await;
    for id in &recorded {
        let found = ledger.notebook().evidence(id, "acme").await.expect("readable");
        assert!(found.is_some(), "{id} was answered and is not there");
    }
    let report = ledger.verify().await.expect("readable");
    assert!(report.holds(), "{report:?}");
    assert_eq!(recorded.len(), 24);
    drop(folder);
}

#[tokio::test]
async fn two_processes_append_to_one_chain() {
    const NAME: &str = "crash::two_processes_append_to_one_chain";
    if let Some(path) = given() {
        return write_for_ever(Path::new(&path)).await;
    }
    let fixture = Fixture::new().await;
    let mut children = [spawn(NAME, &fixture.path), spawn(NAME, &fixture.path)];
    let answers =
        children.each_mut().map(|child| evidence_ids(BufReader::new(child.stdout.take().expect("piped"))));
    let mut recorded = Vec::new();
    for ids in answers {
        recorded.extend(ids.take(30));
    }
    fixture.propose(&Call::default()).await;
    for child in &mut children {
        child.kill().expect("killed");
        child.wait().expect("gone");
    }
    for id in &recorded {
        assert!(fixture.ledger.notebook().evidence(id, "acme").await.expect("readable").is_some());
    }
    assert!(fixture.events().await >= 62);
}

#[expect(clippy::disallowed_methods, reason = "how a test tells its own child what to do")]
fn given() -> Option<std::ffi::OsString> {
    std::env::var_os(WRITE_HERE)
}

fn spawn(test: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", test, "--nocapture"])
        .env(WRITE_HERE, path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs")
}

/// The ids a child printed, each after the ledger had answered.
fn evidence_ids(answers: impl BufRead) -> impl Iterator<Item = String> {
    answers.lines().map(|line| line.expect("text")).filter_map(|line| {
        let at = line.find("ev_")?;
        line.get(at..).map(str::to_owned)
    })
}

/// The child: records reads and prints each one's id once it is answered, until it is killed.
async fn write_for_ever(path: &Path) {
    let notebook = open(path).await.notebook();
    for order in 0.. {
        let call = Call::order(order);
        let evidence = call.evidence();
        let id = evidence.evidence_id.clone();
        notebook.record_read(evidence, call.audit(None)).await.expect("recorded");
        // The parent may have stopped listening; it kills us next.
        if writeln!(std::io::stdout(), "{id}").is_err() {
            std::future::pending::<()>().await;
        }
    }
}
