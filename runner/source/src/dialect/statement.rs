//! Building one SQL statement out of literals, names and bound values.

use synapsor_protocol::{Engine, Value};

use super::parameter::{self, Parameter};
use super::postgres;
use crate::accept::ColumnMismatch;
use crate::shape::{ColumnKind, ColumnShape, JsonForm};

/// A name in the engine's quotes.
pub fn quoted(engine: Engine, name: &str) -> String {
    match engine {
        Engine::Mysql => format!("`{}`", name.replace('`', "``")),
        Engine::Postgres | Engine::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// A table with its schema, both in the engine's quotes.
pub fn qualified(engine: Engine, schema: &str, table: &str) -> String {
    format!("{}.{}", quoted(engine, schema), quoted(engine, table))
}

/// One statement and its bound values.
///
/// Invariant: free text is literal; everything else is a quoted name, a cast or a placeholder.
#[derive(Debug, Clone)]
pub struct Statement {
    engine: Engine,
    sql: String,
    parameters: Vec<Parameter>,
}

impl Statement {
    /// A statement that starts with this text.
    pub fn new(engine: Engine, start: &'static str) -> Self {
        Self { engine, sql: start.to_owned(), parameters: Vec::new() }
    }

    /// The SQL so far.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The bound values so far, in the order of their placeholders.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Adds literal text.
    pub fn text(&mut self, text: &'static str) -> &mut Self {
        self.sql.push_str(text);
        self
    }

    /// Adds a quoted name.
    pub fn name(&mut self, name: &str) -> &mut Self {
        self.sql.push_str(&quoted(self.engine, name));
        self
    }

    /// Adds a quoted table with its schema.
    pub fn table(&mut self, schema: &str, table: &str) -> &mut Self {
        self.sql.push_str(&qualified(self.engine, schema, table));
        self
    }

    /// Adds a row count.
    pub fn count(&mut self, rows: u32) -> &mut Self {
        self.sql.push_str(&rows.to_string());
        self
    }

    /// Adds the expression that reads a column exactly; decode it with the engine's `columns`.
    pub fn read(&mut self, column: &ColumnShape) -> &mut Self {
        let expression = self.exact_text(column);
        self.sql.push_str(&expression);
        self
    }

    fn exact_text(&self, column: &ColumnShape) -> String {
        let name = quoted(self.engine, &column.name);
        match (self.engine, &column.kind) {
            (Engine::Postgres, _) => format!("{name}::pg_catalog.text"),
            (Engine::Mysql, ColumnKind::Bytes { .. }) => format!("HEX({name})"),
            (Engine::Mysql, _) => format!("CAST({name} AS CHAR CHARACTER SET utf8mb4)"),
            (Engine::Sqlite, _) => name,
        }
    }

    /// Adds several columns to read, with commas between.
    pub fn read_all<'c>(&mut self, columns: impl IntoIterator<Item = &'c ColumnShape>) -> &mut Self {
        for (at, column) in columns.into_iter().enumerate() {
            if at > 0 {
                self.text(", ");
            }
            self.read(column);
        }
        self
    }

    /// Adds several columns to read and, after them, the bytes of those that have no small limit of their own; such a
    /// column above `bytes_max` is read as NULL, so that a gigabyte never leaves the server.
    pub(crate) fn read_bounded(&mut self, columns: &[ColumnShape], bytes_max: usize) -> &mut Self {
        let mut total = String::from("0");
        for column in columns {
            let value = self.exact_text(column);
            match self.bytes_of(column, &value) {
                Some(bytes) => {
                    self.sql.push_str(&format!("CASE WHEN {bytes} <= {bytes_max} THEN {value} END, "));
                    total.push_str(&format!(" + COALESCE({bytes}, 0)"));
                }
                None => self.sql.push_str(&format!("{value}, ")),
            }
        }
        self.sql.push_str(&match self.engine {
            Engine::Postgres => format!("({total})::pg_catalog.text"),
            Engine::Mysql => format!("CAST({total} AS CHAR)"),
            Engine::Sqlite => total,
        });
        self
    }

    /// The size of a value that may be of any. `None` on SQLite, whose reader sees the size before it copies anything.
    fn bytes_of(&self, column: &ColumnShape, value: &str) -> Option<String> {
        if !is_open_ended(&column.kind) {
            return None;
        }
        let name = quoted(self.engine, &column.name);
        // Bytes are read as twice as many digits, so the column itself is weighed.
        let weighed = if matches!(column.kind, ColumnKind::Bytes { .. }) { &name } else { value };
        match self.engine {
            Engine::Postgres => Some(format!("pg_catalog.octet_length({weighed})::pg_catalog.int8")),
            Engine::Mysql => Some(format!("LENGTH({weighed})")),
            Engine::Sqlite => None,
        }
    }

    /// Adds a value of the column's type, as the right side of an assignment or a comparison.
    ///
    /// # Errors
    /// When a value of that type cannot be in that column.
    pub fn value(&mut self, column: &ColumnShape, value: &Value) -> Result<&mut Self, ColumnMismatch> {
        let parameter = parameter::bound(self.engine, column, value)?;
        self.push_typed(column, parameter);
        Ok(self)
    }

    /// Adds a condition that holds exactly where the column's stored value is this one, byte for byte.
    ///
    /// A plain `=` stays in front for the index; collations and padding let it match more than that.
    ///
    /// # Errors
    /// When a value of that type cannot be in that column.
    pub fn equals(&mut self, column: &ColumnShape, value: &Value) -> Result<&mut Self, ColumnMismatch> {
        if value.is_null() {
            return Ok(self.name(&column.name).text(" IS NULL"));
        }
        let parameter = parameter::bound(self.engine, column, value)?;
        if matches!(column.kind, ColumnKind::Json(_)) {
            self.push_same_bytes(column, parameter);
            return Ok(self);
        }
        self.name(&column.name).text(" = ").push_typed(column, parameter.clone());
        let collated = matches!(column.kind, ColumnKind::Text { .. } | ColumnKind::Dynamic { .. });
        if collated && matches!(parameter, Parameter::Text(_)) {
            self.text(" AND ").push_same_bytes(column, parameter);
        }
        Ok(self)
    }

    fn push_typed(&mut self, column: &ColumnShape, parameter: Parameter) {
        self.parameters.push(parameter);
        let at = self.parameters.len();
        let expression = match (self.engine, &column.kind) {
            (Engine::Postgres, _) => {
                format!("CAST(${at}::pg_catalog.text AS {})", postgres::cast_type(&column.type_name))
            }
            (Engine::Sqlite, _) => format!("?{at}"),
            (Engine::Mysql, ColumnKind::Decimal { precision, scale }) => {
                format!("CAST(? AS DECIMAL({}, {}))", precision.unwrap_or(65), scale.unwrap_or(0))
            }
            (Engine::Mysql, ColumnKind::Date) => "CAST(? AS DATE)".to_owned(),
            (Engine::Mysql, ColumnKind::Timestamp { .. }) => "CAST(? AS DATETIME(6))".to_owned(),
            (Engine::Mysql, ColumnKind::Json(JsonForm::Binary)) => "CAST(? AS JSON)".to_owned(),
            (Engine::Mysql, _) => "?".to_owned(),
        };
        self.sql.push_str(&expression);
    }

    /// `column`'s exact text against the parameter's bytes, whatever the column's collation.
    fn push_same_bytes(&mut self, column: &ColumnShape, parameter: Parameter) {
        let name = quoted(self.engine, &column.name);
        self.parameters.push(parameter);
        let at = self.parameters.len();
        let condition = match self.engine {
            Engine::Postgres => {
                format!("{name}::pg_catalog.text COLLATE pg_catalog.\"C\" = ${at}::pg_catalog.text")
            }
            Engine::Mysql => format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY) = CAST(? AS BINARY)"),
            Engine::Sqlite => format!("{name} = ?{at} COLLATE BINARY"),
        };
        self.sql.push_str(&condition);
    }
}

