//! Prompts, made from the config: the ones it has itself, how to use the tools that are served, and a playbook for each.
//!
//! A person picks a prompt in their client; it puts a request into words. What a tool then may do is the tool's own business.
//!
//! Invariant: what is built in here names nothing that `tools/list` does not name to the same caller.
//!
//! Modules in reading order.

mod arguments;
mod playbook;

use rmcp::model::{GetPromptRequestParams, GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};
use synapsor_invocation::{ConfiguredPrompt, OVERVIEW_PROMPT, PromptPart, ToolDescription};

use arguments::{Argument, given};
use playbook::{Playbook, overview};

use crate::instructions::Kept;

/// Most values one completion answers, as the protocol has it.
const VALUES_MAX: usize = 100;

/// What the prompt about all tools is for.
const OVERVIEW_PURPOSE: &str = "What the tools here do, and what becomes of a proposal.";

/// What is served.
#[derive(Debug, PartialEq)]
pub(crate) struct Prompts {
    own: Vec<Own>,
    playbooks: Vec<Playbook>,
    kept: Kept,
}

/// A prompt of the config's own.
#[derive(Debug, PartialEq)]
struct Own {
    name: String,
    title: Option<String>,
    description: Option<String>,
    arguments: Vec<Argument>,
    template: Vec<PromptPart>,
}

/// Why a prompt or a completion is refused, safe to show.
pub(crate) type Unfit = String;

/// Whether a caller sees the capability of this name.
pub(crate) type Sees<'a> = &'a dyn Fn(&str) -> bool;

impl Prompts {
    /// The prompts of the config, and of these tools under the names they are listed by.
    pub(crate) fn new<'a>(
        own: &[ConfiguredPrompt],
        tools: impl Iterator<Item = (&'a ToolDescription, &'a str)>,
        kept: Kept,
    ) -> Self {
        Self {
            own: own.iter().map(Own::new).collect(),
            playbooks: tools.map(|(tool, exposed)| Playbook::new(tool, exposed)).collect(),
            kept,
        }
    }

    /// The entries of `prompts/list`.
    pub(crate) fn list(&self, sees: Sees<'_>) -> Vec<Prompt> {
        let all =
            Prompt::new(OVERVIEW_PROMPT, Some(OVERVIEW_PURPOSE), None).with_title("How to use these tools");
        let own = self.own.iter().map(Own::listed);
        let playbooks = self.playbooks.iter().filter(|playbook| sees(playbook.capability()));
        own.chain([all]).chain(playbooks.map(Playbook::listed)).collect()
    }

    /// The messages of one prompt.
    pub(crate) fn get(
        &self,
        request: &GetPromptRequestParams,
        sees: Sees<'_>,
    ) -> Result<GetPromptResult, Unfit> {
        let values = given(self.arguments(&request.name, sees)?, request.arguments.as_ref())?;
        let (description, text) = match self.find(&request.name, sees)? {
            Found::Overview => {
                let seen = self.playbooks.iter().filter(|playbook| sees(playbook.capability()));
                (Some(OVERVIEW_PURPOSE), overview(seen, self.kept))
            }
            Found::Own(own) => (own.description.as_deref(), own.text(&values)),
            Found::Playbook(playbook) => (Some(playbook.description()), playbook.text(&values)),
        };
        let result = GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]);
        Ok(match description {
            Some(description) => result.with_description(description),
            None => result,
        })
    }

    /// The declared values of a prompt's argument that begin like this; none where nothing is declared.
    pub(crate) fn complete(
        &self,
        prompt: &str,
        argument: &str,
        start: &str,
        sees: Sees<'_>,
    ) -> Result<Completion, Unfit> {
        let argument = self
            .arguments(prompt, sees)?
            .iter()
            .find(|known| known.name == argument)
            .ok_or_else(|| "the prompt has no such argument".to_owned())?;
        let mut values: Vec<String> =
            argument.allowed.iter().flatten().filter(|value| value.starts_with(start)).cloned().collect();
        let total = values.len();
        values.truncate(VALUES_MAX);
        Ok(Completion { values, total })
    }

    fn arguments(&self, name: &str, sees: Sees<'_>) -> Result<&[Argument], Unfit> {
        Ok(match self.find(name, sees)? {
            Found::Overview => &[],
            Found::Own(own) => &own.arguments,
            Found::Playbook(playbook) => playbook.arguments(),
        })
    }

    fn find(&self, name: &str, sees: Sees<'_>) -> Result<Found<'_>, Unfit> {
        if name == OVERVIEW_PROMPT {
            return Ok(Found::Overview);
        }
        let own = self.own.iter().find(|own| own.name == name).map(Found::Own);
        let playbook = || {
            let mut seen = self.playbooks.iter().filter(|playbook| sees(playbook.capability()));
            seen.find(|playbook| playbook.tool() == name).map(Found::Playbook)
        };
        own.or_else(playbook).ok_or_else(|| "no prompt of that name is served: list the prompts".to_owned())
    }
}

