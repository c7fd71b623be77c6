//! A checker that finds nothing proves nothing: each invariant is broken here, and the checker says which.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use super::*;
use crate::bench::Bench;

fn text(cells: &[&str]) -> Row {
    cells.iter().map(|cell| (*cell != "NULL").then(|| (*cell).to_owned())).collect()
}

fn reviewed() -> Source {
    let row = |id: &str, tenant: &str| text(&["row", id, tenant, "overdue", "5500", "NULL", "7"]);
    Source { rows: vec![row("INV-1", "acme"), row("INV-2", "acme")], receipts: Vec::new() }
}

fn applied() -> Source {
    let changed = text(&["row", "INV-1", "acme", "overdue", "0", REASON, "8"]);
    let receipt = text(&["receipt", "key", "wrp_1", "sha256:0", "applied", "NULL", "NULL"]);
    Source { rows: vec![changed, reviewed().rows[1].clone()], receipts: vec![receipt] }
}

fn recorded() -> Recorded {
    let kinds = ["proposal_created", "proposal_approved", "writeback_started", "writeback_applied"];
    let replay = json!({
        "events": kinds.map(|kind| json!({ "kind": kind })),
        "decisions": [{ "proposal_digest": "sha256:0" }],
        "jobs": [{ "idempotency_key": "key" }],
        "receipts": [{}],
        "proposal": { "proposal": { "proposal_id": "wrp_1", "digest": "sha256:0" } },
    });
    Recorded { state: "applied".into(), replay, unsettled: 0 }
}

fn breaks<T: std::fmt::Debug>(invariant: &str, checked: Result<T, String>) {
    let wrong = checked.expect_err(invariant);
    assert!(wrong.starts_with(&format!("{invariant}:")), "{invariant}: {wrong}");
}

#[test]
fn what_is_as_it_must_be_passes() {
    assert_eq!(check_source(&reviewed(), &reviewed()), Ok(Shows::Nothing));
    assert_eq!(check_source(&reviewed(), &applied()), Ok(Shows::Applied));
    let recorded = recorded();
    assert_eq!(recorded.i2_approved_before_it_began(), Ok(()));
    assert_eq!(recorded.i5_applied_has_its_receipt(&applied()), Ok(()));
    assert_eq!(recorded.i6_a_receipt_has_its_approval(&applied()), Ok(()));
    assert_eq!(recorded.i8_ended_once(), Ok(()));
    assert_eq!(recorded.i11_no_attempt_is_open(), Ok(()));
}

