//! Whether an apply can move a version on: asked before a proposal is made of it, because afterwards it is too late.

use bigdecimal::BigDecimal;
use synapsor_protocol::{Advance, Engine, Value};

use crate::shape::{ColumnKind, ColumnShape, TableShape};

/// Why a version cannot be moved on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column `{column}` cannot be advanced by `{advance}`: {why}")]
pub struct Stuck {
    /// The column.
    pub column: String,
    /// `increment` or `now`.
    pub advance: &'static str,
    /// What stands in the way; names types and limits, never the value.
    pub why: String,
}

impl TableShape {
    /// Whether an apply can move this version of this column on.
    ///
    /// # Errors
    /// When the column's type, or its limit, lets it not.
    pub fn can_advance(&self, column: &ColumnShape, version: &Value, advance: Advance) -> Result<(), Stuck> {
        let (advance, why) = match advance {
            Advance::None => return Ok(()),
            Advance::Increment => ("increment", cannot_increment(column, version)),
            Advance::Now => ("now", cannot_take_the_time(self.engine, column, version)),
        };
        match why {
            None => Ok(()),
            Some(why) => Err(Stuck { column: column.name.clone(), advance, why }),
        }
    }
}

fn cannot_increment(column: &ColumnShape, version: &Value) -> Option<String> {
    let Some(number) = version.as_number() else { return Some("it holds no number".to_owned()) };
    let next: BigDecimal = number + 1;
    let refused = column.accept(&Value::Decimal(next.to_plain_string())).err()?;
    Some(format!("the next one is not {}", refused.expected))
}

fn cannot_take_the_time(engine: Engine, column: &ColumnShape, version: &Value) -> Option<String> {
    if column.generated {
        return Some("the database computes it".to_owned());
    }
    let is_clock = match engine {
        // SQLite keeps instants as text.
        Engine::Sqlite => matches!((&column.kind, version), (ColumnKind::Dynamic { .. }, Value::Text(_))),
        Engine::Postgres | Engine::Mysql => matches!(column.kind, ColumnKind::Timestamp { .. }),
    };
    (!is_clock).then(|| "it is not a timestamp".to_owned())
}
