//! The page that lists every key of a config, generated from its schema.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use crate::schema::json_schema;

const OPENING: &str = "\
# Keys of a config

Every key a `synapsor.runner.json` may have, by the object it stands in. A key that is not here is refused (`strict: false` allows it).
What keys have to do with each other, `synapsor config validate` says; its codes are in [config-problems.md](config-problems.md), and
[config.schema.json](config.schema.json) is the same for editors. This page is generated from the schema.
";

/// Where the parts of a schema stand.
const DEFINITIONS: &str = "$defs";
/// What a reference to one of them begins with.
const REFERENCE: &str = "#/$defs/";

/// `docs/reference/config-keys.md`.
pub fn key_reference() -> String {
    let schema = json_schema();
    let mut page = OPENING.to_owned();
    let mut listed = vec![String::new()];
    let mut next = 0;
    while let Some(name) = listed.get(next).cloned() {
        next += 1;
        let part = if name.is_empty() { Some(&schema) } else { definition(&schema, &name) };
        if let Some(part) = part {
            section(&mut page, &name, part, &schema, &mut listed);
        }
    }
    page
}

/// One object with its keys, or one kind of value with its choices. What its keys refer to is listed after it.
fn section(page: &mut String, name: &str, part: &Json, schema: &Json, listed: &mut Vec<String>) {
    let title = if name.is_empty() { "The whole" } else { name };
    // Writing to a `String` cannot fail.
    let _ = write!(page, "\n## {title}\n\n{}\n", text(part));
    if let Some(keys) = part.get("properties").and_then(Json::as_object) {
        let _ = write!(page, "\n| Key | Takes | Required | Means |\n| --- | --- | --- | --- |\n");
        let required: Vec<&str> = part
            .get("required")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        for (key, value) in keys {
            let takes = takes(value, schema, listed);
            let required = if required.contains(&key.as_str()) { "yes" } else { "" };
            let _ = writeln!(page, "| `{key}` | {takes} | {required} | {} |", text(value));
        }
    } else if let Some(choices) = part.get("oneOf").and_then(Json::as_array) {
        let _ = write!(page, "\n| Value | Means |\n| --- | --- |\n");
        for choice in choices {
            let value = choice.get("const").and_then(Json::as_str).unwrap_or_default();
            let _ = writeln!(page, "| `{value}` | {} |", text(choice));
        }
    }
}

/// What a key takes, in a few words; an object or a choice as a link to its own section.
fn takes(value: &Json, schema: &Json, listed: &mut Vec<String>) -> String {
    if let Some(name) = value.get("$ref").and_then(Json::as_str).and_then(|path| path.strip_prefix(REFERENCE))
    {
        return referred(name, schema, listed);
    }
    if let Some(constant) = value.get("const") {
        return format!("`{}`", plain(constant));
    }
    if let Some(choices) = value.get("enum").and_then(Json::as_array) {
        return choices.iter().map(|choice| format!("`{}`", plain(choice))).collect::<Vec<_>>().join(", ");
    }
    let of = |key: &str, listed: &mut Vec<String>| {
        value.get(key).filter(|inner| inner.is_object()).map(|inner| takes(inner, schema, listed))
    };
    match value.get("type").and_then(Json::as_str) {
        Some("array") => {
            of("items", listed).map_or_else(|| "list".to_owned(), |item| format!("list of {item}"))
        }
        Some("object") => of("additionalProperties", listed)
            .map_or_else(|| "object".to_owned(), |item| format!("{item} by name")),
        Some("string") => "text".to_owned(),
        Some("integer") => format!("whole number{}", range(value)),
        Some("boolean") => "true or false".to_owned(),
        Some(other) => other.to_owned(),
        None => "anything".to_owned(),
    }
}

/// A name's form is said where it is used; whatever has keys or choices has a section.
fn referred(name: &str, schema: &Json, listed: &mut Vec<String>) -> String {
    let part = definition(schema, name).and_then(Json::as_object);
    if !part.is_some_and(|part: &Map<_, _>| part.contains_key("properties") || part.contains_key("oneOf")) {
        return match name {
            "EnvName" => "name of a variable".to_owned(),
            "Identifier" => "identifier".to_owned(),
            "Scalar" => "text, number, true, false or null".to_owned(),
            other => other.to_owned(),
        };
    }
    if !listed.iter().any(|known| known == name) {
        listed.push(name.to_owned());
    }
    format!("[{name}](#{})", name.to_ascii_lowercase())
}

fn definition<'a>(schema: &'a Json, name: &str) -> Option<&'a Json> {
    schema.get(DEFINITIONS)?.get(name)
}

fn range(value: &Json) -> String {
    match (value.get("minimum"), value.get("maximum")) {
        (Some(minimum), Some(maximum)) => format!(", {minimum} to {maximum}"),
        (Some(minimum), None) if minimum.as_u64() != Some(0) => format!(", at least {minimum}"),
        _ => String::new(),
    }
}

fn text(part: &Json) -> String {
    part.get("description").and_then(Json::as_str).unwrap_or_default().replace('\n', " ")
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
