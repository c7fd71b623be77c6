//! Keeping a ledger: copies made while somebody writes, what may go, and who is in the way.

use std::path::Path;
use std::sync::Arc;

use synapsor_ledger::{
    Error, Filter, Ledger, MisfitKind, Page, PruneFilter, Pruned, Verification, reset, restore, vacuum,
};
use synapsor_protocol::{Outcome, Value};

use crate::ground::{edit_file, open};
use crate::proof::{Key, trusting};
use crate::shadow::{answered, done, in_shadow};
use crate::story::{Call, Fixture, at, code, opening, receipt, rejection};

/// Later than everything in these stories.
fn always() -> PruneFilter {
    PruneFilter::before(at(1_000_000_000))
}

async fn read(ledger: &Ledger, call: &Call) {
    let evidence = call.evidence();
    let audit = call.audit(Some(&evidence));
    ledger.notebook().record_read(evidence, audit).await.expect("recorded");
}

/// One applied, one rejected, one waiting, one unsettled and three reads; the final ones and the reads hold `note`.
async fn story(note: &str) -> Fixture {
    let fixture = Fixture::new().await;
    let noted = |order| Call { note: Value::Text(note.into()), ..Call::order(order) };
    let job = fixture.started(&noted(1)).await;
    fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("finished");
    let stored = fixture.propose(&noted(2)).await;
    fixture.ledger.decide(&rejection(&stored, "ada", "no")).await.expect("rejected");
    fixture.propose(&Call::order(3)).await;
    fixture.started(&Call::order(4)).await;
    for order in 5..8 {
        read(&fixture.ledger, &noted(order)).await;
    }
    fixture
}

async fn prune(fixture: &Fixture, key: Key) -> Result<Pruned, Error> {
    let archive = fixture.folder.path().join("archive.jsonl");
    fixture.ledger.prune(always(), "ada", &archive, Arc::new(key), u32::MAX).await
}

