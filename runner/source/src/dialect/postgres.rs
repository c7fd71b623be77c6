//! PostgreSQL: the session every statement runs in, the catalog, binding and decoding through sqlx.

use std::borrow::Cow;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgDatabaseError, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, Postgres, Row as _};
use synapsor_protocol::{Columns, Engine};

use super::parameter::Parameter;
use super::statement::Statement;
use super::text_form::{self, Unreadable};
use super::url;
use crate::error::Unreachable;
use crate::shape::{ColumnKind, ColumnShape, JsonForm, Repertoire, TableKind, TableShape};

/// What pins a transaction's session, so that every value has one printed form and no name resolves to a stranger's.
///
/// `SET LOCAL`, because behind a transaction pooler the session belongs to somebody else after COMMIT.
pub const SESSION: &str = "SET LOCAL search_path = pg_catalog; SET LOCAL TimeZone = 'UTC'; \
     SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; ";

/// Makes the server look, while a statement runs, whether its client is still there. A server without the setting has no
/// row of it and sets nothing.
pub const NOTICE_LEAVING: &str = "SELECT pg_catalog.set_config(name, '250', false) FROM pg_catalog.pg_settings \
     WHERE name = 'client_connection_check_interval'";

/// The parameters of a URL that sqlx heeds.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// The connection a URL asks for. TLS is as its `sslmode` says.
///
/// # Errors
/// When it is not a Postgres URL.
pub fn connect_options(url: &str) -> Result<PgConnectOptions, Unreachable> {
    let parsed = url::parsed(url, &["postgres", "postgresql"], PARAMETERS)?;
    let options = PgConnectOptions::from_url(&parsed).map_err(|_| Unreachable::UrlInvalid)?;
    Ok(options.application_name("synapsor").disable_statement_logging())
}

/// The same URL, for connections that look into that schema first.
///
/// # Errors
/// When it is not a Postgres URL.
pub fn within_schema(url: &str, schema: &str) -> Result<String, Unreachable> {
    let mut parsed = url::parsed(url, &["postgres", "postgresql"], PARAMETERS)?;
    // Of several the server heeds the last.
    parsed.query_pairs_mut().append_pair("options[search_path]", schema);
    Ok(parsed.into())
}

/// The statement with its values bound.
pub fn query(statement: &Statement) -> Query<'_, Postgres, PgArguments> {
    let mut query = sqlx::query(AssertSqlSafe(statement.sql()));
    for parameter in statement.parameters() {
        query = match parameter {
            Parameter::Null => query.bind(None::<&str>),
            Parameter::Text(text) => query.bind(text.as_str()),
            // Never built for Postgres, where every placeholder casts from text; binding text keeps it that way.
            Parameter::Signed(integer) => query.bind(integer.to_string()),
            Parameter::Unsigned(integer) => query.bind(integer.to_string()),
            Parameter::Bytes(bytes) => query.bind(format!("\\x{}", hex::encode(bytes))),
        };
    }
    query
}

/// The values of a row that was selected with [`Statement::read_all`] over the same columns.
///
/// # Errors
/// When a value has no exact form.
pub fn columns<'c>(
    row: &PgRow,
    columns: impl IntoIterator<Item = &'c ColumnShape>,
) -> Result<Columns, Unreadable> {
    let read = columns.into_iter().enumerate().map(|(at, column)| {
        let text = row.try_get::<Option<String>, _>(at).map_err(|_| Unreadable::in_column(column))?;
        Ok((column.name.clone(), text_form::value(Engine::Postgres, column, text)?))
    });
    read.collect()
}

/// The bytes that [`Statement::read_bounded`] weighed, after `at` columns. Unreadable counts as too many.
pub(crate) fn weight(row: &PgRow, at: usize) -> usize {
    let text = row.try_get::<String, _>(at);
    text.ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX)
}

/// The SQLSTATE, where the server itself answered.
pub fn sqlstate(error: &sqlx::Error) -> Option<&str> {
    Some(error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?.code())
}

