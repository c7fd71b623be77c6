//! `synapsor mcp` and `synapsor tools` as they were typed.

use clap::{Args, Subcommand, ValueEnum};

use super::{Audit, Configure, ServeHttp, ServeMcp};

#[derive(Debug, Subcommand)]
pub(crate) enum Mcp {
    /// Serve MCP over stdio, or over HTTP
    #[command(
        after_help = "Examples:\n  synapsor mcp serve --config /srv/app/synapsor.runner.json\n  synapsor mcp serve --transport streamable-http --dev-no-auth"
    )]
    Serve(Box<ServeMcp>),
    /// Serve MCP over Streamable HTTP, like `serve --transport streamable-http`
    #[command(
        after_help = "Example:\n  synapsor mcp serve-streamable-http --host 0.0.0.0 --allow-host runner.example --tls-cert chain.pem --tls-key key.pem"
    )]
    ServeStreamableHttp(Box<ServeHttp>),
    /// Serve the tools as plain JSON-RPC over HTTP, for programs that are no MCP clients
    #[command(after_help = "Example:\n  synapsor mcp serve-http --dev-no-auth")]
    ServeHttp(Box<ServeHttp>),
    /// Print what a client has to know to reach this runner, or merge it into the client's file
    #[command(
        visible_alias = "configure",
        after_help = "Examples:\n  synapsor mcp config --client claude-desktop\n  synapsor mcp config --client cursor --write\n  synapsor mcp config --client codex --url https://runner.example/mcp --write\n\nPaths are absolute. Variables are named, never their values. Before a file is changed, it is kept beside as it was."
    )]
    Config(Configure),
    /// Like `synapsor audit`
    #[command(after_help = "Example:\n  synapsor mcp audit --example dangerous-db-mcp")]
    Audit(Box<Audit>),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Serve read capabilities only
    #[arg(long)]
    pub(crate) read_only: bool,
    /// How tools are named on the wire: billing__inspect_invoice, billing.inspect_invoice, or each twice
    #[arg(long, visible_alias = "tool-name-style", value_enum, default_value_t = AliasMode::Openai, value_name = "HOW")]
    pub(crate) alias_mode: AliasMode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AliasMode {
    // The capability's own name. Doc comments here would unfold the whole help.
    Canonical,
    // Letters, digits, `_` and `-`: every client accepts them.
    Openai,
    // One tool under each name.
    Both,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tools {
    /// List the tools with their arguments, without connecting to anything but, in cloud mode, the hosted service
    #[command(after_help = "Example:\n  synapsor tools preview --json")]
    Preview(Serve),
}
