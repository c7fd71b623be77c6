//! What an administrator runs to mend a table, word for word. Pure.
//!
//! Invariant: nothing here gives more than the capability that asked for it needs, and nothing here is ever run by the runner.

use std::collections::BTreeSet;

use synapsor_protocol::Engine;
use synapsor_source::dialect::{qualified, quoted};

use crate::inspect::{InspectedColumn, InspectedTable};

/// SELECT on these columns, and no more; none for a file, which has no roles.
pub(super) fn may_select(
    engine: Engine,
    user: Option<&str>,
    table: &InspectedTable,
    columns: &BTreeSet<&str>,
) -> Option<String> {
    let (schema, to) = (&table.table.schema, account(engine, user?)?);
    let list = columns.iter().map(|column| quoted(engine, column)).collect::<Vec<_>>().join(", ");
    let select = format!("GRANT SELECT ({list}) ON {} TO {to};", name(engine, table));
    Some(match engine {
        Engine::Postgres => format!("GRANT USAGE ON SCHEMA {} TO {to}; {select}", quoted(engine, schema)),
        Engine::Mysql | Engine::Sqlite => select,
    })
}

/// Keeps these columns unique together.
pub(super) fn unique(engine: Engine, table: &InspectedTable, columns: &[&str]) -> String {
    let index = format!("{}_{}_unique", table.table.name, columns.join("_"));
    let list = columns.iter().map(|column| quoted(engine, column)).collect::<Vec<_>>().join(", ");
    // On SQLite the index says the schema, and not the table.
    let (index, on) = match engine {
        Engine::Sqlite => (qualified(engine, &table.table.schema, &index), quoted(engine, &table.table.name)),
        Engine::Postgres | Engine::Mysql => (quoted(engine, &index), name(engine, table)),
    };
    format!("CREATE UNIQUE INDEX {index} ON {on} ({list});")
}

/// Takes NULL from a column; none where that is more than one statement.
pub(super) fn not_null(engine: Engine, table: &InspectedTable, column: &InspectedColumn) -> Option<String> {
    let (on, of) = (name(engine, table), quoted(engine, &column.column.name));
    match engine {
        Engine::Postgres => Some(format!("ALTER TABLE {on} ALTER COLUMN {of} SET NOT NULL;")),
        Engine::Mysql => {
            let definition = definition(column, column.column.collation.as_deref(), false)?;
            Some(format!("ALTER TABLE {on} MODIFY {of} {definition};"))
        }
        Engine::Sqlite => None,
    }
}

/// Has these columns compared character by character; none where that is more than one statement, or a foreign key is in
/// its way.
pub(super) fn compared_exactly(
    engine: Engine,
    table: &InspectedTable,
    columns: &[&InspectedColumn],
    referred_to: bool,
) -> Option<String> {
    let refers = |column: &&&InspectedColumn| {
        table.table.foreign_keys.iter().any(|key| key.columns.contains(&column.column.name))
    };
    if referred_to || columns.iter().any(|column| refers(&column)) {
        return None;
    }
    let one = |column: &&InspectedColumn| {
        let of = quoted(engine, &column.column.name);
        match engine {
            Engine::Postgres => {
                Some(format!("ALTER COLUMN {of} TYPE {} COLLATE \"default\"", column.column.type_name))
            }
            Engine::Mysql => {
                let charset = column.column.collation.as_deref()?.split('_').next()?;
                let exact = format!("{charset}_bin");
                Some(format!("MODIFY {of} {}", definition(column, Some(&exact), column.column.nullable)?))
            }
            Engine::Sqlite => None,
        }
    };
    let changes: Option<Vec<String>> = columns.iter().map(one).collect();
    Some(format!("ALTER TABLE {} {};", name(engine, table), changes?.join(", ")))
}

/// A MySQL column as it is but for these; none where it has a default, which servers write down in different ways.
fn definition(column: &InspectedColumn, collation: Option<&str>, nullable: bool) -> Option<String> {
    if column.column.default.is_some() || column.column.moves || column.column.generated {
        return None;
    }
    let collated = collation.map(|name| {
        let charset = name.split('_').next().unwrap_or(name);
        format!(" CHARACTER SET {charset} COLLATE {name}")
    });
    let null = if nullable { "NULL" } else { "NOT NULL" };
    Some(format!("{}{} {null}", column.column.type_name, collated.unwrap_or_default()))
}

fn name(engine: Engine, table: &InspectedTable) -> String {
    qualified(engine, &table.table.schema, &table.table.name)
}

/// Whom the server says the credential to be, as GRANT names it.
fn account(engine: Engine, user: &str) -> Option<String> {
    match engine {
        Engine::Postgres => Some(quoted(engine, user)),
        Engine::Mysql => {
            let (user, host) = user.rsplit_once('@')?;
            let text = |text: &str| text.replace('\\', "\\\\").replace('\'', "''");
            Some(format!("'{}'@'{}'", text(user), text(host)))
        }
        Engine::Sqlite => None,
    }
}
