//! Answers and an inspection to the text of a config that passes its own check, and to what has to stand beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use synapsor_config::{Config, Mode};
use synapsor_protocol::Engine;

use super::answers::{Answers, DatabasePlace};
use super::document::{Capability, Context, ContextValues, Document, Source, Storage};
use super::question::{Choice, Question};
use super::table::{self, Decided};
use crate::inspect::names::is_plain;
use crate::inspect::{Inspection, Note};

/// The digest of a component that is not built yet: no component has it, so nothing is loaded by it.
pub const UNPINNED: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

pub(super) const LEDGER: &str = "./.synapsor/local.db";
const SOURCE: &str = "app";
pub(super) const NAMESPACE: &str = "app";
const STATEMENT_TIMEOUT_MS: u64 = 3_000;
const WRITE_URL_ENV: &str = "SYNAPSOR_DATABASE_WRITE_URL";
pub(super) const TENANT_ENV: &str = "SYNAPSOR_TENANT_ID";
pub(super) const PRINCIPAL_ENV: &str = "SYNAPSOR_PRINCIPAL";

/// A first config, and what has to stand beside it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The config's text.
    pub text: String,
    /// The same, checked.
    pub config: Arc<Config>,
    /// The variables it names, in the order a person sets them.
    pub variables: Vec<Variable>,
    /// The handlers that have to be written.
    pub handlers: Vec<HandlerProject>,
    /// What to know about the chosen tables first, by table.
    pub notes: Vec<(String, Note)>,
    /// The call to try first.
    pub first_call: FirstCall,
}

impl Draft {
    /// The handlers begin with these files in place of their language's template.
    pub fn begin_with(&mut self, rule: &[(PathBuf, String)]) {
        for project in &mut self.handlers {
            project.fit.rule = rule.to_vec();
        }
    }
}

/// A variable a config names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub holds: &'static str,
}

/// A handler that has to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerProject {
    /// Its language, as `handler new --lang` takes it.
    pub language: String,
    /// Its name.
    pub name: String,
    /// Its folder, from the config's own.
    pub folder: String,
    /// The capability it is for, and what it sets.
    pub fit: synapsor_bundle::Fit,
}

/// A read that needs nothing but the key of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstCall {
    /// The capability.
    pub capability: String,
    /// The argument that carries the key.
    pub argument: String,
}

/// Makes a draft, or says everything that is still open.
///
/// # Errors
/// The questions, each with the flag that answers it. Problems the config's own check finds are among them.
pub fn draft(answers: &Answers, place: &DatabasePlace, found: &Inspection) -> Result<Draft, Vec<Question>> {
    let mut open = general(answers);
    if answers.tables.is_empty() {
        open.push(which_tables(found));
    }
    let mut decided = Vec::new();
    for wanted in &answers.tables {
        let named = table::named(found, &wanted.table).map_err(|question| vec![question]);
        match named.and_then(|found| table::decide(wanted, found, answers.accept_suggested)) {
            Ok(table) => decided.push(table),
            Err(questions) => open.extend(questions),
        }
    }
    open.extend(named_twice(&decided));
    if !open.is_empty() {
        return Err(open);
    }
    Plan { answers, place, found, tables: decided }.draft()
}

/// What concerns no table in particular.
fn general(answers: &Answers) -> Vec<Question> {
    let mut open = Vec::new();
    let mut ask = |flag, what: &str| open.push(Question::of(None, flag, what));
    match (&answers.dev_tenant, &answers.dev_principal) {
        (Some(_), None) => {
            ask(("--dev-principal", "NAME"), "a tenant for development needs a principal beside it")
        }
        (None, Some(_)) => {
            ask(("--dev-tenant", "NAME"), "a principal for development needs a tenant beside it")
        }
        (Some(_), Some(_)) if answers.tenant_env.is_some() || answers.principal_env.is_some() => {
            ask(
                ("--dev-tenant", "NAME"),
                "the tenant comes from a variable, or is fixed for development; not both",
            );
        }
        _ => {}
    }
    let changes = answers.tables.iter().any(super::TableAnswers::changes);
    match answers.mode {
        Some(Mode::ReadOnly) if changes => {
            ask(
                ("--mode", "review"),
                "a runner that only reads proposes nothing: leave the patch out, or choose another mode",
            );
        }
        Some(Mode::Review | Mode::Shadow) if !changes && !answers.tables.is_empty() => {
            let what = "nothing says what may be proposed; a handler can compute it instead: --handler LANG";
            ask(("--patch", "COLUMN=fixed:VALUE or COLUMN=arg:NAME"), what);
        }
        Some(Mode::Cloud) => {
            ask(
                ("--mode", "review"),
                "a hosted service's tools are set up without a database and without answers",
            );
        }
        _ => {}
    }
    for (flag, name) in [("--namespace", &answers.namespace), ("--source-name", &answers.source_name)] {
        if name.as_deref().is_some_and(|name| !is_plain(name)) {
            ask((flag, "NAME"), "expected letters, digits and `_`");
        }
    }
    open
}

/// Every table a capability could be made of without another question about its key.
fn which_tables(found: &Inspection) -> Question {
    let fit = found.tables.iter().filter(|table| {
        let has_key = table.suggestions.primary_key.as_ref().is_some_and(|key| key.columns.len() == 1);
        has_key && table.table.readable && is_plain(&table.table.name) && is_plain(&table.table.schema)
    });
    let choices = fit.map(|table| Choice {
        value: table::full_name(table),
        reason: match table.suggestions.tenant_columns.first() {
            Some(tenant) => format!("whose a row is: `{}`", tenant.column),
            None => "no column says whose a row is".to_owned(),
        },
    });
    Question::of(None, ("--table", "NAME"), "nothing says which tables").suggesting(choices)
}

