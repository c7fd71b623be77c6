//! Whether a proposed value can be stored in a column exactly, and the form in which it then comes back.
//!
//! Invariant: nothing is rounded, cut, padded or guessed. A value that the database would change on its way in is
//! refused here, before anybody reviews it.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use synapsor_protocol::Value;

use crate::exact;
use crate::shape::{ColumnKind, ColumnShape, JsonForm, Repertoire};

mod dynamic;
mod json;

#[cfg(test)]
mod tests;

/// Digits after the point of a Postgres `numeric` without a scale.
const NUMERIC_SCALE_MAX: usize = 16_383;
/// Digits before the point of one without a precision.
const NUMERIC_WHOLE_DIGITS_MAX: usize = 131_072;
/// What MySQL's `timestamp` reaches; its zero is not an instant.
const SECONDS_OF_32_BITS: RangeInclusive<&str> =
    "1970-01-01T00:00:01.000000Z"..="2038-01-19T03:14:07.999999Z";

/// Why a value cannot be stored in a column. Names types and limits, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column `{column}` takes {expected}, found {found}")]
pub struct ColumnMismatch {
    /// The column.
    pub column: String,
    /// What it takes.
    pub expected: String,
    /// What was proposed.
    pub found: String,
}

impl ColumnMismatch {
    /// The value's type is another one.
    pub(crate) fn other_type(column: &ColumnShape, value: &Value) -> Self {
        Self::new(column, value.type_name())
    }

    fn new(column: &ColumnShape, found: impl Into<String>) -> Self {
        Self { column: column.name.clone(), expected: expected(column), found: found.into() }
    }
}

impl ColumnShape {
    /// The proposed value in the column's own type, as it will be read back.
    ///
    /// # Errors
    /// When the column cannot hold exactly this value.
    pub fn accept(&self, proposed: &Value) -> Result<Value, ColumnMismatch> {
        if self.generated {
            return Err(ColumnMismatch {
                column: self.name.clone(),
                expected: "no value, because the database computes it".to_owned(),
                found: proposed.type_name().to_owned(),
            });
        }
        if proposed.is_null() {
            return if self.nullable {
                Ok(Value::Null)
            } else {
                Err(ColumnMismatch::other_type(self, proposed))
            };
        }
        match &self.kind {
            ColumnKind::Boolean => self.only(proposed, matches!(proposed, Value::Boolean(_))),
            ColumnKind::Integer { min, max } => self.accept_integer(proposed, *min, *max),
            ColumnKind::Decimal { precision, scale } => self.accept_decimal(proposed, *precision, *scale),
            ColumnKind::Text { length_max, repertoire } => {
                self.accept_text(proposed, *length_max, *repertoire)
            }
            ColumnKind::Enum { labels } => self.accept_label(proposed, labels),
            ColumnKind::Bytes { length_max } => self.accept_bytes(proposed, *length_max),
            ColumnKind::Date => self.accept_printed(proposed, Value::Date, exact::date),
            ColumnKind::Timestamp { with_offset, digits } => {
                self.accept_timestamp(proposed, *with_offset, *digits)
            }
            ColumnKind::Uuid { variant_checked } => self.accept_uuid(proposed, *variant_checked),
            ColumnKind::Json(form) => self.accept_json(proposed, *form),
            ColumnKind::Dynamic { strict } => dynamic::accept(self, *strict, proposed),
            ColumnKind::Unsupported => Err(ColumnMismatch::other_type(self, proposed)),
        }
    }

    fn only(&self, proposed: &Value, right_type: bool) -> Result<Value, ColumnMismatch> {
        if right_type { Ok(proposed.clone()) } else { Err(ColumnMismatch::other_type(self, proposed)) }
    }

    fn accept_integer(&self, proposed: &Value, min: i128, max: i128) -> Result<Value, ColumnMismatch> {
        let number = match proposed {
            Value::Integer(integer) => i128::from(*integer),
            Value::Decimal(decimal) => {
                whole(decimal).ok_or_else(|| ColumnMismatch::new(self, "a fraction"))?
            }
            // MySQL has no boolean of its own; `tinyint(1)` is what its clients take for one.
            Value::Boolean(boolean) if self.type_name.starts_with("tinyint(1)") => i128::from(*boolean),
            other => return Err(ColumnMismatch::other_type(self, other)),
        };
        if !(min..=max).contains(&number) {
            return Err(ColumnMismatch::new(self, "a whole number outside that range"));
        }
        Ok(i64::try_from(number).map_or_else(|_| Value::Decimal(number.to_string()), Value::Integer))
    }

