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
        let mut writing = Writing::new(NAME, &path);
        recorded.extend(writing.evidence_ids().take(kill_after));
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
    let mut both = [(); 2].map(|()| Writing::new(NAME, &fixture.path));
    let answers = both.each_mut().map(Writing::evidence_ids);
    let mut recorded = Vec::new();
    for ids in answers {
        recorded.extend(ids.take(30));
    }
    fixture.propose(&Call::default()).await;
    drop(both);
    for id in &recorded {
        assert!(fixture.ledger.notebook().evidence(id, "acme").await.expect("readable").is_some());
    }
    assert!(fixture.events().await >= 62);
}

#[expect(clippy::disallowed_methods, reason = "how a test tells its own child what to do")]
fn given() -> Option<std::ffi::OsString> {
    std::env::var_os(WRITE_HERE)
}

/// A child that writes until nobody holds it any more.
struct Writing(Child);

impl Writing {
    fn new(test: &str, path: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a path"));
        command.args(["--exact", test, "--nocapture"]).env(WRITE_HERE, path).stdout(Stdio::piped());
        Self(command.spawn().expect("runs"))
    }

    /// The ids it printed, each after the ledger had answered.
    fn evidence_ids(&mut self) -> impl Iterator<Item = String> + use<> {
        let answers = BufReader::new(self.0.stdout.take().expect("piped"));
        answers.lines().map(|line| line.expect("text")).filter_map(|line| {
            let at = line.find("ev_")?;
            line.get(at..).map(str::to_owned)
        })
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
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