/// Two tables whose rows would have one name.
fn named_twice(decided: &[Decided<'_>]) -> Vec<Question> {
    let mut seen = BTreeSet::new();
    let twice = decided.iter().filter(|table| !seen.insert(table.object.as_str()));
    let ask = |table: &Decided<'_>| {
        let what = format!("another table's rows are called `{}` too", table.object);
        Question::of(Some(&table.answers.table), ("--object-name", "NAME"), what)
    };
    twice.map(ask).collect()
}

/// The answers, held against what was found.
pub(super) struct Plan<'a> {
    pub(super) answers: &'a Answers,
    place: &'a DatabasePlace,
    found: &'a Inspection,
    tables: Vec<Decided<'a>>,
}

impl Plan<'_> {
    fn draft(&self) -> Result<Draft, Vec<Question>> {
        let mut capabilities: Vec<Capability> = Vec::new();
        for table in &self.tables {
            capabilities.push(self.read(table));
            capabilities.extend(self.proposal(table));
        }
        let first_call = FirstCall {
            capability: capabilities.first().map(|read| read.name.clone()).unwrap_or_default(),
            argument: self.tables.first().map(|table| table.lookup_arg.clone()).unwrap_or_default(),
        };
        let document = Document {
            version: 1,
            mode: self.mode(),
            result_format: 2,
            storage: Storage { sqlite_path: LEDGER },
            sources: BTreeMap::from([(self.source_name().to_owned(), self.source())]),
            trusted_context: self.context(),
            capabilities,
        };
        let text = serde_json::to_string_pretty(&document).map_err(|error| {
            vec![Question::of(None, ("--answers", "FILE"), format!("the answers make no document: {error}"))]
        })?;
        let text = format!("{text}\n");
        let checked = synapsor_config::check(&text);
        let Some(config) = checked.config else {
            // What a person typed and only the config's own check knows the rule of: a reserved argument, a protected column.
            let asked = |problem: &synapsor_config::Problem| {
                Question::of(
                    None,
                    ("--answers", "FILE"),
                    format!("{} {}: {}", problem.code, problem.path, problem.message),
                )
            };
            return Err(checked.problems.iter().map(asked).collect());
        };
        Ok(Draft {
            text,
            config: Arc::new(config),
            variables: self.variables(),
            handlers: self.tables.iter().filter_map(|table| self.handler_project(table)).collect(),
            notes: self.notes(),
            first_call,
        })
    }

    fn mode(&self) -> Mode {
        let changes = self.tables.iter().any(|table| table.answers.changes());
        self.answers.mode.unwrap_or(if changes { Mode::Review } else { Mode::ReadOnly })
    }

    pub(super) fn source_name(&self) -> &str {
        self.answers.source_name.as_deref().unwrap_or(SOURCE)
    }

    fn write_url_env(&self) -> Option<String> {
        let is_server =
            matches!(self.place, DatabasePlace::Variable(_)) && self.found.engine != Engine::Sqlite;
        let wanted = is_server && self.mode() == Mode::Review;
        wanted.then(|| self.answers.write_url_env.clone().unwrap_or_else(|| WRITE_URL_ENV.to_owned()))
    }

    fn source(&self) -> Source {
        let (path, read_url_env) = match self.place {
            DatabasePlace::File(path) => (Some(path.clone()), None),
            DatabasePlace::Variable(name) => (None, Some(name.clone())),
        };
        Source {
            engine: self.found.engine,
            path,
            read_url_env,
            write_url_env: self.write_url_env(),
            statement_timeout_ms: STATEMENT_TIMEOUT_MS,
        }
    }

    fn context(&self) -> Context {
        if let (Some(tenant), Some(principal)) = (&self.answers.dev_tenant, &self.answers.dev_principal) {
            let values = ContextValues {
                tenant_id: Some(tenant.clone()),
                principal: Some(principal.clone()),
                ..ContextValues::default()
            };
            return Context { provider: "static_dev", values };
        }
        let values = ContextValues {
            tenant_id_env: Some(self.tenant_env()),
            principal_env: Some(self.principal_env()),
            ..ContextValues::default()
        };
        Context { provider: "environment", values }
    }

    fn tenant_env(&self) -> String {
        self.answers.tenant_env.clone().unwrap_or_else(|| TENANT_ENV.to_owned())
    }

    fn principal_env(&self) -> String {
        self.answers.principal_env.clone().unwrap_or_else(|| PRINCIPAL_ENV.to_owned())
    }

    fn variables(&self) -> Vec<Variable> {
        let mut variables = Vec::new();
        let mut named = |name: String, holds| variables.push(Variable { name, holds });
        if let DatabasePlace::Variable(name) = self.place {
            named(name.clone(), "the URL of a credential that may only SELECT");
        }
        if let Some(name) = self.write_url_env() {
            named(
                name,
                "the URL of a credential that may do what `synapsor writeback grants` prints, for `synapsor apply` only",
            );
        }
        if self.answers.dev_tenant.is_none() {
            named(self.tenant_env(), "whose data a server serves");
            named(self.principal_env(), "who is asking");
        }
        variables
    }

    fn notes(&self) -> Vec<(String, Note)> {
        let of = |table: &Decided<'_>| {
            let name = table.answers.table.clone();
            table.found.notes.iter().map(move |note| (name.clone(), note.clone())).collect::<Vec<_>>()
        };
        self.tables.iter().flat_map(of).collect()
    }
}
