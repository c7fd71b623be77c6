//! Suggestions and notes over catalogs made by hand: names, types and keys as people have them.

use expect_test::{Expect, expect};
use synapsor_source::catalog::{CatalogColumn, CatalogTable, ForeignKey, Trigger};
use synapsor_source::{ColumnKind, Repertoire, TableKind};

use super::*;

fn column(written: &str) -> CatalogColumn {
    let mut words = written.split_whitespace();
    let (name, type_name) = (words.next().unwrap_or_default(), words.next().unwrap_or("text"));
    let kind = match type_name {
        "int" => ColumnKind::Integer { min: 0, max: 9 },
        "bytea" => ColumnKind::Bytes { length_max: None },
        "float" => ColumnKind::Unsupported,
        "bool" => ColumnKind::Boolean,
        "time" => ColumnKind::Timestamp { with_offset: true, digits: 6 },
        "seconds" => ColumnKind::Timestamp { with_offset: false, digits: 0 },
        _ => ColumnKind::Text { length_max: None, repertoire: Repertoire::Unicode },
    };
    CatalogColumn {
        name: name.replace('~', " "),
        type_name: type_name.to_owned(),
        kind,
        nullable: written.contains("null"),
        generated: written.contains("generated"),
        default: None,
        readable: true,
        collation: None,
        folds: false,
        moves: written.contains("moves"),
    }
}

/// A table of columns written `name type null generated moves`; the first `keys` of them are the primary key.
fn table(keys: usize, columns: &[&str]) -> CatalogTable {
    let columns: Vec<CatalogColumn> = columns.iter().map(|written| column(written)).collect();
    CatalogTable {
        schema: "public".into(),
        name: "orders".into(),
        kind: TableKind::Table,
        readable: true,
        primary_key: columns.iter().take(keys).map(|column| column.name.clone()).collect(),
        columns,
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        indexes: Vec::new(),
        row_security: None,
        triggers: Some(Vec::new()),
    }
}

fn told(table: CatalogTable) -> String {
    let judged = InspectedTable::of(table);
    let Suggestions {
        primary_key,
        tenant_columns,
        conflict_columns,
        sensitive_columns,
        large_columns,
        immutable_columns,
        default_visible_columns,
    } = judged.suggestions;
    let mut lines = Vec::new();
    lines.extend(primary_key.map(|key| format!("key {}: {}", key.columns.join("+"), key.reason)));
    for (what, found) in [
        ("tenant", tenant_columns),
        ("version", conflict_columns),
        ("sensitive", sensitive_columns),
        ("large", large_columns),
        ("immutable", immutable_columns),
    ] {
        lines.extend(found.iter().map(|found| format!("{what} {}: {}", found.column, found.reason)));
    }
    lines.push(format!("visible {}", default_visible_columns.join(" ")));
    lines.extend(judged.notes.iter().map(|note| format!("{}: {}", note.code.words(), note.text)));
    lines.join("\n") + "\n"
}

fn check(table: CatalogTable, expected: &Expect) {
    expected.assert_eq(&told(table));
}

