//! `docs/reference/hostile-requests.md`: the tables of what is sent to the model's door and to the fleet's, as `http` and `fleet`
//! try them. The end of the page, which is about the person's door, is written by `runner/review/tests/room/attack.rs`.

use std::fmt::Write as _;

use expect_test::expect_file;

use crate::fleet;
use crate::http::floods::floods;
use crate::http::rows::{Left, rows};

/// Where the part begins that is not written here.
const PERSONS_DOOR: &str = "\n## The person's door\n";

const BEGINNING: &str = "\
# Hostile requests

What each of the [three doors](../decisions/0021-two-doors-over-http.md) over HTTP answers to requests that mean harm, and what they leave
behind. Each row is sent over a socket by a test, which also sees that the source is not changed and that honest requests are served as
before. The page is written from the tests' tables; with `UPDATE_EXPECT=1` these write it anew:

```bash
tests/with-databases cargo nextest run --workspace --test e2e -E 'test(doors::)'
cargo nextest run --workspace --test room -E 'test(attack::)'
```

The status `-` is a connection closed without an answer; the code `-` an answer without one.
";

const MODELS_DOOR: &str = "
## The model's door

`mcp serve-streamable-http`, from `tests/e2e/http/rows.rs`. *Left behind* is what the ledger holds more than before: *nothing*, or *the
refusal* of a call, which is part of the record. The last table's rows come to a server that is full, or never come to their end
(`tests/e2e/http/floods.rs`).
";

const FLEETS_DOOR: &str = "
## The fleet's door

`control-plane serve`, from `tests/e2e/fleet/hostile.rs`. Nothing is left behind.

| Request | Status | Code |
| --- | --- | --- |
";

/// The group's heading and the head of its table.
fn begin(page: &mut String, group: &str) {
    let _ = write!(
        page,
        "\n### {group}\n\n| Request | Status | Code | Left behind |\n| --- | --- | --- | --- |\n"
    );
}

/// The columns that every door's table has.
fn row(about: &str, status: u16, code: &str) -> String {
    let status = if status == 0 { "-".to_owned() } else { status.to_string() };
    format!("| {about} | {status} | `{code}` |")
}

fn models_door(page: &mut String) {
    page.push_str(MODELS_DOOR);
    // What they are and what they come to does not depend on the session they are sent in.
    let (rows, floods) = (rows("a-session"), floods());
    let mut group = "";
    for one in &rows {
        if one.group != group {
            group = one.group;
            begin(page, group);
        }
        let _ = writeln!(page, "{} {} |", row(one.about, one.status, one.code), one.left.as_str());
    }
    begin(page, "Floods and slow clients");
    for flood in &floods {
        let left = Left::Nothing.as_str();
        let _ = writeln!(page, "{} {left} |", row(flood.about, flood.status, flood.code));
    }
    let _ = write!(page, "\n{} requests.\n", rows.len() + floods.len());
}

fn fleets_door(page: &mut String) {
    page.push_str(FLEETS_DOOR);
    for (about, _, status, code) in fleet::hostile::ROWS {
        let _ = writeln!(page, "{}", row(about, *status, code));
    }
    let _ = write!(page, "\n{} requests.\n", fleet::hostile::ROWS.len());
}

#[test]
fn the_page_of_hostile_requests_holds_what_is_tried_at_the_models_door_and_the_fleets() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/hostile-requests.md");
    let written = std::fs::read_to_string(file).expect("the page is there");
    let mut page = BEGINNING.to_owned();
    models_door(&mut page);
    fleets_door(&mut page);
    page.push_str(PERSONS_DOOR);
    page.push_str(written.split_once(PERSONS_DOOR).map_or("", |(_, written_there)| written_there));
    expect_file![file].assert_eq(&page);
}
