//! What to know about a table before a capability is written for it. Pure.

use serde::Serialize;
use synapsor_source::catalog::CatalogTable;
use synapsor_source::{ColumnKind, TableKind};

use super::names;
use super::suggest::{KeyFrom, Suggestions};

/// One thing to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Which.
    pub code: NoteCode,
    /// What it means for this table, and what to do.
    pub text: String,
}

/// What there is to know about tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoteCode {
    /// The credential may read nothing of it, or its columns cannot be told.
    NotReadable,
    /// It is a view, or no table at all.
    NotATable,
    /// Nothing keeps its rows apart.
    NoKey,
    /// Its key has several columns.
    CompositeKey,
    /// No column says whose a row is.
    NoTenantColumn,
    /// No column says which version of a row it is.
    NoVersionColumn,
    /// Row-level security binds the credential.
    RowSecurity,
    /// Something acts on changes.
    Triggers,
    /// Something follows when its rows are deleted or their keys change.
    Cascades,
    /// A config cannot name it, or one of its columns.
    NameNotPlain,
    /// Values of some columns cannot be kept exact.
    TypeNotExact,
}

impl NoteCode {
    /// The code in small words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotReadable => "not readable",
            Self::NotATable => "not a table",
            Self::NoKey => "no key",
            Self::CompositeKey => "composite key",
            Self::NoTenantColumn => "no tenant column",
            Self::NoVersionColumn => "no version column",
            Self::RowSecurity => "row-level security",
            Self::Triggers => "triggers",
            Self::Cascades => "cascades",
            Self::NameNotPlain => "name not plain",
            Self::TypeNotExact => "type not exact",
        }
    }
}

pub(super) fn notes(table: &CatalogTable, suggestions: &Suggestions) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut add = |code, text: String| notes.push(Note { code, text });
    let is_table = table.kind == TableKind::Table;
    if !table.readable {
        add(
            NoteCode::NotReadable,
            "nothing of it can be read: grant SELECT on it to the read credential, or mend what it refers to"
                .into(),
        );
    }
    if !is_table {
        add(NoteCode::NotATable, "capabilities of kind `read` only: nothing is applied to a view".into());
    }
    match &suggestions.primary_key {
        Some(key) if key.columns.len() > 1 => add(NoteCode::CompositeKey, composite(table, &key.columns)),
        Some(key) if key.from == KeyFrom::Name && is_table => {
            add(
                NoteCode::NoKey,
                format!("nothing keeps `{}` unique: add a primary key", key.columns.concat()),
            );
        }
        None if is_table => add(NoteCode::NoKey, "no row can be named: add a primary key".into()),
        _ => {}
    }
    if suggestions.tenant_columns.is_empty() {
        add(
            NoteCode::NoTenantColumn,
            "no column says whose a row is: add one, make a view that has one, or accept `single_tenant_dev` where there is one tenant"
                .into(),
        );
    }
    if is_table && suggestions.conflict_columns.is_empty() {
        add(
            NoteCode::NoVersionColumn,
            "no column says which version of a row it is: add one, or guard by the whole row with `weak_guard_ack`".into(),
        );
    }
    what_acts(table, &mut add);
    columns(table, &mut add);
    notes
}

fn composite(table: &CatalogTable, columns: &[String]) -> String {
    let single = table.unique.iter().find(|unique| unique.len() == 1);
    let instead = single.map_or_else(
        || "add a unique column, or take one that is unique within a tenant".to_owned(),
        |unique| format!("`{}` is unique too", unique.concat()),
    );
    format!("the key is {} columns together, and a capability finds a row by one: {instead}", columns.len())
}

fn what_acts(table: &CatalogTable, add: &mut impl FnMut(NoteCode, String)) {
    if table.row_security.as_ref().is_some_and(|security| security.binds_us) {
        add(
            NoteCode::RowSecurity,
            "row-level security binds this credential: rows it hides are not found, and a proposal acknowledges it in `target_acknowledgements`"
                .into(),
        );
    }
    let acting = table
        .triggers
        .iter()
        .flatten()
        .filter(|trigger| trigger.enabled && trigger.events.iter().any(|event| event == "update"));
    let names: Vec<String> = acting.map(|trigger| format!("`{}`", trigger.name)).collect();
    if !names.is_empty() && table.kind == TableKind::Table {
        let names = names.join(", ");
        add(
            NoteCode::Triggers,
            format!(
                "{names} acts on updates: read what it does, and acknowledge it in `target_acknowledgements`"
            ),
        );
    }
    let moves = |rule: &Option<String>| {
        rule.as_deref().is_some_and(|rule| matches!(rule, "cascade" | "set null" | "set default"))
    };
    let follows = table.foreign_keys.iter().filter(|key| moves(&key.on_delete) || moves(&key.on_update));
    let tables: Vec<String> = follows.map(|key| format!("`{}`", key.to_table)).collect();
    if !tables.is_empty() {
        add(NoteCode::Cascades, format!("its rows follow changes of {}", tables.join(", ")));
    }
}

fn columns(table: &CatalogTable, add: &mut impl FnMut(NoteCode, String)) {
    let names = std::iter::once(&table.name).chain(table.columns.iter().map(|column| &column.name));
    let odd: Vec<String> =
        names.filter(|name| !names::is_plain(name)).map(|name| format!("`{name}`")).collect();
    if !odd.is_empty() {
        add(
            NoteCode::NameNotPlain,
            format!(
                "a config names letters, digits and `_` only, so not {}: make a view that calls it otherwise",
                odd.join(", ")
            ),
        );
    }
    let inexact = table.columns.iter().filter(|column| column.kind == ColumnKind::Unsupported);
    let inexact: Vec<String> =
        inexact.map(|column| format!("`{}` ({})", column.name, column.type_name)).collect();
    if !inexact.is_empty() {
        add(
            NoteCode::TypeNotExact,
            format!("cannot be kept exact and is not served: {}", inexact.join(", ")),
        );
    }
}
