//! The rights an apply needs and no more, as data and as the GRANT statements that give them. Pure.
//!
//! Invariant: a credential with exactly these can apply every proposal of the config, and create or delete nothing.

use std::collections::{BTreeMap, BTreeSet};

use synapsor_config::{Config, Logic, Source};
use synapsor_protocol::Engine;
use synapsor_source::{Connect, dialect};

use crate::desk::WriteSettings;
use crate::effects::Reviewed;
use crate::receipts::RECEIPTS_TABLE;

/// The role's name where neither a URL nor a person says one.
const ROLE: &str = "synapsor_writer";

/// What stands in place of a new role's password.
const PASSWORD: &str = "choose-a-password";

/// What a right is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privilege {
    /// To name things in a schema; only Postgres asks for it.
    Usage,
    /// To read.
    Select,
    /// To change.
    Update,
    /// To add a receipt.
    Insert,
    /// To make the receipts table.
    Create,
}

impl Privilege {
    /// Its name in SQL.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "USAGE",
            Self::Select => "SELECT",
            Self::Update => "UPDATE",
            Self::Insert => "INSERT",
            Self::Create => "CREATE",
        }
    }
}

/// One right the write credential needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Right {
    /// What for.
    pub(crate) privilege: Privilege,
    /// Where; `None` is the credential's own default, where the receipts table is.
    pub(crate) schema: Option<String>,
    /// On which table.
    pub(crate) table: String,
    /// On which column; `None` is all of it.
    pub(crate) column: Option<String>,
}

/// What the proposals of a source need of one table.
#[derive(Debug, Default)]
struct Needs {
    select: BTreeSet<String>,
    update: BTreeSet<String>,
    /// An acknowledged trigger is compared, and MySQL shows its text to whoever may change it.
    triggers: bool,
}

/// By schema and table.
fn needs(config: &Config, source: &Source) -> BTreeMap<(String, String), Needs> {
    let mut tables: BTreeMap<(String, String), Needs> = BTreeMap::new();
    for capability in config.capabilities.iter().filter(|found| found.source.name == source.name) {
        let Some(reviewed) = Reviewed::of_capability(capability) else { continue };
        let triggers = reviewed.knows_a_trigger();
        let needs = tables.entry((reviewed.site.schema, reviewed.site.table)).or_default();
        needs.select.extend(capability.captured_columns().into_iter().map(str::to_owned));
        needs.update.extend(reviewed.site.written);
        needs.triggers |= triggers;
    }
    tables
}

/// Every right, one by one, to be looked at.
pub(crate) fn rights(config: &Config, source: &Source) -> Vec<Right> {
    let mut rights = Vec::new();
    for ((schema, table), needs) in needs(config, source) {
        let on = |privilege, column| Right {
            privilege,
            schema: Some(schema.clone()),
            table: table.clone(),
            column,
        };
        rights.push(on(Privilege::Usage, None));
        rights.extend(needs.select.into_iter().map(|column| on(Privilege::Select, Some(column))));
        rights.extend(needs.update.into_iter().map(|column| on(Privilege::Update, Some(column))));
    }
    rights
}

/// The same on the receipts table.
pub(crate) fn receipts_rights() -> [Right; 2] {
    [Privilege::Select, Privilege::Insert].map(receipts_right)
}

/// One right where the receipts table is.
pub(crate) fn receipts_right(privilege: Privilege) -> Right {
    Right { privilege, schema: None, table: RECEIPTS_TABLE.into(), column: None }
}

/// The name a write URL connects with, or a fitting one.
pub fn default_role(writer: Option<&WriteSettings>) -> String {
    let named = writer.and_then(|writer| match (&writer.connect, writer.engine) {
        (Connect::Url(url), Engine::Postgres) => {
            dialect::postgres::connect_options(url).ok().map(|options| options.get_username().to_owned())
        }
        (Connect::Url(url), Engine::Mysql) => {
            dialect::mysql::connect_options(url).ok().map(|options| options.get_username().to_owned())
        }
        _ => None,
    });
    named.unwrap_or_else(|| ROLE.to_owned())
}

