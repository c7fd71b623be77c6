//! The same decisions one after the other, for a person at a terminal: what to ask next, what an answer does, and the way back.
//! Pure.
//!
//! Invariant: an interview decides nothing that flags could not: it fills in [`Answers`], which [`super::draft`] judges as ever.
//! Absent on purpose: the terminal, which is `cli`'s.

mod asking;
mod prompt;
mod replying;

use std::collections::{BTreeMap, BTreeSet};

pub use prompt::{Prompt, PromptForm, Reply};

use super::answers::{Answers, TableAnswers};
use super::table;
use crate::inspect::names::is_plain;
use crate::inspect::{InspectedTable, Inspection};

/// Questions and answers about one inspected database.
#[derive(Debug)]
pub struct Interview<'a> {
    found: &'a Inspection,
    sheet: Sheet,
    /// What stood there before each answer, the latest last.
    before: Vec<Sheet>,
}

/// Everything that was said so far.
#[derive(Debug, Clone)]
struct Sheet {
    answers: Answers,
    asked: BTreeSet<Subject>,
    /// What a model may do with a table, by its place in the answers.
    uses: BTreeMap<usize, Use>,
    /// The columns a proposal sets, before it is said to what.
    changed: BTreeMap<usize, Vec<String>>,
    /// Whether tenant and principal are fixed, for development.
    is_fixed: bool,
}

/// What a model may do with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Patch,
    Handler,
}

/// What a question is about; a table by its place in the answers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Tables,
    Use(usize),
    Key(usize),
    Tenant(usize),
    Language(usize),
    Changed(usize),
    Value(usize, String),
    Fixed(usize, String),
    Bounds(usize, String),
    Moves(usize, String),
    Version(usize),
    Visible(usize),
    Namespace,
    Who,
    DevTenant,
    DevPrincipal,
}

impl<'a> Interview<'a> {
    /// Begins with what is known already; that is not asked.
    pub fn new(answers: Answers, found: &'a Inspection) -> Self {
        let sheet = Sheet {
            answers,
            asked: BTreeSet::new(),
            uses: BTreeMap::new(),
            changed: BTreeMap::new(),
            is_fixed: false,
        };
        Self { found, sheet, before: Vec::new() }
    }

    /// What to ask next; nothing is left where there is none.
    pub fn prompt(&self) -> Option<Prompt> {
        self.subject().map(|subject| self.asking(&subject))
    }

    /// Takes the answer to what [`Self::prompt`] asked.
    ///
    /// # Errors
    /// Why it is none; the same is asked again.
    pub fn answer(&mut self, reply: &Reply) -> Result<(), String> {
        let Some(subject) = self.subject() else { return Ok(()) };
        let before = self.sheet.clone();
        match self.reply(&subject, reply) {
            Ok(()) => {
                self.sheet.asked.insert(subject);
                self.before.push(before);
                Ok(())
            }
            Err(why) => {
                self.sheet = before;
                Err(why)
            }
        }
    }

    /// Takes the latest answer back. `false` where there is none.
    pub fn back(&mut self) -> bool {
        self.before.pop().map(|before| self.sheet = before).is_some()
    }

    /// What was said so far.
    pub fn answers(&self) -> &Answers {
        &self.sheet.answers
    }

    /// The tables there are to choose from: those a config can name and the credential may read.
    fn tables(&self) -> impl Iterator<Item = &'a InspectedTable> {
        let fits = |table: &&InspectedTable| {
            table.table.readable && is_plain(&table.table.name) && is_plain(&table.table.schema)
        };
        self.found.tables.iter().filter(fits)
    }

    /// A chosen table, and what was said of it.
    fn chosen(&self, at: usize) -> Option<(&TableAnswers, &'a InspectedTable)> {
        let said = self.sheet.answers.tables.get(at)?;
        Some((said, table::named(self.found, &said.table).ok()?))
    }

    /// The first thing that is neither known nor was asked.
    fn subject(&self) -> Option<Subject> {
        let sheet = &self.sheet;
        if sheet.answers.tables.is_empty() {
            return (self.tables().next().is_some()).then_some(Subject::Tables);
        }
        let of_tables = (0..sheet.answers.tables.len()).flat_map(|at| self.of_table(at));
        of_tables.chain(self.of_all()).find(|subject| !sheet.asked.contains(subject))
    }

    /// What there is to ask about one table, in the order it is asked; what is known is left out.
    fn of_table(&self, at: usize) -> Vec<Subject> {
        let Some((said, found)) = self.chosen(at) else { return Vec::new() };
        let mut subjects = Vec::new();
        let mut ask = |wanted: bool, subject| {
            if wanted {
                subjects.push(subject);
            }
        };
        ask(!said.changes(), Subject::Use(at));
        ask(said.primary_key.is_none() && !asking::has_key(found), Subject::Key(at));
        ask(said.tenant_key.is_none() && !said.single_tenant_dev, Subject::Tenant(at));
        let usage = self.sheet.uses.get(&at).copied();
        ask(usage == Some(Use::Handler) && said.handler.is_none(), Subject::Language(at));
        ask(matches!(usage, Some(Use::Patch | Use::Handler)), Subject::Changed(at));
        if usage == Some(Use::Patch) {
            for name in self.sheet.changed.get(&at).into_iter().flatten() {
                subjects.extend(self.of_column(at, said, found, name));
            }
        }
        let changes = said.changes() || matches!(usage, Some(Use::Patch | Use::Handler));
        let is_guarded = said.conflict_column.is_some() || said.weak_guard;
        if changes && !is_guarded {
            subjects.push(Subject::Version(at));
        }
        if said.visible_columns.is_empty() {
            subjects.push(Subject::Visible(at));
        }
        subjects
    }

    /// What there is to ask about a column that a patch sets.
    fn of_column(&self, at: usize, said: &TableAnswers, found: &InspectedTable, name: &str) -> Vec<Subject> {
        let name = name.to_owned();
        let value = Subject::Value(at, name.clone());
        if !self.sheet.asked.contains(&value) {
            return vec![value];
        }
        let from_argument = said.patch.iter().any(|text| text.starts_with(&format!("{name}=arg:")));
        if !from_argument {
            return vec![Subject::Fixed(at, name)];
        }
        match table::column(found, &name) {
            Some(column) if asking::is_number(column) => vec![Subject::Bounds(at, name)],
            Some(column) if asking::is_state(column) => vec![Subject::Moves(at, name)],
            _ => Vec::new(),
        }
    }

    /// What concerns no table in particular.
    fn of_all(&self) -> Vec<Subject> {
        let said = &self.sheet.answers;
        let mut subjects = Vec::new();
        if said.namespace.is_none() {
            subjects.push(Subject::Namespace);
        }
        let is_known = [&said.tenant_env, &said.principal_env].iter().any(|name| name.is_some());
        if !is_known && !self.sheet.is_fixed && said.dev_tenant.is_none() {
            subjects.push(Subject::Who);
        }
        if self.sheet.is_fixed {
            subjects.extend([Subject::DevTenant, Subject::DevPrincipal]);
        }
        subjects
    }
}

#[cfg(test)]
mod tests;