#[test]
fn a_table_as_it_should_be_leaves_nothing_to_note() {
    check(
        table(1, &["id", "tenant_id", "status", "updated_at time"]),
        &expect![[r#"
        key id: the primary key
        tenant tenant_id: has the name of a tenant column
        version updated_at: says when the row changed
        immutable id: of the primary key
        immutable tenant_id: says whose the row is
        visible id tenant_id status updated_at
    "#]],
    );
}

#[test]
fn each_suggestion_has_its_reason() {
    check(
        table(
            1,
            &[
                "OrderId int",
                "customerId int",
                "accountId int null",
                "version int",
                "updated_at seconds null moves",
                "api_key",
                "token_count int",
                "password_changed_at time",
                "customer_ssn",
                "avatar bytea",
                "price float",
                "total int generated",
                "created_at time",
            ],
        ),
        &expect![[r#"
            key OrderId: the primary key
            tenant accountId: has the name of a tenant column; takes NULL, and a row without one belongs to nobody
            tenant customerId: says whose a row is, where every customer is a tenant
            version version: counts the row's changes
            version updated_at: says when the row changed, to the second: two changes within one look alike; the database moves it itself; takes NULL, and a row without one cannot be guarded by it
            sensitive api_key: has the name of a secret; what is under it is never recorded
            sensitive customer_ssn: has the name of a social security number
            large avatar: holds bytes
            immutable OrderId: of the primary key
            immutable customerId: says whose the row is
            immutable accountId: says whose the row is
            immutable total: computed by the database
            immutable created_at: says what a row was from the start
            visible OrderId customerId accountId version updated_at token_count password_changed_at total created_at
            type not exact: cannot be kept exact and is not served: `price` (float)
        "#]],
    );
}

#[test]
fn what_is_missing_is_said_with_what_to_do() {
    let mut bare = table(0, &["Order~No", "note"]);
    bare.readable = false;
    check(
        bare,
        &expect![[r#"
        visible Order No note
        not readable: nothing of it can be read: grant SELECT on it to the read credential, or mend what it refers to
        no key: no row can be named: add a primary key
        no tenant column: no column says whose a row is: add one, make a view that has one, or accept `single_tenant_dev` where there is one tenant
        no version column: no column says which version of a row it is: add one, or guard by the whole row with `weak_guard_ack`
        name not plain: a config names letters, digits and `_` only, so not `Order No`: make a view that calls it otherwise
    "#]],
    );
}

#[test]
fn a_key_of_two_columns_leaves_a_unique_one() {
    let mut both = table(2, &["tenant_id", "number int", "code", "row_version int"]);
    both.unique = vec![vec!["code".into()]];
    check(
        both,
        &expect![[r#"
        key tenant_id+number: the primary key
        tenant tenant_id: has the name of a tenant column
        version row_version: counts the row's changes
        immutable tenant_id: of the primary key
        immutable number: of the primary key
        visible tenant_id number code row_version
        composite key: the key is 2 columns together, and a capability finds a row by one: `code` is unique too
    "#]],
    );
}

#[test]
fn without_a_primary_key_what_is_unique_is_next_and_then_the_name() {
    let mut unique = table(0, &["id int null", "code", "org_id int", "etag"]);
    unique.unique = vec![vec!["id".into()], vec!["code".into()]];
    check(
        unique,
        &expect![[r#"
        key code: unique, and takes no NULL
        tenant org_id: has the name of a tenant column
        version etag: names the row's version
        immutable id: says what a row was from the start
        immutable org_id: says whose the row is
        visible id code org_id etag
    "#]],
    );
    check(
        table(0, &["order_id int", "org_id int", "etag"]),
        &expect![[r#"
        key order_id: has the name of a key, but nothing keeps it unique
        tenant org_id: has the name of a tenant column
        version etag: names the row's version
        immutable org_id: says whose the row is
        visible order_id org_id etag
        no key: nothing keeps `order_id` unique: add a primary key
    "#]],
    );
    let view = CatalogTable { kind: TableKind::View, ..table(0, &["id int", "tenant_id"]) };
    check(
        view,
        &expect![[r#"
        key id: has the name of a key; a view has none of its own
        tenant tenant_id: has the name of a tenant column
        immutable id: says what a row was from the start
        immutable tenant_id: says whose the row is
        visible id tenant_id
        not a table: capabilities of kind `read` only: nothing is applied to a view
    "#]],
    );
}

#[test]
fn what_acts_on_changes_is_named() {
    let mut acted = table(1, &["id", "owner int", "updated_at time"]);
    acted.foreign_keys = vec![ForeignKey {
        columns: vec!["owner".into()],
        to_schema: "public".into(),
        to_table: "Workspaces".into(),
        to_columns: vec!["id".into()],
        on_delete: Some("cascade".into()),
        on_update: None,
    }];
    let trigger = |name: &str, event: &str| Trigger {
        name: name.into(),
        timing: "before".into(),
        events: vec![event.into()],
        enabled: true,
    };
    acted.triggers = Some(vec![trigger("touch", "update"), trigger("born", "insert")]);
    check(
        acted,
        &expect![[r#"
        key id: the primary key
        tenant owner: refers to `Workspaces`
        version updated_at: says when the row changed
        immutable id: of the primary key
        immutable owner: says whose the row is
        visible id owner updated_at
        triggers: `touch` acts on updates: read what it does, and acknowledge it in `target_acknowledgements`
        cascades: its rows follow changes of `Workspaces`
    "#]],
    );
}

#[test]
fn a_name_that_only_contains_a_word_is_not_condemned() {
    for name in ["lessons", "token_type", "sessions_per_day_goal_x", "versions", "my_tenant_id_old"] {
        let judged = InspectedTable::of(table(0, &[name]));
        let tenant = &judged.suggestions.tenant_columns;
        assert!(tenant.is_empty() && judged.suggestions.conflict_columns.is_empty(), "{name}");
    }
}
