//! The story in order. Each scene acts through a real client or a real command, and says what must have come of it.

use std::collections::VecDeque;
use std::ffi::OsStr;

use serde_json::{Map, Value as Json, json};
use synapsor_mcp::Client;
use synapsor_protocol::Refusal;

use super::folder::Folder;
use super::operator::{self, Answered};
use super::source;
use super::step::{Seen, Step, Told};
use crate::print::document::at;

/// Who acts.
const AGENT: &str = "agent";
const PERSON: &str = "person";
const SOMEBODY: &str = "somebody";

/// One scene.
#[derive(Clone, Copy)]
pub(super) struct Scene {
    /// A stable name.
    name: &'static str,
    /// What happens.
    title: &'static str,
    /// What it shows, and why that matters.
    pub(super) lesson: &'static str,
}

const fn scene(name: &'static str, title: &'static str, lesson: &'static str) -> Scene {
    Scene { name, title, lesson }
}

/// Every scene, in order.
pub(super) const SCENES: [Scene; 12] = [
    scene(
        "list_tools",
        "An MCP client connects and lists the tools",
        "The agent sees three business tools. None takes SQL, a table, a column or a tenant, and none approves.",
    ),
    scene(
        "read",
        "It reads one row of its tenant",
        "A read finds one row by its key, within the tenant the runner was started for, and leaves on record what was read.",
    ),
    scene(
        "refuse_trusted_value",
        "It tries to name another tenant, and is refused",
        "Tenant and principal come from the runner's own settings. An agent that names one is refused, and that is on record.",
    ),
    scene(
        "refuse_other_tenant",
        "Another tenant's row looks exactly like a row that does not exist",
        "Nobody learns by asking which rows other tenants have: the two answers are the same to the letter.",
    ),
    scene(
        "propose_declarative",
        "It asks for a change; the config's bindings compute it",
        "A proposal is an exact change, before and after, sealed by a digest. The database stays as it is.",
    ),
    scene(
        "propose_handler",
        "It asks for another; a sandboxed component computes it",
        "Where bindings are not enough, a WebAssembly component computes the change. It has no file, network or clock.",
    ),
    scene(
        "handler_refuses",
        "The component's business rule can say no",
        "A rule that says no answers with its own code, so that the agent can say why.",
    ),
    scene(
        "approve",
        "A person approves both, outside MCP",
        "No tool approves. A person does, and approves exactly the content that was shown.",
    ),
    scene(
        "apply",
        "The runner applies both: one guarded row each",
        "One transaction locks the row, compares it with what was reviewed, changes it and writes a receipt beside it.",
    ),
    scene(
        "apply_again",
        "Applying again changes nothing",
        "The receipt in the database makes a second apply harmless, also after a crash.",
    ),
    scene(
        "conflict",
        "A row that moved after the proposal is a conflict, and stays as it is",
        "What a person approved was a change to the row they saw. If it is another row by now, nothing happens.",
    ),
    scene(
        "replay",
        "The ledger tells the whole story",
        "Every event carries the digest of the one before, so that the record can be proven, not only read.",
    ),
];

/// The story under way.
pub(super) struct Story<'a> {
    folder: &'a Folder,
    client: Client,
    scenes: VecDeque<Scene>,
    proposals: Vec<String>,
}

impl<'a> Story<'a> {
    /// Starts this binary as an MCP server and connects to it.
    pub(super) async fn begin(folder: &'a Folder) -> Result<Self, Refusal> {
        let config = folder.config();
        let ledger = folder.ledger();
        let args = ["mcp", "serve", "--config"].map(OsStr::new);
        let args = [&args[..], &[config.as_os_str(), OsStr::new("--store"), ledger.as_os_str()]].concat();
        let client = Client::start(&operator::program()?, &args).await.map_err(Refusal::bug)?;
        Ok(Self { folder, client, scenes: SCENES.into(), proposals: Vec::new() })
    }

    /// Ends the session.
    pub(super) async fn end(self) {
        self.client.close().await;
    }

    /// Plays the next scene, with a look at the source before and after.
    pub(super) async fn next(&mut self) -> Option<Result<Step, Refusal>> {
        let Scene { name, title, .. } = self.scenes.pop_front()?;
        Some(self.play(name, title).await)
    }

    /// The scene after the last that was played.
    pub(super) fn coming(&self) -> Option<&Scene> {
        self.scenes.front()
    }

