//! Prompts, with their templates taken apart.

use crate::compiled::{Prompt, PromptArgument, parts};
use crate::raw::{RawPrompt, RawPromptArgument};

pub(super) fn prompt(raw: RawPrompt) -> Option<Prompt> {
    let arguments = raw.arguments.map(|members| members.0).unwrap_or_default();
    Some(Prompt {
        name: raw.name,
        title: raw.title,
        description: raw.description,
        arguments: arguments.into_iter().map(argument).collect(),
        template: parts(&raw.template).ok()?,
    })
}

fn argument((name, raw): (String, RawPromptArgument)) -> PromptArgument {
    PromptArgument {
        name,
        description: raw.description,
        required: raw.required.unwrap_or(true),
        allowed: raw.allowed,
    }
}
