//! Arguments after the columns they are for: their type, their limits, and what a model is told. Pure.

use std::collections::BTreeSet;

use synapsor_source::ColumnKind;

use super::change::{Bounds, number};
use super::document::Argument;
use crate::inspect::InspectedColumn;

/// Longest text of an argument, in characters, where the column sets no shorter limit.
const TEXT_MAX: u64 = 500;
/// Longest key.
const KEY_MAX: u64 = 128;

/// What an argument for that column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Boolean,
    Number,
    Text { length_max: Option<u64> },
}

fn shape(column: &InspectedColumn) -> Shape {
    match &column.column.kind {
        ColumnKind::Boolean => Shape::Boolean,
        ColumnKind::Integer { .. } | ColumnKind::Decimal { .. } => Shape::Number,
        ColumnKind::Dynamic { .. } => {
            let declared = column.column.type_name.to_ascii_lowercase();
            let numeric = ["int", "numeric", "decimal"].iter().any(|word| declared.contains(word));
            if numeric { Shape::Number } else { Shape::Text { length_max: None } }
        }
        ColumnKind::Text { length_max, .. } => Shape::Text { length_max: *length_max },
        _ => Shape::Text { length_max: None },
    }
}

/// Whether it holds whole numbers, as far as can be told.
pub(super) fn counts(column: &InspectedColumn) -> bool {
    match &column.column.kind {
        ColumnKind::Integer { .. } => true,
        ColumnKind::Dynamic { .. } => column.column.type_name.to_ascii_lowercase().contains("int"),
        _ => false,
    }
}

/// What a handler's rule has to know of it.
pub(super) fn fit(column: &InspectedColumn) -> synapsor_bundle::FitKind {
    use synapsor_bundle::FitKind;
    match shape(column) {
        Shape::Boolean => FitKind::Boolean,
        Shape::Number if counts(column) => FitKind::Integer,
        Shape::Number => FitKind::Decimal,
        Shape::Text { .. } => FitKind::Text,
    }
}

/// What the argument for a column's new value is called: as the column, unless only the runner may set a value of that name.
pub(super) fn name_for(column: &str) -> String {
    if synapsor_protocol::is_reserved(column) { format!("new_{column}") } else { column.to_owned() }
}

/// The argument that carries a key.
pub(super) fn key(column: &InspectedColumn, object: &str) -> Argument {
    let description = Some(format!("Which {object}: its `{}`.", column.column.name));
    match shape(column) {
        Shape::Number => Argument { description, ..Argument::of("number") },
        _ => Argument { description, max_length: Some(KEY_MAX), ..Argument::of("string") },
    }
}

/// The argument that carries a new value.
pub(super) fn value(
    column: &InspectedColumn,
    bounds: Option<&Bounds>,
    targets: Option<&BTreeSet<&str>>,
) -> Argument {
    let description = Some(format!("The new `{}`.", column.column.name));
    let labels = match targets {
        Some(targets) => targets.iter().map(|label| (*label).to_owned()).collect(),
        None => column.labels.clone(),
    };
    if !labels.is_empty() {
        return Argument { description, labels, ..Argument::of("string") };
    }
    if let Some(bounds) = bounds {
        let side = |typed: &Option<String>| typed.as_deref().and_then(number);
        let (minimum, maximum) = (side(&bounds.minimum), side(&bounds.maximum));
        return Argument { description, minimum, maximum, ..Argument::of("number") };
    }
    match shape(column) {
        Shape::Boolean => Argument { description, ..Argument::of("boolean") },
        Shape::Number => Argument { description, ..Argument::of("number") },
        Shape::Text { length_max } => {
            let max_length = Some(length_max.map_or(TEXT_MAX, |length| length.min(TEXT_MAX)).max(1));
            Argument { description, max_length, ..Argument::of("string") }
        }
    }
}
