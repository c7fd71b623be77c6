//! One table: what was decided, what its catalog states, what it suggests, and what that leaves open.

use std::collections::BTreeMap;

use synapsor_source::TableKind;

use super::answers::TableAnswers;
use super::change::{self, Binding, Bounds, Moves};
use super::question::Question;
use crate::inspect::names::is_plain;
use crate::inspect::{InspectedColumn, InspectedTable, Inspection, KeyFrom, Suggestion};
use crate::spelling::folded;

/// A table about which nothing is open.
pub(super) struct Decided<'a> {
    pub(super) found: &'a InspectedTable,
    pub(super) answers: &'a TableAnswers,
    pub(super) key: String,
    /// `None` where there is one tenant.
    pub(super) tenant: Option<String>,
    /// `None` where every captured column is compared.
    pub(super) version: Option<String>,
    pub(super) patch: Vec<(String, Binding)>,
    pub(super) bounds: BTreeMap<String, Bounds>,
    pub(super) moves: BTreeMap<String, Moves>,
    pub(super) object: String,
    pub(super) lookup_arg: String,
}

impl Decided<'_> {
    pub(super) fn column(&self, name: &str) -> Option<&InspectedColumn> {
        column(self.found, name)
    }
}

pub(super) fn column<'t>(table: &'t InspectedTable, name: &str) -> Option<&'t InspectedColumn> {
    table.columns.iter().find(|column| column.column.name == name)
}

/// The table of that name, with or without its schema; otherwise what to ask.
pub(super) fn named<'t>(found: &'t Inspection, name: &str) -> Result<&'t InspectedTable, Question> {
    let is_it = |table: &&InspectedTable| table.table.name == name || full_name(table) == name;
    let mut matching = found.tables.iter().filter(is_it);
    let flag = ("--table", "NAME");
    match (matching.next(), matching.next()) {
        (Some(table), None) => Ok(table),
        (Some(_), Some(_)) => Err(Question::of(
            Some(name),
            flag,
            "more than one schema has a table of that name; write it with its schema",
        )),
        (None, _) => {
            Err(Question::of(Some(name), flag, "no table of that name is visible to this credential"))
        }
    }
}

pub(super) fn full_name(table: &InspectedTable) -> String {
    format!("{}.{}", table.table.schema, table.table.name)
}

/// Settles everything about one table, or says what is open.
pub(super) fn decide<'a>(
    answers: &'a TableAnswers,
    found: &'a InspectedTable,
    accept_suggested: bool,
) -> Result<Decided<'a>, Vec<Question>> {
    let mut desk = Desk { answers, found, accept_suggested, open: Vec::new() };
    desk.fits();
    let key = desk.key();
    let tenant = desk.tenant();
    let version = if answers.changes() { desk.version() } else { None };
    desk.visible();
    let patch =
        desk.each(&answers.patch, ("--patch", "COLUMN=fixed:VALUE or COLUMN=arg:NAME"), change::binding);
    let bounds = desk.each(&answers.numeric_bounds, ("--numeric-bound", "COLUMN=MIN:MAX"), change::bounds);
    let moves = desk.each(
        &answers.transition_guards,
        ("--transition-guard", "COLUMN=FROM:TO|TO;FROM:TO"),
        change::transition,
    );
    desk.handler();
    let object = answers.object_name.clone().unwrap_or_else(|| singular(&folded(&found.table.name)));
    let lookup_arg = answers.lookup_arg.clone().unwrap_or_else(|| lookup_arg(&object));
    if !desk.open.is_empty() {
        return Err(desk.open);
    }
    Ok(Decided {
        found,
        answers,
        key: key.unwrap_or_default(),
        tenant,
        version,
        patch,
        bounds: bounds.into_iter().collect(),
        moves: moves.into_iter().collect(),
        object,
        lookup_arg,
    })
}