/// Whether reads and writes of a server connect as the same role. Two names for one server are not seen through.
pub(crate) fn is_same_credential(writer: &WriteSettings, reader: &Connect) -> bool {
    let (Connect::Url(writes), Connect::Url(reads)) = (&writer.connect, reader) else { return false };
    let account = |url: &str| match writer.engine {
        Engine::Postgres => dialect::postgres::connect_options(url).ok().map(|options| {
            (options.get_host().to_owned(), options.get_port(), options.get_username().to_owned())
        }),
        Engine::Mysql => dialect::mysql::connect_options(url).ok().map(|options| {
            (options.get_host().to_owned(), options.get_port(), options.get_username().to_owned())
        }),
        Engine::Sqlite => None,
    };
    account(writes).is_some_and(|writes| account(reads) == Some(writes))
}

/// The statements an administrator runs to make `role`, which may look at what the source's capabilities show and change
/// nothing. None for a SQLite file, which is opened for reading only.
pub(crate) fn reading_role(config: &Config, source: &Source, role: &str) -> Vec<String> {
    let engine = source.engine;
    let mut tables: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for capability in config.capabilities.iter().filter(|found| found.source.name == source.name) {
        let target = &capability.target;
        tables.entry((&target.schema, &target.table)).or_default().extend(capability.captured_columns());
        let Some(Logic::Handler(grant)) = capability.proposal.as_ref().map(|rules| &rules.logic) else {
            continue;
        };
        for read in grant.reads.values() {
            let scope = read.target.tenant_key.iter().chain([&read.target.primary_key]);
            let columns = read.columns.iter().chain(&read.filters).chain(scope).map(String::as_str);
            tables.entry((&read.target.schema, &read.target.table)).or_default().extend(columns);
        }
    }
    let (to, mut statements) = match engine {
        Engine::Postgres => {
            let to = dialect::quoted(engine, role);
            (to.clone(), vec![format!("CREATE ROLE {to} LOGIN PASSWORD '{PASSWORD}'")])
        }
        Engine::Mysql => {
            let to = mysql_account(role);
            (to.clone(), vec![format!("CREATE USER {to} IDENTIFIED BY '{PASSWORD}'")])
        }
        Engine::Sqlite => return Vec::new(),
    };
    if engine == Engine::Postgres {
        let schemas: BTreeSet<&str> = tables.keys().map(|(schema, _)| *schema).collect();
        let usage = |schema| format!("GRANT USAGE ON SCHEMA {} TO {to}", dialect::quoted(engine, schema));
        statements.extend(schemas.into_iter().map(usage));
    }
    statements.extend(tables.iter().map(|((schema, table), columns)| {
        let list: Vec<String> = columns.iter().map(|column| dialect::quoted(engine, column)).collect();
        format!("GRANT SELECT ({}) ON {} TO {to}", list.join(", "), dialect::qualified(engine, schema, table))
    }));
    statements
}

fn mysql_account(role: &str) -> String {
    format!("'{}'@'%'", role.replace('\\', "\\\\").replace('\'', "''"))
}

/// The statements an administrator runs for `role`, after the receipts table was made: what the source's proposals need and
/// no more. None for a SQLite file, which has no roles, and none where nothing is applied.
pub fn grants(config: &Config, source: &Source, role: &str) -> Vec<String> {
    let engine = source.engine;
    let tables = needs(config, source);
    let to = match engine {
        Engine::Postgres => dialect::quoted(engine, role),
        Engine::Mysql => mysql_account(role),
        Engine::Sqlite => return Vec::new(),
    };
    let mut statements = Vec::new();
    if engine == Engine::Postgres {
        let schemas: BTreeSet<&String> = tables.keys().map(|(schema, _)| schema).collect();
        statements.extend(
            schemas
                .iter()
                .map(|schema| format!("GRANT USAGE ON SCHEMA {} TO {to}", dialect::quoted(engine, schema))),
        );
    }
    for ((schema, table), needs) in &tables {
        let table = dialect::qualified(engine, schema, table);
        let list = |columns: &BTreeSet<String>| {
            columns.iter().map(|column| dialect::quoted(engine, column)).collect::<Vec<_>>().join(", ")
        };
        let (select, update) = (list(&needs.select), list(&needs.update));
        statements.push(format!("GRANT SELECT ({select}), UPDATE ({update}) ON {table} TO {to}"));
        if engine == Engine::Mysql && needs.triggers {
            statements.push(format!("GRANT TRIGGER ON {table} TO {to}"));
        }
    }
    if !tables.is_empty() {
        statements.push(format!("GRANT SELECT, INSERT ON {RECEIPTS_TABLE} TO {to}"));
    }
    statements
}
