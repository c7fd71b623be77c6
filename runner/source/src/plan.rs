//! From a query and a trusted context to one statement, and the check of every row it returns. Pure.

use std::sync::Arc;

use synapsor_config::TableTarget;
use synapsor_protocol::{Columns, TrustedContext, Value};

use crate::dialect::{Statement, qualified};
use crate::error::Error;
use crate::exact;
use crate::query::{FindQuery, RowQuery, ScopedRow};
use crate::shape::{ColumnKind, ColumnShape, TableShape};
use crate::sources::ROW_BYTES_MAX;

/// Enough to tell one row from several.
const ROWS_TO_TELL_ONE: u32 = 2;

/// What is asked of one table: the query without its source.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    target: TableTarget,
    columns: Vec<String>,
    /// Columns that must hold these values, the tenant first.
    conditions: Vec<Condition>,
    rows_max: u32,
}

#[derive(Debug, Clone)]
struct Condition {
    column: String,
    value: Value,
    /// The tenant is compared by its printed bytes alone; keys and filters know numbers.
    tenant: bool,
}

impl Request {
    pub(crate) fn one(query: &RowQuery, context: &TrustedContext) -> Self {
        let key = (query.target.primary_key.clone(), query.key.clone());
        Self::new(&query.target, &query.columns, [key], ROWS_TO_TELL_ONE, context)
    }

    pub(crate) fn some(query: &FindQuery, context: &TrustedContext) -> Self {
        let filters = query.filters.iter().map(|(column, value)| (column.clone(), value.clone()));
        Self::new(&query.target, &query.columns, filters, query.rows_max, context)
    }

    fn new(
        target: &TableTarget,
        columns: &[String],
        filters: impl IntoIterator<Item = (String, Value)>,
        rows_max: u32,
        context: &TrustedContext,
    ) -> Self {
        let tenant = target.tenant_key.iter().map(|column| Condition {
            column: column.clone(),
            value: Value::Text(context.tenant().to_owned()),
            tenant: true,
        });
        let filters = filters.into_iter().map(|(column, value)| Condition { column, value, tenant: false });
        let conditions = tenant.chain(filters).collect();
        Self { target: target.clone(), columns: columns.to_vec(), conditions, rows_max }
    }

    pub(crate) fn schema(&self) -> &str {
        &self.target.schema
    }

    pub(crate) fn table(&self) -> &str {
        &self.target.table
    }

    /// The table with its schema, as messages name it.
    pub(crate) fn table_name(&self) -> String {
        format!("{}.{}", self.target.schema, self.target.table)
    }

    /// The statement over this shape of the table; `None` when no row can match, whatever the table holds.
    pub(crate) fn plan(&self, shape: &Arc<TableShape>) -> Result<Option<Plan>, Error> {
        let mut columns: Vec<ColumnShape> = Vec::new();
        let asked = self.columns.iter().chain(self.conditions.iter().map(|condition| &condition.column));
        for name in asked {
            if !columns.iter().any(|column| column.name == *name) {
                columns.push(self.readable(shape, name)?.clone());
            }
        }
        let mut typed = Vec::new();
        let mut request = self.clone();
        for condition in &mut request.conditions {
            let column = self.readable(shape, &condition.column)?;
            if matches!(column.kind, ColumnKind::Json(_)) {
                return Err(self.not_for_lookup(column));
            }
            let Some(value) = in_column(column, &condition.value) else { return Ok(None) };
            // A key may be spelled as its type allows; a tenant is the bytes that were established.
            if !condition.tenant {
                condition.value = value.clone();
            }
            typed.push((column, value));
        }
        let mut statement = Statement::new(shape.engine, "SELECT ");
        statement.read_bounded(&columns, ROW_BYTES_MAX).text(" FROM ").table(&shape.schema, &shape.table);
        for (at, (column, value)) in typed.iter().enumerate() {
            statement.text(if at == 0 { " WHERE " } else { " AND " });
            if statement.equals(column, value).is_err() {
                return Ok(None);
            }
        }
        let key = self.readable(shape, &self.target.primary_key)?;
        statement.text(" ORDER BY ").name(&key.name).text(" LIMIT ").count(self.rows_max);
        Ok(Some(Plan { statement, columns, request, shape: Arc::clone(shape) }))
    }

