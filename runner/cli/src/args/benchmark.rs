//! What was typed for `benchmark`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Benchmark {
    /// Compare what a model has to read: generic database tools against two capabilities, in one fixture
    #[command(
        after_help = "Examples:\n  synapsor benchmark mcp-efficiency\n  synapsor benchmark mcp-efficiency --json\n  synapsor benchmark mcp-efficiency --config synapsor.runner.json\n\nOffline and the same every time. With --config the tools of that config are measured beside."
    )]
    McpEfficiency,
}