    async fn play(&mut self, name: &'static str, title: &'static str) -> Result<Step, Refusal> {
        let before = source::rows(&self.folder.database())?;
        let told = match name {
            "list_tools" => self.list_tools().await?,
            "read" => self.read().await?,
            "refuse_trusted_value" => self.refuse_trusted_value().await?,
            "refuse_other_tenant" => self.refuse_other_tenant().await?,
            "propose_declarative" => self.propose("billing__propose_late_fee_waiver", "INV-3001").await?,
            "propose_handler" => self.propose("billing__propose_plan_waiver", "INV-3002").await?,
            "handler_refuses" => self.handler_refuses().await?,
            "approve" => self.approve().await?,
            "apply" => self.apply().await?,
            "apply_again" => self.apply_again().await?,
            "conflict" => self.conflict().await?,
            _ => self.replay().await?,
        };
        let after = source::rows(&self.folder.database())?;
        let changed = before != after;
        let ok = told.ok && changed == matches!(name, "apply" | "conflict");
        let Told { moments, answers, .. } = told;
        Ok(Step { name, title, ok, moments, answers, source: Seen { before, after, changed } })
    }

    async fn list_tools(&self) -> Result<Told, Refusal> {
        let tools = self.client.tools().await.map_err(Refusal::bug)?;
        let listed = |tool: &synapsor_mcp::ListedTool| {
            let what = if tool.read_only { "reads" } else { "proposes; a person decides" };
            format!("{}  ({what})", tool.name)
        };
        let mut told = Told::new();
        told.expect(tools.len() == 3 && tools.iter().filter(|tool| tool.read_only).count() == 1);
        told.did(AGENT, "initialize, tools/list");
        tools.iter().for_each(|tool| told.saw(listed(tool)));
        told.answers.push(json!({
            "protocol_version": self.client.protocol_version(),
            "tools": tools.iter().map(|tool| &tool.name).collect::<Vec<_>>(),
        }));
        Ok(told)
    }

    async fn read(&self) -> Result<Told, Refusal> {
        let mut told = Told::new();
        let row = self
            .call(&mut told, "billing__inspect_invoice", json!({ "invoice_id": "INV-3001" }), false)
            .await?;
        told.expect(*at(&row, "/data/late_fee_cents") == json!(5500));
        for (column, value) in at(&row, "/data").as_object().into_iter().flatten() {
            told.saw(format!("{column:<14}  {value}"));
        }
        told.saw(format!("recorded as evidence {}", text(at(&row, "/evidence/bundle_id"))));
        Ok(told)
    }

    async fn refuse_trusted_value(&self) -> Result<Told, Refusal> {
        let mut told = Told::new();
        let arguments = json!({ "invoice_id": "INV-9001", "tenant_id": "otherco" });
        let answer = self.call(&mut told, "billing__inspect_invoice", arguments, true).await?;
        told.expect(*at(&answer, "/error/reason") == json!("MODEL_CANNOT_OVERRIDE_BINDING"));
        Ok(told)
    }

    async fn refuse_other_tenant(&self) -> Result<Told, Refusal> {
        let mut told = Told::new();
        let other = self
            .call(&mut told, "billing__inspect_invoice", json!({ "invoice_id": "INV-9001" }), true)
            .await?;
        let absent = self
            .call(&mut told, "billing__inspect_invoice", json!({ "invoice_id": "INV-0000" }), true)
            .await?;
        told.expect(*at(&other, "/error") == *at(&absent, "/error"));
        Ok(told)
    }

    async fn propose(&mut self, tool: &str, invoice: &str) -> Result<Told, Refusal> {
        let mut told = Told::new();
        let arguments = json!({ "invoice_id": invoice, "reason": "the bank confirmed its own delay" });
        let answer = self.call(&mut told, tool, arguments, false).await?;
        let id = text(at(&answer, "/proposal/id"));
        told.expect(id.starts_with("wrp_") && *at(&answer, "/source_database_changed") == json!(false));
        told.saw(format!("proposal {id}"));
        for (column, change) in at(&answer, "/proposal/diff").as_object().into_iter().flatten() {
            told.saw(format!("{column:<14}  {} -> {}", at(change, "/before"), at(change, "/proposed")));
        }
        self.proposals.push(id);
        Ok(told)
    }

    async fn handler_refuses(&self) -> Result<Told, Refusal> {
        let mut told = Told::new();
        let arguments = json!({ "invoice_id": "INV-3004", "reason": "the customer asked" });
        let answer = self.call(&mut told, "billing__propose_plan_waiver", arguments, true).await?;
        told.expect(at(&answer, "/error/handler_code").is_string());
        Ok(told)
    }

