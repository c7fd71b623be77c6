//! What was typed for `audit`: whose tools to look at, and what to make of what is found.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::OutputFile;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) command: Option<AuditCommand>,
    #[command(flatten)]
    pub(crate) target: AuditTarget,
    /// How to print the report; `--json` is the same as `json`
    #[arg(long, value_enum, default_value_t = AuditFormat::Text, value_name = "FORMAT")]
    pub(crate) format: AuditFormat,
    /// Exit with 1 where a finding is as bad as this, or worse
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<Severity>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Draft a disabled capability for every tool that changes data or decides
    #[command(
        after_help = "Examples:\n  synapsor audit generate tools.json\n  synapsor audit generate --example dangerous-db-mcp --output drafts.json\n\nA draft serves nothing: it is no config, and lists what a person has to decide."
    )]
    Generate(Generate),
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    #[command(flatten)]
    pub(crate) target: AuditTarget,
    #[command(flatten)]
    pub(crate) file: OutputFile,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("target").required(true).args(["file", "example", "stdio", "url", "mcp_config"]))]
pub(crate) struct AuditTarget {
    /// A saved list of tools, or a config
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The built-in example
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) example: Option<Example>,
    /// Start the command after `--` and ask it for its tools
    #[arg(long, requires = "program")]
    pub(crate) stdio: bool,
    /// Ask the server at this URL
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Every server in a client's settings file; those with a command are started
    #[arg(long, value_name = "FILE")]
    pub(crate) mcp_config: Option<PathBuf>,
    /// The variable that holds the token for a URL [default: SYNAPSOR_MCP_AUDIT_BEARER]
    #[arg(long, value_name = "NAME")]
    pub(crate) bearer_env: Option<String>,
    /// How long a server may take to list its tools, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pub(crate) timeout_ms: u64,
    /// The command and its arguments
    #[arg(last = true, value_name = "COMMAND", requires = "stdio")]
    pub(crate) program: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Example {
    #[value(name = "dangerous-db-mcp")]
    DangerousDbMcp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditFormat {
    Text,
    Json,
    // A page to share. Doc comments here would unfold the whole help.
    Markdown,
    // SARIF 2.1.0, for code hosts.
    Sarif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Severity {
    Low,
    Medium,
    High,
}
