//! What was typed for `mcp config`: which client, and where its settings go.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::AliasMode;

/// The server's name in a client, where none is given.
const SERVER_NAME: &str = "synapsor";
/// The variable with the token for a URL, likewise.
const TOKEN_ENV: &str = crate::env::HTTP_TOKEN;

#[derive(Debug, Args)]
pub(crate) struct Configure {
    /// The client
    #[arg(long, value_enum, value_name = "CLIENT")]
    pub(crate) client: ClientKind,
    /// The server's name in the client
    #[arg(long, value_name = "NAME", default_value = SERVER_NAME, value_parser = server_name)]
    pub(crate) name: String,
    /// Connect to a server that runs at this URL, instead of having the client start one
    #[arg(long, value_name = "URL", conflicts_with_all = ["read_only", "alias_mode"])]
    pub(crate) url: Option<String>,
    /// The variable from which the client takes the token for that URL
    #[arg(long, value_name = "NAME", default_value = TOKEN_ENV, requires = "url")]
    pub(crate) token_env: String,
    /// Serve read capabilities only
    #[arg(long)]
    pub(crate) read_only: bool,
    /// How tools are named on the wire: billing__inspect_invoice, billing.inspect_invoice, or each twice
    #[arg(long, visible_alias = "tool-name-style", value_enum, default_value_t = AliasMode::Openai, value_name = "HOW")]
    pub(crate) alias_mode: AliasMode,
    /// Merge it into the client's file, after a backup, instead of printing it
    #[arg(long)]
    pub(crate) write: bool,
    /// The client's file, where it is not the usual one
    #[arg(long, value_name = "FILE", requires = "write")]
    pub(crate) destination: Option<PathBuf>,
}

impl Configure {
    /// What is meant where nothing but the client is said.
    pub(crate) fn usual(client: ClientKind) -> Self {
        Self {
            client,
            name: SERVER_NAME.to_owned(),
            url: None,
            token_env: TOKEN_ENV.to_owned(),
            read_only: false,
            alias_mode: AliasMode::Openai,
            write: false,
            destination: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClientKind {
    ClaudeDesktop,
    ClaudeCode,
    Cursor,
    Vscode,
    Codex,
    OpenaiAgents,
    #[value(alias = "generic-stdio")]
    Generic,
}

impl ClientKind {
    /// Its name on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "claude-desktop",
            Self::ClaudeCode => "claude-code",
            Self::Cursor => "cursor",
            Self::Vscode => "vscode",
            Self::Codex => "codex",
            Self::OpenaiAgents => "openai-agents",
            Self::Generic => "generic",
        }
    }
}

/// A name every client takes, and puts before each tool's.
fn server_name(text: &str) -> Result<String, String> {
    let fits = (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if fits { Ok(text.to_owned()) } else { Err("expected 1 to 32 letters, digits, `_` or `-`".to_owned()) }
}
