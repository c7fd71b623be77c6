//! The example configs, and edits to them written as text.

use serde_json::Value;

/// Where `fixtures/` is.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Every example that is valid.
pub(crate) const VALID: &[&str] = &["shop", "web", "late-fee", "cloud", "development"];

/// An example's text.
pub(crate) fn text(name: &str) -> String {
    let path = format!("{ROOT}/fixtures/configs/{name}.json");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// An example with edits: `/pointer = JSON` sets, `/pointer -` removes; several are joined by ` ; `.
pub(crate) fn edited(name: &str, edits: &str) -> Value {
    let mut config: Value = serde_json::from_str(&text(name)).unwrap();
    for edit in edits.split(" ; ") {
        apply(&mut config, edit);
    }
    config
}

fn apply(config: &mut Value, edit: &str) {
    let (pointer, value) = match edit.strip_suffix(" -") {
        Some(pointer) => (pointer, None),
        None => {
            let (pointer, json) = edit.split_once(" = ").unwrap_or_else(|| panic!("no edit: {edit}"));
            (pointer, Some(serde_json::from_str(json).unwrap_or_else(|error| panic!("{edit}: {error}"))))
        }
    };
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match (config.pointer_mut(parent), value) {
        (Some(Value::Object(fields)), Some(value)) => {
            fields.insert(key.to_owned(), value);
        }
        (Some(Value::Object(fields)), None) => {
            fields.remove(key).unwrap_or_else(|| panic!("nothing to remove: {edit}"));
        }
        (Some(Value::Array(items)), Some(value)) => match key {
            "-" => items.push(value),
            index => items[index.parse::<usize>().unwrap()] = value,
        },
        (parent, _) => panic!("no place for {edit}: {parent:?}"),
    }
}
