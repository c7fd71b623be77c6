//! From what a question is about to the question, with its choices in the order they are likely.

use synapsor_config::Mode;
use synapsor_source::{ColumnKind, TableKind};

use super::super::argument;
use super::super::draft::{NAMESPACE, PRINCIPAL_ENV, TENANT_ENV};
use super::super::question::Choice;
use super::super::table;
use super::{Interview, Prompt, Subject};
use crate::inspect::names::is_plain;
use crate::inspect::{InspectedColumn, InspectedTable, KeyFrom, Suggestion};
use crate::spelling::folded;

/// What a handler can be written in, the usual ones first.
fn languages() -> Vec<Choice> {
    synapsor_bundle::languages().map(|language| choice(language, "starts a project with its cases")).collect()
}

pub(super) fn choice(value: &str, reason: impl Into<String>) -> Choice {
    Choice { value: value.to_owned(), reason: reason.into() }
}

/// Whether the database itself says what finds a row.
pub(super) fn has_key(found: &InspectedTable) -> bool {
    found
        .suggestions
        .primary_key
        .as_ref()
        .is_some_and(|key| key.columns.len() == 1 && key.from != KeyFrom::Name)
}

pub(super) fn is_number(column: &InspectedColumn) -> bool {
    argument::counts(column) || matches!(column.column.kind, ColumnKind::Decimal { .. })
}

/// Whether its values are states that follow each other.
pub(super) fn is_state(column: &InspectedColumn) -> bool {
    let name = folded(&column.column.name);
    !column.labels.is_empty() || ["status", "state", "stage", "phase"].iter().any(|word| name.ends_with(word))
}

/// What a config can name and show.
fn usable(found: &InspectedTable) -> impl Iterator<Item = &InspectedColumn> {
    found.columns.iter().filter(|column| column.exact && is_plain(&column.column.name))
}

fn by_type(column: &InspectedColumn) -> Choice {
    choice(&column.column.name, column.column.type_name.clone())
}

/// The suggested ones with their reasons, then every other with its type.
fn suggested_first(found: &InspectedTable, suggested: &[Suggestion]) -> Vec<Choice> {
    let mut choices: Vec<Choice> = suggested.iter().map(Choice::from).collect();
    let others = usable(found)
        .filter(|column| !suggested.iter().any(|suggestion| suggestion.column == column.column.name));
    choices.extend(others.map(by_type));
    choices
}

impl Interview<'_> {
    /// The question about that. A table that is not there any more is asked nothing.
    pub(super) fn asking(&self, subject: &Subject) -> Prompt {
        let of = |at: &usize| self.chosen(*at);
        let asked = match subject {
            Subject::Tables => Some(self.which_tables()),
            Subject::Use(at) => of(at).map(|(said, found)| self.usage(found).of(&said.table)),
            Subject::Key(at) => of(at).map(|(said, found)| key(found).of(&said.table)),
            Subject::Tenant(at) => of(at).map(|(said, found)| tenant(found).of(&said.table)),
            Subject::Language(at) => {
                let prompt = Prompt::one("Which language is the handler written in?", languages());
                of(at).map(|(said, _)| prompt.of(&said.table))
            }
            Subject::Changed(at) => of(at).map(|(said, found)| {
                let columns = changeable(said.tenant_key.as_deref(), found);
                let choices = columns.into_iter().map(by_type).collect();
                let prompt = Prompt::several("Which columns may a proposal set?", choices, Vec::new());
                prompt.help("Nothing else of the row can change, whoever asks.").of(&said.table)
            }),
            Subject::Value(at, column) => of(at).map(|(said, _)| value(column).of(&said.table)),
            Subject::Fixed(at, column) => of(at).map(|(said, _)| {
                let prompt = Prompt::line(format!("What is `{column}` always set to?"), "");
                prompt
                    .help("`null`, `true`, `false`, a number, or text; quotes make it text.")
                    .of(&said.table)
            }),
            Subject::Bounds(at, column) => of(at).map(|(said, _)| {
                let prompt = Prompt::line(format!("Between which bounds may `{column}` be set?"), "");
                prompt.help("MIN:MAX; either may be left out. Empty: no bounds.").of(&said.table)
            }),
            Subject::Moves(at, column) => of(at).map(|(said, _)| {
                let prompt = Prompt::line(format!("Which changes of `{column}` are allowed?"), "");
                prompt.help("FROM:TO|TO;FROM:TO. Empty: any.").of(&said.table)
            }),
            Subject::Version(at) => of(at).map(|(said, found)| version(found).of(&said.table)),
            Subject::Visible(at) => of(at).map(|(said, found)| visible(found).of(&said.table)),
            Subject::Namespace => {
                let prompt = Prompt::line("What stands before the dot of every tool's name?", NAMESPACE);
                Some(prompt.help("Letters, digits and `_`, such as `billing`."))
            }
            Subject::Who => Some(who()),
            Subject::DevTenant => Some(Prompt::line("Which tenant, for development?", "")),
            Subject::DevPrincipal => Some(Prompt::line("Which principal, for development?", "")),
        };
        asked.unwrap_or_else(|| self.which_tables())
    }

    fn which_tables(&self) -> Prompt {
        let of = |table: &InspectedTable| {
            let kind = if table.table.kind == TableKind::Table { "" } else { "a view; " };
            let whose = match table.suggestions.tenant_columns.first() {
                Some(tenant) => format!("whose a row is: `{}`", tenant.column),
                None => "no column says whose a row is".to_owned(),
            };
            choice(&table::full_name(table), format!("{kind}{whose}"))
        };
        let prompt = Prompt::several("Which tables?", self.tables().map(of).collect(), Vec::new());
        prompt.help("Each becomes a tool that reads one row of one tenant.")
    }

    fn usage(&self, found: &InspectedTable) -> Prompt {
        let mut choices = vec![choice("read", "one row of the current tenant; nothing can change")];
        let can_change =
            found.table.kind == TableKind::Table && self.sheet.answers.mode != Some(Mode::ReadOnly);
        if can_change {
            choices.push(choice("propose", "and a change of declared columns, which a person decides"));
            choices
                .push(choice("handler", "and a change that your own code computes, which a person decides"));
        }
        Prompt::one("What may a model do?", choices)
    }
}

