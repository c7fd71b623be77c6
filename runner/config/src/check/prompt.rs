//! Prompts: names of their own, and templates that stand for nothing but declared arguments.

use std::collections::BTreeSet;

use super::rule::{optional_boolean, optional_object, optional_text, required_text, suggestion};
use crate::code::ProblemCode;
use crate::compiled::{NoTemplate, OVERVIEW_PROMPT, PromptPart, parts};
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;
use crate::raw::TEMPLATE_BYTES_MAX;

pub(super) fn check(root: &Place<'_>, problems: &mut Problems) {
    let Some(prompts) = root.get("prompts") else { return };
    if !prompts.is_list() {
        problems.unexpected(&prompts, ProblemCode::PromptsNotList, "a list");
        return;
    }
    let mut seen = BTreeSet::new();
    for prompt in prompts.items() {
        if !prompt.is_object() {
            problems.unexpected(&prompt, ProblemCode::PromptNotObject, "an object");
            continue;
        }
        name(&prompt, &mut seen, problems);
        optional_text(&prompt, "title", Form::Prose, ProblemCode::InvalidPromptText, problems);
        optional_text(&prompt, "description", Form::Prose, ProblemCode::InvalidPromptText, problems);
        let arguments = arguments(&prompt, problems);
        template(&prompt, &arguments, problems);
    }
}

fn name<'a>(prompt: &Place<'a>, seen: &mut BTreeSet<&'a str>, problems: &mut Problems) {
    let code = ProblemCode::InvalidPromptName;
    let Some(name) = required_text(prompt, "name", Form::PromptName, code, problems) else { return };
    let path = prompt.path_to("name");
    if name == OVERVIEW_PROMPT {
        let message = format!("expected a name of its own, found `{OVERVIEW_PROMPT}`, which is built in");
        problems.add(path, code, message);
    } else if !seen.insert(name) {
        let message = format!("expected a name of its own, found `{name}` again");
        problems.add(path, ProblemCode::DuplicatePromptName, message);
    }
}

/// The names that are declared; none where they cannot be told.
fn arguments<'a>(prompt: &Place<'a>, problems: &mut Problems) -> Option<Vec<&'a str>> {
    if prompt.get("arguments").is_none() {
        return Some(Vec::new());
    }
    let code = ProblemCode::InvalidPromptArgument;
    let declared = optional_object(prompt, "arguments", code, problems)?;
    for (name, argument) in declared.members() {
        if !Form::Identifier.accepts(name) {
            let message = format!("the name of an argument is {}", Form::Identifier.expected());
            problems.add(argument.path(), code, message);
        }
        if !argument.is_object() {
            problems.unexpected(&argument, code, "an object");
            continue;
        }
        optional_text(&argument, "description", Form::Prose, code, problems);
        optional_boolean(&argument, "required", code, problems);
        if let Some(allowed) = argument.get("enum") {
            if !allowed.is_list() || !allowed.is_filled() {
                problems.unexpected(&allowed, code, "a list with at least one entry");
            }
            for value in allowed.items() {
                if value.text().is_none() {
                    problems.unexpected(&value, code, "text");
                }
            }
        }
    }
    Some(declared.members().map(|(name, _)| name).collect())
}

fn template(prompt: &Place<'_>, declared: &Option<Vec<&str>>, problems: &mut Problems) {
    let code = ProblemCode::InvalidPromptTemplate;
    let Some(text) = required_text(prompt, "template", Form::Prose, code, problems) else { return };
    let path = prompt.path_to("template");
    if text.len() > TEMPLATE_BYTES_MAX {
        let message = format!("expected `{TEMPLATE_BYTES_MAX}` bytes at most, found `{}`", text.len());
        problems.add(path, code, message);
        return;
    }
    let parts = match parts(text) {
        Ok(parts) => parts,
        Err(why) => {
            let message = match why {
                NoTemplate::Unclosed => "expected `}}` after `{{`",
                NoTemplate::NotAName => "expected the name of an argument between `{{` and `}}`",
            };
            problems.add(path, code, message.to_owned());
            return;
        }
    };
    let Some(declared) = declared else { return };
    let used: BTreeSet<&str> = parts
        .iter()
        .filter_map(|part| match part {
            PromptPart::Argument(name) => Some(name.as_str()),
            PromptPart::Text(_) => None,
        })
        .collect();
    for name in used.iter().filter(|name| !declared.contains(name)) {
        let message = format!("expected one of `arguments`, found `{name}`");
        problems
            .add(path.clone(), ProblemCode::UnknownPromptArgument, message)
            .maybe(suggestion(name, declared.iter().copied()));
    }
    for name in declared.iter().filter(|name| !used.contains(*name)) {
        let message = format!("the template has no place for `{}`", name.escape_debug());
        problems.add(path.clone(), ProblemCode::UnusedPromptArgument, message);
    }
}
