//! `synapsor config` as it was typed.

use clap::{Args, Subcommand};

use super::OutputFile;

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check the config; every problem is listed at once, with its place
    #[command(after_help = "Example:\n  synapsor config validate --config synapsor.runner.json")]
    Validate,
    /// Show what the config means: sources, contexts, capabilities and their rules
    #[command(after_help = "Examples:\n  synapsor config show\n  synapsor config show --redacted")]
    Show {
        /// Print the config's own text, with what should never have been in it taken out
        #[arg(long)]
        redacted: bool,
    },
    /// Take out of a published config what has no effect here or is refused; shows what would change, and allows nothing more
    #[command(
        after_help = "Examples:\n  synapsor config migrate\n  synapsor config migrate --write --yes\n  synapsor config migrate --output synapsor.runner.new.json\n\nNothing is written without --write or --output, nor where the config would still not be valid.\nExit codes: 0 the config is valid, or would be; 1 not confirmed; 2 a person has to mend it first"
    )]
    Migrate(MigrateConfig),
}

#[derive(Debug, Args)]
pub(crate) struct MigrateConfig {
    /// Replace the config, and keep it beside as it was
    #[arg(long, conflicts_with = "output")]
    pub(crate) write: bool,
    /// Do not ask
    #[arg(long, requires = "write")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) file: OutputFile,
}
