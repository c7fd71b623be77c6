//! Schemas of strangers: whether one can be used at all, and what it says of a value.
//!
//! Invariant: a schema fetches nothing, and a pattern in it takes time in proportion to the text.
//! Invariant: judging a value takes no more steps than the value's size times a bound: a schema that refers to itself, or unfolds
//! into more parts than that, is not used. Twenty definitions, each of which names the one before twice, are a million.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value as Json;
use synapsor_protocol::reserved;

/// Largest schema, in bytes.
const SCHEMA_BYTES_MAX: usize = 32 * 1024;

/// Largest compiled pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// Most parts of a schema, with whatever it refers to in place of each reference.
const PARTS_MAX: usize = 4096;

/// Keywords that may stand at the top alone: below it they change what the references beside them lead to.
const AT_THE_TOP: [&str; 2] = ["$id", "$schema"];

/// Keywords that change what a reference leads to, or lead somewhere that depends on who asks.
const ELSEWHERE: [&str; 6] =
    ["$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef", "$vocabulary"];

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
        if Draft::default().detect(document) == Draft::Draft4 {
            // Its `id` moves references, and is also what many a property is called.
            return Err("it is of draft 4, expected a later one".to_owned());
        }
        if !unfolds_within(document, PARTS_MAX) {
            return Err(format!(
                "it refers to itself, elsewhere than to its own parts, or to more than {PARTS_MAX} of them"
            ));
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

/// Whether a schema with every reference replaced by what it leads to has no more parts than that. One that refers to itself has
/// more than any number.
fn unfolds_within(root: &Json, parts_max: usize) -> bool {
    let mut left = parts_max;
    let mut unseen = vec![root];
    while let Some(part) = unseen.pop() {
        let Some(still_left) = left.checked_sub(1) else { return false };
        left = still_left;
        match part {
            Json::Object(members) => {
                let has = |keyword: &&str| members.contains_key(*keyword);
                let is_moved = !std::ptr::eq(part, root) && AT_THE_TOP.iter().any(has);
                if is_moved || ELSEWHERE.iter().any(has) {
                    return false;
                }
                match members.get("$ref").map(|reference| target(root, reference)) {
                    Some(None) => return false,
                    Some(Some(target)) => unseen.push(target),
                    None => {}
                }
                unseen.extend(members.values());
            }
            Json::Array(items) => unseen.extend(items),
            _ => {}
        }
    }
    true
}

/// What a reference within the document leads to; none where it leads elsewhere, or nowhere. With an escape in it, it could lead to
/// one part here and to another where the escape is undone.
fn target<'d>(root: &'d Json, reference: &Json) -> Option<&'d Json> {
    let pointer = reference.as_str()?.strip_prefix('#').filter(|pointer| !pointer.contains('%'))?;
    root.pointer(pointer)
}

/// The first argument that only a runner may set, however deep it stands.
pub(crate) fn reserved_argument(arguments: &Json) -> Option<&str> {
    match arguments {
        Json::Object(members) => {
            let named = members.keys().map(String::as_str).find(|name| reserved::is_reserved(name));
            named.or_else(|| members.values().find_map(reserved_argument))
        }
        Json::Array(items) => items.iter().find_map(reserved_argument),
        _ => None,
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

    const DRAFT_4: &str = "http://json-schema.org/draft-04/schema#";

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
    fn a_schema_that_would_take_for_ever_is_not_used() {
        let doubling = |definitions: usize| {
            let mut named = serde_json::Map::from_iter([("d0".to_owned(), json!({ "type": "object" }))]);
            for n in 1..=definitions {
                let before = json!({ "$ref": format!("#/$defs/d{}", n - 1) });
                named.insert(format!("d{n}"), json!({ "allOf": [before.clone(), before] }));
            }
            json!({ "type": "object", "$defs": named, "$ref": format!("#/$defs/d{definitions}") })
        };
        for schema in [
            doubling(20),
            json!({ "type": "object", "$ref": "#" }),
            json!({ "type": "object", "allOf": [{ "$ref": "#" }] }),
            json!({ "type": "object", "properties": { "a": { "$ref": "#" } } }),
            json!({ "type": "object", "$ref": "#/$defs/a",
                "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
            json!({ "type": "object", "$dynamicRef": "#", "$dynamicAnchor": "a" }),
            json!({ "type": "object", "$defs": { "a": { "$id": "https://a.example/" } } }),
            json!({ "type": "object", "$ref": "#/nowhere" }),
            json!({ "type": "object", "$ref": "other.json" }),
            json!({ "type": "object", "$ref": 7 }),
        ] {
            assert!(Schema::of_object(&schema).is_err(), "{schema}");
        }
        let decoys = json!({ "a": {}, "%61": {} });
        for schema in [
            // As text it leads to the decoy, undone to what refers to itself.
            json!({ "type": "object", "$ref": "#/$defs/%61",
                "$defs": { "%61": {}, "a": { "properties": { "b": { "$ref": "#/$defs/%61" } } } } }),
            // From within `p`, the references lead to the parts of `p`.
            json!({ "type": "object", "$schema": DRAFT_4, "definitions": decoys, "properties": { "p": {
                "id": "https://a.example/", "definitions": { "a": { "not": { "$ref": "#/definitions/a" } } },
                "not": { "$ref": "#/definitions/a" } } } }),
            json!({ "type": "object", "definitions": decoys, "properties": { "p": { "$schema": DRAFT_4,
                "id": "https://a.example/", "definitions": { "a": { "not": { "$ref": "#/definitions/a" } } },
                "not": { "$ref": "#/definitions/a" } } } }),
        ] {
            assert!(Schema::of_object(&schema).is_err(), "{schema}");
        }
        let small = Schema::of_object(&doubling(4)).expect("a reference is no harm by itself");
        assert!(small.check(&json!({})).is_ok());
        let shared = json!({ "type": "object", "$id": "https://a.example/s", "$defs": { "id": { "type": "string" } },
            "properties": { "a": { "$ref": "#/$defs/id" }, "b": { "$ref": "#/$defs/id" } } });
        let shared = Schema::of_object(&shared).expect("usable");
        assert!(shared.check(&json!({ "a": "x" })).is_ok() && shared.check(&json!({ "b": 7 })).is_err());
        let older = json!({ "type": "object", "$schema": "http://json-schema.org/draft-07/schema#",
            "properties": { "id": { "type": "string" } } });
        assert!(Schema::of_object(&older).expect("usable").check(&json!({ "id": 7 })).is_err());
    }

    #[test]
    fn an_argument_that_only_a_runner_may_set_is_found_however_deep() {
        let deep = json!({ "filter": [{ "where": { "tenantId": "otherco" } }] });
        assert_eq!(reserved_argument(&deep), Some("tenantId"));
        assert_eq!(reserved_argument(&json!({ "note": "tenant_id", "list": ["table"] })), None);
    }

    #[test]
    fn a_trusted_value_is_found_however_deep() {
        let schema = json!({ "type": "object", "properties": { "a": { "anyOf": [
            { "type": "object", "properties": { "tenantId": { "type": "string" } } }] } } });
        assert_eq!(reserved_property(&schema), Some("tenantId"));
        assert_eq!(reserved_property(&json!({ "properties": { "tables": {} } })), None);
    }
}
