//! Prompts, made from the config: how to use the tools that are served, and one playbook for each of them.
//!
//! A person picks a prompt in their client; it puts a request for one tool into words. What the tool then may do is the
//! tool's own business.
//!
//! Invariant: a prompt names nothing that `tools/list` does not.

use rmcp::model::{
    GetPromptRequestParams, GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role,
};
use serde_json::Value as Json;
use synapsor_invocation::{ToolDescription, ToolKind};

/// The prompt about all tools.
const OVERVIEW: &str = "how_to_use_these_tools";

/// Longest value of a prompt's argument, in bytes.
const VALUE_BYTES_MAX: usize = 4096;

/// Most values one completion answers, as the protocol has it.
const VALUES_MAX: usize = 100;

/// What is served.
#[derive(Debug, PartialEq)]
pub(crate) struct Prompts {
    overview: String,
    playbooks: Vec<Playbook>,
}

/// One tool, put into words.
#[derive(Debug, PartialEq)]
struct Playbook {
    /// The tool's first name on the wire; the prompt has the same.
    tool: String,
    title: String,
    description: String,
    kind: ToolKind,
    arguments: Vec<Argument>,
}

#[derive(Debug, PartialEq)]
struct Argument {
    name: String,
    description: Option<String>,
    required: bool,
    /// The only values allowed, as text; none where any are.
    allowed: Option<Vec<String>>,
}

/// Why a prompt or a completion is refused, safe to show.
pub(crate) type Unfit = String;

impl Prompts {
    /// The prompts of these tools under the names they are listed by.
    pub(crate) fn new<'a>(tools: impl Iterator<Item = (&'a ToolDescription, &'a str)>) -> Self {
        let playbooks: Vec<Playbook> = tools.map(|(tool, exposed)| Playbook::new(tool, exposed)).collect();
        Self { overview: overview(&playbooks), playbooks }
    }

    /// The entries of `prompts/list`.
    pub(crate) fn list(&self) -> Vec<Prompt> {
        let all =
            Prompt::new(OVERVIEW, Some("What the tools here do, and what becomes of a proposal."), None)
                .with_title("How to use these tools");
        std::iter::once(all).chain(self.playbooks.iter().map(Playbook::listed)).collect()
    }

    /// The messages of one prompt.
    pub(crate) fn get(&self, request: &GetPromptRequestParams) -> Result<GetPromptResult, Unfit> {
        let arguments = request.arguments.as_ref();
        let (description, text) = if request.name == OVERVIEW {
            given(&[], arguments)?;
            ("What the tools here do, and what becomes of a proposal.", self.overview.clone())
        } else {
            let playbook = self.playbook(&request.name)?;
            (playbook.description.as_str(), playbook.text(&given(&playbook.arguments, arguments)?))
        };
        let messages = vec![PromptMessage::new_text(Role::User, text)];
        Ok(GetPromptResult::new(messages).with_description(description))
    }

    /// The declared values of a prompt's argument that begin like this; none where nothing is declared.
    pub(crate) fn complete(&self, prompt: &str, argument: &str, start: &str) -> Result<Completion, Unfit> {
        let arguments = if prompt == OVERVIEW { &[][..] } else { &self.playbook(prompt)?.arguments };
        let argument = arguments
            .iter()
            .find(|known| known.name == argument)
            .ok_or_else(|| "the prompt has no such argument".to_owned())?;
        let mut values: Vec<String> =
            argument.allowed.iter().flatten().filter(|value| value.starts_with(start)).cloned().collect();
        let total = values.len();
        values.truncate(VALUES_MAX);
        Ok(Completion { values, total })
    }

    fn playbook(&self, name: &str) -> Result<&Playbook, Unfit> {
        let found = self.playbooks.iter().find(|playbook| playbook.tool == name);
        found.ok_or_else(|| "no prompt of that name is served: list the prompts".to_owned())
    }
}

/// What a completion answers.
#[derive(Debug, PartialEq)]
pub(crate) struct Completion {
    /// A hundred at most.
    pub(crate) values: Vec<String>,
    /// How many there are.
    pub(crate) total: usize,
}

