//! Schemas of strangers: whether one can be used at all, and what it says of a value.
//!
//! Invariant: a schema fetches nothing, and a pattern in it takes time in proportion to the text.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value as Json;
use synapsor_protocol::reserved;

/// Largest schema, in bytes.
const SCHEMA_BYTES_MAX: usize = 32 * 1024;

/// Largest compiled pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// A schema that is ready to judge.
#[derive(Debug)]
pub(crate) struct Schema(Validator);

impl Schema {
    /// The schema of an object.
    ///
    /// # Errors
    /// Why it cannot be used, in words.
    pub(crate) fn of_object(document: &Json) -> Result<Self, String> {
        if document.to_string().len() > SCHEMA_BYTES_MAX {
            return Err(format!("it is larger than {SCHEMA_BYTES_MAX} bytes"));
        }
        if document.get("type") != Some(&Json::from("object")) {
            return Err("it does not say `\"type\": \"object\"`".to_owned());
        }
        let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES_MAX);
        let built = jsonschema::options().with_pattern_options(patterns).build(document);
        // What is wrong is told in the library's words, which repeat the schema's.
        built
            .map(Self)
            .map_err(|_| "it is no valid JSON Schema, or one that needs another document".to_owned())
    }

    /// Whether a value is as the schema says; if not, where.
    pub(crate) fn check(&self, value: &Json) -> Result<(), String> {
        self.0.validate(value).map_err(|error| {
            let place = error.instance_path().to_string();
            let rule = error.schema_path().to_string();
            let rule = rule.rsplit('/').find(|part| !part.is_empty() && part.parse::<usize>().is_err());
            let place = if place.is_empty() { "/".to_owned() } else { place };
            format!("`{place}` does not satisfy `{}`", rule.unwrap_or("the schema"))
        })
    }
}

/// The first property in a schema that only a runner may set, however deep it stands.
pub(crate) fn reserved_property(schema: &Json) -> Option<&str> {
    match schema {
        Json::Object(members) => {
            let properties = members.get("properties").and_then(Json::as_object);
            let named = properties.into_iter().flat_map(|properties| properties.keys());
            let found = named.map(String::as_str).find(|name| reserved::is_reserved(name));
            found.or_else(|| members.values().find_map(reserved_property))
        }
        Json::Array(items) => items.iter().find_map(reserved_property),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_judge_an_object_here_is_not_used() {
        for schema in [
            json!({}),
            json!([]),
            json!({ "type": "string" }),
            json!({ "type": ["object"] }),
            json!({ "type": "object", "properties": 7 }),
            json!({ "type": "object", "properties": { "a": { "type": "txt" } } }),
            json!({ "type": "object", "properties": { "a": { "pattern": "(" } } }),
            json!({ "type": "object", "properties": { "a": { "pattern": "^(a{1000}){1000}$" } } }),
            json!({ "type": "object", "$ref": "https://elsewhere.example/schema.json" }),
            json!({ "type": "object", "$ref": "file:///etc/passwd" }),
            json!({ "type": "object", "description": "x".repeat(SCHEMA_BYTES_MAX) }),
        ] {
            assert!(Schema::of_object(&schema).is_err(), "{schema}");
        }
    }

    #[test]
    fn a_value_is_judged_and_nothing_of_it_repeated() {
        let schema = json!({ "type": "object", "required": ["id"], "additionalProperties": false,
            "properties": { "id": { "type": "string", "pattern": "^(a+)+$" } } });
        let schema = Schema::of_object(&schema).expect("usable");
        assert!(schema.check(&json!({ "id": "aaa" })).is_ok());
        for wrong in
            [json!({}), json!({ "id": 7 }), json!({ "id": "a", "hunter2": 1 }), json!({ "id": "hunter2" })]
        {
            let told = schema.check(&wrong).expect_err("refused");
            assert!(!told.contains("hunter2"), "{told}");
        }
        // Exponential for an engine that backtracks.
        assert!(schema.check(&json!({ "id": format!("{}b", "a".repeat(10_000)) })).is_err());
    }

    #[test]
    fn a_trusted_value_is_found_however_deep() {
        let schema = json!({ "type": "object", "properties": { "a": { "anyOf": [
            { "type": "object", "properties": { "tenantId": { "type": "string" } } }] } } });
        assert_eq!(reserved_property(&schema), Some("tenantId"));
        assert_eq!(reserved_property(&json!({ "properties": { "tables": {} } })), None);
    }
}
