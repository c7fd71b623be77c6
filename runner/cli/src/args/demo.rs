//! `synapsor demo`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(subcommand)]
    pub(crate) command: Option<DemoCommand>,
    /// Keep the demo's files here instead of a temporary folder
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// Leave nothing behind but a ledger to look into, .synapsor/quick-demo.db; an earlier one is replaced
    #[arg(long, conflicts_with_all = ["prepare_only", "force"])]
    pub(crate) quick: bool,
    /// Say before each step what it shows
    #[arg(long, conflicts_with_all = ["quick", "prepare_only"])]
    pub(crate) guided: bool,
    /// Of the quick demo, tell every step
    #[arg(long, requires = "quick")]
    pub(crate) details: bool,
    /// Do not wait for Enter between the steps
    #[arg(long)]
    pub(crate) no_interactive: bool,
    /// Only write the database, the config and the handler, and stop
    #[arg(long, requires = "folder")]
    pub(crate) prepare_only: bool,
    /// Replace an earlier demo in that folder
    #[arg(long, visible_alias = "reset")]
    pub(crate) force: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DemoCommand {
    /// Look into the ledger that the quick demo left: the commands a person would type, and what they say
    #[command(
        after_help = "Examples:\n  synapsor demo inspect\n  synapsor demo inspect --folder ./somewhere --json"
    )]
    Inspect(InspectDemo),
}

#[derive(Debug, Args)]
pub(crate) struct InspectDemo {
    /// Where the quick demo was told to leave its ledger
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}
