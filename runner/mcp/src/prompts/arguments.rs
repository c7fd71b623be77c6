//! What a person fills in, and what they may fill in.

use rmcp::model::JsonObject;
use serde_json::Value as Json;
use synapsor_invocation::{PromptArgument, ToolDescription};

use super::Unfit;

/// Longest value of a prompt's argument, in bytes.
const VALUE_BYTES_MAX: usize = 4096;

#[derive(Debug, PartialEq)]
pub(super) struct Argument {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) required: bool,
    /// The only values allowed, as text; none where any are.
    pub(super) allowed: Option<Vec<String>>,
}

impl Argument {
    pub(super) fn of_prompt(argument: &PromptArgument) -> Self {
        Self {
            name: argument.name.clone(),
            description: argument.description.clone(),
            required: argument.required,
            allowed: argument.allowed.clone(),
        }
    }

    /// Those of a tool.
    pub(super) fn of_tool(tool: &ToolDescription) -> Vec<Self> {
        let schema = &tool.input_schema;
        let required = schema.get("required").and_then(Json::as_array);
        let required: Vec<&str> = required.into_iter().flatten().filter_map(Json::as_str).collect();
        let properties = schema.get("properties").and_then(Json::as_object);
        let arguments = properties.into_iter().flatten().map(|(name, schema)| Self {
            name: name.clone(),
            description: schema.get("description").and_then(Json::as_str).map(str::to_owned),
            required: required.contains(&name.as_str()),
            allowed: schema
                .get("enum")
                .and_then(Json::as_array)
                .map(|values| values.iter().map(plain).collect()),
        });
        arguments.collect()
    }
}

/// The given values in the order they are declared; a value of a declared list must be in it.
pub(super) fn given<'a>(
    declared: &'a [Argument],
    arguments: Option<&'a JsonObject>,
) -> Result<Vec<(&'a str, &'a str)>, Unfit> {
    if arguments
        .is_some_and(|given| given.keys().any(|name| declared.iter().all(|known| known.name != *name)))
    {
        return Err("the prompt has no such argument: it takes those that `prompts/list` names".to_owned());
    }
    let mut values = Vec::new();
    for argument in declared {
        let name = argument.name.as_str();
        match arguments.and_then(|given| given.get(name)) {
            None if argument.required => return Err(format!("the prompt needs its argument `{name}`")),
            None => {}
            Some(Json::String(value)) if value.len() > VALUE_BYTES_MAX => {
                return Err(format!("the argument `{name}` may have `{VALUE_BYTES_MAX}` bytes at most"));
            }
            Some(Json::String(value)) => {
                if argument.allowed.as_ref().is_some_and(|allowed| !allowed.contains(value)) {
                    return Err(format!("the argument `{name}` takes one of its declared values"));
                }
                values.push((name, value.as_str()));
            }
            Some(_) => return Err(format!("the argument `{name}` of a prompt is text")),
        }
    }
    Ok(values)
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
