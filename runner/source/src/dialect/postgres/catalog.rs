//! All of PostgreSQL's catalogs at once: `pg_catalog` alone, which shows every table's keys to whoever may connect, where
//! `information_schema` hides them from a role that may only SELECT.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row as _};
use synapsor_protocol::{Engine, Moment};

use super::{column, table_kind};
use crate::catalog::{
    Catalog, CatalogColumn, CatalogTable, Check, ForeignKey, Index, Policy, RowSecurity, TABLES_MAX, Trigger,
};

const SERVER: &str = "
SELECT pg_catalog.current_setting('server_version'), current_user::pg_catalog.text,
       (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8";

const TABLES: &str = r"
SELECT c.oid::pg_catalog.int8, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relkind::pg_catalog.text,
       c.relrowsecurity, c.relforcerowsecurity, pg_catalog.row_security_active(c.oid),
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
  AND ($1::pg_catalog.text IS NULL OR n.nspname = $1::pg_catalog.name)
ORDER BY n.nspname, c.relname LIMIT $2";

const COLUMNS: &str = columns_of!(
    "SELECT c.oid, c.relkind FROM pg_catalog.pg_class c WHERE c.oid::pg_catalog.int8 = ANY ($1::pg_catalog.int8[])",
    "r.oid::pg_catalog.int8",
    ", (SELECT pg_catalog.pg_get_expr(x.adbin, x.adrelid) FROM pg_catalog.pg_attrdef x
        WHERE x.adrelid = r.oid AND x.adnum = d.attnum), pg_catalog.has_column_privilege(r.oid, d.attnum, 'SELECT'),
       (SELECT l.collname::pg_catalog.text FROM pg_catalog.pg_attribute b
        JOIN pg_catalog.pg_collation l ON l.oid = b.attcollation AND NOT l.collisdeterministic
        WHERE b.attrelid = r.oid AND b.attnum = d.attnum)"
);

const CONSTRAINTS: &str = "
SELECT k.conrelid::pg_catalog.int8, k.contype::pg_catalog.text, k.conname::pg_catalog.text,
       ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.place),
       n.nspname::pg_catalog.text, f.relname::pg_catalog.text,
       ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY u.place),
       k.confdeltype::pg_catalog.text, k.confupdtype::pg_catalog.text, pg_catalog.pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint k
     LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid LEFT JOIN pg_catalog.pg_namespace n ON n.oid = f.relnamespace
WHERE k.conrelid::pg_catalog.int8 = ANY ($1::pg_catalog.int8[]) AND k.contype IN ('p', 'u', 'f', 'c', 'x')
  AND k.conparentid = 0
ORDER BY k.conname";

/// Of a partitioned table the index that stands for those of its parts.
const INDEXES: &str = "
SELECT i.indrelid::pg_catalog.int8, c.relname::pg_catalog.text,
       ARRAY(SELECT COALESCE(a.attname::pg_catalog.text, pg_catalog.pg_get_indexdef(i.indexrelid, s.place, true))
             FROM pg_catalog.generate_series(1, i.indnkeyatts::pg_catalog.int4) s (place)
             LEFT JOIN pg_catalog.pg_attribute a
               ON a.attrelid = i.indrelid AND a.attnum = i.indkey[s.place - 1] AND a.attnum > 0 ORDER BY s.place),
       i.indisunique AND i.indisvalid, i.indpred IS NOT NULL, i.indexprs IS NOT NULL
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid::pg_catalog.int8 = ANY ($1::pg_catalog.int8[]) AND i.indislive
ORDER BY c.relname";

/// Triggers by the bits of `tgtype`, and the rules that rewrite statements.
const TRIGGERS: &str = "
SELECT g.tgrelid::pg_catalog.int8, g.tgname::pg_catalog.text,
       CASE WHEN g.tgtype & 2 <> 0 THEN 'before' WHEN g.tgtype & 64 <> 0 THEN 'instead of' ELSE 'after' END,
       pg_catalog.array_remove(ARRAY[
         CASE WHEN g.tgtype & 4 <> 0 THEN 'insert' END, CASE WHEN g.tgtype & 16 <> 0 THEN 'update' END,
         CASE WHEN g.tgtype & 8 <> 0 THEN 'delete' END, CASE WHEN g.tgtype & 32 <> 0 THEN 'truncate' END], NULL),
       g.tgenabled <> 'D'
FROM pg_catalog.pg_trigger g
WHERE g.tgrelid::pg_catalog.int8 = ANY ($1::pg_catalog.int8[]) AND NOT g.tgisinternal
UNION ALL
SELECT r.ev_class::pg_catalog.int8, r.rulename::pg_catalog.text, 'rule',
       ARRAY[CASE r.ev_type WHEN '2' THEN 'update' WHEN '3' THEN 'insert' ELSE 'delete' END], r.ev_enabled <> 'D'
FROM pg_catalog.pg_rewrite r
WHERE r.ev_class::pg_catalog.int8 = ANY ($1::pg_catalog.int8[]) AND r.ev_type <> '1'
ORDER BY 2";

const POLICIES: &str = "
SELECT p.polrelid::pg_catalog.int8, p.polname::pg_catalog.text,
       CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete'
                     ELSE 'all' END, p.polpermissive
FROM pg_catalog.pg_policy p WHERE p.polrelid::pg_catalog.int8 = ANY ($1::pg_catalog.int8[]) ORDER BY p.polname";

/// Tables by their number.
type Found = BTreeMap<i64, CatalogTable>;