impl Playbook {
    fn new(tool: &ToolDescription, exposed: &str) -> Self {
        let schema = &tool.input_schema;
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let properties = schema.get("properties").and_then(Json::as_object);
        let arguments = properties.into_iter().flatten().map(|(name, schema)| Argument {
            name: name.clone(),
            description: schema.get("description").and_then(Json::as_str).map(str::to_owned),
            required: required.contains(&name.as_str()),
            allowed: schema
                .get("enum")
                .and_then(Json::as_array)
                .map(|values| values.iter().map(plain).collect()),
        });
        Self {
            tool: exposed.to_owned(),
            title: tool.name.clone(),
            description: tool.description.clone(),
            kind: tool.kind,
            arguments: arguments.collect(),
        }
    }

    fn listed(&self) -> Prompt {
        let arguments = self.arguments.iter().map(|argument| {
            let mut listed = PromptArgument::new(&argument.name).with_required(argument.required);
            listed.description.clone_from(&argument.description);
            listed
        });
        Prompt::new(&self.tool, Some(&self.description), Some(arguments.collect())).with_title(&self.title)
    }

    fn text(&self, given: &[(&str, &str)]) -> String {
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

/// The given values in the order they are declared; a value of a declared list must be in it.
fn given<'a>(
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

fn overview(playbooks: &[Playbook]) -> String {
    let mut text =
        "You have tools for single rows of a business database, for one tenant and one principal that the \
                    operator has set. You cannot name or change either.\n"
            .to_owned();
    for playbook in playbooks {
        let kind = match playbook.kind {
            ToolKind::Read => "reads",
            ToolKind::Proposal => "proposes",
        };
        text.push_str(&format!("\n- `{}` ({kind}): {}", playbook.tool, playbook.description));
    }
    text.push_str(
        "\n\nA tool that proposes changes nothing. It stores the change with what was read and returns its id; a person \
         approves or rejects it outside this conversation. Say that it waits. To learn what was decided, read or watch \
         `synapsor://proposals/` followed by that id. A refused call says why, with a code, and whether it is `retryable`.",
    );
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prompts(values: usize) -> Prompts {
        let allowed: Vec<String> = (0..values).map(|n| format!("plan-{n:03}")).collect();
        let tool = ToolDescription {
            name: "a.b".to_owned(),
            kind: ToolKind::Proposal,
            description: "Proposes a plan.".to_owned(),
            input_schema: json!({
                "type": "object",
                "properties": { "id": { "type": "string" }, "plan": { "type": "string", "enum": allowed } },
                "required": ["id"],
            }),
            data_schema: json!({}),
            source: String::new(),
            table: String::new(),
        };
        Prompts::new([(&tool, "a__b")].into_iter())
    }

    #[test]
    fn only_declared_values_are_completed_and_a_hundred_at_most() {
        let prompts = prompts(150);
        let all = prompts.complete("a__b", "plan", "").expect("completed");
        assert_eq!((all.values.len(), all.total), (100, 150));
        let some = prompts.complete("a__b", "plan", "plan-14").expect("completed");
        assert_eq!((some.values.len(), some.total), (10, 10));
        assert_eq!(prompts.complete("a__b", "id", "").expect("completed").values, Vec::<String>::new());
        for (prompt, argument) in [("a__b", "other"), ("a.b", "plan"), (OVERVIEW, "plan"), ("", "")] {
            assert!(prompts.complete(prompt, argument, "").is_err(), "{prompt} {argument}");
        }
    }

    #[test]
    fn a_prompt_takes_its_declared_arguments_and_no_other() {
        let prompts = prompts(2);
        let get = |name: &str, arguments: Json| {
            let request = GetPromptRequestParams::new(name);
            let arguments = arguments.as_object().cloned().expect("an object");
            prompts.get(&request.with_arguments(arguments))
        };
        let got = get("a__b", json!({ "id": "7\n- plan: x", "plan": "plan-001" })).expect("a prompt");
        let text = serde_json::to_string(&got.messages).expect("JSON");
        assert!(text.contains("7\\\\n- plan: x"), "a value stays one value: {text}");
        assert!(text.contains("cannot approve"));
        for wrong in [
            json!({}),
            json!({ "id": 7 }),
            json!({ "id": "7", "plan": "gold" }),
            json!({ "id": "7", "tenant_id": "other" }),
            json!({ "id": "x".repeat(5000) }),
        ] {
            assert!(get("a__b", wrong.clone()).is_err(), "{wrong}");
        }
        assert!(get(OVERVIEW, json!({ "id": "7" })).is_err());
        assert!(get("nothing", json!({})).is_err());
    }
}