/// The prompt a name means.
enum Found<'a> {
    Overview,
    Own(&'a Own),
    Playbook(&'a Playbook),
}

/// What a completion answers.
#[derive(Debug, PartialEq)]
pub(crate) struct Completion {
    /// A hundred at most.
    pub(crate) values: Vec<String>,
    /// How many there are.
    pub(crate) total: usize,
}

impl Own {
    fn new(prompt: &ConfiguredPrompt) -> Self {
        Self {
            name: prompt.name.clone(),
            title: prompt.title.clone(),
            description: prompt.description.clone(),
            arguments: prompt.arguments.iter().map(Argument::of_prompt).collect(),
            template: prompt.template.clone(),
        }
    }

    fn listed(&self) -> Prompt {
        let listed = Prompt::new(&self.name, self.description.as_deref(), Some(listed(&self.arguments)));
        match &self.title {
            Some(title) => listed.with_title(title),
            None => listed,
        }
    }

    /// The template with the values in it, each a JSON text, so that a value stays one value. Nothing stands where none was
    /// given.
    fn text(&self, given: &[(&str, &str)]) -> String {
        let part = |part: &PromptPart| match part {
            PromptPart::Text(text) => text.clone(),
            PromptPart::Argument(name) => {
                let value = given.iter().find(|(known, _)| known == name);
                value.map(|(_, value)| serde_json::Value::from(*value).to_string()).unwrap_or_default()
            }
        };
        self.template.iter().map(part).collect()
    }
}

/// The arguments as `prompts/list` has them.
fn listed(arguments: &[Argument]) -> Vec<PromptArgument> {
    let each = arguments.iter().map(|argument| {
        let mut listed = PromptArgument::new(&argument.name).with_required(argument.required);
        listed.description.clone_from(&argument.description);
        listed
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use synapsor_invocation::{ToolKind, ToolOrigin};

    use super::*;

    const ALL: Sees<'static> = &|_| true;
    const NONE: Sees<'static> = &|_| false;

    fn prompts(values: usize) -> Prompts {
        prompts_of(values, Kept::Here)
    }

    fn prompts_of(values: usize, kept: Kept) -> Prompts {
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
            scopes: Vec::new(),
            origin: ToolOrigin::Table {
                source: String::new(),
                engine: synapsor_protocol::Engine::Sqlite,
                table: String::new(),
            },
        };
        Prompts::new(&[], [(&tool, "a__b")].into_iter(), kept)
    }

    #[test]
    fn only_declared_values_are_completed_and_a_hundred_at_most() {
        let prompts = prompts(150);
        let all = prompts.complete("a__b", "plan", "", ALL).expect("completed");
        assert_eq!((all.values.len(), all.total), (100, 150));
        let some = prompts.complete("a__b", "plan", "plan-14", ALL).expect("completed");
        assert_eq!((some.values.len(), some.total), (10, 10));
        assert_eq!(prompts.complete("a__b", "id", "", ALL).expect("completed").values, Vec::<String>::new());
        for (prompt, argument) in [("a__b", "other"), ("a.b", "plan"), (OVERVIEW_PROMPT, "plan"), ("", "")] {
            assert!(prompts.complete(prompt, argument, "", ALL).is_err(), "{prompt} {argument}");
        }
    }

    #[test]
    fn a_prompt_takes_its_declared_arguments_and_no_other() {
        let prompts = prompts(2);
        let get = |name: &str, arguments: Json| {
            let request = GetPromptRequestParams::new(name);
            let arguments = arguments.as_object().cloned().expect("an object");
            prompts.get(&request.with_arguments(arguments), ALL)
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
        assert!(get(OVERVIEW_PROMPT, json!({ "id": "7" })).is_err());
        assert!(get("nothing", json!({})).is_err());
    }

    #[test]
    fn where_a_service_keeps_the_records_nobody_is_sent_to_look_for_them_here() {
        let told = |kept| {
            let got = prompts_of(2, kept).get(&GetPromptRequestParams::new(OVERVIEW_PROMPT), ALL);
            serde_json::to_string(&got.expect("the overview").messages).expect("JSON")
        };
        let here = told(Kept::Here);
        assert!(here.contains("`synapsor://proposals/`") && here.contains("a__b"), "{here}");
        let by_service = told(Kept::ByService);
        assert!(!by_service.contains("synapsor://"), "{by_service}");
        assert!(by_service.contains("in the service") && by_service.contains("a__b"), "{by_service}");
        assert!(!Kept::ByService.instructions().contains("returns the waiting proposal"));
    }

    #[test]
    fn a_tool_that_a_caller_does_not_see_is_in_no_prompt() {
        let prompts = prompts(2);
        let names: Vec<String> = prompts.list(NONE).into_iter().map(|prompt| prompt.name).collect();
        assert_eq!(names, [OVERVIEW_PROMPT]);
        assert!(prompts.get(&GetPromptRequestParams::new("a__b"), NONE).is_err());
        assert!(prompts.complete("a__b", "plan", "", NONE).is_err());
        let told = prompts.get(&GetPromptRequestParams::new(OVERVIEW_PROMPT), NONE).expect("the overview");
        assert!(!serde_json::to_string(&told.messages).expect("JSON").contains("a__b"));
    }
}
