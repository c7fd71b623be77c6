//! Every hostile request gets its answer and leaves nothing behind; `docs/reference/hostile-requests.md` is this table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use expect_test::expect_file;
use rusqlite::{Connection, OpenFlags};
use synapsor_protocol::Engine;

use crate::http::eras::open;
use crate::http::floods::{Flood, floods};
use crate::http::peer::{Answer, Request};
use crate::http::rows::{Left, Row, rows};
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

/// A group's heading and the head of its table.
fn begin(page: &mut String, group: &str) {
    let _ = write!(
        page,
        "\n## {group}\n\n| Request | Status | Code | Left behind |\n| --- | --- | --- | --- |\n"
    );
}

fn line(page: &mut String, about: &str, status: u16, code: &str, left: Left) {
    let status = if status == 0 { "-".to_owned() } else { status.to_string() };
    let _ = writeln!(page, "| {about} | {status} | `{code}` | {} |", left.as_str());
}

fn page(rows: &[Row], floods: &[Flood]) -> String {
    let mut page = "\
# Hostile requests

What a server over HTTP answers to requests that mean harm, and what they leave behind. Written from `tests/e2e/http/rows.rs`, \
each row sent to the real binary; `UPDATE_EXPECT=1 tests/with-databases cargo nextest run -p synapsor-cli --test e2e http::hostile` \
writes it anew.

The status `-` is a connection closed without an answer; the code `-` an answer without one. *Left behind* is what the ledger holds \
more than before: *nothing*, or *the refusal* of a call, which is part of the record. The source is never changed. The last table's rows \
come to a server that is full, or never come to their end (`tests/e2e/http/floods.rs`).
"
    .to_owned();
    let mut group = "";
    for row in rows {
        if row.group != group {
            group = row.group;
            begin(&mut page, group);
        }
        line(&mut page, row.about, row.status, row.code, row.left);
    }
    begin(&mut page, "Floods and slow clients");
    for flood in floods {
        line(&mut page, flood.about, flood.status, flood.code, Left::Nothing);
    }
    let _ = write!(page, "\n{} requests.\n", rows.len() + floods.len());
    page
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
    expect_file!["../../../docs/reference/hostile-requests.md"].assert_eq(&page(&rows, &floods()));
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
