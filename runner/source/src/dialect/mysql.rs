//! MySQL and MariaDB: the session every statement runs in, the catalog, binding and decoding through sqlx.

use std::collections::BTreeMap;

use sqlx::mysql::{MySqlArguments, MySqlConnectOptions, MySqlDatabaseError, MySqlRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions as _, MySql, MySqlConnection, Row as _};
use synapsor_protocol::{Columns, Engine};

use super::parameter::Parameter;
use super::statement::{Statement, quoted};
use super::text_form::{self, Unreadable};
use super::url;
use crate::error::Unreachable;
use crate::shape::{ColumnKind, ColumnShape, JsonForm, Repertoire, TableKind, TableShape};

/// What pins a connection's session, so that every value has one printed form and nothing is cut to fit.
pub const SESSION: &str = "SET NAMES utf8mb4, SESSION time_zone = '+00:00', \
     SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'";

/// The parameters of a URL that sqlx heeds. `SESSION` has the last word on the character set and the time zone.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslca",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "socket",
    "charset",
    "collation",
    "timezone",
    "time-zone",
];

/// The connection a URL asks for. TLS is as its `ssl-mode` says.
///
/// # Errors
/// When it is not a MySQL URL.
pub fn connect_options(url: &str) -> Result<MySqlConnectOptions, Unreachable> {
    let parsed = url::parsed(url, &["mysql", "mariadb"], PARAMETERS)?;
    let options = MySqlConnectOptions::from_url(&parsed).map_err(|_| Unreachable::UrlInvalid)?;
    // The driver's own session set-up is switched off; `SESSION` says everything in one statement.
    let options =
        options.pipes_as_concat(false).no_engine_substitution(false).timezone(None).set_names(false);
    Ok(options.disable_statement_logging())
}

/// The same URL, for connections to that database.
///
/// # Errors
/// When it is not a MySQL URL.
pub fn within_database(url: &str, database: &str) -> Result<String, Unreachable> {
    let mut parsed = url::parsed(url, &["mysql", "mariadb"], PARAMETERS)?;
    parsed.set_path(database);
    Ok(parsed.into())
}

/// Pins the session of a new connection and limits every statement on it; what the server calls the connection.
///
/// # Errors
/// The driver's.
pub async fn pin_session(connection: &mut MySqlConnection, timeout_ms: u64) -> Result<u64, sqlx::Error> {
    sqlx::raw_sql(SESSION).execute(&mut *connection).await?;
    let (version, id): (String, u64) =
        sqlx::query_as("SELECT VERSION(), CONNECTION_ID()").fetch_one(&mut *connection).await?;
    // The two servers name and measure the limit differently; each refuses the other's.
    let limit = if version.contains("MariaDB") {
        format!("SET SESSION max_statement_time = {}.{:03}", timeout_ms / 1000, timeout_ms % 1000)
    } else {
        format!("SET SESSION max_execution_time = {timeout_ms}")
    };
    let lock_wait_s = timeout_ms.div_ceil(1000).max(1);
    let sql = format!(
        "{limit}, SESSION innodb_lock_wait_timeout = {lock_wait_s}, SESSION lock_wait_timeout = {lock_wait_s}"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(id)
}

/// Has the server give up what it does on another connection of the same user, and that connection with it.
///
/// # Errors
/// The driver's; also where the connection is gone by then.
pub async fn kill(connection: &mut MySqlConnection, id: u64) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(format!("KILL {id}"))).execute(connection).await.map(drop)
}

/// The statement with its values bound.
pub fn query(statement: &Statement) -> Query<'_, MySql, MySqlArguments> {
    let mut query = sqlx::query(AssertSqlSafe(statement.sql()));
    for parameter in statement.parameters() {
        query = match parameter {
            Parameter::Null => query.bind(None::<&str>),
            Parameter::Text(text) => query.bind(text.as_str()),
            Parameter::Signed(integer) => query.bind(*integer),
            Parameter::Unsigned(integer) => query.bind(*integer),
            Parameter::Bytes(bytes) => query.bind(bytes.as_slice()),
        };
    }
    query
}

/// The values of a row that was selected with [`Statement::read_all`] over the same columns.
///
/// # Errors
/// When a value has no exact form.
pub fn columns<'c>(
    row: &MySqlRow,
    columns: impl IntoIterator<Item = &'c ColumnShape>,
) -> Result<Columns, Unreadable> {
    let read = columns.into_iter().enumerate().map(|(at, column)| {
        let text =
            row.try_get_unchecked::<Option<String>, _>(at).map_err(|_| Unreadable::in_column(column))?;
        Ok((column.name.clone(), text_form::value(Engine::Mysql, column, text)?))
    });
    read.collect()
}

