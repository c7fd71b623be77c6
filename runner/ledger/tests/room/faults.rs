//! A full disk, a read-only folder, a damaged file, a lock held by somebody else.

use std::path::Path;
use std::process::Command;

use synapsor_ledger::{EventFilter, Filter, Ledger, Page, RecordKind};
use synapsor_protocol::{EventKind, Outcome, ProposalState, Value};

use crate::story::{Call, Fixture, approval, code, opening, receipt};

/// Fills the ledger up to its limit.
async fn fill(fixture: &Fixture) {
    fixture.ledger.limit_size(400_000).await.expect("limited");
    let note = Value::Text("x".repeat(30_000));
    for order in 1000..1100 {
        let call = Call { note: note.clone(), ..Call::order(order) };
        let recorded = fixture.ledger.notebook().record_read(call.evidence(), call.audit(None)).await;
        if let Err(error) = recorded {
            assert_eq!(code(&error), "LEDGER_FULL");
            assert!(error.refusal().code.retryable());
            return;
        }
    }
    panic!("the ledger never filled up");
}

fn big() -> Call {
    Call { note: Value::Text("y".repeat(30_000)), ..Call::order(7) }
}

#[tokio::test]
async fn a_full_disk_is_said_plainly_and_the_next_write_works_when_there_is_room() {
    let fixture = Fixture::new().await;
    fill(&fixture).await;
    let events = fixture.events().await;
    assert_eq!(code(&fixture.record(&big()).await.expect_err("full")), "LEDGER_FULL");
    assert_eq!(fixture.events().await, events, "nothing half recorded");
    fixture.ledger.limit_size(100_000_000).await.expect("room again");
    assert!(!fixture.record(&big()).await.expect("recorded").repeated);
    assert_eq!(fixture.events().await, events + 1);
}

#[tokio::test]
async fn what_was_recorded_is_found_while_the_disk_is_full_and_afterwards() {
    let fixture = Fixture::new().await;
    fill(&fixture).await;
    let recorded = usize::try_from(fixture.events().await - 1).expect("few");
    let (all, page) = (Filter::default(), Page::default());
    let kind = EventFilter { kind: Some(EventKind::EvidenceRecorded), ..EventFilter::default() };
    for full in [true, true, false] {
        if !full {
            fixture.ledger.limit_size(100_000_000).await.expect("room again");
        }
        let found = fixture.ledger.find_evidence(&all, &page).await.expect("readable").items;
        let tenant = Filter { tenant: Some("acme".into()), ..all.clone() };
        let audits = fixture.ledger.find_audits(&tenant, &page).await.expect("readable").items;
        assert_eq!((found.len(), audits.len()), (recorded, recorded));
        assert_eq!(fixture.ledger.latest_events(&kind, 100).await.expect("readable").len(), recorded);
        let latest = fixture.ledger.resolve_record(RecordKind::Evidence, "latest").await.expect("one");
        assert_eq!(latest, found[0].evidence.evidence_id.as_str());
        let other = Filter { tenant: Some("globex".into()), ..all.clone() };
        assert!(fixture.ledger.find_activity(&other, &page).await.expect("readable").items.is_empty());
    }
    fixture.events().await;
}

#[tokio::test]
async fn a_list_does_not_wait_for_ever_for_somebody_elses_lock() {
    let fixture = Fixture::new().await;
    let call = Call::order(7);
    fixture.ledger.notebook().record_read(call.evidence(), call.audit(None)).await.expect("recorded");
    let proposed = fixture.propose(&Call::order(8)).await;
    let holder = rusqlite::Connection::open(&fixture.path).expect("opens");
    holder.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let tenant = Filter { tenant: Some("acme".into()), ..Filter::default() };
    let found = fixture.ledger.find_evidence(&tenant, &Page::default()).await;
    assert_eq!(found.expect("readable").items.len(), 2);
    let found = fixture.ledger.find_proposals(&tenant, &Page::default()).await.expect("readable").items;
    assert_eq!(found, [proposed]);
    holder.execute_batch("ROLLBACK").expect("free");
    fixture.events().await;
}

