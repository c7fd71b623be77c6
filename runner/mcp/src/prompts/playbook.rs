//! The built-in prompts: one tool put into words, and all of them.

use rmcp::model::Prompt;
use serde_json::Value as Json;
use synapsor_invocation::{ToolDescription, ToolKind};

use super::arguments::Argument;
use super::listed;
use crate::instructions::Kept;

/// One tool, put into words.
#[derive(Debug, PartialEq)]
pub(super) struct Playbook {
    /// The tool's first name on the wire; the prompt has the same.
    tool: String,
    /// The capability's own name, which is the prompt's title.
    capability: String,
    description: String,
    kind: ToolKind,
    arguments: Vec<Argument>,
}

impl Playbook {
    pub(super) fn new(tool: &ToolDescription, exposed: &str) -> Self {
        Self {
            tool: exposed.to_owned(),
            capability: tool.name.clone(),
            description: tool.description.clone(),
            kind: tool.kind,
            arguments: Argument::of_tool(tool),
        }
    }

    pub(super) fn tool(&self) -> &str {
        &self.tool
    }

    pub(super) fn capability(&self) -> &str {
        &self.capability
    }

    pub(super) fn description(&self) -> &str {
        &self.description
    }

    pub(super) fn arguments(&self) -> &[Argument] {
        &self.arguments
    }

    pub(super) fn listed(&self) -> Prompt {
        let arguments = Some(listed(&self.arguments));
        Prompt::new(&self.tool, Some(&self.description), arguments).with_title(&self.capability)
    }

    pub(super) fn text(&self, given: &[(&str, &str)]) -> String {
        let mut text = format!("Call the tool `{}` once", self.tool);
        if given.is_empty() {
            text.push('.');
        } else {
            text.push_str(" with these arguments, as they are:\n");
            for (name, value) in given {
                text.push_str(&format!("- {name}: {}\n", Json::from(*value)));
            }
        }
        let next = match self.kind {
            ToolKind::Read => "Then say what it returned. Do not guess what it does not show.",
            ToolKind::Proposal => {
                "Then say which change is proposed, and that it waits for a person under the id it returned. \
                 Do not say that anything has changed: nothing has, and you cannot approve it."
            }
        };
        format!(
            "{}\n\n{next} If it is refused, say so with its code; call it again only if it is `retryable`.",
            text.trim_end()
        )
    }
}

pub(super) fn overview<'a>(playbooks: impl Iterator<Item = &'a Playbook>, kept: Kept) -> String {
    let mut text = format!("{}\n", kept.before_tools());
    for playbook in playbooks {
        let kind = match playbook.kind {
            ToolKind::Read => "reads",
            ToolKind::Proposal => "proposes",
        };
        text.push_str(&format!("\n- `{}` ({kind}): {}", playbook.tool, playbook.description));
    }
    text.push_str(&format!(
        "\n\nA tool that proposes changes nothing. It stores the change with what was read and returns its id; a person \
         approves or rejects it outside this conversation. Say that it waits. {} A refused call says why, with a code, and \
         whether it is `retryable`.",
        kept.what_was_decided()
    ));
    text
}
