//! `synapsor tools preview`: what a model would see, without connecting to anything but a hosted service.

use serde_json::{Value as Json, json};
use synapsor_config::Config;
use synapsor_invocation::{ToolDescription, ToolKind};
use synapsor_mcp::ToolNames;
use synapsor_protocol::{Code, Refusal};

use crate::args::Serve;
use crate::print::document::{at, with};
use crate::print::{Report, inert, table::table};
use crate::settings::Settings;
use crate::wiring;

pub(crate) async fn preview(serve: &Serve, settings: &Settings) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let described = described(settings, &config, serve.read_only).await?;
    let names = super::mcp::options(serve, &config).tool_names;
    let tools = entries(&config, &described, names)?;
    let sizes: Vec<Size> = tools.iter().map(Size::of).collect();
    let rows: Vec<_> = tools.iter().zip(&sizes).map(|(tool, size)| row(tool, *size)).collect();
    let all = sizes.iter().fold(Size::default(), |all, size| all.and(*size));
    let text = format!(
        "{}\n{} bytes in the list; about {} tokens of it reach a model, without what only the client needs",
        table(["tool", "kind", "bytes", "~tokens", "arguments", "description"], &rows),
        all.list_bytes,
        all.tokens(),
    );
    let named = tools
        .iter()
        .zip(&sizes)
        .map(|(tool, size)| with(size.document(), [("name", at(tool, "/name").clone())]));
    let sizes = with(all.document(), [("tools", json!(named.collect::<Vec<_>>()))]);
    Ok(Report::done(json!({ "tools": tools, "sizes": sizes }), text))
}

/// The tools a config serves, a hosted service's included, as clients get them that say nothing of names.
pub(crate) async fn served(settings: &Settings, config: &Config) -> Result<Vec<Json>, Refusal> {
    entries(config, &described(settings, config, false).await?, ToolNames::OpenAi)
}

async fn described(
    settings: &Settings,
    config: &Config,
    read_only: bool,
) -> Result<Vec<ToolDescription>, Refusal> {
    let Some(delegation) = wiring::delegation(settings, config).await? else {
        return Ok(synapsor_invocation::describe_tools(config, read_only));
    };
    let served = delegation.tools.into_iter();
    Ok(served.filter(|tool| !read_only || tool.kind == ToolKind::Read).collect())
}

/// The tools a config would serve by itself, as clients get them that say nothing of names.
pub(crate) fn listed(config: &Config) -> Result<Vec<Json>, Refusal> {
    entries(config, &synapsor_invocation::describe_tools(config, false), ToolNames::OpenAi)
}

/// These tools of a hosted service, likewise.
pub(crate) fn shown(config: &Config, described: &[ToolDescription]) -> Result<Vec<Json>, Refusal> {
    entries(config, described, ToolNames::OpenAi)
}

fn entries(config: &Config, described: &[ToolDescription], names: ToolNames) -> Result<Vec<Json>, Refusal> {
    synapsor_mcp::preview(described, config.result_format.into(), names)
        .map_err(|error| Refusal::new(Code::ConfigInvalid, error.to_string()))
}

/// What a tool costs before it is ever called.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    /// Of the entry as it stands in `tools/list`.
    list_bytes: usize,
    /// Of what a client hands on to a model: name, description and the schema of the arguments.
    model_bytes: usize,
}

impl Size {
    fn of(tool: &Json) -> Self {
        let told = ["/name", "/description", "/inputSchema"].map(|part| at(tool, part).to_string().len());
        Self { list_bytes: tool.to_string().len(), model_bytes: told.iter().sum() }
    }

    fn and(self, other: Self) -> Self {
        Self {
            list_bytes: self.list_bytes + other.list_bytes,
            model_bytes: self.model_bytes + other.model_bytes,
        }
    }

    /// Four bytes of JSON are about one token with the tokenizers in use.
    fn tokens(self) -> usize {
        self.model_bytes.div_ceil(4)
    }

    fn document(self) -> Json {
        json!({ "bytes": self.list_bytes, "model_bytes": self.model_bytes, "tokens_about": self.tokens() })
    }
}

fn row(tool: &Json, size: Size) -> [String; 6] {
    let text = |json: &Json| inert::text(json.as_str().unwrap_or_default());
    let required: Vec<&str> =
        at(tool, "/inputSchema/required").as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let arguments = at(tool, "/inputSchema/properties").as_object().into_iter().flat_map(|args| args.keys());
    let argument = |name: &String| {
        let optional = if required.contains(&name.as_str()) { "" } else { "?" };
        format!("{}{optional}", inert::text(name))
    };
    [
        text(at(tool, "/name")),
        if *at(tool, "/annotations/readOnlyHint") == json!(true) { "read" } else { "proposal" }.to_owned(),
        size.list_bytes.to_string(),
        size.tokens().to_string(),
        arguments.map(argument).collect::<Vec<_>>().join(", "),
        text(at(tool, "/description")),
    ]
}
