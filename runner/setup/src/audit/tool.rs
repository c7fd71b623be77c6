//! Tools out of a document, in whichever of the usual forms it lists them.

use serde_json::{Map, Value as Json};

use crate::spelling::folded;

/// Most tools that are judged; a list that has more is not one that a model could use.
pub const TOOLS_MAX: usize = 5_000;

/// How deep a document is searched for a list, and a schema for names.
const DEPTH_MAX: usize = 8;

/// Most inputs of one tool.
const INPUTS_MAX: usize = 1_000;

/// Where lists of tools hide.
const WRAPPERS: &[&str] = &["result", "data", "adapter", "mcpServers", "servers", "server", "manifest"];

/// What an audit looks at in a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// Its name on the wire.
    pub name: String,
    /// The name's words.
    pub(super) words: Vec<String>,
    /// What it says of itself.
    pub(super) description: String,
    /// Names of what a caller gives it, nested ones too.
    pub inputs: Vec<Input>,
    /// Whether it says what comes back.
    pub(super) has_output_schema: bool,
    /// `readOnlyHint`.
    pub(super) read_only: Option<bool>,
    /// `destructiveHint`.
    pub(super) destructive: Option<bool>,
    /// `idempotentHint`.
    pub(super) idempotent: Option<bool>,
    /// Whether it shows how it is called.
    pub(super) has_fixture: bool,
}

/// One thing a caller gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name as it is written.
    pub name: String,
    /// The name without case and signs.
    pub(super) bare: String,
    /// Whether its values are listed.
    pub(super) is_listed: bool,
    /// Its schema; the draft of a capability takes it over.
    pub(super) schema: Json,
}

/// Every tool in the document, once each.
pub fn tools(document: &Json) -> Vec<Tool> {
    let mut found = Vec::new();
    search(document, DEPTH_MAX, &mut found);
    found
}

fn search(document: &Json, depth: usize, found: &mut Vec<Tool>) {
    if depth == 0 {
        return;
    }
    match document {
        Json::Array(items) => items.iter().for_each(|item| keep(item, None, found)),
        Json::Object(fields) => {
            match fields.get("tools") {
                Some(Json::Array(items)) => items.iter().for_each(|item| keep(item, None, found)),
                Some(Json::Object(named)) => {
                    named.iter().for_each(|(name, item)| keep(item, Some(name), found))
                }
                _ => {}
            }
            for inside in WRAPPERS.iter().filter_map(|wrapper| fields.get(*wrapper)) {
                match inside {
                    // Servers by name, or one.
                    Json::Object(named) if !named.contains_key("tools") => {
                        named.values().for_each(|server| search(server, depth - 1, found));
                        search(inside, depth - 1, found);
                    }
                    inside => search(inside, depth - 1, found),
                }
            }
        }
        _ => {}
    }
}

fn keep(item: &Json, named: Option<&str>, found: &mut Vec<Tool>) {
    let Some(fields) = item.as_object() else { return };
    let name = text(fields, &["name", "tool_name", "toolName"]).or(named.map(str::to_owned));
    let Some(name) = name.filter(|_| found.len() < TOOLS_MAX) else { return };
    if !found.iter().any(|known| known.name == name) {
        found.push(Tool::read(name, fields));
    }
}

impl Tool {
    fn read(name: String, fields: &Map<String, Json>) -> Self {
        let hint = |key: &str| {
            let hints = fields.get("annotations").and_then(Json::as_object);
            hints.unwrap_or(fields).get(key).and_then(Json::as_bool)
        };
        let input = schema(fields, &["inputSchema", "input_schema", "parameters", "inputs", "args"]);
        let mut inputs = Vec::new();
        if let Some(input) = input {
            collect(input, DEPTH_MAX, &mut inputs);
        }
        Self {
            words: folded(&name).split('_').map(str::to_owned).collect(),
            name,
            description: text(fields, &["description", "summary"]).unwrap_or_default(),
            inputs,
            has_output_schema: schema(fields, &["outputSchema", "output_schema", "returns"]).is_some(),
            read_only: hint("readOnlyHint"),
            destructive: hint("destructiveHint"),
            idempotent: hint("idempotentHint"),
            has_fixture: has_fixture(fields, input),
        }
    }

    /// Whether an input has one of these names, however it is spelt.
    pub(super) fn inputs_named<'a>(&'a self, bare: &'a [&str]) -> impl Iterator<Item = &'a Input> {
        self.inputs.iter().filter(|input| bare.contains(&input.bare.as_str()))
    }
}

fn text(fields: &Map<String, Json>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| fields.get(*key)?.as_str().map(str::to_owned))
}

fn schema<'a>(fields: &'a Map<String, Json>, keys: &[&str]) -> Option<&'a Json> {
    keys.iter().find_map(|key| fields.get(*key)).filter(|schema| schema.is_object())
}

/// The names in a schema's `properties`, and below; where a list of arguments stands in its place, that.
fn collect(schema: &Json, depth: usize, inputs: &mut Vec<Input>) {
    let Some(fields) = schema.as_object().filter(|_| depth > 0) else { return };
    let properties = match fields.get("properties").and_then(Json::as_object) {
        Some(properties) => Some(properties),
        // A plain map of names, as configs have it.
        None if depth == DEPTH_MAX && !fields.contains_key("type") => Some(fields),
        None => None,
    };
    for (name, inside) in properties.into_iter().flatten().filter(|(_, inside)| inside.is_object()) {
        if inputs.len() < INPUTS_MAX {
            let bare = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            let is_listed = inside.get("enum").is_some() || inside.get("const").is_some();
            inputs.push(Input { name: name.clone(), bare, is_listed, schema: inside.clone() });
        }
        collect(inside, depth - 1, inputs);
    }
    for inside in ["items", "additionalProperties"].iter().filter_map(|key| fields.get(*key)) {
        collect(inside, depth - 1, inputs);
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        for inside in fields.get(key).and_then(Json::as_array).into_iter().flatten() {
            collect(inside, depth - 1, inputs);
        }
    }
}

/// Whether the list shows how the tool is called, or names where that is.
fn has_fixture(fields: &Map<String, Json>, input: Option<&Json>) -> bool {
    let names_one = |fields: &Map<String, Json>| {
        fields.keys().any(|key| {
            let key = folded(key);
            key.split(['_', '.'])
                .any(|word| matches!(word, "example" | "examples" | "fixture" | "fixtures" | "cases"))
        })
    };
    let meta = fields.get("_meta").and_then(Json::as_object);
    names_one(fields) || meta.is_some_and(names_one) || input.and_then(Json::as_object).is_some_and(names_one)
}
