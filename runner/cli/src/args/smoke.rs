//! What was typed for `smoke`: a call to try, or the boundary to check.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Smoke {
    /// Call a capability here, through the same runtime as an MCP client; its name where there are several
    #[command(
        after_help = "Examples:\n  synapsor smoke call --sample\n  synapsor smoke call billing.inspect_invoice --args '{\"invoice_id\":\"INV-3001\"}'"
    )]
    Call(SmokeCall),
    /// Check that no tool runs SQL, approves, applies, or shows a URL or a credential; connects to nothing but, in cloud mode, the hosted service
    #[command(
        after_help = "Example:\n  synapsor smoke boundary\n\nExit codes: 0 everything holds; 1 something does not"
    )]
    Boundary,
}

#[derive(Debug, Args)]
pub(crate) struct SmokeCall {
    /// The capability's own name, as in the config
    pub(crate) capability: Option<String>,
    /// The arguments as a JSON object
    #[arg(long, value_name = "JSON", conflicts_with_all = ["input", "sample"], required_unless_present_any = ["input", "sample"])]
    pub(crate) args: Option<String>,
    /// A file with the arguments as a JSON object; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "sample")]
    pub(crate) input: Option<PathBuf>,
    /// Make up arguments of the declared form
    #[arg(long)]
    pub(crate) sample: bool,
}
