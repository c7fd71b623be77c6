//! What a capability could take from a table, each with the reason. Pure.

use serde::Serialize;
use synapsor_protocol::Value;
use synapsor_source::catalog::{CatalogColumn, CatalogTable};
use synapsor_source::{ColumnKind, TableKind};

use super::names;
use crate::spelling::folded;

/// What a capability could take from a table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Suggestions {
    /// What finds one row.
    pub primary_key: Option<KeySuggestion>,
    /// Whose a row is, the surest first.
    pub tenant_columns: Vec<Suggestion>,
    /// Which version of a row it is, the surest first.
    pub conflict_columns: Vec<Suggestion>,
    /// What to leave out of a capability.
    pub sensitive_columns: Vec<Suggestion>,
    /// What makes a row large.
    pub large_columns: Vec<Suggestion>,
    /// What no proposal should change.
    pub immutable_columns: Vec<Suggestion>,
    /// What is left: neither sensitive nor large, and exact.
    pub default_visible_columns: Vec<String>,
}

/// A column and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The column.
    pub column: String,
    /// Why.
    pub reason: String,
}

/// What finds one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeySuggestion {
    /// Its columns.
    pub columns: Vec<String>,
    /// How sure it is.
    pub from: KeyFrom,
    /// Why.
    pub reason: String,
}

/// How a key is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyFrom {
    /// It is the primary key.
    PrimaryKey,
    /// The database keeps the column unique, and it takes no NULL.
    Unique,
    /// It has the name of one, and nothing says more.
    Name,
}

impl Suggestion {
    fn new(column: &CatalogColumn, reason: impl Into<String>) -> Self {
        Self { column: column.name.clone(), reason: reason.into() }
    }
}

pub(super) fn suggestions(table: &CatalogTable) -> Suggestions {
    let each = |judge: fn(&CatalogColumn) -> Option<String>| -> Vec<Suggestion> {
        let judged = |column: &CatalogColumn| Some(Suggestion::new(column, judge(column)?));
        table.columns.iter().filter_map(judged).collect()
    };
    let (sensitive_columns, large_columns) = (each(sensitive), each(large));
    let left_out = |name: &str| {
        sensitive_columns.iter().chain(&large_columns).any(|suggestion| suggestion.column == name)
    };
    let visible = table.columns.iter().filter(|column| column.kind != ColumnKind::Unsupported);
    let visible = visible.map(|column| column.name.clone()).filter(|name| !left_out(name));
    let tenant_columns = tenant(table);
    Suggestions {
        primary_key: key(table),
        conflict_columns: version(table),
        immutable_columns: immutable(table, &tenant_columns),
        default_visible_columns: visible.collect(),
        tenant_columns,
        sensitive_columns,
        large_columns,
    }
}

fn key(table: &CatalogTable) -> Option<KeySuggestion> {
    if !table.primary_key.is_empty() {
        let columns = table.primary_key.clone();
        return Some(KeySuggestion {
            columns,
            from: KeyFrom::PrimaryKey,
            reason: "the primary key".to_owned(),
        });
    }
    let column = |name: &String| table.columns.iter().find(|column| column.name == *name);
    let unique = table.unique.iter().find_map(|columns| match columns.as_slice() {
        [one] => column(one).filter(|column| !column.nullable),
        _ => None,
    });
    if let Some(column) = unique {
        let (columns, from) = (vec![column.name.clone()], KeyFrom::Unique);
        return Some(KeySuggestion { columns, from, reason: "unique, and takes no NULL".to_owned() });
    }
    let of_table = format!("{}_id", folded(&table.name).trim_end_matches('s'));
    let named = |name: &str| table.columns.iter().find(|column| folded(&column.name) == name);
    let column = named("id").or_else(|| named(&of_table))?;
    let reason = match table.kind {
        TableKind::View => "has the name of a key; a view has none of its own",
        _ => "has the name of a key, but nothing keeps it unique",
    };
    let (columns, from) = (vec![column.name.clone()], KeyFrom::Name);
    Some(KeySuggestion { columns, from, reason: reason.to_owned() })
}