/// Whether a column's values may be of any size.
fn is_open_ended(kind: &ColumnKind) -> bool {
    const SMALL: u64 = 4096;
    match kind {
        ColumnKind::Text { length_max, .. } | ColumnKind::Bytes { length_max } => {
            length_max.is_none_or(|most| most > SMALL)
        }
        ColumnKind::Json(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use synapsor_protocol::Engine::{Mysql, Postgres, Sqlite};

    use super::*;
    use crate::shape::Repertoire;

    #[test]
    fn names_are_quoted_and_their_quotes_doubled() {
        for (engine, expected) in [(Postgres, r#""a""b`c""#), (Sqlite, r#""a""b`c""#), (Mysql, "`a\"b``c`")] {
            assert_eq!(quoted(engine, "a\"b`c"), expected);
        }
        assert_eq!(qualified(Mysql, "shop", "or`ders"), "`shop`.`or``ders`");
    }

    fn check(engine: Engine, column: &ColumnShape, value: &Value, expected: &Expect) {
        let mut statement = Statement::new(engine, "");
        let built = statement.equals(column, value).map(drop);
        expected.assert_eq(&match built {
            Ok(()) => format!("{} {:?}", statement.sql(), statement.parameters()),
            Err(mismatch) => mismatch.to_string(),
        });
    }

    #[test]
    fn text_is_compared_by_index_and_by_byte() {
        let value = Value::Text("ACME".into());
        let mut tenant = ColumnShape {
            name: "tenant".into(),
            type_name: "character varying(20)".into(),
            kind: ColumnKind::Text { length_max: Some(20), repertoire: Repertoire::Unicode },
            nullable: false,
            generated: false,
        };
        check(
            Postgres,
            &tenant,
            &value,
            &expect![[
                r#""tenant" = CAST($1::pg_catalog.text AS character varying) AND "tenant"::pg_catalog.text COLLATE pg_catalog."C" = $2::pg_catalog.text [Text("ACME"), Text("ACME")]"#
            ]],
        );
        check(
            Mysql,
            &tenant,
            &value,
            &expect![[
                r#"`tenant` = ? AND CAST(CONVERT(`tenant` USING utf8mb4) AS BINARY) = CAST(? AS BINARY) [Text("ACME"), Text("ACME")]"#
            ]],
        );
        tenant.kind = ColumnKind::Dynamic { strict: false };
        check(
            Sqlite,
            &tenant,
            &value,
            &expect![[r#""tenant" = ?1 AND "tenant" = ?2 COLLATE BINARY [Text("ACME"), Text("ACME")]"#]],
        );
        check(Sqlite, &tenant, &Value::Null, &expect![[r#""tenant" IS NULL []"#]]);
    }

    #[test]
    fn numbers_are_bound_as_numbers_and_text_never_meets_a_number_column() {
        let mut column = ColumnShape {
            name: "id".into(),
            type_name: "bigint".into(),
            kind: ColumnKind::Integer { min: i64::MIN.into(), max: i64::MAX.into() },
            nullable: false,
            generated: false,
        };
        check(Mysql, &column, &Value::Integer(7), &expect!["`id` = ? [Signed(7)]"]);
        check(
            Mysql,
            &column,
            &Value::Text("1abc".into()),
            &expect![
                "column `id` takes a whole number from -9223372036854775808 to 9223372036854775807, found text"
            ],
        );
        check(
            Postgres,
            &column,
            &Value::Integer(7),
            &expect![[r#""id" = CAST($1::pg_catalog.text AS bigint) [Text("7")]"#]],
        );
        column.kind = ColumnKind::Decimal { precision: Some(10), scale: Some(2) };
        check(
            Mysql,
            &column,
            &Value::Decimal("7.10".into()),
            &expect![[r#"`id` = CAST(? AS DECIMAL(10, 2)) [Text("7.10")]"#]],
        );
    }

    proptest! {
        #[test]
        fn a_quoted_name_is_that_name_and_nothing_more(name in "[^\0]{1,20}") {
            let connection = rusqlite::Connection::open_in_memory().expect("memory");
            let sql = format!("SELECT 1 AS {}", quoted(Sqlite, &name));
            let prepared = connection.prepare(&sql).expect("one statement");
            prop_assert_eq!(prepared.column_names(), vec![name.as_str()]);
            for (engine, quote) in [(Postgres, '"'), (Mysql, '`')] {
                let quoted = quoted(engine, &name);
                let inner = quoted.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)).expect("quotes");
                let doubled = [quote, quote].iter().collect::<String>();
                prop_assert!(!inner.replace(&doubled, "").contains(quote), "{}", quoted);
                prop_assert_eq!(inner.replace(&doubled, &quote.to_string()), name.clone());
            }
        }
    }
}
