//! How SQLite carries out every list, by every single filter: off an index, in order, without sorting.

use std::fmt::Write as _;

use rusqlite::Connection;
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{Code, EventKind, EvidenceId, JobId, Moment, ProposalId};

use super::events::{EventFilter, latest_statement, of_kind_statement};
use super::lists::{FoundAudit, FoundEvidence, FoundReceipt, Listed, statement};
use super::select::Select;
use super::*;
use crate::proposals::StoredProposal;
use crate::schema;

/// Each filter alone, by its name.
fn filters() -> Vec<(&'static str, Filter)> {
    let text = || Some("x".to_owned());
    let every = Filter::default;
    let object = |kind, key| Filter { object: ObjectFilter { kind, key }, ..every() };
    vec![
        ("none", every()),
        ("tenant", Filter { tenant: text(), ..every() }),
        ("principal", Filter { principal: text(), ..every() }),
        ("capability", Filter { capability: text(), ..every() }),
        ("source", Filter { source: text(), ..every() }),
        ("table", Filter { table: Some(TableFilter::parse("main.invoices")), ..every() }),
        ("object", object(text(), text())),
        ("object-type", object(text(), None)),
        ("object-id", object(None, text())),
        ("status", Filter { status: Status::parse("applied"), ..every() }),
        ("mode", Filter { mode: Some(ProposalMode::Shadow), ..every() }),
        ("proposal", Filter { proposal: Some(ProposalId::from_stored("wrp_1")), ..every() }),
        ("evidence", Filter { evidence: Some(EvidenceId::from_stored("ev_1")), ..every() }),
        ("fingerprint", Filter { fingerprint: text(), ..every() }),
        ("refused", Filter { refused: Some(Code::RowNotFound), ..every() }),
        ("job", Filter { job: Some(JobId::from_stored("wbj_1")), ..every() }),
        ("key", Filter { idempotency_key: text(), ..every() }),
    ]
}

/// Pages and ranges a filter may come with.
fn variants(filter: &Filter) -> Vec<(&'static str, Filter, Page)> {
    let cursor = "2026-06-30T12:00:00.000000Z/wrp_1".parse().ok();
    let ranged = Filter { from: Moment::from_micros(0), to: Moment::from_micros(9), ..filter.clone() };
    vec![
        ("first page", filter.clone(), Page::default()),
        ("next page", filter.clone(), Page { after: cursor.clone(), ..Page::default() }),
        ("range", ranged.clone(), Page::default()),
        ("next page of a range", ranged, Page { after: cursor, ..Page::default() }),
    ]
}

/// What is found through other records is few: those of one call or one proposal. These alone are sorted.
fn is_few(kind: &str, filter: &str) -> bool {
    matches!(
        (kind, filter),
        ("evidence" | "query audit", "proposal" | "evidence") | ("proposals", "evidence")
    )
}

fn plan(conn: &Connection, select: &Select) -> Vec<String> {
    plan_of(conn, &select.sql, rusqlite::params_from_iter(select.cells()))
}

fn plan_of(conn: &Connection, sql: &str, cells: impl rusqlite::Params) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a statement");
    let steps = statement.query_map(cells, |row| row.get(3));
    steps.and_then(Iterator::collect).expect("a plan")
}

/// The complaints about a plan: reading all of a table, or sorting what was found.
fn complaints(steps: &[String], few: bool) -> Vec<&String> {
    let walks_all = |step: &str| step.starts_with("SCAN") && !step.contains("USING");
    // Records of one instant are sorted by their ids; that is no more than came in a microsecond.
    let last_term = ["FOR LAST TERM OF ORDER BY", "FOR RIGHT PART OF ORDER BY"];
    let of_one_instant = |step: &str| last_term.iter().any(|words| step.ends_with(words));
    let sorts = |step: &str| step.contains("TEMP B-TREE") && !of_one_instant(step) && !few;
    steps.iter().filter(|step| walks_all(step) || sorts(step)).collect()
}

fn tables() -> Connection {
    let conn = Connection::open_in_memory().expect("a database");
    schema::MIGRATIONS.iter().for_each(|migration| conn.execute_batch(migration).expect("tables"));
    conn
}

fn check<T: Listed>(conn: &Connection, kind: &str, found: &mut String) -> usize {
    let mut checked = 0;
    for (name, filter) in filters() {
        for (variant, filter, page) in variants(&filter) {
            let Some(select) = statement::<T>(&filter, &page) else { continue };
            checked += 1;
            let steps = plan(conn, &select);
            // Without a filter the whole list is walked, along the index of time.
            let ordered = name != "none" || steps.iter().any(|step| step.contains("_by_time"));
            // Calls that propose may be few among those that read, so these have indexes of their own.
            let among_calls = select.sql.contains("FROM found_by f JOIN proposals")
                && !steps.iter().any(|step| step.contains("found_proposals_by_"));
            if !complaints(&steps, is_few(kind, name)).is_empty() || !ordered || among_calls {
                let _ = writeln!(found, "{kind} by {name}, {variant}: {steps:?}");
            }
        }
    }
    checked
}