    fn readable<'s>(&self, shape: &'s TableShape, name: &str) -> Result<&'s ColumnShape, Error> {
        let column = shape
            .columns
            .get(name)
            .ok_or_else(|| Error::ColumnMissing { table: self.table_name(), column: name.to_owned() })?;
        if column.kind == ColumnKind::Unsupported {
            return Err(Error::TypeUnsupported {
                table: self.table_name(),
                column: column.name.clone(),
                type_name: column.type_name.clone(),
                what: "values",
            });
        }
        Ok(column)
    }

    fn not_for_lookup(&self, column: &ColumnShape) -> Error {
        Error::LookupUnsupported {
            table: self.table_name(),
            column: column.name.clone(),
            type_name: column.type_name.clone(),
        }
    }
}

/// One statement, ready to run, and how its rows are checked.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) statement: Statement,
    /// The columns of the select list, in order; after them comes one more, the bytes that were weighed.
    pub(crate) columns: Vec<ColumnShape>,
    request: Request,
    shape: Arc<TableShape>,
}

impl Plan {
    /// The rows that really are what was asked for, with only the columns that were.
    pub(crate) fn scoped(&self, rows: Vec<Columns>) -> Vec<ScopedRow> {
        rows.into_iter().filter_map(|row| self.scoped_row(row)).collect()
    }

    fn scoped_row(&self, mut row: Columns) -> Option<ScopedRow> {
        for condition in &self.request.conditions {
            if !condition.holds(row.get(&condition.column)?) {
                tracing::warn!(
                    table = qualified(self.shape.engine, &self.shape.schema, &self.shape.table),
                    column = condition.column,
                    "the source matched a row that is not the one asked for; it is left out"
                );
                return None;
            }
        }
        row.retain(|name, _| self.request.columns.contains(name));
        Some(ScopedRow::checked(row, Arc::clone(&self.shape)))
    }
}

impl Condition {
    fn holds(&self, read: &Value) -> bool {
        match (&self.value, read) {
            (_, Value::Null) | (Value::Null, _) => !self.tenant && self.value == *read,
            (Value::Text(asked), read) => *asked == read.to_string(),
            (Value::Integer(_) | Value::Decimal(_), Value::Integer(_) | Value::Decimal(_)) => {
                self.value.as_number().is_some() && self.value.as_number() == read.as_number()
            }
            (Value::Boolean(asked), Value::Integer(read)) => i64::from(*asked) == *read,
            (Value::Integer(asked), Value::Text(read)) => asked.to_string() == *read,
            (asked, read) => asked == read,
        }
    }
}

