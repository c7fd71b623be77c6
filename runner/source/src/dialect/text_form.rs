//! From the text a server prints to an exact value, or the honest answer that there is none.

use synapsor_protocol::{Engine, Value};

use crate::exact;
use crate::shape::{ColumnKind, ColumnShape};

/// A stored value that has no exact form here: `infinity`, `NaN`, a zero date, a year past 9999, a float.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column `{column}` of type `{type_name}` holds a value that cannot be kept exact")]
pub struct Unreadable {
    /// The column.
    pub column: String,
    /// Its type, as the database says it.
    pub type_name: String,
}

impl Unreadable {
    pub(super) fn in_column(column: &ColumnShape) -> Self {
        Self { column: column.name.clone(), type_name: column.type_name.clone() }
    }
}

/// The value behind a server's text; `None` is NULL.
pub(super) fn value(engine: Engine, column: &ColumnShape, text: Option<String>) -> Result<Value, Unreadable> {
    match text {
        None => Ok(Value::Null),
        Some(text) => exact_value(engine, &column.kind, text).ok_or_else(|| Unreadable::in_column(column)),
    }
}

fn exact_value(engine: Engine, kind: &ColumnKind, text: String) -> Option<Value> {
    Some(match kind {
        ColumnKind::Boolean => Value::Boolean(match text.as_str() {
            "true" => true,
            "false" => false,
            _ => return None,
        }),
        // Above i64::MAX only `unsigned bigint` reaches; see `Value::Integer`.
        ColumnKind::Integer { .. } => match text.parse::<i64>() {
            Ok(integer) => Value::Integer(integer),
            Err(_) => Value::Decimal(text.parse::<u64>().ok()?.to_string()),
        },
        ColumnKind::Decimal { .. } => Value::Decimal(exact::decimal(&text)?),
        ColumnKind::Text { .. } | ColumnKind::Enum { .. } => Value::Text(text),
        ColumnKind::Bytes { .. } => {
            let digits = match engine {
                Engine::Postgres => text.strip_prefix("\\x")?,
                Engine::Mysql | Engine::Sqlite => &text,
            };
            Value::Bytes(hex::decode(digits).ok()?)
        }
        ColumnKind::Date => Value::Date(exact::date(&text)?),
        ColumnKind::Timestamp { with_offset: false, .. } => Value::Timestamp(exact::wall_clock(&text)?),
        ColumnKind::Timestamp { with_offset: true, .. } => Value::Timestamp(match engine {
            Engine::Postgres => exact::instant(&text)?,
            // The session's time zone is UTC, and MySQL prints no offset.
            Engine::Mysql | Engine::Sqlite => exact::wall_clock(&text)? + "Z",
        }),
        ColumnKind::Uuid { .. } => Value::Uuid(exact::uuid(&text)?),
        ColumnKind::Json(_) => Value::Json(text),
        ColumnKind::Dynamic { .. } | ColumnKind::Unsupported => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::JsonForm;

    fn check(engine: Engine, kind: ColumnKind, text: &str, expected: Option<Value>) {
        let name = format!("{kind:?} {text}");
        let column =
            ColumnShape { name: "c".into(), type_name: "t".into(), kind, nullable: true, generated: false };
        assert_eq!(value(engine, &column, Some(text.to_owned())).ok(), expected, "{name}");
    }

    #[test]
    fn server_text_becomes_an_exact_value_or_nothing() {
        use Engine::{Mysql, Postgres};
        let integer = || ColumnKind::Integer { min: 0, max: u64::MAX.into() };
        let decimal = || ColumnKind::Decimal { precision: Some(10), scale: Some(2) };
        let instant = || ColumnKind::Timestamp { with_offset: true, digits: 6 };
        let wall_clock = || ColumnKind::Timestamp { with_offset: false, digits: 6 };
        let bytes = || ColumnKind::Bytes { length_max: None };
        check(Postgres, ColumnKind::Boolean, "true", Some(Value::Boolean(true)));
        check(Postgres, ColumnKind::Boolean, "t", None);
        check(Mysql, integer(), "9223372036854775807", Some(Value::Integer(i64::MAX)));
        check(Mysql, integer(), "18446744073709551615", Some(Value::Decimal("18446744073709551615".into())));
        check(Mysql, integer(), "00005", Some(Value::Integer(5)));
        check(Mysql, integer(), "1.0", None);
        check(Postgres, decimal(), "1.10", Some(Value::Decimal("1.10".into())));
        check(Postgres, decimal(), "NaN", None);
        check(Postgres, decimal(), "Infinity", None);
        check(Postgres, bytes(), "\\x00ff", Some(Value::Bytes(vec![0, 255])));
        check(Postgres, bytes(), "00ff", None);
        check(Mysql, bytes(), "00FF", Some(Value::Bytes(vec![0, 255])));
        check(Mysql, bytes(), "", Some(Value::Bytes(vec![])));
        check(Postgres, ColumnKind::Date, "infinity", None);
        check(Mysql, ColumnKind::Date, "0000-00-00", None);
        check(Mysql, ColumnKind::Date, "2026-00-10", None);
        let expected = Value::Timestamp("2026-01-02T03:04:05.120000Z".into());
        check(Postgres, instant(), "2026-01-02 03:04:05.12+00", Some(expected.clone()));
        check(Mysql, instant(), "2026-01-02 03:04:05.120000", Some(expected));
        let expected = Value::Timestamp("2026-01-02T03:04:05.000000".into());
        check(Mysql, wall_clock(), "2026-01-02 03:04:05", Some(expected));
        check(Postgres, wall_clock(), "-infinity", None);
        check(Postgres, wall_clock(), "0044-03-15 12:00:00 BC", None);
        check(
            Postgres,
            ColumnKind::Json(JsonForm::Text),
            "{\"a\": 1.00}",
            Some(Value::Json("{\"a\": 1.00}".into())),
        );
        check(Postgres, ColumnKind::Unsupported, "1", None);
    }
}
