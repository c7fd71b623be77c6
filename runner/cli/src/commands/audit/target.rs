//! What is audited: a file, a config, the built-in example, or servers that are asked for their tools.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use synapsor_mcp::foreign::{ForeignError, tools_at_url, tools_of_command};
use synapsor_protocol::{Code, Refusal};
use synapsor_setup::audit::{EXAMPLE, EXAMPLE_NAME};

use crate::args::AuditTarget;
use crate::env;
use crate::settings::{self, Settings};

/// Most bytes of a file.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Most servers of one settings file.
const SERVERS_MAX: usize = 64;

/// The version a server is told of its client.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A document with tools, and what it is called in a report.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) document: Json,
}

pub(super) async fn read(typed: &AuditTarget, settings: &Settings) -> Result<Found, Refusal> {
    let asking = Asking { typed, settings };
    if typed.example.is_some() {
        let document = serde_json::from_str(EXAMPLE).map_err(Refusal::bug)?;
        return Ok(Found { name: EXAMPLE_NAME.to_owned(), document });
    }
    if let Some(url) = &typed.url {
        return asking.at_url("url", url).await;
    }
    if let Some((program, args)) = typed.program.split_first() {
        let name = format!("stdio:{}", Path::new(program).display());
        return asking.of_command(name, program, args, &[]).await;
    }
    if let Some(path) = &typed.mcp_config {
        return asking.of_settings(path).await;
    }
    let Some(path) = &typed.file else { return Err(Refusal::bug("no target was parsed")) };
    let text = path.to_string_lossy();
    if text.starts_with("http://") || text.starts_with("https://") {
        return asking.at_url("url", &text).await;
    }
    if text.starts_with("stdio:") {
        return Err(Refusal::new(Code::InvalidInput, "a command is not named in one word")
            .hint("write it after two dashes: `synapsor audit --stdio -- COMMAND ARGUMENT…`"));
    }
    file(path)
}

/// A list of tools, or a config, whose tools are the ones it would serve.
fn file(path: &Path) -> Result<Found, Refusal> {
    let document = json_file(path)?;
    let name = path.display().to_string();
    if document.get("version").is_some() && document.get("capabilities").is_some() {
        let config = settings::usable(path, synapsor_config::check(&settings::read_config(path)?))?;
        let tools = crate::commands::tools::listed(&config)?;
        return Ok(Found { name, document: json!({ "tools": tools }) });
    }
    Ok(Found { name, document })
}

fn json_file(path: &Path) -> Result<Json, Refusal> {
    let mut bytes = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| settings::unreadable("file", path, &error))?;
    if u64::try_from(bytes.len()).is_ok_and(|bytes| bytes > FILE_BYTES_MAX) {
        return Err(Refusal::new(
            Code::InvalidInput,
            format!("`{}` is larger than {FILE_BYTES_MAX} bytes", path.display()),
        )
        .hint("save the answer to `tools/list` alone"));
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Refusal::new(Code::InvalidInput, format!("`{}` is not JSON, at {place}", path.display()))
            .hint("expected a list of tools, a `tools/list` result, or a config")
    })
}

struct Asking<'a> {
    typed: &'a AuditTarget,
    settings: &'a Settings,
}

impl Asking<'_> {
    fn timeout(&self) -> Duration {
        Duration::from_millis(self.typed.timeout_ms)
    }

    async fn at_url(&self, name: &str, url: &str) -> Result<Found, Refusal> {
        let environment = &self.settings.environment;
        let bearer = match &self.typed.bearer_env {
            Some(variable) => Some(environment.get(variable).ok_or_else(|| {
                Refusal::new(Code::HttpAuthTokenMissing, format!("`{variable}` is not set"))
            })?),
            None => environment.get(env::AUDIT_BEARER),
        };
        let tools = tools_at_url(url, bearer, VERSION, self.timeout()).await;
        found(without_secrets(name, url), tools)
    }

    async fn of_command(
        &self,
        name: String,
        program: &OsStr,
        args: &[OsString],
        environment: &[(String, String)],
    ) -> Result<Found, Refusal> {
        found(name, tools_of_command(program, args, environment, VERSION, self.timeout()).await)
    }

    /// Every server of a client's settings, one after the other; a tool is named after its server, too.
    async fn of_settings(&self, path: &Path) -> Result<Found, Refusal> {
        let document = json_file(path)?;
        let servers = ["mcpServers", "servers"].iter().find_map(|key| document.get(*key)?.as_object());
        let Some(servers) = servers.filter(|servers| servers.len() <= SERVERS_MAX) else {
            return Err(Refusal::new(
                Code::InvalidInput,
                format!("`{}` has no `mcpServers` with up to {SERVERS_MAX} servers", path.display()),
            )
            .hint("expected a client's settings, as `synapsor mcp config` prints them"));
        };
        let mut all = Vec::new();
        for (server, entry) in servers {
            let found = self.of_entry(server, entry).await?;
            for mut tool in found.document.get("tools").and_then(Json::as_array).cloned().unwrap_or_default()
            {
                if let Some(name) = tool.get("name").and_then(Json::as_str) {
                    let name = format!("{server}/{name}");
                    tool = crate::print::document::with(tool, [("name", json!(name))]);
                }
                all.push(tool);
            }
        }
        Ok(Found { name: path.display().to_string(), document: json!({ "tools": all }) })
    }

    async fn of_entry(&self, server: &str, entry: &Json) -> Result<Found, Refusal> {
        let text = |key: &str| entry.get(key).and_then(Json::as_str);
        if let Some(url) = text("url") {
            return self.at_url(server, url).await;
        }
        let Some(program) = text("command") else {
            return Err(Refusal::new(
                Code::InvalidInput,
                format!("server `{server}` has neither a `command` nor a `url`"),
            ));
        };
        let args: Vec<OsString> = entry
            .get("args")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .map(OsString::from)
            .collect();
        let nothing = Map::new();
        let variables = entry.get("env").and_then(Json::as_object).unwrap_or(&nothing);
        let variables: Vec<(String, String)> = variables
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        self.of_command(server.to_owned(), OsStr::new(program), &args, &variables).await
    }
}

fn found(name: String, tools: Result<Vec<Json>, ForeignError>) -> Result<Found, Refusal> {
    match tools {
        Ok(tools) => Ok(Found { name, document: json!({ "tools": tools }) }),
        Err(error) => {
            tracing::debug!(?error, "a server was not audited");
            let code = if error.is_passing() { Code::McpServerUnavailable } else { Code::McpServerInvalid };
            Err(Refusal::new(code, format!("`{name}`: {error}")).hint(error.hint()))
        }
    }
}

/// A URL as it may stand in a report: without user, password and query.
fn without_secrets(name: &str, url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    match bare.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}/{path}")
        }
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn a_report_holds_no_secret_of_a_url() {
        for (url, shown) in [
            ("https://ann:hunter2@mcp.example/v1?key=hunter2#x", "https://mcp.example/v1"),
            ("https://mcp.example", "https://mcp.example/"),
            ("hunter2", "url"),
        ] {
            assert_eq!(without_secrets("url", url), shown);
        }
    }
}
