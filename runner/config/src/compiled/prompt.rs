//! Prompts: texts with places in them that a person fills in.

use crate::form::Form;

/// The prompt about all tools, which every runner has.
pub const OVERVIEW_PROMPT: &str = "how_to_use_these_tools";

/// A text a person picks in their client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What clients call it. Invariant: no tool's name on the wire.
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What the person fills in, in config order.
    pub arguments: Vec<PromptArgument>,
    /// The text. Invariant: names declared arguments only.
    pub template: Vec<PromptPart>,
}

/// What a person fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptArgument {
    /// Its name.
    pub name: String,
    /// For the person.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
    /// The only values allowed, where not every one is.
    pub allowed: Option<Vec<String>>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptPart {
    /// As it is.
    Text(String),
    /// The value of the argument of this name.
    Argument(String),
}

/// Why a text is no template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTemplate {
    /// `{{` without `}}`.
    Unclosed,
    /// What is between them is no argument's name.
    NotAName,
}

/// The pieces of a template.
pub(crate) fn parts(mut text: &str) -> Result<Vec<PromptPart>, NoTemplate> {
    let mut parts = Vec::new();
    while let Some((before, rest)) = text.split_once("{{") {
        let (name, after) = rest.split_once("}}").ok_or(NoTemplate::Unclosed)?;
        let name = name.trim();
        if !Form::Identifier.accepts(name) {
            return Err(NoTemplate::NotAName);
        }
        if !before.is_empty() {
            parts.push(PromptPart::Text(before.to_owned()));
        }
        parts.push(PromptPart::Argument(name.to_owned()));
        text = after;
    }
    if !text.is_empty() {
        parts.push(PromptPart::Text(text.to_owned()));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_text_and_names_of_arguments() {
        let text = |text: &str| PromptPart::Text(text.to_owned());
        let argument = |name: &str| PromptPart::Argument(name.to_owned());
        assert_eq!(
            parts("See {{id}}, {{ reason }}{{id}} {as} is }}."),
            Ok(vec![
                text("See "),
                argument("id"),
                text(", "),
                argument("reason"),
                argument("id"),
                text(" {as} is }}.")
            ])
        );
        assert_eq!(parts(""), Ok(vec![]));
        assert_eq!(parts("{{id"), Err(NoTemplate::Unclosed));
        for odd in ["{{}}", "{{a b}}", "{{{id}}}", "{{a.b}}", "{{{{id}}}}"] {
            assert_eq!(parts(odd), Err(NoTemplate::NotAName), "{odd}");
        }
    }
}
