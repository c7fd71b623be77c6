//! The keys of `prompts`, as they are read.

use schemars::JsonSchema;
use serde::Deserialize;
use synapsor_protocol::members::Members;

use crate::form::PROMPT_NAME_PATTERN;

/// Longest template, in bytes.
pub(crate) const TEMPLATE_BYTES_MAX: usize = 16 * 1024;

/// A text a person picks in their client, to have something asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Prompt")]
pub(crate) struct RawPrompt {
    /// What clients call it.
    #[schemars(regex(pattern = PROMPT_NAME_PATTERN), length(max = 64))]
    pub(crate) name: String,
    /// What people call it.
    #[schemars(length(min = 1))]
    pub(crate) title: Option<String>,
    /// What it is for, for people.
    #[schemars(length(min = 1))]
    pub(crate) description: Option<String>,
    /// What the person fills in, by name.
    pub(crate) arguments: Option<Members<RawPromptArgument>>,
    /// The text. `{{name}}` stands for an argument.
    #[schemars(length(min = 1, max = TEMPLATE_BYTES_MAX))]
    pub(crate) template: String,
}

/// What a person fills in.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "PromptArgument")]
pub(crate) struct RawPromptArgument {
    /// For the person.
    #[schemars(length(min = 1))]
    pub(crate) description: Option<String>,
    /// Whether it must be given. Default: true.
    pub(crate) required: Option<bool>,
    /// The only values allowed; clients complete from them.
    #[serde(rename = "enum")]
    #[schemars(length(min = 1))]
    pub(crate) allowed: Option<Vec<String>>,
}