/// A way to break a source, and what it breaks.
type Breakage = (&'static str, fn(&mut Source));

#[test]
fn every_other_source_is_named_by_what_it_breaks() {
    let broken: [Breakage; 10] = [
        ("I1", |source| source.rows[0][6] = Some("9".into())),
        ("I1", |source| source.receipts.push(source.receipts[0].clone())),
        ("I3", |source| source.rows[0][3] = Some("paid".into())),
        ("I3", |source| source.rows[1][4] = Some("0".into())),
        ("I3", |source| source.rows.truncate(1)),
        ("I4", |source| source.rows[0][5] = Some("another reason".into())),
        ("I4", |source| source.rows[0][4] = Some("1".into())),
        ("I12", |source| source.receipts.clear()),
        ("I12", |source| source.rows = reviewed().rows),
        ("I12", |source| source.receipts[0][4] = Some("conflict".into())),
    ];
    for (invariant, change) in broken {
        let mut source = applied();
        change(&mut source);
        breaks(invariant, check_source(&reviewed(), &source));
    }
}

#[test]
fn every_other_record_is_named_by_what_it_breaks() {
    let with = |change: &dyn Fn(&mut Json)| {
        let mut recorded = recorded();
        change(&mut recorded.replay);
        recorded
    };
    let event = |kind: &str| json!({ "kind": kind });
    let never = with(&|replay| replay["events"][1] = event("proposal_created"));
    breaks("I2", never.i2_approved_before_it_began());
    let late = with(&|replay| {
        replay["events"][1] = event("writeback_started");
        replay["events"][2] = event("proposal_approved");
    });
    breaks("I2", late.i2_approved_before_it_began());
    let other = with(&|replay| replay["decisions"][0]["proposal_digest"] = json!("sha256:1"));
    breaks("I2", other.i2_approved_before_it_began());
    breaks("I6", other.i6_a_receipt_has_its_approval(&applied()));
    let unended = with(&|replay| replay["receipts"] = json!([]));
    breaks("I6", unended.i6_a_receipt_has_its_approval(&applied()));
    for pointer in ["/jobs/0/idempotency_key", "/proposal/proposal/digest", "/proposal/proposal/proposal_id"]
    {
        let other = with(&|replay| *replay.pointer_mut(pointer).expect("there") = json!("other"));
        breaks("I5", other.i5_applied_has_its_receipt(&applied()));
    }
    breaks("I5", recorded().i5_applied_has_its_receipt(&reviewed()));
    breaks("I5", Recorded { state: "approved".into(), ..recorded() }.i5_applied_has_its_receipt(&applied()));
    let twice =
        with(&|replay| replay["events"].as_array_mut().expect("events").push(event("writeback_applied")));
    breaks("I8", twice.i8_ended_once());
    let moved_on =
        with(&|replay| replay["events"].as_array_mut().expect("events").push(event("writeback_conflict")));
    breaks("I8", moved_on.i8_ended_once());
    breaks("I11", Recorded { unsettled: 1, ..recorded() }.i11_no_attempt_is_open());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_was_edited_is_named() {
    let bench = Bench::new(Engine::Sqlite).await;
    let ledger = rusqlite::Connection::open(bench.ledger()).expect("the ledger opens");
    let triggers =
        "SELECT group_concat('DROP TRIGGER ' || name, ';') FROM sqlite_schema WHERE type = 'trigger'";
    let drop_all: String = ledger.query_row(triggers, [], |row| row.get(0)).expect("triggers");
    ledger.execute_batch(&drop_all).expect("dropped");
    let edited = ledger.execute("UPDATE events SET actor = 'nobody' WHERE seq = 2", []).expect("an edit");
    assert_eq!(edited, 1);
    drop(ledger);
    breaks("I9", Recorded::of(&bench.ledger(), &bench.proposal).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_left_behind_is_named() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
        let bench = Bench::bare(engine).await;
        assert_eq!(quiet::i11_no_transaction_is_open(&bench.database, FREED_WITHIN).await, Ok(()));
        let mut somebody = bench.database.session().await;
        somebody.execute(if engine == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).await;
        somebody.execute("UPDATE invoices SET status = 'held'").await;
        // MariaDB answers what it answered before until nobody has asked it for a tenth of a second, and other tests ask, too.
        let deadline = Instant::now() + FREED_WITHIN;
        let told = loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let told = quiet::i11_no_transaction_is_open(&bench.database, Duration::ZERO).await;
            if told.is_err() || Instant::now() > deadline {
                break told;
            }
        };
        breaks("I11", told);
    }
    let [template, folder] = [(), ()].map(|()| tempfile::tempdir().expect("a folder"));
    let (template, folder) = (template.path(), folder.path());
    std::fs::write(folder.join("disk.log"), "").expect("a file");
    assert_eq!(quiet::i11_no_file_is_left(template, folder), Ok(()));
    std::fs::write(folder.join("receipt.tmp"), "").expect("a file");
    breaks("I11", quiet::i11_no_file_is_left(template, folder));
    assert_eq!(quiet::i11_nothing_runs_in(folder), Ok(()));
    let mut orphan = Command::new("sleep").arg("60").current_dir(folder).spawn().expect("a process");
    breaks("I11", quiet::i11_nothing_runs_in(folder));
    orphan.kill().and_then(|()| orphan.wait()).expect("a process of ours");
}