#[tokio::test]
async fn no_apply_starts_and_a_receipt_waits_while_the_disk_is_full() {
    let fixture = Fixture::new().await;
    let job = fixture.started(&Call::default()).await;
    let next = fixture.approved(&Call::order(43)).await;
    fill(&fixture).await;
    // Small records still find room in pages that are open; write until even those are used up.
    let mut refused = None;
    for _ in 0..1000 {
        if let Err(error) = fixture.ledger.start_writeback(&next.proposal.proposal_id, "runner-1").await {
            refused = Some(error);
            break;
        }
    }
    assert_eq!(code(&refused.expect("full")), "LEDGER_FULL");
    let ended = receipt(&job, Outcome::Applied);
    let finished = fixture.ledger.finish_writeback(&ended).await;
    if let Err(error) = finished {
        assert_eq!(code(&error), "LEDGER_FULL");
        let stored = fixture.ledger.proposal(&job.proposal_id).await.expect("there");
        assert_eq!(stored.state, ProposalState::Approved);
    }
    fixture.ledger.limit_size(100_000_000).await.expect("room again");
    assert_eq!(
        fixture.ledger.finish_writeback(&ended).await.expect("recorded").proposal.state,
        ProposalState::Applied
    );
    fixture.events().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_caller_of_a_commit_that_fails_is_told_and_what_was_answered_is_there() {
    let fixture = Fixture::new().await;
    fixture.ledger.limit_size(600_000).await.expect("limited");
    let mut calls = tokio::task::JoinSet::new();
    for order in 0..60 {
        let notebook = fixture.ledger.notebook();
        let call = Call { note: Value::Text("x".repeat(20_000)), ..Call::order(order) };
        let evidence = call.evidence();
        calls.spawn(async move {
            let id = evidence.evidence_id.clone();
            (id, notebook.record_read(evidence, call.audit(None)).await)
        });
    }
    let mut kept = 0;
    let mut refused = 0;
    while let Some(call) = calls.join_next().await {
        let (id, recorded) = call.expect("joined");
        let there =
            fixture.ledger.notebook().evidence(id.as_str(), "acme").await.expect("readable").is_some();
        assert_eq!(recorded.is_ok(), there);
        match recorded {
            Ok(()) => kept += 1,
            Err(error) => {
                assert_eq!(code(&error), "LEDGER_FULL");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "{kept} kept");
    assert_eq!(fixture.events().await, kept + 1);
}

#[tokio::test]
async fn a_lock_held_by_somebody_else_is_waited_for_and_then_said() {
    let fixture = Fixture::new().await;
    let holder = rusqlite::Connection::open(&fixture.path).expect("opens");
    holder.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let error = fixture.record(&Call::default()).await.expect_err("locked");
    assert_eq!(code(&error), "LEDGER_BUSY");
    assert!(fixture.ledger.proposals(&Default::default()).await.expect("reading goes on").is_empty());
    holder.execute_batch("ROLLBACK").expect("free");
    fixture.record(&Call::default()).await.expect("recorded");
}

#[tokio::test]
async fn a_damaged_page_is_said_and_not_read_as_data() {
    let fixture = Fixture::new().await;
    for order in 0..50 {
        fixture.propose(&Call::order(order)).await;
    }
    let Fixture { ledger, path, folder } = fixture;
    drop(ledger);
    let mut bytes = std::fs::read(&path).expect("readable");
    let body = 4096..bytes.len();
    bytes[body].fill(0xA5);
    std::fs::write(&path, bytes).expect("written");
    let error = Ledger::open(&path, opening(false)).await.expect_err("damaged");
    assert_eq!(code(&error), "LEDGER_CORRUPT");
    drop(folder);
}

#[tokio::test]
async fn a_record_that_does_not_parse_is_named() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&Call::default()).await;
    let fixture = fixture.tampered("UPDATE proposals SET document = json_remove(document, '$.digest')").await;
    let id = &stored.proposal.proposal_id;
    let errors = [
        fixture.ledger.proposal(id).await.err(),
        fixture.ledger.proposals(&Default::default()).await.err(),
        fixture.ledger.decide(&approval(&stored, "ada")).await.err(),
    ];
    for error in errors {
        let error = error.expect("refused");
        assert_eq!(code(&error), "LEDGER_CORRUPT");
        assert!(error.to_string().contains(id.as_str()), "{error}");
    }
}

/// Set for the process that tries as a user who may not write.
const TRY_HERE: &str = "LEDGER_TEST_TRY_HERE";

#[tokio::test]
async fn a_folder_or_file_that_may_not_be_written_is_said_to_be_read_only() {
    #[expect(clippy::disallowed_methods, reason = "how this test tells its own child what to try")]
    let given = std::env::var_os(TRY_HERE);
    if let Some(folder) = given {
        return try_read_only(Path::new(&folder)).await;
    }
    let Fixture { ledger, path, folder } = Fixture::new().await;
    drop(ledger);
    as_nobody(&path, folder.path());
}

/// Inside the child: nothing here may be written.
async fn try_read_only(folder: &Path) {
    for name in ["ledger.db", "new.db", "new/ledger.db"] {
        let error = Ledger::open(&folder.join(name), opening(true)).await.expect_err("read-only");
        assert_eq!(code(&error), "LEDGER_READ_ONLY", "{name}: {error:?}");
        assert!(error.refusal().hint.is_some());
    }
}

/// Takes the right to write away and runs this test again as a process without it; root ignores the mode bits, so
/// for root that is a process of another user.
#[cfg(unix)]
fn as_nobody(path: &Path, folder: &Path) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65_534;
    let set =
        |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("set");
    let root = std::fs::metadata(folder).expect("there").uid() == 0;
    set(path, 0o400);
    set(folder, 0o555);
    let mut child = Command::new(std::env::current_exe().expect("a path"));
    if root {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("given away");
        child.uid(NOBODY).gid(NOBODY);
    }
    child
        .args(["--exact", "faults::a_folder_or_file_that_may_not_be_written_is_said_to_be_read_only"])
        .env(TRY_HERE, folder);
    let output = child.output().expect("runs");
    set(folder, 0o755);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