async fn misfit(fixture: &Fixture, key: &Key) -> Option<MisfitKind> {
    let against = Verification { trust: Some(trusting(key)), ..Verification::default() };
    let report = fixture.ledger.verify_against(&against).await.expect("readable");
    report.misfit.map(|found| found.kind)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_while_somebody_writes_is_whole_and_verified() {
    let fixture = story("x").await;
    let writing = fixture.ledger.clone();
    let writer = tokio::spawn(async move {
        for order in 100..400 {
            read(&writing, &Call::order(order)).await;
        }
    });
    for number in 0..5 {
        let to = fixture.folder.path().join(format!("copy-{number}.db"));
        let made = fixture.ledger.backup(&to, false).await.expect("copied");
        assert!(made.report.holds() && made.report.events >= 12, "{:?}", made.report);
        assert_eq!(std::fs::metadata(&to).expect("there").len(), made.bytes);
        for suffix in ["-wal", "-shm", "-journal", ".partial"] {
            assert!(!Path::new(&format!("{}{suffix}", to.display())).exists(), "{suffix}");
        }
        let again = fixture.ledger.backup(&to, false).await.expect_err("it is there");
        assert_eq!(code(&again), "INVALID_INPUT");
        fixture.ledger.backup(&to, true).await.expect("replaced");
    }
    writer.await.expect("written");
}

#[tokio::test]
async fn a_restore_keeps_what_it_replaces_and_needs_to_be_told_to() {
    let fixture = story("x").await;
    let copy = fixture.folder.path().join("copy.db");
    let made = fixture.ledger.backup(&copy, false).await.expect("copied");
    read(&fixture.ledger, &Call::order(50)).await;
    let newer = fixture.events().await;
    let Fixture { ledger, path, folder } = fixture;

    let refused = restore(&copy, &path, true, &Arc::default()).expect_err("somebody has it open");
    assert_eq!(code(&refused), "LEDGER_BUSY");
    drop(ledger);
    assert_eq!(
        code(&restore(&copy, &path, false, &Arc::default()).expect_err("it is there")),
        "INVALID_INPUT"
    );
    let restored = restore(&copy, &path, true, &Arc::default()).expect("restored");
    let kept = restored.kept.expect("kept");
    assert_eq!(open(&path).await.verify().await.expect("readable").head, made.report.head);
    let old = open(&kept).await.verify().await.expect("readable");
    assert!(old.holds() && old.events == newer, "{old:?}");
    let elsewhere = folder.path().join("new").join("ledger.db");
    assert_eq!(restore(&copy, &elsewhere, false, &Arc::default()).expect("restored").kept, None);
}

#[tokio::test]
async fn nothing_is_restored_from_a_copy_that_does_not_verify() {
    let fixture = story("x").await;
    let copy = fixture.folder.path().join("copy.db");
    fixture.ledger.backup(&copy, false).await.expect("copied");
    edit_file(&copy, "UPDATE events SET actor = 'eve' WHERE seq = 3");
    let Fixture { ledger, path, folder } = fixture;
    drop(ledger);
    let before = std::fs::read(&path).expect("readable");
    let refused = restore(&copy, &path, true, &Arc::default()).expect_err("refused");
    assert_eq!(code(&refused), "LEDGER_CORRUPT");
    assert!(refused.to_string().contains("event `3`"), "{refused}");
    assert_eq!(std::fs::read(&path).expect("readable"), before);
    for (name, bytes) in [("text.db", &b"not a database, whatever its name says"[..]), ("empty.db", b"")] {
        let wrong = folder.path().join(name);
        std::fs::write(&wrong, bytes).expect("written");
        assert!(restore(&wrong, &path, true, &Arc::default()).is_err(), "{name}");
    }
    assert_eq!(std::fs::read(&path).expect("readable"), before);
}

#[tokio::test]
async fn nothing_is_packed_or_removed_while_somebody_has_it_open() {
    let fixture = story("x").await;
    for refused in [vacuum(&fixture.path).err(), reset(&fixture.path).err()] {
        let refused = refused.expect("somebody has it open").refusal();
        assert_eq!(refused.code.as_str(), "LEDGER_BUSY");
        assert!(refused.code.retryable() && refused.hint.is_some());
    }
    read(&fixture.ledger, &Call::order(60)).await;
    let Fixture { ledger, path, folder } = fixture;
    drop(ledger);
    assert!(vacuum(&path).expect("packed").bytes > 0);
    assert!(open(&path).await.verify().await.expect("readable").holds());
    let gone = reset(&path).expect("removed");
    assert!(gone.contains(&path.canonicalize().unwrap_or(path.clone())) || !path.exists());
    assert!(Ledger::open(&path, opening(false)).await.is_err());
    assert!(open(&path).await.verify().await.expect("readable").holds(), "a new one");
    let foreign = folder.path().join("orders.db");
    edit_file(&foreign, "CREATE TABLE orders (id INTEGER PRIMARY KEY)");
    assert!(reset(&foreign).is_err() && foreign.exists());
}

#[tokio::test]
async fn a_prune_takes_what_is_over_archives_it_and_the_chain_still_holds() {
    let fixture = story("somebodys-name-4711").await;
    let found = fixture.ledger.prunable(always()).await.expect("counted");
    assert_eq!((found.calls, found.proposals), (3, 2));
    let early = fixture.ledger.prunable(PruneFilter::before(at(-1_000_000_000))).await.expect("counted");
    assert_eq!((early.calls, early.proposals), (0, 0));
    let events = fixture.events().await;

    let pruned = prune(&fixture, Key::new(1)).await.expect("pruned");
    // Applied: proposal, evidence, audit, decision, receipt. Rejected: the same without a receipt. Three reads of two.
    assert_eq!((pruned.events, pruned.records), (4 + 2 + 3, 5 + 4 + 6));
    assert_eq!(misfit(&fixture, &Key::new(1)).await, None);
    assert_eq!(fixture.events().await, events + 2, "one tombstone for proposals, one for reads");
    let stats = fixture.ledger.stats().await.expect("counted");
    assert_eq!((stats.pruned, stats.proposals.values().sum::<u64>()), (9, 2));
    assert_eq!(prune(&fixture, Key::new(1)).await.expect("nothing is left"), Pruned::default());
    assert_eq!(fixture.ledger.prunable(always()).await.expect("counted").calls, 0);
    // What waits or is unsettled stayed, and goes on.
    assert_eq!(fixture.ledger.unsettled().await.expect("readable").len(), 1);
    read(&fixture.ledger, &Call::order(70)).await;
    let onto_another = prune(&fixture, Key::new(1)).await.err();
    assert_eq!(
        onto_another.map(|error| code(&error)),
        Some("INVALID_INPUT"),
        "an archive is never written over"
    );
    assert_eq!(misfit(&fixture, &Key::new(1)).await, None);

    let archive = std::fs::read_to_string(fixture.folder.path().join("archive.jsonl")).expect("readable");
    assert_eq!(archive.lines().count(), 1 + 15);
    assert!(archive.contains("somebodys-name-4711"));
    let Fixture { ledger, path, folder } = fixture;
    drop(ledger);
    let bytes = std::fs::read(&path).expect("readable");
    assert!(!bytes.windows(19).any(|part| part == b"somebodys-name-4711"), "the file holds it no more");
    drop(folder);
}

#[tokio::test]
async fn names_that_only_pruned_records_had_are_forgotten() {
    let fixture = Fixture::new().await;
    read(&fixture.ledger, &Call { tenant: "tenant-4711", ..Call::order(1) }).await;
    fixture.ledger.find_audits(&Filter::default(), &Page::default()).await.expect("readable");
    assert!(fixture.holds("tenant-4711").await);
    prune(&fixture, Key::new(1)).await.expect("pruned");
    read(&fixture.ledger, &Call::order(2)).await;
    let found = fixture.ledger.find_audits(&Filter::default(), &Page::default()).await.expect("readable");
    assert_eq!(found.items.len(), 1);
    assert_eq!(misfit(&fixture, &Key::new(1)).await, None);
    let Fixture { ledger, path, folder } = fixture;
    drop(ledger);
    let bytes = std::fs::read(&path).expect("readable");
    assert!(!bytes.windows(11).any(|part| part == b"tenant-4711"), "the file holds it no more");
    drop(folder);
}

#[tokio::test]
async fn each_kind_goes_by_its_own_age_and_no_more_steps_are_made_than_allowed() {
    let fixture = story("x").await;
    let archive = |name: &str| fixture.folder.path().join(name);
    let keep = |filter: PruneFilter, name: &str, steps_max: u32| {
        let (archive, key) = (archive(name), Arc::new(Key::new(1)));
        let ledger = fixture.ledger.clone();
        async move { ledger.prune(filter, "keeper", &archive, key, steps_max).await.expect("pruned") }
    };
    let proposals = PruneFilter { calls_before: None, ..always() };
    assert_eq!(keep(proposals, "none.jsonl", 0).await, Pruned::default());
    assert!(!archive("none.jsonl").exists(), "nothing was done, so nothing was made");
    assert_eq!(keep(proposals, "proposals.jsonl", 9).await.records, 5 + 4);
    let left = fixture.ledger.prunable(always()).await.expect("counted");
    assert_eq!((left.calls, left.proposals), (3, 0));
    let calls = PruneFilter { proposals_before: None, ..always() };
    assert_eq!(keep(calls, "calls.jsonl", 1).await.records, 6);
    assert_eq!(misfit(&fixture, &Key::new(1)).await, None);
}

#[tokio::test]
async fn a_tombstone_excuses_exactly_what_it_names() {
    let edits = [
        // Another record goes the same way.
        ("DELETE FROM proposals; DELETE FROM writeback_jobs", MisfitKind::RecordMissing),
        // One that is said to be gone is there.
        ("INSERT INTO evidence (seq, document) VALUES (2, '{}')", MisfitKind::RecordUnwitnessed),
        // It is made to name more.
        (
            "UPDATE events SET payload = replace(payload, '[2,', '[1,') WHERE kind = 'records_pruned'",
            MisfitKind::EventEdited,
        ),
    ];
    for (edit, kind) in edits {
        let fixture = story("x").await;
        prune(&fixture, Key::new(1)).await.expect("pruned");
        let fixture = fixture.tampered(edit).await;
        assert_eq!(misfit(&fixture, &Key::new(1)).await, Some(kind), "{edit}");
    }
    let fixture = story("x").await;
    prune(&fixture, Key::new(2)).await.expect("pruned");
    assert_eq!(misfit(&fixture, &Key::new(1)).await, Some(MisfitKind::SignatureInvalid), "another's key");
    assert!(fixture.ledger.verify().await.expect("readable").holds(), "where nobody says whose key counts");
}

#[tokio::test]
async fn a_prune_stops_at_a_record_that_should_be_there() {
    let fixture = story("x").await.tampered("DELETE FROM receipts").await;
    let refused = prune(&fixture, Key::new(1)).await.expect_err("refused");
    assert_eq!(code(&refused), "LEDGER_CORRUPT");
    let report = fixture.ledger.verify().await.expect("readable");
    assert_eq!(
        report.misfit.map(|found| found.kind),
        Some(MisfitKind::RecordMissing),
        "and nothing is buried"
    );
}

#[tokio::test]
async fn what_may_only_be_added_to_is_so_again_after_a_prune() {
    let fixture = story("x").await;
    prune(&fixture, Key::new(1)).await.expect("pruned");
    let conn = rusqlite::Connection::open(&fixture.path).expect("opens");
    for table in ["evidence", "query_audit", "proposals"] {
        assert!(conn.execute(&format!("DELETE FROM {table}"), []).is_err(), "{table}");
    }
}

#[tokio::test]
async fn a_replay_can_be_verified_by_itself_and_every_change_in_it_is_found() {
    let fixture = story("x").await;
    let id = fixture.ledger.resolve("latest").await.expect("there");
    let replay = fixture.ledger.replay(&id).await.expect("readable");
    let text = serde_json::to_string(&replay).expect("serializes");
    let report = synapsor_ledger::verify_export(&text).expect("an export");
    assert!(report.misfit.is_none() && report.records >= 4, "{report:?}");
    assert_eq!(report.digests.len(), replay.events.len());
    for (from, to) in [("refunded", "paid"), ("bot-7", "bot-8"), ("\"open\"", "\"shut\""), ("ada", "eve")] {
        let edited = text.replacen(from, to, 1);
        assert_ne!(edited, text, "{from}");
        let report = synapsor_ledger::verify_export(&edited).expect("an export");
        assert!(report.misfit.is_some(), "{from} to {to} was not noticed");
    }
    let alone = serde_json::json!({ "evidence": replay.evidence, "digest": replay.evidence.digest().expect("canonical") });
    let report = synapsor_ledger::verify_export(&alone.to_string()).expect("an export");
    assert_eq!((report.misfit, report.records, report.digests.len()), (None, 1, 1));
    let edited = alone.to_string().replacen("bot-7", "bot-8", 1);
    assert!(synapsor_ledger::verify_export(&edited).expect("an export").misfit.is_some());
    let audit = &replay.audits[0];
    let call = serde_json::json!({ "query_audit": audit, "digest": audit.digest().expect("canonical") });
    let report = synapsor_ledger::verify_export(&call.to_string()).expect("an export");
    assert_eq!((report.misfit, report.records, report.digests.len()), (None, 1, 1));
    let edited = call.to_string().replacen("bot-7", "bot-8", 1);
    assert!(synapsor_ledger::verify_export(&edited).expect("an export").misfit.is_some());
    let whole =
        serde_json::json!({ "stories": [replay], "reads": [alone], "refused_calls": [call] }).to_string();
    let report = synapsor_ledger::verify_export(&whole).expect("an export");
    assert!(report.misfit.is_none() && report.records >= 6, "{report:?}");
    for nth in 0..whole.matches("bot-7").count() {
        let at = whole.match_indices("bot-7").nth(nth).expect("there").0;
        let (before, from) = whole.split_at(at);
        let edited = format!("{before}{}", from.replacen("bot-7", "bot-8", 1));
        assert!(synapsor_ledger::verify_export(&edited).expect("an export").misfit.is_some(), "the {nth}th");
    }
    for nothing in ["", "[]", "{}", r#"{"events":[]}"#, r#"{"events":[{"seq":1}]}"#] {
        let refused = synapsor_ledger::verify_export(nothing).expect_err("refused");
        assert_eq!(code(&refused), "INVALID_INPUT", "{nothing}");
    }
}

#[tokio::test]
async fn a_shadow_proposal_is_pruned_by_its_age_with_what_people_did() {
    let fixture = Fixture::new().await;
    let stored = fixture.propose(&in_shadow(1)).await;
    for columns in [r#"{"status":"refunded"}"#, r#"{"status":"paid-4711"}"#] {
        fixture.ledger.record_human_action(&done(&stored, "ada", columns)).await.expect("recorded");
    }
    let run = answered(&stored, "open-4712");
    fixture.ledger.notebook().record_candidate_run(&run).await.expect("recorded");
    fixture.propose(&Call::order(2)).await;
    let pruned = prune(&fixture, Key::new(1)).await.expect("pruned");
    // Proposal, evidence, audit and two actions, under three events, and a candidate's run; what waits for a person stays.
    assert_eq!((pruned.events, pruned.records), (3 + 1, 5 + 1));
    assert_eq!(misfit(&fixture, &Key::new(1)).await, None);
    assert_eq!(fixture.ledger.proposals(&Default::default()).await.expect("readable").len(), 1);
    let file = std::fs::read(fixture.folder.path().join("archive.jsonl")).expect("an archive");
    assert!(String::from_utf8(file).expect("text").contains("paid-4711"));
    let mut left = 0;
    fixture.ledger.each_candidate_run(&Filter::default(), |_| left += 1).await.expect("readable");
    assert_eq!(left, 0);
}
