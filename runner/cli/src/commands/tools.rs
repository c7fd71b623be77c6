//! `synapsor tools preview`: what a model would see, without connecting to anything.

use serde_json::{Value as Json, json};
use synapsor_protocol::{Code, Refusal};

use crate::args::Serve;
use crate::print::{Report, document::at, inert, table::table};
use crate::settings::Settings;

pub(crate) fn preview(serve: &Serve, settings: &Settings) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let described = synapsor_invocation::describe_tools(&config, serve.read_only);
    let names = super::mcp::options(serve).tool_names;
    let tools = synapsor_mcp::preview(&described, config.result_format.into(), names)
        .map_err(|error| Refusal::new(Code::ConfigInvalid, error.to_string()))?;
    let sizes: Vec<Size> = tools.iter().map(Size::of).collect();
    let rows: Vec<_> = tools.iter().zip(&sizes).map(|(tool, size)| row(tool, *size)).collect();
    let all = sizes.iter().fold(Size::default(), |all, size| all.and(*size));
    let text = format!(
        "{}\n{} {}, about {} tokens in all",
        table(["tool", "kind", "bytes", "~tokens", "arguments", "description"], &rows),
        all.bytes,
        if all.bytes == 1 { "byte" } else { "bytes" },
        all.tokens(),
    );
    let named = tools.iter().zip(&sizes).map(|(tool, size)| {
        json!({ "name": at(tool, "/name"), "bytes": size.bytes, "tokens_about": size.tokens() })
    });
    let sizes =
        json!({ "bytes": all.bytes, "tokens_about": all.tokens(), "tools": named.collect::<Vec<_>>() });
    Ok(Report::done(json!({ "tools": tools, "sizes": sizes }), text))
}

/// What a tool costs a model's context before it is ever called.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    bytes: usize,
}

impl Size {
    /// Of the entry as it stands in `tools/list`.
    fn of(tool: &Json) -> Self {
        Self { bytes: tool.to_string().len() }
    }

    fn and(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes }
    }

    /// Four bytes of JSON are about one token with the tokenizers in use; clients that leave out schemas send less.
    fn tokens(self) -> usize {
        self.bytes.div_ceil(4)
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
        size.bytes.to_string(),
        size.tokens().to_string(),
        arguments.map(argument).collect::<Vec<_>>().join(", "),
        text(at(tool, "/description")),
    ]
}
