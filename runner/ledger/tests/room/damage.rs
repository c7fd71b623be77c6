//! One byte of the file changed, in every page; a clock that runs backwards.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use synapsor_ledger::{Error, Ledger, Opening, Replay};
use synapsor_protocol::{Clock, Moment, Outcome, Value};

use crate::story::{Call, Fixture, at, code, opening, receipt};

/// SQLite's pages.
const PAGE_BYTES: usize = 4096;

/// Everything a ledger tells about its proposals.
async fn told(ledger: &Ledger) -> Result<Vec<Replay>, Error> {
    let mut told = Vec::new();
    for stored in ledger.proposals(&Default::default()).await? {
        told.push(ledger.replay(&stored.proposal.proposal_id).await?);
    }
    Ok(told)
}

/// Opens and reads a damaged copy: an error with a code, or that it does not verify, or exactly what was recorded.
async fn is_safe(copy: &Path, expected: &[Replay]) -> Result<(), String> {
    let looked = async {
        let ledger = Ledger::open(copy, opening(false)).await?;
        let report = ledger.verify().await?;
        Ok::<_, Error>((report.holds(), told(&ledger).await?))
    };
    match looked.await {
        Err(error) => match code(&error) {
            "LEDGER_CORRUPT" | "LEDGER_UNAVAILABLE" | "LEDGER_TOO_NEW" => Ok(()),
            other => Err(format!("answered {other}: {error}")),
        },
        Ok((false, _)) => Ok(()),
        Ok((true, told)) if told == expected => Ok(()),
        Ok((true, _)) => Err("it verifies and tells something else".into()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_byte_changed_in_any_page_is_said_or_changes_nothing() {
    let fixture = Fixture::new().await;
    // Long enough for pages that hold the rest of a record, and for inner pages.
    for order in 0..12 {
        let note = Value::Text("n".repeat(if order % 4 == 0 { 6000 } else { 300 }));
        let job = fixture.started(&Call { note, ..Call::order(order) }).await;
        fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("finished");
    }
    let expected = told(&fixture.ledger).await.expect("readable");
    let Fixture { ledger, path, folder } = fixture;
    drop(ledger);
    let bytes = std::fs::read(&path).expect("readable");
    let copy = folder.path().join("copy.db");
    let mut wrong = Vec::new();
    for page in 0..bytes.len() / PAGE_BYTES {
        // The page's kind, a pointer to a cell, and somewhere among the cells.
        for at in [0, 9, 2000 + page % 1900] {
            let place = page * PAGE_BYTES + at;
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x41;
            std::fs::write(&copy, damaged).expect("written");
            if let Err(found) = is_safe(&copy, &expected).await {
                wrong.push(format!("byte {at} of page {page}: {found}"));
            }
            for suffix in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{suffix}", copy.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A clock that goes a minute back whenever somebody looks.
struct Backwards(AtomicI64);

impl Clock for Backwards {
    fn now(&self) -> Moment {
        at(self.0.fetch_sub(60_000_000, Ordering::Relaxed))
    }
}

#[tokio::test]
async fn a_clock_that_runs_backwards_breaks_neither_the_chain_nor_the_order() {
    let Fixture { ledger, path, folder } = Fixture::new().await;
    drop(ledger);
    let clock = Arc::new(Backwards(AtomicI64::new(0)));
    let ledger = Ledger::open(&path, Opening { clock, ..opening(false) }).await.expect("opens");
    let fixture = Fixture { ledger, path, folder };
    let job = fixture.started(&Call::default()).await;
    fixture.ledger.finish_writeback(&receipt(&job, Outcome::Applied)).await.expect("finished");
    assert_eq!(fixture.events().await, 5);
    let replay = fixture.ledger.replay(&job.proposal_id).await.expect("readable");
    assert!(replay.events.is_sorted_by_key(|event| event.seq), "told in the order of the chain");
}
