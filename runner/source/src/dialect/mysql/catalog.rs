//! All of MySQL's or MariaDB's `information_schema` at once, from the tables of it that show keys to an account that may only
//! SELECT: `table_constraints` hides them, `statistics` and `key_column_usage` do not. Triggers are hidden all the same.

use std::collections::BTreeMap;

use sqlx::mysql::MySqlRow;
use sqlx::{MySqlConnection, Row as _};
use synapsor_protocol::{Engine, Moment};

use super::{column, error_number, table_kind};
use crate::catalog::{Catalog, CatalogColumn, CatalogTable, Check, ForeignKey, Index, TABLES_MAX, Trigger};

/// `ER_UNKNOWN_TABLE`: an older server without checks.
const UNKNOWN_TABLE: u16 = 1109;

const SERVER: &str = "
SELECT CAST(VERSION() AS CHAR), CAST(CURRENT_USER() AS CHAR), CAST(DATABASE() AS CHAR),
       CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED), CAST(@@GLOBAL.sql_mode AS CHAR)";

const SCHEMAS: &str = "
SELECT CAST(schema_name AS CHAR) FROM information_schema.schemata
WHERE schema_name NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY 1";

const TABLES: &str = "
SELECT CAST(table_name AS CHAR), CAST(table_type AS CHAR) FROM information_schema.tables
WHERE table_schema = ? AND table_type <> 'SEQUENCE' ORDER BY CAST(table_name AS BINARY) LIMIT ?";

const COLUMNS: &str = columns_of!(
    "c.table_name",
    ", CAST(c.column_default AS CHAR), LOWER(c.extra) LIKE '%on update%', CAST(c.collation_name AS CHAR)",
    "FROM information_schema.columns c WHERE c.table_schema = ? ORDER BY c.table_name, c.ordinal_position"
);

const INDEXES: &str = "
SELECT CAST(table_name AS CHAR), CAST(index_name AS CHAR), non_unique = 0,
       CAST(COALESCE(CONCAT(column_name, COALESCE(CONCAT('(', sub_part, ')'), '')), '(expression)') AS CHAR), sub_part IS NOT NULL
FROM information_schema.statistics WHERE table_schema = ? ORDER BY table_name, index_name, seq_in_index";

const FOREIGN_KEYS: &str = "
SELECT CAST(table_name AS CHAR), CAST(constraint_name AS CHAR), CAST(column_name AS CHAR),
       CAST(referenced_table_schema AS CHAR), CAST(referenced_table_name AS CHAR), CAST(referenced_column_name AS CHAR)
FROM information_schema.key_column_usage
WHERE table_schema = ? AND referenced_table_name IS NOT NULL ORDER BY table_name, constraint_name, ordinal_position";

/// What follows a change of the other row; hidden from an account that may only SELECT.
const FOLLOWS: &str = "
SELECT CAST(table_name AS CHAR), CAST(constraint_name AS CHAR), CAST(delete_rule AS CHAR), CAST(update_rule AS CHAR)
FROM information_schema.referential_constraints WHERE constraint_schema = ?";

/// MariaDB says whose a check is.
const CHECKS_OF_MARIADB: &str = "
SELECT CAST(table_name AS CHAR), CAST(constraint_name AS CHAR), CAST(check_clause AS CHAR)
FROM information_schema.check_constraints WHERE constraint_schema = ? ORDER BY table_name, constraint_name";

/// MySQL does not.
const CHECKS_OF_MYSQL: &str = "
SELECT CAST(t.table_name AS CHAR), CAST(c.constraint_name AS CHAR), CAST(c.check_clause AS CHAR)
FROM information_schema.check_constraints c JOIN information_schema.table_constraints t
  ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name AND t.constraint_type = 'CHECK'
WHERE c.constraint_schema = ? ORDER BY 1, 2";

const TRIGGERS: &str = "
SELECT CAST(event_object_table AS CHAR), CAST(trigger_name AS CHAR), CAST(LOWER(action_timing) AS CHAR),
       CAST(LOWER(event_manipulation) AS CHAR)
FROM information_schema.triggers WHERE event_object_schema = ? ORDER BY 1, action_order";

