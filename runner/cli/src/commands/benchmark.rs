//! `synapsor benchmark`: the fixture, and with a config named one's own tools beside it.

use serde_json::{Value as Json, json};
use synapsor_protocol::Refusal;
use synapsor_setup::benchmark::{Measured, ToolsMeasured, mcp_efficiency, measure_tools};

use crate::args::Benchmark;
use crate::print::document::with;
use crate::print::{Report, style, table::table};
use crate::settings::Settings;

pub(crate) fn run(command: &Benchmark, settings: &Settings) -> Result<Report, Refusal> {
    let Benchmark::McpEfficiency = command;
    let found = mcp_efficiency().map_err(Refusal::bug)?;
    let config = settings.named_config()?;
    let own = config.map(|config| super::tools::listed(&config)).transpose()?;
    let own = own.map(|tools| measure_tools(&tools));
    let rows = rows(&found.paths.generic_database_mcp_reference, &found.paths.synapsor_runner_semantic_path);
    let mut parts = vec![
        format!("{} {}, fixture {}", style::strong("benchmark"), found.benchmark, found.fixture),
        table(["measured", "generic database tools", "capabilities"], &rows),
        plans(&found.scripted_plans.generic_database_mcp_reference, "generic database tools"),
        plans(&found.scripted_plans.synapsor_runner_semantic_path, "capabilities"),
    ];
    parts.extend(own.map(yours));
    parts.push(format!("tokens by {}\n{} {}", found.tokenizer.name, style::dim("note:"), found.note));
    let mut document: Json = serde_json::to_value(&found).map_err(Refusal::bug)?;
    if let Some(own) = own {
        document = with(document, [("configured_tools", json!(own))]);
    }
    Ok(Report::done(document, parts.join("\n\n")))
}

fn rows(generic: &Measured, semantic: &Measured) -> Vec<[String; 3]> {
    let row = |what: &str, of: &dyn Fn(&Measured) -> String| [what.to_owned(), of(generic), of(semantic)];
    let sized = |bytes: usize, tokens: usize| format!("{bytes} bytes, {tokens} tokens");
    let said = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    vec![
        row("tools a model is shown", &|path| path.exposed_tools.to_string()),
        row("list of tools", &|path| {
            sized(path.serialized_tools_list_bytes, path.serialized_tools_list_tokens)
        }),
        row("schema to know besides", &|path| sized(path.schema_context_bytes, path.schema_context_tokens)),
        row("business results", &|path| sized(path.business_result_bytes, path.business_result_tokens)),
        row("calls of the script", &|path| path.scripted_tool_calls.to_string()),
        row("raw SQL exposed", &|path| said(path.exposes_raw_sql)),
        row("write credential exposed", &|path| said(path.exposes_write_credentials)),
        row("approval separated", &|path| said(path.approval_separated)),
        row("stale row noticed", &|path| said(path.stale_row_conflict_checked)),
    ]
}

fn plans(steps: &[String], title: &str) -> String {
    let lines = steps.iter().enumerate().map(|(at, step)| format!("  {}. {step}", at + 1));
    format!("{}\n{}", style::strong(title), lines.collect::<Vec<_>>().join("\n"))
}

fn yours(own: ToolsMeasured) -> String {
    let rows = [
        ["the whole list".to_owned(), own.listed.bytes.to_string(), own.listed.tokens.to_string()],
        [
            "what a model is given of it".to_owned(),
            own.to_model.bytes.to_string(),
            own.to_model.tokens.to_string(),
        ],
    ];
    format!(
        "{}: {}\n{}",
        style::strong("the config's own tools"),
        own.exposed_tools,
        table(["measured", "bytes", "tokens"], &rows)
    )
}