/// Why a connection could not be made.
pub fn unreachable(error: &sqlx::Error) -> Unreachable {
    match sqlstate(error) {
        Some(code) if code.starts_with("28") => Unreachable::Credential,
        Some("3D000") => Unreachable::NoSuchDatabase,
        Some("53300" | "53400") => Unreachable::TooManyConnections,
        Some("57P01" | "57P02" | "57P03") => Unreachable::Starting,
        Some(_) => Unreachable::Other,
        None => Unreachable::from_driver(error),
    }
}

/// What a parameter is cast to beside a column of this type: without a length or precision, because a cast would
/// silently shorten or round where an assignment refuses.
pub(super) fn cast_type(type_name: &str) -> Cow<'_, str> {
    let bare = match (type_name.find('('), type_name.find(')')) {
        (Some(open), Some(close)) if open < close && !type_name.contains('"') => {
            let (before, after) = (type_name.get(..open), type_name.get(close + 1..));
            Cow::Owned([before.unwrap_or_default(), after.unwrap_or_default()].concat())
        }
        _ => Cow::Borrowed(type_name),
    };
    // A bare `character` means `character(1)`.
    if bare == "character" { Cow::Borrowed("pg_catalog.bpchar") } else { bare }
}

/// The columns of each `relation`, domains resolved to the types they are made of. What is selected of them comes after the
/// relation's own first column, and is read by [`column`].
macro_rules! columns_of {
    ($relation:literal, $first:literal, $more:literal) => {
        concat!(
            "WITH RECURSIVE relation AS (",
            $relation,
            "), typed AS (
  SELECT a.attrelid, a.attnum, a.attname, a.attnotnull AS filled, a.attgenerated <> '' OR a.attidentity = 'a' AS generated,
         a.atttypid AS type_id, a.atttypmod AS modifier
  FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT d.attrelid, d.attnum, d.attname, d.filled OR t.typnotnull, d.generated, t.typbasetype, t.typtypmod
  FROM typed d JOIN pg_catalog.pg_type t ON t.oid = d.type_id AND t.typtype = 'd'
)
SELECT ",
            $first,
            ", d.attname::pg_catalog.text, pg_catalog.format_type(d.type_id, d.modifier),
       t.typname::pg_catalog.text, n.nspname = 'pg_catalog', t.typtype::pg_catalog.text, d.modifier, d.filled, d.generated,
       ARRAY(SELECT e.enumlabel::pg_catalog.text FROM pg_catalog.pg_enum e
             WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)",
            $more,
            "
FROM relation r LEFT JOIN typed d ON d.attrelid = r.oid AND NOT EXISTS (
       SELECT 1 FROM pg_catalog.pg_type x WHERE x.oid = d.type_id AND x.typtype = 'd')
     LEFT JOIN pg_catalog.pg_type t ON t.oid = d.type_id
     LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
ORDER BY r.oid, d.attnum"
        )
    };
}

mod catalog;

pub(crate) use catalog::catalog;

const SHAPE: &str = columns_of!(
    "SELECT c.oid, c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1::pg_catalog.name AND c.relname = $2::pg_catalog.name",
    "r.relkind::pg_catalog.text",
    ""
);

/// What the catalog says of a table; `None` where there is none of that name. Needs no right on the table.
///
/// # Errors
/// The driver's.
pub async fn shape(
    connection: &mut PgConnection,
    schema: &str,
    table: &str,
) -> Result<Option<TableShape>, sqlx::Error> {
    let rows = sqlx::query(SHAPE).bind(schema).bind(table).fetch_all(connection).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let kind = table_kind(&first.try_get::<String, _>(0)?);
    let mut shape = TableShape {
        engine: Engine::Postgres,
        schema: schema.to_owned(),
        table: table.to_owned(),
        kind,
        columns: std::collections::BTreeMap::new(),
    };
    for row in &rows {
        if let Some(column) = column(row)? {
            shape.columns.insert(column.name.clone(), column);
        }
    }
    Ok(Some(shape))
}

/// What `relkind` means.
fn table_kind(relkind: &str) -> TableKind {
    match relkind {
        "r" | "p" => TableKind::Table,
        "v" | "m" => TableKind::View,
        _ => TableKind::Other,
    }
}