    fn accept_decimal(
        &self,
        proposed: &Value,
        precision: Option<u32>,
        scale: Option<u32>,
    ) -> Result<Value, ColumnMismatch> {
        let text = match proposed {
            Value::Integer(integer) => integer.to_string(),
            Value::Decimal(decimal) => decimal.clone(),
            other => return Err(ColumnMismatch::other_type(self, other)),
        };
        if self.is_unsigned() && text.starts_with('-') && !is_zero(&text) {
            return Err(ColumnMismatch::new(self, "a decimal below zero"));
        }
        // Without a scale the column keeps the digits it is given.
        let own_scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let scale = scale.and_then(|scale| usize::try_from(scale).ok()).unwrap_or(own_scale);
        if exact::decimal(&text).is_none() {
            return Err(ColumnMismatch::new(self, "a decimal that is not in plain notation"));
        }
        let Some(stored) = exact::rescaled(&text, scale) else {
            return Err(ColumnMismatch::new(self, format!("a decimal with {own_scale} fractional digits")));
        };
        let digits = stored.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count();
        let whole = digits.saturating_sub(scale);
        if scale > NUMERIC_SCALE_MAX || whole > NUMERIC_WHOLE_DIGITS_MAX {
            return Err(ColumnMismatch::new(self, format!("a decimal that needs {digits} digits")));
        }
        if precision.is_some_and(|precision| usize::try_from(precision).is_ok_and(|most| digits > most)) {
            return Err(ColumnMismatch::new(self, format!("a decimal that needs {digits} digits")));
        }
        Ok(Value::Decimal(stored))
    }

    fn accept_text(
        &self,
        proposed: &Value,
        length_max: Option<u64>,
        repertoire: Repertoire,
    ) -> Result<Value, ColumnMismatch> {
        let Value::Text(text) = proposed else { return Err(ColumnMismatch::other_type(self, proposed)) };
        if text.contains('\0') {
            return Err(ColumnMismatch::new(self, "text with a NUL character"));
        }
        if !repertoire.holds(text) {
            return Err(ColumnMismatch::new(self, "text with a character its character set lacks"));
        }
        // MySQL counts `text` types in bytes; every other length anywhere is in characters.
        let counts_bytes = self.type_name.ends_with("text");
        let (length, unit) =
            if counts_bytes { (text.len(), "bytes") } else { (text.chars().count(), "characters") };
        if length_max.is_some_and(|most| u64::try_from(length).is_ok_and(|length| length > most)) {
            return Err(ColumnMismatch::new(self, format!("text of {length} {unit}")));
        }
        let padded =
            ["char(", "character(", "bpchar"].iter().any(|prefix| self.type_name.starts_with(prefix));
        if padded && text.ends_with(' ') {
            return Err(ColumnMismatch::new(self, "text that ends in a space, which a padded type loses"));
        }
        Ok(proposed.clone())
    }

    fn accept_label(&self, proposed: &Value, labels: &[String]) -> Result<Value, ColumnMismatch> {
        match proposed {
            Value::Text(text) if labels.contains(text) => Ok(proposed.clone()),
            Value::Text(_) => Err(ColumnMismatch::new(self, "text that is none of them")),
            other => Err(ColumnMismatch::other_type(self, other)),
        }
    }

    fn accept_bytes(&self, proposed: &Value, length_max: Option<u64>) -> Result<Value, ColumnMismatch> {
        let Value::Bytes(bytes) = proposed else { return Err(ColumnMismatch::other_type(self, proposed)) };
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        // `binary(n)` is padded with zero bytes up to n.
        let padded = self.type_name.starts_with("binary(");
        if length_max.is_some_and(|most| length > most || (padded && length < most)) {
            return Err(ColumnMismatch::new(self, format!("{length} bytes")));
        }
        Ok(proposed.clone())
    }

    fn accept_json(&self, proposed: &Value, form: JsonForm) -> Result<Value, ColumnMismatch> {
        let Value::Json(text) = proposed else { return Err(ColumnMismatch::other_type(self, proposed)) };
        json::stored(form, text).map(Value::Json).map_err(|found| ColumnMismatch::new(self, found))
    }

    fn accept_printed(
        &self,
        proposed: &Value,
        made: fn(String) -> Value,
        form: fn(&str) -> Option<String>,
    ) -> Result<Value, ColumnMismatch> {
        let text = proposed.to_string();
        if !matches!(proposed, Value::Text(_)) && made(text.clone()) != *proposed {
            return Err(ColumnMismatch::other_type(self, proposed));
        }
        form(&text).map(made).ok_or_else(|| ColumnMismatch::new(self, "text that is none"))
    }