fn key(found: &InspectedTable) -> Prompt {
    let mut suggested = Vec::new();
    if let Some(key) = &found.suggestions.primary_key {
        let reason = match key.columns.len() {
            1 => key.reason.clone(),
            _ => "a part of the key: choose it where it is unique within a tenant".to_owned(),
        };
        suggested.extend(
            key.columns.iter().map(|column| Suggestion { column: column.clone(), reason: reason.clone() }),
        );
    }
    Prompt::one("Which column finds a row?", suggested_first(found, &suggested))
        .help("A call that finds two rows is refused.")
}

fn tenant(found: &InspectedTable) -> Prompt {
    let mut choices: Vec<Choice> = found.suggestions.tenant_columns.iter().map(Choice::from).collect();
    let one_tenant = choice("one tenant", "every row belongs to the one tenant there is; for development");
    let others: Vec<Choice> =
        suggested_first(found, &found.suggestions.tenant_columns).split_off(choices.len());
    // Where no name suggests one, the likeliest is that there is none.
    if choices.is_empty() {
        choices.push(one_tenant);
        choices.extend(others);
    } else {
        choices.extend(others);
        choices.push(one_tenant);
    }
    Prompt::one("Which column says whose a row is?", choices)
        .help("It stands in every statement; no call can choose it.")
}

/// What a proposal could set: not what finds a row, says whose it is or which version, and not what the database computes.
fn changeable<'t>(tenant: Option<&str>, found: &'t InspectedTable) -> Vec<&'t InspectedColumn> {
    let hints = &found.suggestions;
    let hints =
        [&hints.tenant_columns, &hints.conflict_columns, &hints.immutable_columns, &hints.sensitive_columns];
    let is_hint = |name: &str| hints.iter().copied().flatten().any(|hint| hint.column == name);
    let can_change = |column: &&InspectedColumn| {
        let name = &column.column.name;
        let finds = found.table.primary_key.contains(name) || tenant == Some(name.as_str());
        !column.column.generated && !finds && !is_hint(name)
    };
    usable(found).filter(can_change).collect()
}

fn value(column: &str) -> Prompt {
    let choices = vec![
        choice("argument", "the caller says it, and a person sees it"),
        choice("fixed", "always the same value"),
    ];
    Prompt::one(format!("What is `{column}` set to?"), choices)
}

fn version(found: &InspectedTable) -> Prompt {
    let mut choices: Vec<Choice> = found.suggestions.conflict_columns.iter().map(Choice::from).collect();
    choices.push(choice("none", "every captured column is compared instead"));
    Prompt::one("Which column says which version of a row was seen?", choices)
        .help("A row that moved on meanwhile is a conflict, and nothing changes.")
}

fn visible(found: &InspectedTable) -> Prompt {
    let shown = &found.suggestions.default_visible_columns;
    let columns: Vec<&InspectedColumn> = usable(found).collect();
    let chosen = columns.iter().enumerate().filter(|(_, column)| shown.contains(&column.column.name));
    let chosen = chosen.map(|(at, _)| at).collect();
    Prompt::several("Which columns are shown?", columns.into_iter().map(by_type).collect(), chosen)
        .help("What reads like a secret, and what is large, is left out to begin with.")
}

fn who() -> Prompt {
    let variables = format!("`{TENANT_ENV}` and `{PRINCIPAL_ENV}`, set where a server starts");
    let choices = vec![
        choice("variables", variables),
        choice("fixed", "everybody is the same tenant and principal; for development"),
    ];
    Prompt::one("Where do tenant and principal come from?", choices).help("Never from a call.")
}
