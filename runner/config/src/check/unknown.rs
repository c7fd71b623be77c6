//! Keys nobody knows. What is known is read from the schema, so that the two cannot disagree.

use std::sync::LazyLock;

use serde_json::Value;

use super::forbidden::is_forbidden_key;
use super::rule::suggestion;
use crate::code::ProblemCode;
use crate::place::Place;
use crate::problem::Problems;
use crate::schema::json_schema;

static SCHEMA: LazyLock<Value> = LazyLock::new(json_schema);

/// Looks for unknown keys from the root down.
pub(super) fn check(root: &Place<'_>, problems: &mut Problems) {
    Walk { schema: &SCHEMA, problems }.place(root, &SCHEMA);
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
        let hint = suggestion(key, known.into_iter().flat_map(|known| known.keys()).map(String::as_str));
        let message = format!("`{}` is not a key of this object", key.escape_debug());
        self.problems.add(object.path_to(key), ProblemCode::UnknownField, message).maybe(hint);
    }
}
