//! All of a SQLite file's schema at once.

use rusqlite::{Connection, OptionalExtension as _};
use synapsor_protocol::Engine;

use super::{COLUMNS, column, schema_text, table_kind};
use crate::catalog::{Catalog, CatalogColumn, CatalogTable, Check, ForeignKey, Index, TABLES_MAX, Trigger};
use crate::dialect::quoted;
use crate::shape::TableKind;

const SCHEMA: &str = "main";

const TABLES: &str = "SELECT name, type, strict FROM pragma_table_list \
     WHERE schema = 'main' AND type <> 'shadow' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name LIMIT ?1";

const INDEXES: &str =
    "SELECT name, \"unique\", partial, origin FROM pragma_index_list(?1, 'main') ORDER BY name";

const INDEX_COLUMNS: &str =
    "SELECT COALESCE(name, '(expression)') FROM pragma_index_info(?1, 'main') ORDER BY seqno";

const FOREIGN_KEYS: &str = "SELECT id, \"table\", \"from\", \"to\", LOWER(on_delete), LOWER(on_update) \
     FROM pragma_foreign_key_list(?1, 'main') ORDER BY id DESC, seq";

const TRIGGERS: &str =
    "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 ORDER BY name";

const DEFINITION: &str = "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";

/// Every table of the file; its only schema is `main`.
///
/// # Errors
/// The driver's.
pub(crate) fn catalog(connection: &Connection, schema: Option<&str>) -> rusqlite::Result<Catalog> {
    let mut tables = Vec::new();
    if schema.is_none_or(|schema| schema == SCHEMA) {
        let mut statement = connection.prepare(TABLES)?;
        let one_more = i64::try_from(TABLES_MAX + 1).unwrap_or(i64::MAX);
        let named = statement.query_map([one_more], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let named: Vec<(String, String, bool)> = named.collect::<rusqlite::Result<_>>()?;
        for (name, kind, strict) in named {
            tables.push(table(connection, name, table_kind(&kind), strict)?);
        }
    }
    let is_cut = tables.len() > TABLES_MAX;
    tables.truncate(TABLES_MAX);
    Ok(Catalog {
        engine: Engine::Sqlite,
        server_version: rusqlite::version().to_owned(),
        user: None,
        clock: None,
        sql_mode: None,
        tables,
        is_cut,
    })
}

fn table(
    connection: &Connection,
    name: String,
    kind: TableKind,
    strict: bool,
) -> rusqlite::Result<CatalogTable> {
    let mut table = CatalogTable::named(SCHEMA.to_owned(), name, kind);
    let read = columns(connection, &mut table, strict);
    if kind == TableKind::Table {
        read?;
        collations(connection, &mut table)?;
        checks(connection, &mut table)?;
        foreign_keys(connection, &mut table)?;
        indexes(connection, &mut table)?;
    } else {
        // A view of something that is gone, a virtual table of a module that is not built in.
        table.readable = read.is_ok();
    }
    let mut statement = connection.prepare(TRIGGERS)?;
    let triggers = statement.query_map([&table.name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let trigger = |(name, sql): (String, String)| {
        let (timing, event) = schema_text::trigger(&sql);
        Trigger { name, timing: timing.to_owned(), events: vec![event.to_owned()], enabled: true }
    };
    let triggers: Vec<(String, String)> = triggers.collect::<rusqlite::Result<_>>()?;
    table.triggers = Some(triggers.into_iter().map(trigger).collect());
    Ok(table)
}

fn columns(connection: &Connection, table: &mut CatalogTable, strict: bool) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(COLUMNS)?;
    let found = statement.query_map([table.name.as_str(), SCHEMA], |row| {
        Ok((CatalogColumn::new(column(row, strict)?, row.get(4)?), row.get(5)?))
    })?;
    let found: Vec<(CatalogColumn, i64)> = found.collect::<rusqlite::Result<_>>()?;
    let mut key: Vec<(i64, String)> = found
        .iter()
        .filter(|(_, place)| *place > 0)
        .map(|(column, place)| (*place, column.name.clone()))
        .collect();
    key.sort();
    table.primary_key = key.into_iter().map(|(_, name)| name).collect();
    table.columns = found.into_iter().map(|(column, _)| column).collect();
    Ok(())
}

/// A column's collation stands in no pragma: it is told by how SQLite itself would compare the column. Nothing is read.
fn collations(connection: &Connection, table: &mut CatalogTable) -> rusqlite::Result<()> {
    for column in &mut table.columns {
        let [name, of] = [&column.name, &table.name].map(|name| quoted(Engine::Sqlite, name));
        let mut explained = connection.prepare(&format!("EXPLAIN SELECT {name} = ?1 FROM main.{of}"))?;
        let mut steps = explained.query([rusqlite::types::Null])?;
        while let Some(step) = steps.next()? {
            if step.get_ref("opcode")?.as_str()? == "Eq" {
                let compared = step.get::<_, Option<String>>("p4")?;
                column.collation = compared.and_then(|by| Some(by.rsplit_once('-')?.0.to_owned()));
            }
        }
        column.folds = column.collation.as_deref().is_some_and(|name| name != "BINARY");
    }
    Ok(())
}

fn checks(connection: &Connection, table: &mut CatalogTable) -> rusqlite::Result<()> {
    let sql: Option<String> = connection.query_row(DEFINITION, [&table.name], |row| row.get(0)).optional()?;
    let found = schema_text::checks(&sql.unwrap_or_default());
    table.checks = found.into_iter().map(|definition| Check { name: None, definition }).collect();
    Ok(())
}

fn indexes(connection: &Connection, table: &mut CatalogTable) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(INDEXES)?;
    let found =
        statement.query_map([&table.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let found: Vec<(String, bool, bool, String)> = found.collect::<rusqlite::Result<_>>()?;
    for (name, unique, partial, origin) in found {
        let mut statement = connection.prepare(INDEX_COLUMNS)?;
        let columns = statement.query_map([&name], |row| row.get(0))?;
        let columns: Vec<String> = columns.collect::<rusqlite::Result<_>>()?;
        if unique && !partial && !columns.iter().any(|column| column == "(expression)") {
            table.keep_unique(&columns);
        }
        // The key's own index is the key.
        if origin != "pk" {
            table.indexes.push(Index { name, columns, unique, partial });
        }
    }
    Ok(())
}

fn foreign_keys(connection: &Connection, table: &mut CatalogTable) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(FOREIGN_KEYS)?;
    let found = statement.query_map([&table.name], |row| {
        let key = ForeignKey {
            columns: vec![row.get(2)?],
            to_schema: SCHEMA.to_owned(),
            to_table: row.get(1)?,
            to_columns: row.get::<_, Option<String>>(3)?.into_iter().collect(),
            on_delete: row.get(4)?,
            on_update: row.get(5)?,
        };
        Ok((row.get(0)?, key))
    })?;
    let mut last = None;
    for read in found {
        let (id, key): (i64, ForeignKey) = read?;
        match table.foreign_keys.last_mut().filter(|_| last == Some(id)) {
            Some(known) => {
                known.columns.extend(key.columns);
                known.to_columns.extend(key.to_columns);
            }
            None => table.foreign_keys.push(key),
        }
        last = Some(id);
    }
    Ok(())
}
