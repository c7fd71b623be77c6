//! Keys nobody knows. What is known is read from the schema, so that the two cannot disagree.

use serde_json::Value;

use super::forbidden::is_forbidden_key;
use crate::code::ProblemCode;
use crate::place::{Place, member_path};
use crate::problem::Problems;
use crate::schema::json_schema;

/// A suggestion nearer than this (0 nothing alike, 1 equal) is worth making.
const SIMILARITY_MIN: f64 = 0.7;

/// Looks for unknown keys from the root down.
pub(super) fn check(root: &Place<'_>, problems: &mut Problems) {
    let schema = json_schema();
    Walk { schema: &schema, problems }.place(root, &schema);
}

struct Walk<'s, 'p> {
    schema: &'s Value,
    problems: &'p mut Problems,
}

impl<'s> Walk<'s, '_> {
    fn place(&mut self, place: &Place<'_>, schema: &'s Value) {
        let schema = self.resolved(schema);
        if let Some(items) = schema.get("items") {
            place.items().for_each(|item| self.place(&item, items));
        }
        let properties = schema.get("properties");
        let rest = schema.get("additionalProperties");
        for (key, member) in place.members() {
            match (properties.and_then(|known| known.get(key)), rest) {
                (Some(known), _) => self.place(&member, known),
                // A forbidden key has its own answer.
                (None, Some(Value::Bool(false))) if is_forbidden_key(key) => {}
                (None, Some(Value::Bool(false))) => self.unknown(place, key, properties),
                (None, Some(any)) => self.place(&member, any),
                (None, None) => {}
            }
        }
    }

    fn resolved(&self, schema: &'s Value) -> &'s Value {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        target.and_then(|pointer| self.schema.pointer(pointer)).unwrap_or(schema)
    }

    fn unknown(&mut self, object: &Place<'_>, key: &str, properties: Option<&Value>) {
        let known = properties.and_then(Value::as_object);
        let nearest = known
            .into_iter()
            .flat_map(|known| known.keys())
            .map(|name| (strsim::jaro_winkler(name, key), name))
            .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
            .max_by(|(left, _), (right, _)| left.total_cmp(right));
        let message = format!("`{}` is not a key of this object", key.escape_debug());
        let slot = self.problems.add(member_path(object.path(), key), ProblemCode::UnknownField, message);
        if let Some((_, name)) = nearest {
            slot.hint(format!("did you mean `{name}`?"));
        }
    }
}