/// The asked value in the column's own type, if it can be in such a column at all.
///
/// This is where `'1abc'` does not become 1 and an integer does not meet a text column: the database never sees them.
fn in_column(column: &ColumnShape, asked: &Value) -> Option<Value> {
    Some(match (&column.kind, asked) {
        (_, Value::Null) => Value::Null,
        (_, Value::Text(text)) if text.contains('\0') => return None,
        (ColumnKind::Integer { min, max }, _) => {
            let number = match asked {
                Value::Integer(integer) => i128::from(*integer),
                Value::Text(text) => exact::integer(text)?,
                Value::Decimal(decimal) => exact::rescaled(decimal, 0)?.parse().ok()?,
                Value::Boolean(boolean) => i128::from(*boolean),
                _ => return None,
            };
            if !(min..=max).contains(&&number) {
                return None;
            }
            i64::try_from(number).map_or_else(|_| Value::Decimal(number.to_string()), Value::Integer)
        }
        (ColumnKind::Decimal { scale, .. }, Value::Integer(_) | Value::Decimal(_) | Value::Text(_)) => {
            let text = exact::decimal(&asked.to_string())?;
            let scale = scale.and_then(|scale| usize::try_from(scale).ok());
            Value::Decimal(scale.map_or(Some(text.clone()), |scale| exact::rescaled(&text, scale))?)
        }
        // Beside a character the column's set lacks, MySQL refuses the comparison itself.
        (ColumnKind::Text { repertoire, .. }, Value::Text(_) | Value::Integer(_)) => {
            Value::Text(Some(asked.to_string()).filter(|text| repertoire.holds(text))?)
        }
        (ColumnKind::Enum { labels }, Value::Text(text)) if labels.contains(text) => asked.clone(),
        (ColumnKind::Boolean, Value::Boolean(_)) | (ColumnKind::Bytes { .. }, Value::Bytes(_)) => {
            asked.clone()
        }
        (ColumnKind::Date, Value::Date(text) | Value::Text(text)) => Value::Date(exact::date(text)?),
        (ColumnKind::Uuid { .. }, Value::Uuid(text) | Value::Text(text)) => Value::Uuid(exact::uuid(text)?),
        (ColumnKind::Timestamp { with_offset, .. }, Value::Timestamp(text) | Value::Text(text)) => {
            let form = if *with_offset { exact::instant } else { exact::wall_clock };
            Value::Timestamp(form(text)?)
        }
        (ColumnKind::Dynamic { .. }, Value::Decimal(decimal)) => {
            Value::Integer(exact::rescaled(decimal, 0)?.parse().ok()?)
        }
        (ColumnKind::Dynamic { .. }, asked) => asked.clone(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use synapsor_protocol::Engine;

    use super::*;

    fn holds(asked: Value, read: Value, tenant: bool) -> bool {
        Condition { column: "c".into(), value: asked, tenant }.holds(&read)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn text_column() -> ColumnKind {
        ColumnKind::Text { length_max: None, repertoire: crate::shape::Repertoire::Unicode }
    }

    #[test]
    fn a_condition_holds_for_the_same_bytes_only() {
        assert!(holds(text("acme"), text("acme"), true));
        for other in ["ACME", "acme ", "acmé", "", "acme\0"] {
            assert!(!holds(text("acme"), text(other), true), "{other:?}");
        }
        assert!(holds(text("42"), Value::Integer(42), true));
        assert!(!holds(text("042"), Value::Integer(42), true));
        assert!(!holds(text("10.5"), Value::Decimal("10.50".into()), true));
        assert!(!holds(text("null"), Value::Null, true));
        assert!(!holds(Value::Null, Value::Null, true));
        assert!(holds(Value::Null, Value::Null, false));
        assert!(holds(Value::Decimal("10.5".into()), Value::Decimal("10.50".into()), false));
        assert!(!holds(Value::Integer(1), text("1abc"), false));
        assert!(!holds(Value::Integer(0), text("acme"), false));
    }

    #[test]
    fn a_value_of_another_type_never_reaches_the_database() {
        let column = |kind| ColumnShape {
            name: "c".into(),
            type_name: "t".into(),
            kind,
            nullable: false,
            generated: false,
        };
        let integer = column(ColumnKind::Integer { min: -128, max: 127 });
        for never in [
            text("1abc"),
            text("01"),
            text(""),
            Value::Integer(128),
            Value::Decimal("1.5".into()),
            Value::Bytes(vec![1]),
        ] {
            assert_eq!(in_column(&integer, &never), None, "{never:?}");
        }
        for same in [text("7"), Value::Integer(7), Value::Decimal("7.00".into())] {
            assert_eq!(in_column(&integer, &same), Some(Value::Integer(7)), "{same:?}");
        }
        assert_eq!(in_column(&column(text_column()), &Value::Integer(0)), Some(text("0")));
        assert_eq!(in_column(&column(ColumnKind::Uuid { variant_checked: false }), &text("1")), None);
        assert_eq!(in_column(&column(ColumnKind::Enum { labels: vec!["a".into()] }), &text("b")), None);
        assert_eq!(in_column(&column(ColumnKind::Boolean), &Value::Integer(1)), None);
        assert_eq!(
            in_column(&column(ColumnKind::Dynamic { strict: false }), &Value::Decimal("1.5".into())),
            None
        );
        assert_eq!(in_column(&column(text_column()), &text("a\0")), None);
    }

    #[test]
    fn the_tenant_is_the_first_condition_of_every_statement() {
        let column = |name: &str| ColumnShape {
            name: name.into(),
            type_name: "TEXT".into(),
            kind: ColumnKind::Dynamic { strict: false },
            nullable: false,
            generated: false,
        };
        let shape = Arc::new(TableShape {
            engine: Engine::Sqlite,
            schema: "main".into(),
            table: "orders".into(),
            kind: crate::shape::TableKind::Table,
            columns: ["id", "note", "tenant"].map(|name| (name.to_owned(), column(name))).into(),
        });
        let target = TableTarget {
            schema: "main".into(),
            table: "orders".into(),
            primary_key: "id".into(),
            tenant_key: Some("tenant".into()),
        };
        #[expect(clippy::disallowed_methods, reason = "a test stands in for invocation::context")]
        let context =
            TrustedContext::establish("acme".into(), "ann".into(), synapsor_protocol::Provenance::StaticDev);
        let request =
            Request::new(&target, &["note".to_owned()], [("id".to_owned(), Value::Integer(7))], 2, &context);
        let plan = request.plan(&shape).expect("plans").expect("can match");
        expect_test::expect![[r#"SELECT "note", "tenant", "id", 0 FROM "main"."orders" WHERE "tenant" = ?1 AND "tenant" = ?2 COLLATE BINARY AND "id" = ?3 ORDER BY "id" LIMIT 2"#]]
            .assert_eq(plan.statement.sql());
    }
}
