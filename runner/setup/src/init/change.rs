//! What a proposal may change, from the forms it is typed in. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;
use synapsor_source::ColumnKind;

use crate::inspect::InspectedColumn;

/// Where a column's new value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Binding {
    /// Always this text, which [`fixed`] makes a scalar of.
    Fixed(String),
    /// The argument of that name.
    Argument(String),
}

/// Bounds of a number, each as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) minimum: Option<String>,
    pub(super) maximum: Option<String>,
}

/// From a state to the states that may follow.
pub(super) type Moves = BTreeMap<String, Vec<String>>;

/// `column=fixed:VALUE` or `column=arg:NAME`.
pub(super) fn binding(text: &str) -> Option<(String, Binding)> {
    let (column, rest) = text.split_once('=')?;
    let binding = match rest.split_once(':')? {
        ("fixed", value) => Binding::Fixed(value.to_owned()),
        ("arg", name) if !name.is_empty() => Binding::Argument(name.to_owned()),
        _ => return None,
    };
    (!column.is_empty()).then(|| (column.to_owned(), binding))
}

/// `column=minimum:maximum`, of which one may be left out.
pub(super) fn bounds(text: &str) -> Option<(String, Bounds)> {
    let (column, range) = text.split_once('=')?;
    let (minimum, maximum) = range.split_once(':')?;
    let side = |text: &str| match text {
        "" => Some(None),
        number => is_number(number).then(|| Some(number.to_owned())),
    };
    let bounds = Bounds { minimum: side(minimum)?, maximum: side(maximum)? };
    (!column.is_empty() && bounds != Bounds::default()).then(|| (column.to_owned(), bounds))
}

/// `column=from:to|to;from:to`.
pub(super) fn transition(text: &str) -> Option<(String, Moves)> {
    let (column, steps) = text.split_once('=')?;
    let mut moves = Moves::new();
    for step in steps.split(';') {
        let (from, to) = step.split_once(':')?;
        let to: Vec<String> = to.split('|').map(str::to_owned).collect();
        if from.is_empty() || to.iter().any(String::is_empty) || moves.insert(from.to_owned(), to).is_some() {
            return None;
        }
    }
    (!column.is_empty()).then(|| (column.to_owned(), moves))
}

/// Every state that may follow any.
pub(super) fn targets(moves: &Moves) -> BTreeSet<&str> {
    moves.values().flatten().map(String::as_str).collect()
}

/// A plain decimal number, which JSON writes the same.
pub(super) fn is_number(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    plain && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// A number as it was typed: no float in between.
pub(super) fn number(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(text.to_owned()).ok().filter(|_| is_number(text))
}

/// A fixed value as a scalar: `null`, a boolean or a number where the column can hold one, else text. Quotes make it text.
pub(super) fn fixed(text: &str, column: &InspectedColumn) -> Option<Box<RawValue>> {
    if text == "null" {
        return RawValue::from_string("null".to_owned()).ok();
    }
    if let Some(quoted) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        return serde_json::value::to_raw_value(quoted).ok();
    }
    let holds_text = matches!(
        column.column.kind,
        ColumnKind::Text { .. }
            | ColumnKind::Enum { .. }
            | ColumnKind::Uuid { .. }
            | ColumnKind::Bytes { .. }
    );
    if !holds_text && (is_number(text) || matches!(text, "true" | "false")) {
        return RawValue::from_string(text.to_owned()).ok();
    }
    serde_json::value::to_raw_value(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_is_a_fixed_value_or_an_argument() {
        let read = |text: &str| binding(text).map(|(_, binding)| binding);
        assert_eq!(read("fee=fixed:0"), Some(Binding::Fixed("0".into())));
        assert_eq!(read("note=fixed:"), Some(Binding::Fixed(String::new())));
        assert_eq!(read("note=fixed:a=b:c"), Some(Binding::Fixed("a=b:c".into())));
        assert_eq!(read("note=arg:reason"), Some(Binding::Argument("reason".into())));
        for wrong in ["", "note", "note=", "note=reason", "note=arg:", "=arg:reason", "note=sql:now()"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn bounds_have_at_least_one_side_and_hold_plain_numbers() {
        let read = |text: &str| bounds(text).map(|(_, bounds)| (bounds.minimum, bounds.maximum));
        assert_eq!(read("fee=0:10.50"), Some((Some("0".into()), Some("10.50".into()))));
        assert_eq!(read("fee=:9"), Some((None, Some("9".into()))));
        assert_eq!(read("fee=-5:"), Some((Some("-5".into()), None)));
        for wrong in ["fee", "fee=", "fee=:", "fee=0", "=0:1", "fee=01:2", "fee=1e9:", "fee=a:b", "fee=1-2:3"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_transition_lists_every_state_once() {
        let (column, moves) = transition("status=open:paid|late;late:paid").expect("a transition");
        assert_eq!(column, "status");
        assert_eq!(targets(&moves), BTreeSet::from(["late", "paid"]));
        for wrong in
            ["status", "status=", "status=open", "status=open:", "status=open:a||b", "status=a:b;a:c"]
        {
            assert_eq!(transition(wrong), None, "{wrong}");
        }
    }
}