#[test]
fn every_list_by_any_one_filter_is_read_off_an_index_in_order() {
    let conn = tables();
    let mut found = String::new();
    let checked = [
        check::<StoredProposal>(&conn, "proposals", &mut found),
        check::<FoundEvidence>(&conn, "evidence", &mut found),
        check::<FoundAudit>(&conn, "query audit", &mut found),
        check::<FoundReceipt>(&conn, "receipts", &mut found),
    ];
    assert_eq!(found, "");
    assert_eq!(checked, [52, 48, 52, 52], "statements of each kind");
}

#[test]
fn of_two_filters_the_key_of_a_row_is_the_one_that_is_looked_up() {
    let conn = tables();
    let object = ObjectFilter { kind: Some("invoice".into()), key: Some("INV-3001".into()) };
    let filter = Filter { tenant: Some("acme".into()), object, ..Filter::default() };
    for select in [
        statement::<FoundEvidence>(&filter, &Page::default()),
        statement::<FoundAudit>(&filter, &Page::default()),
    ] {
        let steps = plan(&conn, &select.expect("a statement"));
        assert!(steps.iter().any(|step| step.contains("found_by_object_key (object_key=?")), "{steps:?}");
    }
}

#[test]
fn events_are_read_off_an_index_in_order() {
    let conn = tables();
    let filters = [
        EventFilter::default(),
        EventFilter { proposal: Some(ProposalId::from_stored("wrp_1")), ..EventFilter::default() },
        EventFilter { kind: Some(EventKind::CallRefused), ..EventFilter::default() },
        EventFilter { actor: Some("ada".into()), ..EventFilter::default() },
    ];
    for filter in filters {
        let steps = plan(&conn, &latest_statement(&filter, 20));
        let starts = ["SEARCH", "SCALAR SUBQUERY", "LIST SUBQUERY", "CREATE BLOOM FILTER"];
        let ordered = steps
            .iter()
            .all(|step| step == "SCAN events" || starts.iter().any(|start| step.starts_with(start)));
        assert!(ordered && complaints(&steps[1..], false).is_empty(), "{filter:?}: {steps:?}");
    }
}

#[test]
fn events_of_a_kind_of_which_there_are_few_are_looked_up_by_their_numbers() {
    let conn = tables();
    let steps = plan_of(&conn, &of_kind_statement(), ["runner_token_made"]);
    assert!(!steps.iter().any(|step| step.starts_with("SCAN events")), "{steps:?}");
    assert!(steps.iter().any(|step| step.contains("found_by_kind (kind=?")), "{steps:?}");
}

#[test]
fn a_table_without_its_indexes_is_complained_about() {
    let conn = tables();
    conn.execute_batch("DROP INDEX found_proposals_by_tenant; DROP INDEX found_proposals_by_time;")
        .expect("dropped");
    let mut found = String::new();
    check::<StoredProposal>(&conn, "proposals", &mut found);
    assert!(
        found.contains("by tenant") && found.contains("by none") && !found.contains("by capability"),
        "{found}"
    );
}

#[test]
fn the_type_of_an_object_is_the_same_in_rust_and_in_the_tables() {
    let conn = tables();
    for name in [
        "Invoices",
        "categories",
        "classes",
        "batches",
        "dishes",
        "boxes",
        "address",
        "news",
        "ies",
        "s",
        "Ärzte",
    ] {
        let document = serde_json::json!({ "change_set": { "target": { "table": name } } }).to_string();
        conn.execute("PRAGMA foreign_keys = OFF", []).expect("off");
        conn.execute(
            "INSERT INTO proposals (proposal_id, content_digest, created_seq, state, updated_at, document)
             SELECT ?1, '', count(*), 'applied', 0, ?2 FROM proposals",
            [name, &document],
        )
        .expect("stored");
        let table = Some(TableFilter { schema: None, name: name.to_owned() });
        let filter = Filter { table, status: Status::parse("applied"), ..Filter::default() };
        let select = statement::<StoredProposal>(&filter, &Page::default()).expect("a statement");
        let mut found = conn.prepare(&select.sql).expect("a statement");
        assert!(found.exists(rusqlite::params_from_iter(select.cells())).expect("runs"), "{name}");
    }
}
