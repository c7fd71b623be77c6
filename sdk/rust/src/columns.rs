//! Named values: the row, the arguments, the settings, or a row of a declared read; read by name and type.
//!
//! Invariant: a value of another type is refused, never converted with loss, and no message holds a value.

use crate::bindings::Column;
use crate::day::Day;
use crate::refusal::{Refusal, refusal};
use crate::value::{self, Value};

/// Named values, read by name and type.
///
/// A missing name or another type is a refusal that names the place, so `?` is all a handler needs. The `optional_`
/// forms give `None` for SQL NULL and for a name that is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    place: Place,
    columns: Vec<Column>,
}

/// What the values are, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Row,
    Arguments,
    Settings,
    Read(String),
}

impl Columns {
    pub(crate) fn new(place: Place, columns: Vec<Column>) -> Self {
        Self { place, columns }
    }

    /// The value of that name, whatever its type.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.columns.iter().find(|column| column.name == name).map(|column| &column.value)
    }

    /// Names and values, in name order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.columns.iter().map(|column| (column.name.as_str(), &column.value))
    }

    /// Text, or a uuid's text.
    ///
    /// # Errors
    /// Refuses a missing name, NULL, and any other type.
    pub fn text(&self, name: &str) -> Result<&str, Refusal> {
        self.required(name, "text", value::as_text)
    }

    /// As [`Columns::text`], or `None`.
    ///
    /// # Errors
    /// Refuses any other type.
    pub fn optional_text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.optional(name, "text", value::as_text)
    }

    /// A whole number of 64 bits; a decimal without a fraction counts.
    ///
    /// # Errors
    /// Refuses a missing name, NULL, a fraction, and any other type.
    pub fn integer(&self, name: &str) -> Result<i64, Refusal> {
        self.required(name, "a whole number", value::as_integer)
    }

    /// As [`Columns::integer`], or `None`.
    ///
    /// # Errors
    /// Refuses a fraction and any other type.
    pub fn optional_integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.optional(name, "a whole number", value::as_integer)
    }

    /// True or false; an integer 1 or 0 counts, since not every database has booleans.
    ///
    /// # Errors
    /// Refuses a missing name, NULL, and anything else.
    pub fn boolean(&self, name: &str) -> Result<bool, Refusal> {
        self.required(name, "true or false", value::as_boolean)
    }

    /// As [`Columns::boolean`], or `None`.
    ///
    /// # Errors
    /// Refuses anything else.
    pub fn optional_boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.optional(name, "true or false", value::as_boolean)
    }

    /// The day of a date, of a timestamp, or of text that begins with `YYYY-MM-DD`.
    ///
    /// # Errors
    /// Refuses a missing name, NULL, and anything else.
    pub fn day(&self, name: &str) -> Result<Day, Refusal> {
        self.required(name, "a date or timestamp", value::as_day)
    }

    /// As [`Columns::day`], or `None`.
    ///
    /// # Errors
    /// Refuses anything else.
    pub fn optional_day(&self, name: &str) -> Result<Option<Day>, Refusal> {
        self.optional(name, "a date or timestamp", value::as_day)
    }

    /// An exact number, whole or with a fraction.
    ///
    /// # Errors
    /// Refuses a missing name, NULL, and any other type.
    #[cfg(feature = "decimal")]
    pub fn decimal(&self, name: &str) -> Result<crate::Decimal, Refusal> {
        self.required(name, "a number", value::as_decimal)
    }

    /// As [`Columns::decimal`], or `None`.
    ///
    /// # Errors
    /// Refuses any other type.
    #[cfg(feature = "decimal")]
    pub fn optional_decimal(&self, name: &str) -> Result<Option<crate::Decimal>, Refusal> {
        self.optional(name, "a number", value::as_decimal)
    }

    fn required<'a, T>(
        &'a self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<T, Refusal> {
        let value = self.get(name).ok_or_else(|| self.missing(name))?;
        read(value).ok_or_else(|| self.mistyped(name, expected, value))
    }

    fn optional<'a, T>(
        &'a self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        match self.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.mistyped(name, expected, value)),
        }
    }

    fn missing(&self, name: &str) -> Refusal {
        let place = self.place_of(name);
        refusal("HANDLER_INPUT_MISSING", format!("{place} is missing"))
    }

    fn mistyped(&self, name: &str, expected: &str, found: &Value) -> Refusal {
        let (place, found) = (self.place_of(name), value::type_name(found));
        refusal("HANDLER_INPUT_TYPE", format!("{place}: expected {expected}, found {found}"))
    }

    fn place_of(&self, name: &str) -> String {
        match &self.place {
            Place::Row => format!("column `{name}`"),
            Place::Arguments => format!("argument `{name}`"),
            Place::Settings => format!("setting `{name}`"),
            Place::Read(read) => format!("column `{name}` of read `{read}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[(&str, Value)]) -> Columns {
        let columns =
            values.iter().map(|(name, value)| Column { name: (*name).into(), value: value.clone() });
        Columns::new(Place::Read("customer".into()), columns.collect())
    }

    #[test]
    fn values_are_read_by_name_and_type() {
        let row = row(&[
            ("plan", Value::Text("plus".into())),
            ("fee", Value::Integer(5500)),
            ("total", Value::Decimal("12.00".into())),
            ("active", Value::Integer(1)),
            ("at", Value::Text("2026-03-01 10:00:00".into())),
            ("note", Value::Null),
        ]);
        assert_eq!(row.text("plan").as_deref(), Ok("plus"));
        assert_eq!(row.integer("fee"), Ok(5500));
        assert_eq!(row.integer("total"), Ok(12));
        assert_eq!(row.boolean("active"), Ok(true));
        assert_eq!(row.day("at").map(|day| day.to_string()).as_deref(), Ok("2026-03-01"));
        assert_eq!(row.optional_text("note"), Ok(None));
        assert_eq!(row.optional_integer("absent"), Ok(None));
    }

    #[test]
    fn a_missing_or_mistyped_value_is_refused_by_name_and_without_its_value() {
        let row = row(&[
            ("plan", Value::Text("secret".into())),
            ("fee", Value::Decimal("1.50".into())),
            ("note", Value::Null),
        ]);
        let message = |refused: Refusal| format!("{}: {}", refused.code, refused.message);
        assert_eq!(
            row.integer("plan").map_err(message),
            Err("HANDLER_INPUT_TYPE: column `plan` of read `customer`: expected a whole number, found text"
                .into())
        );
        assert_eq!(
            row.integer("fee").map_err(message),
            Err(
                "HANDLER_INPUT_TYPE: column `fee` of read `customer`: expected a whole number, found decimal"
                    .into()
            )
        );
        assert_eq!(
            row.text("note").map_err(message),
            Err("HANDLER_INPUT_TYPE: column `note` of read `customer`: expected text, found null".into())
        );
        assert_eq!(
            row.text("absent").map_err(message),
            Err("HANDLER_INPUT_MISSING: column `absent` of read `customer` is missing".into())
        );
    }
}