/// The bytes that [`Statement::read_bounded`] weighed, after `at` columns. Unreadable counts as too many.
pub(crate) fn weight(row: &MySqlRow, at: usize) -> usize {
    let text = row.try_get_unchecked::<String, _>(at);
    text.ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX)
}

/// The server's error number, where the server itself answered.
pub fn error_number(error: &sqlx::Error) -> Option<u16> {
    Some(error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()?.number())
}

/// Why a connection could not be made.
pub fn unreachable(error: &sqlx::Error) -> Unreachable {
    match error_number(error) {
        Some(1045 | 1044 | 1698 | 1130 | 1251 | 1820 | 1862 | 3118) => Unreachable::Credential,
        Some(1049) => Unreachable::NoSuchDatabase,
        Some(1040 | 1203 | 1226) => Unreachable::TooManyConnections,
        Some(1053) => Unreachable::Starting,
        Some(_) => Unreachable::Other,
        None => Unreachable::from_driver(error),
    }
}

/// A column, read by [`column`]; one more fact comes first, and others last.
macro_rules! columns_of {
    ($first:literal, $more:literal, $from:literal) => {
        concat!(
            "SELECT CAST(",
            $first,
            " AS CHAR), CAST(c.column_name AS CHAR), CAST(c.column_type AS CHAR), CAST(c.data_type AS CHAR),
       CAST(c.numeric_precision AS UNSIGNED), CAST(c.numeric_scale AS UNSIGNED),
       CAST(c.character_maximum_length AS UNSIGNED), CAST(c.datetime_precision AS UNSIGNED),
       c.is_nullable = 'YES', c.extra LIKE '%GENERATED%' AND c.extra NOT LIKE '%DEFAULT_GENERATED%',
       CAST(c.character_set_name AS CHAR),
       VERSION() LIKE '%MariaDB%' AND c.data_type = 'longtext' AND c.collation_name = 'utf8mb4_bin'",
            $more,
            "\n",
            $from
        )
    };
}

mod catalog;

pub(crate) use catalog::catalog;

/// `information_schema` shows a column only to somebody with a right on it, and compares names by a collation that
/// ignores case, so the names are compared by byte as well. Both tables are given both names: a join alone would have the
/// server open every table it has.
const SHAPE: &str = columns_of!(
    "t.table_type",
    "",
    "\
FROM information_schema.tables t
JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name
WHERE t.table_schema = ? AND t.table_name = ? AND c.table_schema = ? AND c.table_name = ?
  AND CAST(t.table_schema AS BINARY) = CAST(? AS BINARY) AND CAST(t.table_name AS BINARY) = CAST(? AS BINARY)
ORDER BY c.ordinal_position"
);

/// MariaDB's `json` is text with a check; these are a table's checks.
const CHECKS: &str = "\
SELECT CAST(check_clause AS CHAR) FROM information_schema.check_constraints
WHERE constraint_schema = ? AND table_name = ?";

/// What the catalog says of a table; `None` where there is none of that name, or none this user may see.
///
/// # Errors
/// The driver's.
pub async fn shape(
    connection: &mut MySqlConnection,
    schema: &str,
    table: &str,
) -> Result<Option<TableShape>, sqlx::Error> {
    let query = sqlx::query(SHAPE).bind(schema).bind(table).bind(schema).bind(table).bind(schema).bind(table);
    let rows = query.fetch_all(&mut *connection).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let kind = table_kind(&first.try_get_unchecked::<String, _>(0)?);
    let mut may_be_json = false;
    for row in &rows {
        may_be_json |= row.try_get_unchecked::<Option<bool>, _>(11)?.unwrap_or(false);
    }
    let checks: Vec<String> = if may_be_json {
        sqlx::query_scalar(CHECKS).bind(schema).bind(table).fetch_all(connection).await?
    } else {
        Vec::new()
    };
    let mut columns = BTreeMap::new();
    for row in &rows {
        let column = column(row, &checks)?;
        columns.insert(column.name.clone(), column);
    }
    let (schema, table) = (schema.to_owned(), table.to_owned());
    Ok(Some(TableShape { engine: Engine::Mysql, schema, table, kind, columns }))
}

/// What `table_type` means.
fn table_kind(table_type: &str) -> TableKind {
    match table_type {
        "BASE TABLE" => TableKind::Table,
        "VIEW" => TableKind::View,
        _ => TableKind::Other,
    }
}

/// The column of a row of `columns_of!`; `checks` are those of its table.
fn column(row: &MySqlRow, checks: &[String]) -> Result<ColumnShape, sqlx::Error> {
    let name: String = row.try_get_unchecked(1)?;
    let type_name: String = row.try_get_unchecked(2)?;
    let facts = TypeFacts {
        column_type: &type_name,
        data_type: row.try_get_unchecked(3)?,
        precision: row.try_get_unchecked(4)?,
        scale: row.try_get_unchecked(5)?,
        length: row.try_get_unchecked(6)?,
        digits: row.try_get_unchecked(7)?,
        charset: row.try_get_unchecked(10)?,
        checked_as_json: checks.contains(&format!("json_valid({})", quoted(Engine::Mysql, &name))),
    };
    Ok(ColumnShape {
        kind: facts.kind(),
        nullable: row.try_get_unchecked(8)?,
        generated: row.try_get_unchecked(9)?,
        name,
        type_name,
    })
}