    async fn approve(&self) -> Result<Told, Refusal> {
        let mut told = Told::new();
        for id in self.proposals.clone() {
            let reason = "checked with the bank";
            let words = ["proposals", "approve", &id, "--actor", "billing.lead", "--reason", reason, "--yes"];
            let answered = self.operator(&mut told, &words, 0).await?;
            told.expect(*at(&answered.document, "/state") == json!("approved"));
            told.saw(text(at(&answered.document, "/state")));
        }
        Ok(told)
    }

    async fn apply(&self) -> Result<Told, Refusal> {
        let mut told = Told::new();
        for id in self.proposals.clone() {
            let answered = self.operator(&mut told, &["apply", &id], 0).await?;
            told.expect(*at(&answered.document, "/outcome") == json!("applied"));
            told.saw(outcome(&answered));
        }
        Ok(told)
    }

    async fn apply_again(&self) -> Result<Told, Refusal> {
        let mut told = Told::new();
        let id = self.proposals.first().cloned().unwrap_or_default();
        let answered = self.operator(&mut told, &["apply", &id], 0).await?;
        told.expect(*at(&answered.document, "/outcome") == json!("already_applied"));
        told.saw(outcome(&answered));
        Ok(told)
    }

    async fn conflict(&self) -> Result<Told, Refusal> {
        let mut told = Told::new();
        let arguments = json!({ "invoice_id": "INV-3003", "reason": "goodwill" });
        let answer = self.call(&mut told, "billing__propose_late_fee_waiver", arguments, false).await?;
        let id = text(at(&answer, "/proposal/id"));
        let words = ["proposals", "approve", &id, "--actor", "billing.lead", "--yes"];
        self.operator(&mut told, &words, 0).await?;
        source::somebody_pays(&self.folder.database(), "INV-3003")?;
        told.did(SOMEBODY, "marks INV-3003 as paid, beside the runner");
        let paid = source::rows(&self.folder.database())?;
        let answered = self.operator(&mut told, &["apply", &id], 1).await?;
        told.expect(*at(&answered.document, "/outcome") == json!("conflict"));
        told.expect(source::rows(&self.folder.database())? == paid);
        told.saw(outcome(&answered));
        Ok(told)
    }

    async fn replay(&self) -> Result<Told, Refusal> {
        let mut told = Told::new();
        let id = self.proposals.first().cloned().unwrap_or_default();
        let answered = self.operator(&mut told, &["replay", "show", &id], 0).await?;
        let events = at(&answered.document, "/events").as_array().cloned().unwrap_or_default();
        told.expect(!events.is_empty());
        let line = |event: &Json| {
            format!(
                "{}  {:<18}  by {}",
                text(at(event, "/at")),
                text(at(event, "/kind")),
                text(at(event, "/actor"))
            )
        };
        events.iter().for_each(|event| told.saw(line(event)));
        Ok(told)
    }

    /// One tool call; `refused` says whether a refusal is what must come.
    async fn call(
        &self,
        told: &mut Told,
        tool: &str,
        arguments: Json,
        refused: bool,
    ) -> Result<Json, Refusal> {
        told.did(AGENT, format!("{tool} {arguments}"));
        let arguments: Map<String, Json> = arguments.as_object().cloned().unwrap_or_default();
        let result = self.client.call(tool, arguments).await.map_err(Refusal::bug)?;
        told.expect(result.is_error == refused);
        if result.is_error {
            told.saw(self::refused(&result.content));
        }
        told.answers.push(result.content.clone());
        Ok(result.content)
    }

    /// One command; `exit` is the code that must come.
    async fn operator(&self, told: &mut Told, words: &[&str], exit: i32) -> Result<Answered, Refusal> {
        let answered = operator::run(self.folder, words).await?;
        told.expect(answered.exit == exit);
        told.did(PERSON, answered.command.clone());
        told.answers.push(answered.document.clone());
        Ok(answered)
    }
}

fn text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

fn refused(answer: &Json) -> String {
    let error = at(answer, "/error");
    let code = if at(error, "/handler_code").is_string() {
        at(error, "/handler_code")
    } else {
        at(error, "/reason")
    };
    format!("refused {}: {}", text(code), text(at(error, "/message")))
}

fn outcome(answered: &Answered) -> String {
    let code = at(&answered.document, "/receipt/code");
    let why = if code.is_null() { String::new() } else { format!(", {}", text(code)) };
    format!("{}{why} (exit code {})", text(at(&answered.document, "/outcome")), answered.exit)
}
