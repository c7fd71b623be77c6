//! Column values as a model sees them: plain, and cut where they would flood its context.
//!
//! Invariant: a cut is always announced, with the columns it touched and where the whole value is.

use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

use synapsor_invocation::Difference;
use synapsor_protocol::{Columns, Value};

/// Columns ready for an envelope.
pub(super) struct Shown {
    /// Plain values by column, or what was and is proposed.
    pub(super) columns: Map<String, Json>,
    cut: Vec<String>,
    value_bytes_max: usize,
}

impl Shown {
    /// The values of a row.
    pub(super) fn row(columns: &Columns, value_bytes_max: usize) -> Self {
        Self::each(columns, value_bytes_max, |value, short| short(value))
    }

    /// Before and after of each patched column; no before where the capability does not show the column.
    pub(super) fn diff(diff: &BTreeMap<String, Difference>, value_bytes_max: usize) -> Self {
        Self::each(diff, value_bytes_max, |difference, short| {
            let mut shown = json!({ "proposed": short(&difference.proposed) });
            super::put(&mut shown, "before", difference.before.as_ref().map(short));
            shown
        })
    }

    /// A document of somebody else's, with the members that were cut anywhere inside.
    pub(super) fn document(document: &Map<String, Json>, value_bytes_max: usize) -> Self {
        let mut shown = Self { columns: Map::new(), cut: Vec::new(), value_bytes_max };
        for (name, value) in document {
            let mut value = value.clone();
            if cut_inside(&mut value, value_bytes_max) {
                shown.cut.push(name.clone());
            }
            shown.columns.insert(name.clone(), value);
        }
        shown
    }

    fn each<T>(
        columns: &BTreeMap<String, T>,
        value_bytes_max: usize,
        show: impl Fn(&T, &mut dyn FnMut(&Value) -> Json) -> Json,
    ) -> Self {
        let mut shown = Self { columns: Map::new(), cut: Vec::new(), value_bytes_max };
        for (name, value) in columns {
            let mut was_cut = false;
            let json = show(value, &mut |value| {
                let (json, cut) = short(value, value_bytes_max);
                was_cut |= cut;
                json
            });
            if was_cut {
                shown.cut.push(name.clone());
            }
            shown.columns.insert(name.clone(), json);
        }
        shown
    }

    /// What to say about cut values; `None` when everything is whole. `record` is the address of the whole.
    pub(super) fn notice(&self, record: &str) -> Option<Json> {
        (!self.cut.is_empty()).then(|| {
            json!({
                "columns": self.cut,
                "note": format!(
                    "values of these columns are cut to {} bytes here; {record} holds them whole",
                    self.value_bytes_max
                ),
            })
        })
    }
}

/// The schema of [`Shown::notice`].
pub(super) fn notice_schema() -> Json {
    super::object(
        json!({
            "columns": { "type": "array", "items": { "type": "string" } },
            "note": { "type": "string" },
        }),
        &[],
    )
}

/// The schema of a diff over columns of this schema.
pub(super) fn diff_schema(columns: &Json) -> Json {
    let columns = columns.get("properties").and_then(Json::as_object);
    let properties: Map<String, Json> = columns
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            (name.clone(), super::object(json!({ "before": value, "proposed": value }), &["before"]))
        })
        .collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn short(value: &Value, bytes_max: usize) -> (Json, bool) {
    let mut shown = value.to_plain();
    let was_cut = match &mut shown {
        Json::String(text) => cut(text, bytes_max),
        _ => false,
    };
    (shown, was_cut)
}

/// Cuts every text in a tree, however deep; whether one was.
fn cut_inside(value: &mut Json, bytes_max: usize) -> bool {
    // Each is cut, so nothing may stop at the first.
    let any = |was_cut: bool, inside: &mut Json| cut_inside(inside, bytes_max) || was_cut;
    match value {
        Json::String(text) => cut(text, bytes_max),
        Json::Array(items) => items.iter_mut().fold(false, any),
        Json::Object(members) => members.values_mut().fold(false, any),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// Cuts a text that is longer than this, between two characters; whether it was.
fn cut(text: &mut String, bytes_max: usize) -> bool {
    let is_longer = text.len() > bytes_max;
    if is_longer {
        text.truncate(text.floor_char_boundary(bytes_max));
    }
    is_longer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_value_ends_at_a_character_and_its_column_is_named() {
        let columns = Columns::from([
            ("long".to_owned(), Value::Text("ä".repeat(10))),
            ("short".to_owned(), Value::Integer(7)),
        ]);
        let shown = Shown::row(&columns, 5);
        assert_eq!(Json::Object(shown.columns.clone()), json!({ "long": "ää", "short": 7 }));
        let notice = shown.notice("synapsor://evidence/ev_1").unwrap();
        assert_eq!(notice["columns"], json!(["long"]));
        assert!(Shown::row(&columns, 100).notice("").is_none());
    }
}