/// Where the account holds the right without which no trigger is shown: everywhere, in a schema, on a table.
const SEES_TRIGGERS: &str = r#"
SELECT CAST(p.table_schema AS CHAR), CAST(p.table_name AS CHAR) FROM (
  SELECT grantee, privilege_type, NULL AS table_schema, NULL AS table_name FROM information_schema.user_privileges
  UNION ALL
  SELECT grantee, privilege_type, table_schema, NULL FROM information_schema.schema_privileges
  UNION ALL
  SELECT grantee, privilege_type, table_schema, table_name FROM information_schema.table_privileges
) p
WHERE p.privilege_type = 'TRIGGER'
  AND p.grantee = CONCAT("'", SUBSTRING_INDEX(CURRENT_USER(), '@', 1), "'@'", SUBSTRING_INDEX(CURRENT_USER(), '@', -1), "'")"#;

/// Tables of one schema by name.
type Found = BTreeMap<String, CatalogTable>;

/// Every table of the schema, of the one the URL names, or of all that are not the server's own.
///
/// # Errors
/// The driver's.
pub(crate) async fn catalog(
    connection: &mut MySqlConnection,
    schema: Option<&str>,
) -> Result<Catalog, sqlx::Error> {
    let server = sqlx::query(SERVER).fetch_one(&mut *connection).await?;
    let server_version = text(&server, 0)?;
    let schemas = match schema.map(str::to_owned).or(server.try_get_unchecked(2)?) {
        Some(schema) => vec![schema],
        None => sqlx::query_scalar(SCHEMAS).fetch_all(&mut *connection).await?,
    };
    let sees_triggers = sees_triggers(connection).await?;
    let mut tables = Vec::new();
    for schema in &schemas {
        tables.extend(one_schema(connection, schema, &server_version, &sees_triggers).await?);
        if tables.len() > TABLES_MAX {
            break;
        }
    }
    let is_cut = tables.len() > TABLES_MAX;
    tables.truncate(TABLES_MAX);
    Ok(Catalog {
        engine: Engine::Mysql,
        server_version,
        user: Some(text(&server, 1)?),
        clock: Moment::from_micros(server.try_get_unchecked(3)?),
        sql_mode: Some(text(&server, 4)?),
        tables,
        is_cut,
    })
}

async fn one_schema(
    connection: &mut MySqlConnection,
    schema: &str,
    server_version: &str,
    sees_triggers: &[Granted],
) -> Result<Vec<CatalogTable>, sqlx::Error> {
    let mut found = Found::new();
    let one_more = i64::try_from(TABLES_MAX + 1).unwrap_or(i64::MAX);
    for row in sqlx::query(TABLES).bind(schema).bind(one_more).fetch_all(&mut *connection).await? {
        let name = text(&row, 0)?;
        let mut table = CatalogTable::named(schema.to_owned(), name.clone(), table_kind(&text(&row, 1)?));
        if !sees_triggers.iter().any(|granted| granted.covers(schema, &name)) {
            table.triggers = None;
        }
        found.insert(name, table);
    }
    checks(connection, schema, server_version, &mut found).await?;
    columns(connection, schema, &mut found).await?;
    indexes(connection, schema, &mut found).await?;
    foreign_keys(connection, schema, &mut found).await?;
    for row in sqlx::query(TRIGGERS).bind(schema).fetch_all(connection).await? {
        let Some(table) = found.get_mut(&text(&row, 0)?) else { continue };
        let (name, timing, events) = (text(&row, 1)?, text(&row, 2)?, vec![text(&row, 3)?]);
        table.triggers.get_or_insert_default().push(Trigger { name, timing, events, enabled: true });
    }
    Ok(found.into_values().collect())
}

async fn columns(
    connection: &mut MySqlConnection,
    schema: &str,
    found: &mut Found,
) -> Result<(), sqlx::Error> {
    for row in sqlx::query(COLUMNS).bind(schema).fetch_all(connection).await? {
        let Some(table) = found.get_mut(&text(&row, 0)?) else { continue };
        let checks: Vec<String> = table.checks.iter().map(|check| check.definition.clone()).collect();
        let mut column = CatalogColumn::new(column(&row, &checks)?, row.try_get_unchecked(12)?);
        column.moves = row.try_get_unchecked(13)?;
        column.collation = row.try_get_unchecked(14)?;
        column.folds = column.collation.as_deref().is_some_and(|name| !name.ends_with("_bin"));
        // MariaDB says the default of a column that has none in a word.
        column.default = column.default.filter(|default| default != "NULL");
        table.columns.push(column);
    }
    for table in found.values_mut() {
        // A column is shown to whoever has a right on it.
        table.readable = !table.columns.is_empty();
    }
    Ok(())
}