/// The column of a row of `columns_of!`. A table without columns is one row of NULLs.
fn column(row: &PgRow) -> Result<Option<ColumnShape>, sqlx::Error> {
    let Some(name) = row.try_get::<Option<String>, _>(1)? else { return Ok(None) };
    let facts = TypeFacts {
        name: row.try_get(3)?,
        built_in: row.try_get(4)?,
        class: row.try_get(5)?,
        modifier: row.try_get(6)?,
        labels: row.try_get(9)?,
    };
    Ok(Some(ColumnShape {
        name,
        type_name: row.try_get(2)?,
        kind: facts.kind(),
        nullable: !row.try_get::<bool, _>(7)?,
        generated: row.try_get(8)?,
    }))
}

/// A type as `pg_type` and `pg_attribute` describe it, domains already resolved.
struct TypeFacts {
    name: String,
    /// Whether it lives in `pg_catalog`, so that its name means what it says.
    built_in: bool,
    /// `typtype`: `b` base, `e` enum, and more.
    class: String,
    /// `atttypmod`: length, or precision and scale, or -1.
    modifier: i32,
    labels: Vec<String>,
}

impl TypeFacts {
    fn kind(self) -> ColumnKind {
        let integer =
            |bits: u32| ColumnKind::Integer { min: -(1_i128 << (bits - 1)), max: (1_i128 << (bits - 1)) - 1 };
        let text = |length_max| ColumnKind::Text { length_max, repertoire: Repertoire::Unicode };
        match (self.built_in, self.name.as_str()) {
            _ if self.class == "e" => ColumnKind::Enum { labels: self.labels },
            (true, "bool") => ColumnKind::Boolean,
            (true, "int2") => integer(16),
            (true, "int4") => integer(32),
            (true, "int8") => integer(64),
            (true, "numeric") => self.numeric(),
            (true, "text") => text(None),
            (true, "varchar" | "bpchar") => text(self.length()),
            // The extension's case-insensitive text may be installed in any schema.
            (false, "citext") if self.class == "b" => text(None),
            (true, "bytea") => ColumnKind::Bytes { length_max: None },
            (true, "date") => ColumnKind::Date,
            (true, "timestamp") => ColumnKind::Timestamp { with_offset: false, digits: self.digits() },
            (true, "timestamptz") => ColumnKind::Timestamp { with_offset: true, digits: self.digits() },
            (true, "uuid") => ColumnKind::Uuid { variant_checked: false },
            (true, "json") => ColumnKind::Json(JsonForm::Text),
            (true, "jsonb") => ColumnKind::Json(JsonForm::Jsonb),
            _ => ColumnKind::Unsupported,
        }
    }

    /// The modifier is the length plus four bytes of header.
    fn length(&self) -> Option<u64> {
        u64::try_from(self.modifier - 4).ok()
    }

    fn digits(&self) -> u32 {
        u32::try_from(self.modifier).unwrap_or(6)
    }

    /// Precision in the upper half, scale in the lower eleven bits, both after the header.
    fn numeric(&self) -> ColumnKind {
        let Ok(packed) = u32::try_from(self.modifier - 4) else {
            return ColumnKind::Decimal { precision: None, scale: None };
        };
        let (precision, scale) = (packed >> 16, packed & 0x7ff);
        // A negative scale rounds away whole digits; nobody's money is stored so.
        if scale >= 0x400 {
            return ColumnKind::Unsupported;
        }
        ColumnKind::Decimal { precision: Some(precision), scale: Some(scale) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_carry_no_length_and_no_precision() {
        for (type_name, expected) in [
            ("numeric(10,2)", "numeric"),
            ("character varying(20)", "character varying"),
            ("character(5)", "pg_catalog.bpchar"),
            ("timestamp(3) with time zone", "timestamp with time zone"),
            ("bigint", "bigint"),
            ("public.mood", "public.mood"),
            ("public.\"odd (1)\"", "public.\"odd (1)\""),
        ] {
            assert_eq!(cast_type(type_name), expected);
        }
    }

    #[test]
    fn a_url_of_another_engine_is_refused() {
        for url in ["mysql://a@b/c", "postgres", "", "file:///x.db"] {
            assert_eq!(connect_options(url).err(), Some(Unreachable::UrlInvalid), "{url}");
        }
    }
}
