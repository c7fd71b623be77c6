//! The JSON Schema of a config, generated from the raw types, for editors and for the check for unknown keys.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::Value;

use crate::raw::RawConfig;

/// The schema (draft 2020-12). It knows keys, types and forms; how keys fit together only [`crate::check`] knows.
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(forbid_null));
    settings.into_generator().into_root_schema_for::<RawConfig>().into()
}

/// An absent key is an absent key: `null` does not stand for it.
fn forbid_null(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(Value::Array(types)) = object.get_mut("type")
        && types.len() == 2
    {
        types.retain(|name| name != "null");
        if let Some(only) = types.pop() {
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(mut choices)) = object.remove("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
        match (choices.pop(), choices.is_empty()) {
            (Some(Value::Object(only)), true) => object.extend(only),
            (last, _) => {
                choices.extend(last);
                object.insert("anyOf".to_owned(), choices.into());
            }
        }
    }
    if let Some(default) = object.get("default")
        && is_empty(default)
    {
        object.remove("default");
    }
}

/// Whether a default says nothing: `null`, `{}` or `[]`.
fn is_empty(default: &Value) -> bool {
    match default {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
        _ => false,
    }
}