async fn indexes(
    connection: &mut MySqlConnection,
    schema: &str,
    found: &mut Found,
) -> Result<(), sqlx::Error> {
    let mut cut_short = Vec::new();
    for row in sqlx::query(INDEXES).bind(schema).fetch_all(connection).await? {
        let (table_name, name) = (text(&row, 0)?, text(&row, 1)?);
        let Some(table) = found.get_mut(&table_name) else { continue };
        if row.try_get_unchecked(4)? {
            cut_short.push((table_name, name.clone()));
        }
        match table.indexes.last_mut().filter(|index| index.name == name) {
            Some(index) => index.columns.push(text(&row, 3)?),
            None => table.indexes.push(Index {
                name,
                columns: vec![text(&row, 3)?],
                unique: row.try_get_unchecked(2)?,
                partial: false,
            }),
        }
    }
    for table in found.values_mut() {
        let primary = table.indexes.iter().find(|index| index.name == "PRIMARY");
        table.primary_key = primary.map(|index| index.columns.clone()).unwrap_or_default();
        // A unique prefix is not a unique column.
        let is_whole = |index: &&Index| {
            index.unique
                && !cut_short
                    .iter()
                    .any(|(table_name, name)| *table_name == table.name && *name == index.name)
        };
        let unique: Vec<Vec<String>> =
            table.indexes.iter().filter(is_whole).map(|index| index.columns.clone()).collect();
        unique.iter().for_each(|columns| table.keep_unique(columns));
    }
    Ok(())
}

async fn foreign_keys(
    connection: &mut MySqlConnection,
    schema: &str,
    found: &mut Found,
) -> Result<(), sqlx::Error> {
    let mut follows = BTreeMap::new();
    for row in sqlx::query(FOLLOWS).bind(schema).fetch_all(&mut *connection).await? {
        let rules = (text(&row, 2)?.to_lowercase(), text(&row, 3)?.to_lowercase());
        follows.insert((text(&row, 0)?, text(&row, 1)?), rules);
    }
    let mut last = None;
    for row in sqlx::query(FOREIGN_KEYS).bind(schema).fetch_all(connection).await? {
        let key = (text(&row, 0)?, text(&row, 1)?);
        let Some(table) = found.get_mut(&key.0) else { continue };
        let (from, to) = (text(&row, 2)?, text(&row, 5)?);
        if let (true, Some(known)) = (last.as_ref() == Some(&key), table.foreign_keys.last_mut()) {
            known.columns.push(from);
            known.to_columns.push(to);
            continue;
        }
        let (on_delete, on_update) = follows.get(&key).cloned().unzip();
        table.foreign_keys.push(ForeignKey {
            columns: vec![from],
            to_schema: text(&row, 3)?,
            to_table: text(&row, 4)?,
            to_columns: vec![to],
            on_delete,
            on_update,
        });
        last = Some(key);
    }
    Ok(())
}

async fn checks(
    connection: &mut MySqlConnection,
    schema: &str,
    server_version: &str,
    found: &mut Found,
) -> Result<(), sqlx::Error> {
    let is_mariadb = server_version.contains("MariaDB");
    let sql = if is_mariadb { CHECKS_OF_MARIADB } else { CHECKS_OF_MYSQL };
    let rows = match sqlx::query(sql).bind(schema).fetch_all(connection).await {
        Err(error) if error_number(&error) == Some(UNKNOWN_TABLE) => Vec::new(),
        rows => rows?,
    };
    for row in &rows {
        let Some(table) = found.get_mut(&text(row, 0)?) else { continue };
        table.checks.push(Check { name: Some(text(row, 1)?), definition: text(row, 2)? });
    }
    Ok(())
}

/// Where a right was granted; nothing is everywhere.
struct Granted {
    schema: Option<String>,
    table: Option<String>,
}

impl Granted {
    /// A grant on a schema is a pattern, in which `_` stands for itself after a backslash.
    fn covers(&self, schema: &str, table: &str) -> bool {
        let in_schema = match &self.schema {
            None => true,
            Some(granted) => granted.contains('%') || granted.replace('\\', "") == schema,
        };
        in_schema && self.table.as_ref().is_none_or(|granted| granted == table)
    }
}

async fn sees_triggers(connection: &mut MySqlConnection) -> Result<Vec<Granted>, sqlx::Error> {
    let rows = sqlx::query(SEES_TRIGGERS).fetch_all(connection).await?;
    let granted =
        |row: &MySqlRow| Ok(Granted { schema: row.try_get_unchecked(0)?, table: row.try_get_unchecked(1)? });
    rows.iter().map(granted).collect()
}

fn text(row: &MySqlRow, at: usize) -> Result<String, sqlx::Error> {
    row.try_get_unchecked(at)
}
