//! A database for people: a line a table, or a table with every column, what it suggests and why.

use synapsor_setup::Inspection;
use synapsor_setup::inspect::{InspectedColumn, InspectedTable, Suggestion};
use synapsor_source::TableKind;
use synapsor_source::catalog::{CatalogTable, ForeignKey, Index, Trigger};

use super::{count, inert, style, table::table};

/// What is shown of a list that has nothing in it.
const NONE: &str = "-";

/// Every table in a line.
pub(crate) fn overview(found: &Inspection) -> String {
    let rows: Vec<[String; 7]> = found.tables.iter().map(row).collect();
    let next = format!("{} add --table NAME to see a table with its columns", style::dim("hint:"));
    let listed = table(["table", "kind", "columns", "key", "tenant", "version", "to know"], &rows);
    [heading(found), listed, format!("{}\n{next}", warnings(found))].join("\n\n")
}

/// Every table with its columns.
pub(crate) fn details(found: &Inspection) -> String {
    let mut parts = vec![heading(found)];
    parts.extend(found.tables.iter().map(sheet));
    parts.push(warnings(found));
    parts.join("\n\n")
}

fn heading(found: &Inspection) -> String {
    let user = found.user.as_ref().map(|user| format!(", as `{}`", inert::text(user))).unwrap_or_default();
    let version = inert::text(&found.server_version);
    format!("{} {version}{user}: {}", style::strong(found.engine), count(found.tables.len(), "table"))
}

fn warnings(found: &Inspection) -> String {
    let line = |warning: &String| format!("{} {}", style::dim("note:"), inert::text(warning));
    found.warnings.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn row(found: &InspectedTable) -> [String; 7] {
    let suggested = &found.suggestions;
    let key = suggested.primary_key.as_ref().map(|key| names(&key.columns));
    let first = |list: &[Suggestion]| {
        list.first().map_or_else(|| NONE.to_owned(), |suggestion| inert::text(&suggestion.column))
    };
    let notes: Vec<&str> = found.notes.iter().map(|note| note.code.words()).collect();
    [
        qualified(&found.table),
        kind(found.table.kind).to_owned(),
        found.columns.len().to_string(),
        key.unwrap_or_else(|| NONE.to_owned()),
        first(&suggested.tenant_columns),
        first(&suggested.conflict_columns),
        if notes.is_empty() { String::new() } else { style::warn(notes.join(", ")) },
    ]
}

fn sheet(found: &InspectedTable) -> String {
    let mut lines = vec![format!("{}  {}", style::strong(qualified(&found.table)), kind(found.table.kind))];
    let mut fact = |label: &str, text: String| {
        lines.push(format!("  {} {text}", style::dim(format!("{label:<12}"))));
    };
    let suggested = &found.suggestions;
    if let Some(key) = &suggested.primary_key {
        fact("key", format!("{}  {}", names(&key.columns), style::dim(&key.reason)));
    }
    for columns in &found.table.unique {
        fact("unique", names(columns));
    }
    for suggestion in &suggested.tenant_columns {
        fact("tenant", because(suggestion));
    }
    for suggestion in &suggested.conflict_columns {
        fact("version", because(suggestion));
    }
    for key in &found.table.foreign_keys {
        fact("refers to", reference(key));
    }
    for check in &found.table.checks {
        fact("check", inert::text(&check.definition));
    }
    for found in &found.table.indexes {
        fact("index", index(found));
    }
    if let Some(security) = &found.table.row_security {
        let policies: Vec<String> = security
            .policies
            .iter()
            .map(|policy| format!("{} ({})", inert::text(&policy.name), policy.command))
            .collect();
        let binds = if security.binds_us { "binds this credential" } else { "does not bind this credential" };
        fact("row security", format!("{binds}: {}", policies.join(", ")));
    }
    for found in found.table.triggers.iter().flatten() {
        fact("trigger", trigger(found));
    }
    let rows: Vec<[String; 5]> = found.columns.iter().map(|column| self::column(column, found)).collect();
    lines.push(String::new());
    lines.push(table(["column", "type", "null", "default", "to know"], &rows));
    if !found.notes.is_empty() {
        lines.push(String::new());
    }
    lines.extend(
        found
            .notes
            .iter()
            .map(|note| format!("{}: {}", style::warn(note.code.words()), inert::text(&note.text))),
    );
    lines.join("\n")
}

fn column(found: &InspectedColumn, of: &InspectedTable) -> [String; 5] {
    let name = &found.column.name;
    let suggested = &of.suggestions;
    let mut facts: Vec<String> = Vec::new();
    if found.column.generated {
        facts.push("computed by the database".to_owned());
    }
    if found.column.moves {
        facts.push("moved at every change".to_owned());
    }
    if !found.labels.is_empty() {
        facts.push(format!("one of {}", names(&found.labels)));
    }
    if !found.exact {
        facts.push(style::warn("not exact, not served"));
    }
    let said = |list: &[Suggestion], word: &str| {
        let found = list.iter().find(|suggestion| suggestion.column == *name);
        found.map(|suggestion| style::warn(format!("{word}: {}", inert::text(&suggestion.reason))))
    };
    facts.extend(said(&suggested.sensitive_columns, "sensitive"));
    facts.extend(said(&suggested.large_columns, "large"));
    [
        inert::text(name),
        inert::text(&found.column.type_name),
        if found.column.nullable { "null" } else { "" }.to_owned(),
        found.column.default.as_deref().map(inert::text).unwrap_or_default(),
        facts.join("; "),
    ]
}

fn because(suggestion: &Suggestion) -> String {
    format!("{}  {}", inert::text(&suggestion.column), style::dim(inert::text(&suggestion.reason)))
}

fn reference(key: &ForeignKey) -> String {
    let to = match key.to_columns.as_slice() {
        [] => String::new(),
        columns => format!(" ({})", names(columns)),
    };
    let rule = |on: &str, rule: &Option<String>| match rule.as_deref() {
        None | Some("no action" | "restrict") => String::new(),
        Some(rule) => format!(", on {on} {}", inert::text(rule)),
    };
    let follows = rule("delete", &key.on_delete) + &rule("update", &key.on_update);
    let table = inert::text(&format!("{}.{}", key.to_schema, key.to_table));
    format!("{table}{to} by {}{follows}", names(&key.columns))
}

fn index(index: &Index) -> String {
    let unique = if index.unique { ", unique" } else { "" };
    let partial = if index.partial { ", of some rows" } else { "" };
    format!("{} ({}){unique}{partial}", inert::text(&index.name), names(&index.columns))
}

fn trigger(trigger: &Trigger) -> String {
    let off = if trigger.enabled { "" } else { ", switched off" };
    format!("{}: {} {}{off}", inert::text(&trigger.name), trigger.timing, trigger.events.join(" or "))
}

fn kind(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Table => "table",
        TableKind::View => "view",
        TableKind::Other => "other",
    }
}

fn qualified(table: &CatalogTable) -> String {
    inert::text(&format!("{}.{}", table.schema, table.name))
}

fn names(names: &[String]) -> String {
    names.iter().map(|name| inert::text(name)).collect::<Vec<_>>().join(", ")
}
