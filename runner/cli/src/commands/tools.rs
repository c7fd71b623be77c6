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
    let rows: Vec<_> = tools.iter().map(row).collect();
    let text = table(["tool", "kind", "arguments", "description"], &rows);
    Ok(Report::done(json!({ "tools": tools }), text))
}

fn row(tool: &Json) -> [String; 4] {
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
        arguments.map(argument).collect::<Vec<_>>().join(", "),
        text(at(tool, "/description")),
    ]
}
