//! Merging one server into a client's JSON file: comments, order, spacing and every other server stay as they are.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use serde_json::Value as Json;
use synapsor_protocol::{Code, Refusal};

use super::entry::Entry;

/// JSON, and of what goes beyond it only what editors write into such files.
pub(crate) fn lenient() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// The file's text with the server in it.
pub(super) fn merged(existing: Option<&str>, group: &str, entry: &Entry) -> Result<String, Refusal> {
    let document = entry.document()?;
    let text = existing.filter(|text| !text.trim().is_empty()).unwrap_or("{}\n");
    let root = CstRootNode::parse(text, &lenient()).map_err(|error| {
        tracing::debug!(%error, "a client's file does not parse");
        malformed("it is not JSON")
    })?;
    let top = root.object_value().ok_or_else(|| malformed("its top is not an object"))?;
    refuse_twice(&top)?;
    let servers = object_in(&top, group)?;
    let server = object_in(&servers, &entry.name)?;
    for key in entry.foreign_keys() {
        if let Some(other) = server.get(key) {
            other.remove();
        }
    }
    for (key, value) in document.as_object().into_iter().flatten() {
        // Variables somebody added stay.
        match (key.as_str(), value.as_object()) {
            ("env" | "headers", Some(members)) => {
                let inner = object_in(&server, key)?;
                for (name, value) in members {
                    set(&inner, name, value);
                }
            }
            _ => set(&server, key, value),
        }
    }
    Ok(root.to_string())
}

/// The object under a key, made where there is none.
fn object_in(owner: &CstObject, key: &str) -> Result<CstObject, Refusal> {
    let found = owner
        .object_value_or_create(key)
        .ok_or_else(|| malformed(&format!("its `{key}` is not an object")))?;
    refuse_twice(&found)?;
    Ok(found)
}

fn set(owner: &CstObject, key: &str, value: &Json) {
    match owner.get(key) {
        // What says the same already keeps its spacing.
        Some(known) if known.to_serde_value().as_ref() == Some(value) => {}
        Some(known) => known.set_value(input(value)),
        None => {
            owner.append(key, input(value));
        }
    }
}

/// Of a key given twice nobody knows which one the client takes.
fn refuse_twice(object: &CstObject) -> Result<(), Refusal> {
    let mut seen = std::collections::BTreeSet::new();
    for property in object.properties() {
        let name = property.decoded_name().ok_or_else(|| malformed("a key of it is not text"))?;
        if !seen.insert(name) {
            return Err(malformed("it has a key twice"));
        }
    }
    Ok(())
}

fn input(value: &Json) -> CstInputValue {
    match value {
        Json::Null => CstInputValue::Null,
        Json::Bool(value) => CstInputValue::Bool(*value),
        Json::Number(number) => CstInputValue::Number(number.to_string()),
        Json::String(text) => CstInputValue::String(text.clone()),
        Json::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Json::Object(fields) => {
            CstInputValue::Object(fields.iter().map(|(key, value)| (key.clone(), input(value))).collect())
        }
    }
}

fn malformed(why: &str) -> Refusal {
    Refusal::new(Code::InvalidInput, format!("the client's file is not what it should be: {why}"))
        .hint("nothing was written; mend the file, or name another with --destination FILE")
}