fn tenant(table: &CatalogTable) -> Vec<Suggestion> {
    let by_name = names::TENANT.iter().flat_map(|known| {
        let of_name = table.columns.iter().filter(|column| folded(&column.name) == **known);
        of_name.filter(|column| identifies(&column.kind)).map(|column| {
            let reason = match *known {
                "customer_id" => "says whose a row is, where every customer is a tenant",
                _ => "has the name of a tenant column",
            };
            Suggestion::new(column, nullable(table, column, reason, "a row without one belongs to nobody"))
        })
    });
    let mut found: Vec<Suggestion> = by_name.collect();
    for key in &table.foreign_keys {
        let [from] = key.columns.as_slice() else { continue };
        let singular = folded(&key.to_table);
        let known = names::TENANT_TABLES.contains(&singular.trim_end_matches('s'));
        if known && !found.iter().any(|suggestion| suggestion.column == *from) {
            let reason = format!("refers to `{}`", key.to_table);
            found.push(Suggestion { column: from.clone(), reason });
        }
    }
    found
}

/// Whether a tenant or a key can be compared by it.
fn identifies(kind: &ColumnKind) -> bool {
    matches!(
        kind,
        ColumnKind::Integer { .. }
            | ColumnKind::Text { .. }
            | ColumnKind::Uuid { .. }
            | ColumnKind::Enum { .. }
            | ColumnKind::Decimal { .. }
            | ColumnKind::Dynamic { .. }
    )
}

fn version(table: &CatalogTable) -> Vec<Suggestion> {
    let found = names::VERSION.iter().flat_map(|known| {
        let of_name = table.columns.iter().filter(|column| folded(&column.name) == **known);
        of_name.filter_map(|column| {
            let reason = match &column.kind {
                ColumnKind::Timestamp { digits: 0, .. } => {
                    "says when the row changed, to the second: two changes within one look alike".to_owned()
                }
                ColumnKind::Timestamp { .. } => "says when the row changed".to_owned(),
                ColumnKind::Integer { .. } => "counts the row's changes".to_owned(),
                kind if identifies(kind) => "names the row's version".to_owned(),
                _ => return None,
            };
            let moved = if column.moves { "; the database moves it itself" } else { "" };
            let reason = format!("{reason}{moved}");
            Some(Suggestion::new(
                column,
                nullable(table, column, &reason, "a row without one cannot be guarded by it"),
            ))
        })
    });
    found.collect()
}

/// Of a view no column is known never to be NULL.
fn nullable(table: &CatalogTable, column: &CatalogColumn, reason: &str, so: &str) -> String {
    if column.nullable && table.kind == TableKind::Table {
        format!("{reason}; takes NULL, and {so}")
    } else {
        reason.to_owned()
    }
}

/// What the ledger would refuse to record under that name, and what is personal.
fn sensitive(column: &CatalogColumn) -> Option<String> {
    let example = match column.kind {
        ColumnKind::Boolean | ColumnKind::Date | ColumnKind::Timestamp { .. } => return None,
        ColumnKind::Integer { .. } | ColumnKind::Decimal { .. } => Value::Integer(0),
        _ => Value::Text(String::new()),
    };
    if synapsor_ledger::looks_secret(&column.name, &example) {
        return Some("has the name of a secret; what is under it is never recorded".to_owned());
    }
    names::personal(&folded(&column.name)).map(|what| format!("has the name of {what}"))
}

fn large(column: &CatalogColumn) -> Option<String> {
    let type_name = column.type_name.to_ascii_lowercase();
    let word = |word: &str| type_name.contains(word);
    let reason = match column.kind {
        ColumnKind::Bytes { .. } => "holds bytes",
        ColumnKind::Json(_) => "holds JSON, of whatever size",
        _ if word("blob") || word("binary") => "holds bytes",
        _ if word("vector") => "holds vectors",
        _ if word("json") => "holds JSON, of whatever size",
        _ if word("xml") || word("longtext") || word("mediumtext") => "holds whole documents",
        _ => return None,
    };
    Some(reason.to_owned())
}

fn immutable(table: &CatalogTable, tenant: &[Suggestion]) -> Vec<Suggestion> {
    let judged = |column: &CatalogColumn| {
        let reason = if table.primary_key.contains(&column.name) {
            "of the primary key"
        } else if tenant.iter().any(|suggestion| suggestion.column == column.name) {
            "says whose the row is"
        } else if column.generated {
            "computed by the database"
        } else if names::IMMUTABLE.contains(&folded(&column.name).as_str()) {
            "says what a row was from the start"
        } else {
            return None;
        };
        Some(Suggestion::new(column, reason))
    };
    table.columns.iter().filter_map(judged).collect()
}