    fn accept_uuid(&self, proposed: &Value, variant_checked: bool) -> Result<Value, ColumnMismatch> {
        let accepted = self.accept_printed(proposed, Value::Uuid, exact::uuid)?;
        match &accepted {
            Value::Uuid(uuid) if variant_checked && exact::lacks_variant(uuid) => {
                Err(ColumnMismatch::new(self, "one without the variant bit its version needs"))
            }
            _ => Ok(accepted),
        }
    }

    fn accept_timestamp(
        &self,
        proposed: &Value,
        with_offset: bool,
        digits: u32,
    ) -> Result<Value, ColumnMismatch> {
        let form = if with_offset { exact::instant } else { exact::wall_clock };
        let accepted = self.accept_printed(proposed, Value::Timestamp, form)?;
        match &accepted {
            Value::Timestamp(text) if !exact::fits_digits(text, digits) => {
                Err(ColumnMismatch::new(self, "more fractional digits"))
            }
            // Both are printed alike, in UTC, so text order is time order.
            Value::Timestamp(text)
                if self.counts_seconds() && !SECONDS_OF_32_BITS.contains(&text.as_str()) =>
            {
                Err(ColumnMismatch::new(self, "an instant it does not reach"))
            }
            _ => Ok(accepted),
        }
    }
}

impl ColumnShape {
    /// MySQL alone has numbers without a sign.
    fn is_unsigned(&self) -> bool {
        self.type_name.contains("unsigned")
    }

    /// MySQL's `timestamp` counts seconds in 32 bits; Postgres says `with time zone` and does not.
    fn counts_seconds(&self) -> bool {
        matches!(self.kind, ColumnKind::Timestamp { with_offset: true, .. })
            && !self.type_name.contains("time zone")
    }
}

fn is_zero(decimal: &str) -> bool {
    decimal.bytes().all(|byte| matches!(byte, b'-' | b'.' | b'0'))
}

/// A decimal's whole number, when its fraction is nothing but zeros.
fn whole(decimal: &str) -> Option<i128> {
    exact::rescaled(decimal, 0)?.parse().ok()
}

/// What a column takes, in words.
fn expected(column: &ColumnShape) -> String {
    let mut text = match &column.kind {
        ColumnKind::Boolean => "a boolean".to_owned(),
        ColumnKind::Integer { min, max } => format!("a whole number from {min} to {max}"),
        ColumnKind::Decimal { precision: Some(precision), scale: Some(scale) } => {
            let sign = if column.is_unsigned() { ", not below zero" } else { "" };
            format!("a decimal of up to {precision} digits, {scale} of them fractional{sign}")
        }
        ColumnKind::Decimal { .. } => "a decimal".to_owned(),
        ColumnKind::Text { length_max: Some(most), .. } if column.type_name.ends_with("text") => {
            format!("text of up to {most} bytes")
        }
        ColumnKind::Text { length_max: Some(most), .. } => format!("text of up to {most} characters"),
        ColumnKind::Text { length_max: None, .. } => "text".to_owned(),
        ColumnKind::Enum { labels } => {
            let mut text = "one of ".to_owned();
            for (at, label) in labels.iter().enumerate() {
                let comma = if at == 0 { "" } else { ", " };
                let _ = write!(text, "{comma}`{label}`");
            }
            text
        }
        ColumnKind::Bytes { length_max: Some(most) } if column.type_name.starts_with("binary(") => {
            format!("exactly {most} bytes")
        }
        ColumnKind::Bytes { length_max: Some(most) } => format!("up to {most} bytes"),
        ColumnKind::Bytes { length_max: None } => "bytes".to_owned(),
        ColumnKind::Date => "a date, `YYYY-MM-DD`".to_owned(),
        ColumnKind::Timestamp { with_offset: true, digits } => {
            let reach = if column.counts_seconds() { ", from 1970 to 19 January 2038" } else { "" };
            format!("an RFC 3339 timestamp with an offset and up to {digits} fractional digits{reach}")
        }
        ColumnKind::Timestamp { with_offset: false, digits } => {
            format!("an RFC 3339 timestamp without an offset and with up to {digits} fractional digits")
        }
        ColumnKind::Uuid { .. } => "a uuid".to_owned(),
        ColumnKind::Json(_) => "json".to_owned(),
        ColumnKind::Dynamic { strict } => dynamic::expected(&column.type_name, *strict),
        ColumnKind::Unsupported => {
            return format!("no value here, because type `{}` cannot be kept exact", column.type_name);
        }
    };
    if column.nullable {
        text.push_str(" or null");
    }
    text
}
