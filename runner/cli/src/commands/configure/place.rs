//! Where each client keeps its servers, and in which format.

use std::path::{Path, PathBuf};

use synapsor_protocol::{Code, Environment, Refusal};

use crate::args::ClientKind;

/// The format of a client's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON, with comments where the client allows them; servers are under this key.
    Json {
        /// The key.
        group: &'static str,
    },
    /// TOML, servers under `mcp_servers`.
    Toml,
    /// A program of the user's own.
    Python,
}

pub(super) fn format(client: ClientKind) -> Format {
    match client {
        ClientKind::Vscode => Format::Json { group: "servers" },
        ClientKind::Codex => Format::Toml,
        ClientKind::OpenaiAgents => Format::Python,
        ClientKind::ClaudeDesktop | ClientKind::ClaudeCode | ClientKind::Cursor | ClientKind::Generic => {
            Format::Json { group: "mcpServers" }
        }
    }
}

/// The file the client reads: in the project where there is such a thing, else in the home folder.
pub(super) fn usual(client: ClientKind, environment: &Environment) -> Result<PathBuf, Refusal> {
    let here = |path: &str| std::path::absolute(path).map_err(Refusal::bug);
    match client {
        ClientKind::ClaudeDesktop if cfg!(target_os = "macos") => {
            home(environment, "Library/Application Support/Claude/claude_desktop_config.json")
        }
        ClientKind::ClaudeDesktop => match environment.get("XDG_CONFIG_HOME") {
            Some(folder) => Ok(PathBuf::from(folder).join("Claude/claude_desktop_config.json")),
            None => home(environment, ".config/Claude/claude_desktop_config.json"),
        },
        ClientKind::ClaudeCode => here(".mcp.json"),
        ClientKind::Cursor => here(".cursor/mcp.json"),
        ClientKind::Vscode => here(".vscode/mcp.json"),
        ClientKind::Codex => match environment.get("CODEX_HOME") {
            Some(folder) => Ok(PathBuf::from(folder).join("config.toml")),
            None => home(environment, ".codex/config.toml"),
        },
        ClientKind::OpenaiAgents | ClientKind::Generic => Err(Refusal::new(
            Code::InvalidInput,
            format!("client `{}` has no file of its own", client.as_str()),
        )
        .hint("name the file with --destination FILE")),
    }
}

/// Whose file that is, by its name: in a project, in a home folder, or as `init` writes them. Only of JSON.
pub(crate) fn client_of(file: &Path) -> Option<ClientKind> {
    let known = [
        (".mcp.json", ClientKind::ClaudeCode),
        (".cursor/mcp.json", ClientKind::Cursor),
        (".vscode/mcp.json", ClientKind::Vscode),
        ("claude_desktop_config.json", ClientKind::ClaudeDesktop),
        (".synapsor/mcp/claude-desktop.json", ClientKind::ClaudeDesktop),
        (".synapsor/mcp/cursor.json", ClientKind::Cursor),
        (".synapsor/mcp/vscode.json", ClientKind::Vscode),
        (".synapsor/mcp/generic-stdio.json", ClientKind::Generic),
    ];
    known.into_iter().find(|(name, _)| file.ends_with(name)).map(|(_, client)| client)
}

fn home(environment: &Environment, path: &str) -> Result<PathBuf, Refusal> {
    let home = environment.get("HOME").filter(|home| !home.is_empty()).ok_or_else(|| {
        Refusal::new(Code::InvalidInput, "there is no home folder: `HOME` is not set")
            .hint("name the client's file with --destination FILE")
    })?;
    Ok(PathBuf::from(home).join(path))
}
