//! Every hostile request gets its answer and leaves nothing behind.

use std::collections::BTreeMap;

use rusqlite::{Connection, OpenFlags};
use synapsor_protocol::Engine;

use crate::http::eras::open;
use crate::http::floods::floods;
use crate::http::peer::{Answer, Request};
use crate::http::rows::{Left, rows};
use crate::http::server::{Server, TOKEN};
use crate::world::World;

/// Fewest rows the table may have.
const ROWS_MIN: usize = 60;

/// What a request could have changed: the rows of the source, and how many of each kind the ledger holds.
#[derive(Debug, PartialEq, Eq)]
struct State {
    source: Vec<Vec<Option<String>>>,
    ledger: BTreeMap<&'static str, i64>,
}

async fn state(world: &World) -> State {
    const TABLES: [&str; 7] =
        ["events", "evidence", "proposals", "query_audit", "approvals", "writeback_jobs", "receipts"];
    let ledger =
        Connection::open_with_flags(world.ledger_path(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a ledger");
    let count = |table: &'static str| {
        let sql = format!("SELECT count(*) FROM {table}");
        (table, ledger.query_row(&sql, [], |row| row.get(0)).expect("a count"))
    };
    State {
        source: world
            .database
            .query_text("SELECT id, late_fee_cents, waiver_reason, updated_at FROM invoices")
            .await,
        ledger: TABLES.map(count).into(),
    }
}

/// What was left behind, against what may be: nothing, or the note of a refused call.
fn left(before: &State, after: &State) -> Left {
    if before == after {
        return Left::Nothing;
    }
    let same = |table| before.ledger[table] == after.ledger[table];
    let untouched =
        ["evidence", "proposals", "approvals", "writeback_jobs", "receipts"].into_iter().all(same);
    if untouched && before.source == after.source { Left::Refusal } else { Left::Traces }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_request_gets_its_answer_and_leaves_nothing_behind() {
    let mut world = World::new(Engine::Sqlite).await;
    let words = [
        "--allow-host",
        "runner.example:8443",
        "--allow-origin",
        "https://app.example",
        "--body-bytes-max",
        "65536",
        "--body-timeout-ms",
        "500",
    ];
    let mut server = Server::start(&mut world, &words);
    assert_eq!(server.send(&Request::read("INV-3001")).status, 200, "an honest request is served");
    let session = open(&server, "2025-11-25");
    let rows = rows(&session);
    let mut wrong = Vec::new();
    for row in &rows {
        let before = state(&world).await;
        let answer = Answer::of(&server.address, &row.bytes(&server.address));
        let found = (answer.status, answer.code(), left(&before, &state(&world).await));
        if found != (row.status, row.code.to_owned(), row.left) {
            wrong.push(format!(
                "{}: {}: expected {} {} {:?}, found {found:?}",
                row.group, row.about, row.status, row.code, row.left
            ));
        }
        let text = format!("{answer:?}");
        for secret in [TOKEN, "SELECT", "synapsor-mcp", "panicked", ".rs:"] {
            if text.contains(secret) {
                wrong.push(format!("{}: the answer says `{secret}`: {text}", row.about));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    assert!(rows.len() >= ROWS_MIN);
    assert!(server.lives());
    assert_eq!(server.send(&Request::read("INV-3001")).status, 200, "and so it is after all of them");
    let (status, log) = server.stop();
    assert!(status.success());
    assert!(!log.contains(TOKEN) && !log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flood_is_turned_away_leaves_nothing_behind_and_keeps_nobody_from_being_served() {
    for flood in &floods() {
        let flooded = flood.begin().await;
        let before = state(&flooded.world).await;
        let answer = flooded.over();
        let found = (answer.status, answer.code(), left(&before, &state(&flooded.world).await));
        assert_eq!(
            found,
            (flood.status, flood.code.to_owned(), Left::Nothing),
            "{}: {answer:?}",
            flood.about
        );
        flooded.release();
    }
}