/// Every table of the schema, or of all that are not the server's own.
///
/// # Errors
/// The driver's.
pub(crate) async fn catalog(
    connection: &mut PgConnection,
    schema: Option<&str>,
) -> Result<Catalog, sqlx::Error> {
    let (server_version, user, clock): (String, String, i64) =
        sqlx::query_as(SERVER).fetch_one(&mut *connection).await?;
    let (mut found, is_cut) = tables(connection, schema).await?;
    let numbers: Vec<i64> = found.keys().copied().collect();
    for row in sqlx::query(COLUMNS).bind(&numbers).fetch_all(&mut *connection).await? {
        let Some(table) = found.get_mut(&row.try_get::<i64, _>(0)?) else { continue };
        if let Some(shape) = column(&row)? {
            let mut column = CatalogColumn::new(shape, row.try_get(10)?);
            column.readable = row.try_get(11)?;
            column.collation = row.try_get(12)?;
            column.folds = column.collation.is_some();
            table.columns.push(column);
        }
    }
    constraints(connection, &numbers, &mut found).await?;
    indexes(connection, &numbers, &mut found).await?;
    what_acts(connection, &numbers, &mut found).await?;
    let mut tables: Vec<CatalogTable> = found.into_values().collect();
    tables.sort_by(|left, right| (&left.schema, &left.name).cmp(&(&right.schema, &right.name)));
    Ok(Catalog {
        engine: Engine::Postgres,
        server_version,
        user: Some(user),
        clock: Moment::from_micros(clock),
        sql_mode: None,
        tables,
        is_cut,
    })
}

async fn tables(connection: &mut PgConnection, schema: Option<&str>) -> Result<(Found, bool), sqlx::Error> {
    let one_more = i64::try_from(TABLES_MAX + 1).unwrap_or(i64::MAX);
    let mut rows = sqlx::query(TABLES).bind(schema).bind(one_more).fetch_all(connection).await?;
    let is_cut = rows.len() > TABLES_MAX;
    rows.truncate(TABLES_MAX);
    let mut found = Found::new();
    for row in &rows {
        let kind = table_kind(&row.try_get::<String, _>(3)?);
        let mut table = CatalogTable::named(row.try_get(1)?, row.try_get(2)?, kind);
        table.readable = row.try_get(7)?;
        if row.try_get(4)? {
            let (forced, binds_us) = (row.try_get(5)?, row.try_get(6)?);
            table.row_security = Some(RowSecurity { forced, binds_us, policies: Vec::new() });
        }
        found.insert(row.try_get(0)?, table);
    }
    Ok((found, is_cut))
}

async fn constraints(
    connection: &mut PgConnection,
    numbers: &[i64],
    found: &mut Found,
) -> Result<(), sqlx::Error> {
    for row in sqlx::query(CONSTRAINTS).bind(numbers).fetch_all(connection).await? {
        let Some(table) = found.get_mut(&row.try_get::<i64, _>(0)?) else { continue };
        let columns: Vec<String> = row.try_get(3)?;
        match row.try_get::<String, _>(1)?.as_str() {
            "p" => table.primary_key = columns,
            // Its index says the same, and whether it is valid.
            "u" => {}
            "f" => table.foreign_keys.push(ForeignKey {
                columns,
                to_schema: row.try_get::<Option<String>, _>(4)?.unwrap_or_default(),
                to_table: row.try_get::<Option<String>, _>(5)?.unwrap_or_default(),
                to_columns: row.try_get(6)?,
                on_delete: Some(action(&row.try_get::<String, _>(7)?)),
                on_update: Some(action(&row.try_get::<String, _>(8)?)),
            }),
            _ => table.checks.push(Check { name: row.try_get(2)?, definition: row.try_get(9)? }),
        }
    }
    Ok(())
}

async fn indexes(
    connection: &mut PgConnection,
    numbers: &[i64],
    found: &mut Found,
) -> Result<(), sqlx::Error> {
    for row in sqlx::query(INDEXES).bind(numbers).fetch_all(connection).await? {
        let Some(table) = found.get_mut(&row.try_get::<i64, _>(0)?) else { continue };
        let (columns, partial): (Vec<String>, bool) = (row.try_get(2)?, row.try_get(4)?);
        let unique = row.try_get(3)?;
        if unique && !partial && !row.try_get::<bool, _>(5)? {
            table.keep_unique(&columns);
        }
        table.indexes.push(Index { name: row.try_get(1)?, columns, unique, partial });
    }
    Ok(())
}

async fn what_acts(
    connection: &mut PgConnection,
    numbers: &[i64],
    found: &mut Found,
) -> Result<(), sqlx::Error> {
    for row in sqlx::query(TRIGGERS).bind(numbers).fetch_all(&mut *connection).await? {
        let Some(table) = found.get_mut(&row.try_get::<i64, _>(0)?) else { continue };
        table.triggers.get_or_insert_default().push(Trigger {
            name: row.try_get(1)?,
            timing: row.try_get(2)?,
            events: row.try_get(3)?,
            enabled: row.try_get(4)?,
        });
    }
    for row in sqlx::query(POLICIES).bind(numbers).fetch_all(connection).await? {
        let table = found.get_mut(&row.try_get::<i64, _>(0)?);
        // Policies of a table whose row-level security is switched off do nothing.
        let Some(security) = table.and_then(|table| table.row_security.as_mut()) else { continue };
        let (name, command, permissive) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        security.policies.push(Policy { name, command, permissive });
    }
    Ok(())
}

/// What `confdeltype` and `confupdtype` mean.
fn action(letter: &str) -> String {
    match letter {
        "r" => "restrict",
        "c" => "cascade",
        "n" => "set null",
        "d" => "set default",
        _ => "no action",
    }
    .to_owned()
}
