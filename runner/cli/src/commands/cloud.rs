//! `synapsor cloud connect`: whether the hosted service knows this runner, and what it would have it serve.
//!
//! Invariant: neither the URL nor the token is printed; the variables that hold them are.

use std::path::Path;

use serde_json::json;
use synapsor_cloud::{LeftOut, Registration};
use synapsor_config::{Cloud, Config};
use synapsor_invocation::{ToolDescription, ToolKind};
use synapsor_protocol::{Code, Refusal};

use crate::args;
use crate::env;
use crate::next::After;
use crate::print::{Report, inert, style, table::table};
use crate::settings::Settings;
use crate::wiring;

/// The config's name when none is given, where it is there.
pub(super) const CONFIG_FILE: &str = "synapsor.cloud.json";

/// What stands in an example until somebody names their own source.
pub(super) const NO_SOURCE: &str = "src_replace_me";

pub(crate) async fn run(command: args::Cloud, settings: &Settings) -> Result<Report, Refusal> {
    match command {
        args::Cloud::Connect => connect(&settings.usually_of(Path::new(CONFIG_FILE))).await,
    }
}

async fn connect(settings: &Settings) -> Result<Report, Refusal> {
    let config = settings.config()?;
    let (Some(service), Some(cloud)) = (wiring::service(settings, &config, u64::MAX)?, &config.cloud) else {
        let message = "the config is not one of cloud mode: a hosted service has no part in it";
        return Err(Refusal::new(Code::CloudNotConfigured, message)
            .hint("name another one with --config; docs/guides/cloud.md shows one"));
    };
    let registration = registration(settings, cloud)?;
    let connected = service.connect(&registration).await?;
    let (delegation, left_out) = service.adapter().await?;
    Ok(told(&config, cloud, &registration, connected.token_checked, &delegation.tools, &left_out))
}

/// The service's id of the source this runner is for, where somebody put in their own.
pub(super) fn source_id<'a>(settings: &'a Settings, cloud: &'a Cloud) -> Option<&'a str> {
    let source_id = cloud.source_id.as_deref().or_else(|| settings.environment.get(env::SOURCE_ID));
    source_id.filter(|id| *id != NO_SOURCE)
}

fn registration(settings: &Settings, cloud: &Cloud) -> Result<Registration, Refusal> {
    let Some(source_id) = source_id(settings, cloud) else {
        return Err(Refusal::new(Code::CloudNotConfigured, "nothing says which source this runner is for")
            .hint("set `cloud.source_id` in the config to the source the runner token is for"));
    };
    Ok(Registration {
        runner_id: cloud.runner_id.clone().unwrap_or_else(|| settings.runner_id()),
        runner_version: cloud.runner_version.clone().unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
        project_id: cloud.project_id.clone(),
        source_id: source_id.to_owned(),
        engines: cloud.engines.clone(),
        capabilities: cloud.capabilities.clone(),
    })
}

fn told(
    config: &Config,
    cloud: &Cloud,
    registration: &Registration,
    token_checked: bool,
    tools: &[ToolDescription],
    left_out: &[LeftOut],
) -> Report {
    let rows: Vec<_> = tools
        .iter()
        .map(|tool| [inert::text(&tool.name), kind(tool.kind).to_owned(), inert::text(&tool.description)])
        .collect();
    let mut lines = vec![format!(
        "connected as {} for source {}; the service is in ${}, the token in ${}",
        inert::text(&registration.runner_id),
        inert::text(&registration.source_id),
        cloud.base_url_env,
        cloud.runner_token_env
    )];
    if !token_checked {
        lines.push(
            "the service has no place to check a token; registering was let through with it".to_owned(),
        );
    }
    lines.push(format!("\n{}", table(["tool", "kind", "description"], &rows)));
    for LeftOut { tool, reasons } in left_out {
        let reasons = inert::text(&reasons.join("; "));
        lines.push(format!("{} {}: {reasons}", style::dim("not served:"), inert::text(tool)));
    }
    let named = |tool: &ToolDescription| json!({ "name": tool.name, "kind": kind(tool.kind) });
    let not_served = |LeftOut { tool, reasons }: &LeftOut| json!({ "tool": tool, "reasons": reasons });
    let document = json!({
        "runner_id": registration.runner_id,
        "runner_version": registration.runner_version,
        "project_id": registration.project_id,
        "source_id": registration.source_id,
        "adapter_id": cloud.adapter_id,
        "token_checked": token_checked,
        "mode": config.mode,
        "tools": tools.iter().map(named).collect::<Vec<_>>(),
        "not_served": left_out.iter().map(not_served).collect::<Vec<_>>(),
    });
    Report::done(document, lines.join("\n")).next(After::CloudConnected, "")
}

fn kind(kind: ToolKind) -> &'static str {
    match kind {
        ToolKind::Read => "read",
        ToolKind::Proposal => "proposal",
    }
}