/// A type as `information_schema.columns` describes it.
struct TypeFacts<'t> {
    /// With everything: `bigint(20) unsigned`, `enum('a','b')`.
    column_type: &'t str,
    /// The bare word: `bigint`, `enum`.
    data_type: String,
    precision: Option<u64>,
    scale: Option<u64>,
    length: Option<u64>,
    digits: Option<u64>,
    charset: Option<String>,
    checked_as_json: bool,
}

impl TypeFacts<'_> {
    fn kind(&self) -> ColumnKind {
        match self.data_type.to_ascii_lowercase().as_str() {
            "tinyint" => self.integer(8),
            "smallint" => self.integer(16),
            "mediumint" => self.integer(24),
            "int" => self.integer(32),
            "bigint" => self.integer(64),
            "year" => ColumnKind::Integer { min: 1901, max: 2155 },
            "decimal" => ColumnKind::Decimal { precision: small(self.precision), scale: small(self.scale) },
            "longtext" if self.checked_as_json => ColumnKind::Json(JsonForm::ShallowText),
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => {
                ColumnKind::Text { length_max: self.length, repertoire: self.repertoire() }
            }
            "enum" => {
                labels(self.column_type).map_or(ColumnKind::Unsupported, |labels| ColumnKind::Enum { labels })
            }
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
                ColumnKind::Bytes { length_max: self.length }
            }
            "date" => ColumnKind::Date,
            "datetime" => {
                ColumnKind::Timestamp { with_offset: false, digits: small(self.digits).unwrap_or(0) }
            }
            "timestamp" => {
                ColumnKind::Timestamp { with_offset: true, digits: small(self.digits).unwrap_or(0) }
            }
            "uuid" => ColumnKind::Uuid { variant_checked: true },
            "json" => ColumnKind::Json(JsonForm::Binary),
            _ => ColumnKind::Unsupported,
        }
    }

    fn repertoire(&self) -> Repertoire {
        match self.charset.as_deref() {
            Some("utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030") => Repertoire::Unicode,
            Some("latin1") => Repertoire::Latin1,
            Some("ascii") => Repertoire::Ascii,
            _ => Repertoire::Basic,
        }
    }

    fn integer(&self, bits: u32) -> ColumnKind {
        if self.column_type.contains("unsigned") {
            ColumnKind::Integer { min: 0, max: (1_i128 << bits) - 1 }
        } else {
            ColumnKind::Integer { min: -(1_i128 << (bits - 1)), max: (1_i128 << (bits - 1)) - 1 }
        }
    }
}

fn small(number: Option<u64>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

/// The labels of `enum('a','it''s')`.
fn labels(column_type: &str) -> Option<Vec<String>> {
    let mut rest = column_type.strip_prefix("enum(")?.strip_suffix(')')?;
    let mut labels = Vec::new();
    loop {
        let (label, after) = quoted_label(rest.strip_prefix('\'')?)?;
        labels.push(label);
        if after.is_empty() {
            return Some(labels);
        }
        rest = after.strip_prefix(',')?;
    }
}

/// Reads up to the closing quote. Two quotes are one; a backslash, a line's end and a NUL are written with a backslash.
fn quoted_label(text: &str) -> Option<(String, &str)> {
    let mut label = String::new();
    let mut rest = text.chars();
    loop {
        match rest.next()? {
            '\'' => match rest.as_str().strip_prefix('\'') {
                Some(after) => {
                    label.push('\'');
                    rest = after.chars();
                }
                None => return Some((label, rest.as_str())),
            },
            '\\' => label.push(match rest.next()? {
                'n' => '\n',
                'r' => '\r',
                '0' => '\0',
                other => other,
            }),
            plain => label.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enum_labels_are_read_with_their_quotes_and_commas() {
        let read = |text: &str| labels(text).map(|labels| labels.join("|"));
        assert_eq!(read("enum('open','it''s, so','')").as_deref(), Some("open|it's, so|"));
        assert_eq!(read(r"enum('a\\b','c\nd\'e')").as_deref(), Some("a\\b|c\nd'e"));
        for broken in ["enum()", "enum('a'", "enum('a',)", "set('a')", "enum('a'b')"] {
            assert_eq!(read(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_url_of_another_engine_is_refused() {
        for url in ["postgres://a@b/c", "mysql", "", "file:///x.db"] {
            assert_eq!(connect_options(url).err(), Some(Unreachable::UrlInvalid), "{url}");
        }
    }
}