struct Desk<'a> {
    answers: &'a TableAnswers,
    found: &'a InspectedTable,
    accept_suggested: bool,
    open: Vec<Question>,
}

impl Desk<'_> {
    fn question(&self, flag: (&'static str, &'static str), what: impl Into<String>) -> Question {
        Question::of(Some(&self.answers.table), flag, what)
    }

    fn ask(&mut self, flag: (&'static str, &'static str), what: impl Into<String>) {
        let question = self.question(flag, what);
        self.open.push(question);
    }

    /// Whether a capability can be made of it at all.
    fn fits(&mut self) {
        let flag = ("--table", "NAME");
        let table = &self.found.table;
        if !is_plain(&table.name) || !is_plain(&table.schema) {
            self.ask(flag, "a config cannot name it: make a view that has a name of letters, digits and `_`");
        }
        if !table.readable {
            self.ask(flag, "the credential may not read it: grant SELECT on it, or take another table");
        }
        if table.kind != TableKind::Table && self.answers.changes() {
            self.ask(flag, "nothing is applied to a view: take the table itself, or leave the patch out");
        }
    }

    /// A column that has to be there, where one was named.
    fn known(&mut self, flag: &'static str, name: &str) {
        if column(self.found, name).is_none() {
            self.ask((flag, "COLUMN"), format!("the table has no column `{name}`"));
        } else if !is_plain(name) {
            self.ask(
                (flag, "COLUMN"),
                format!("a config cannot name the column `{name}`: make a view that calls it otherwise"),
            );
        }
    }

    fn key(&mut self) -> Option<String> {
        let flag = ("--primary-key", "COLUMN");
        if let Some(named) = &self.answers.primary_key {
            self.known(flag.0, named);
            return Some(named.clone());
        }
        let suggested = self.found.suggestions.primary_key.as_ref();
        match suggested.map(|key| (key, key.columns.as_slice())) {
            // The database itself says so.
            Some((key, [one])) if key.from != KeyFrom::Name || self.accept_suggested => Some(one.clone()),
            Some((key, [one])) => {
                let suggestion = Suggestion { column: one.clone(), reason: key.reason.clone() };
                let question = self.question(flag, "nothing vouches for a key").suggesting([&suggestion]);
                self.open.push(question);
                None
            }
            Some((_, several)) => {
                let what = format!(
                    "its key is {} columns together, and a capability finds a row by one: name a column that is unique by itself, or within a tenant",
                    several.len()
                );
                self.ask(flag, what);
                None
            }
            None => {
                self.ask(flag, "it has no key, and nothing that looks like one");
                None
            }
        }
    }

    fn tenant(&mut self) -> Option<String> {
        let both = "there is a tenant column, or there is one tenant; not both";
        let neither = "nothing says whose its rows are; where all belong to one tenant: --single-tenant-dev";
        let (answers, found) = (self.answers, self.found);
        match (&answers.tenant_key, answers.single_tenant_dev) {
            (Some(_), true) => self.contradicted("--single-tenant-dev", both),
            (named, without) => {
                let suggestions = &found.suggestions.tenant_columns;
                self.named_or_suggested(named.as_ref(), without, "--tenant-key", suggestions, neither)
            }
        }
    }

    fn version(&mut self) -> Option<String> {
        let both = "a version column guards a change, or the whole row does; not both";
        let neither = "nothing says which version of a row was seen; to compare every captured column instead: --weak-guard";
        let (answers, found) = (self.answers, self.found);
        match (&answers.conflict_column, answers.weak_guard) {
            (Some(_), true) => self.contradicted("--weak-guard", both),
            (named, without) => {
                let suggestions = &found.suggestions.conflict_columns;
                self.named_or_suggested(named.as_ref(), without, "--conflict-column", suggestions, neither)
            }
        }
    }

    /// A column, and that there is none, cannot both be true.
    fn contradicted(&mut self, flag: &'static str, both: &str) -> Option<String> {
        self.ask((flag, ""), both);
        None
    }

    /// The column that was named, none where it was said that there is none, else what is suggested.
    fn named_or_suggested(
        &mut self,
        named: Option<&String>,
        without: bool,
        flag: &'static str,
        suggestions: &[Suggestion],
        neither: &str,
    ) -> Option<String> {
        match named {
            Some(named) => {
                self.known(flag, named);
                Some(named.clone())
            }
            None if without => None,
            None => self.suggested((flag, "COLUMN"), suggestions, neither),
        }
    }

    /// The surest suggestion where the person takes it unasked, else the question with all of them.
    fn suggested(
        &mut self,
        flag: (&'static str, &'static str),
        choices: &[Suggestion],
        what: &str,
    ) -> Option<String> {
        match choices.first() {
            Some(first) if self.accept_suggested => Some(first.column.clone()),
            _ => {
                let question = self.question(flag, what).suggesting(choices);
                self.open.push(question);
                None
            }
        }
    }

    fn visible(&mut self) {
        for name in &self.answers.visible_columns {
            self.known("--visible-columns", name);
        }
        for name in &self.answers.allowed_columns {
            self.known("--allowed-columns", name);
        }
    }

    /// Every typed form read, and its column known; a column named twice is asked about.
    fn each<T>(
        &mut self,
        typed: &[String],
        flag: (&'static str, &'static str),
        read: impl Fn(&str) -> Option<(String, T)>,
    ) -> Vec<(String, T)> {
        let mut all: Vec<(String, T)> = Vec::new();
        for text in typed {
            match read(text) {
                Some((column, _)) if all.iter().any(|(known, _)| *known == column) => {
                    self.ask(flag, format!("the column `{column}` is named twice"));
                }
                Some((column, value)) => {
                    self.known(flag.0, &column);
                    all.push((column, value));
                }
                // The text itself is not repeated: a value can stand in it.
                None => self.ask(flag, "a value has another form than expected"),
            }
        }
        all
    }

    fn handler(&mut self) {
        let has_handler = self.answers.handler.is_some();
        if has_handler && !self.answers.patch.is_empty() {
            self.ask(("--handler", "LANG"), "a patch is declared, or a handler computes it; not both");
        }
        let asked = &self.answers.asked_columns;
        if !asked.is_empty() && !has_handler {
            self.ask(("--handler", "LANG"), "a patch says itself which columns the caller sets");
        }
        if asked.iter().any(|name| !self.answers.allowed_columns.contains(name)) && has_handler {
            self.ask(
                ("--allowed-columns", "COLUMN,…"),
                "what the caller says has to be among what the handler may set",
            );
        }
        if has_handler && self.answers.allowed_columns.is_empty() {
            self.ask(("--allowed-columns", "COLUMN,…"), "nothing says which columns the handler may set");
        }
    }
}

/// `invoices` is many of `invoice`, `companies` of `company`; a name in the singular stays.
fn singular(name: &str) -> String {
    match name.strip_suffix("ies") {
        Some(stem) if stem.len() > 1 => format!("{stem}y"),
        _ => match name.strip_suffix('s') {
            Some(stem) if stem.len() > 1 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
            _ => name.to_owned(),
        },
    }
}

/// `<object>_id`, unless only the runner may set a value of that name.
fn lookup_arg(object: &str) -> String {
    let usual = format!("{object}_id");
    if synapsor_protocol::is_reserved(&usual) { format!("{object}_number") } else { usual }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_called_by_its_table_in_the_singular() {
        for (table, row) in [
            ("invoices", "invoice"),
            ("companies", "company"),
            ("order_lines", "order_line"),
            ("address", "address"),
            ("status", "status"),
            ("s", "s"),
            ("ties", "tie"),
        ] {
            assert_eq!(singular(table), row);
        }
        assert_eq!(lookup_arg("invoice"), "invoice_id");
        assert_eq!(lookup_arg("tenant"), "tenant_number");
    }
}
