//! `synapsor apply` and `synapsor writeback` as they were typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use synapsor_protocol::LOCAL_PROJECT;

use super::Reference;

#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["proposal", "job", "all_approved"]),
    group = clap::ArgGroup::new("many").arg("all_approved")
)]
pub(crate) struct Apply {
    /// Proposal id, an unambiguous prefix of it, or `latest`
    #[arg(value_name = "PROPOSAL")]
    pub(crate) proposal: Option<String>,
    /// Carry out a job document that was handed over; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) job: Option<PathBuf>,
    /// Settle what is unsettled, then apply every approved proposal, oldest first
    #[arg(long)]
    pub(crate) all_approved: bool,
    /// Say what would happen, and change nothing anywhere
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The name to carry a job out under [default: $SYNAPSOR_RUNNER_ID]
    #[arg(long, value_name = "NAME", requires = "job")]
    pub(crate) runner: Option<String>,
    /// The project to carry a job out for [default: local]
    #[arg(long, value_name = "NAME", requires = "job")]
    pub(crate) project: Option<String>,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

/// How long many applies wait for what may pass: a lock, a source that is away.
#[derive(Debug, Args)]
pub(crate) struct Patience {
    /// With many proposals, how many seconds of pauses what may pass is tried again for; 0 tries once
    #[arg(long, value_name = "SECONDS", requires = "many", default_value_t = 30, value_parser = clap::value_parser!(u16).range(..=3600))]
    pub(crate) retry_seconds: u16,
}

impl Apply {
    /// The project a job has to be for.
    pub(crate) fn project(&self) -> &str {
        self.project.as_deref().unwrap_or(LOCAL_PROJECT)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Reconcile {
    /// List the applies whose outcome the ledger does not know, oldest first
    #[command(after_help = "Example:\n  synapsor writeback reconcile list")]
    List,
    /// Show what the ledger and the source each say about an apply, and what follows
    #[command(after_help = "Example:\n  synapsor writeback reconcile inspect latest")]
    Inspect(Reference),
    /// Run the same job again under the same key: it finds the source's receipt, or carries the job out
    #[command(
        after_help = "Examples:\n  synapsor writeback reconcile resolve wrp_3f2a\n  synapsor writeback reconcile resolve --all"
    )]
    Resolve(Resolve),
}

#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["proposal", "all"]),
    group = clap::ArgGroup::new("many").arg("all")
)]
pub(crate) struct Resolve {
    /// Proposal id, an unambiguous prefix of it, or `latest`
    #[arg(value_name = "PROPOSAL")]
    pub(crate) proposal: Option<String>,
    /// Every one that `list` shows
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) patience: Patience,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Writeback {
    #[command(flatten)]
    Prepare(Prepare),
    /// Find, look at and settle applies whose outcome the ledger does not know
    #[command(subcommand)]
    Reconcile(Reconcile),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Prepare {
    /// Look at everything an apply needs in the source, and say what is missing and how to mend it; changes nothing
    #[command(
        after_help = "Examples:\n  synapsor writeback doctor\n  synapsor writeback doctor --source app --json\n\nExit codes: 0 nothing stands in the way; 1 something does; 3 a source cannot be reached"
    )]
    Doctor(Administered),
    /// Print the statement that makes the receipts table, for an administrator to run
    #[command(after_help = "Example:\n  synapsor writeback migration --source app | psql \"$ADMIN_URL\"")]
    Migration(OneSource),
    /// Print the rights the writing credential needs, and no more, as GRANT statements
    #[command(after_help = "Example:\n  synapsor writeback grants --source app --role app_writer")]
    Grants(Administered),
}

#[derive(Debug, Args)]
pub(crate) struct OneSource {
    /// Only this source
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Administered {
    #[command(flatten)]
    pub(crate) only: OneSource,
    /// The writing role in printed statements [default: the user of the write URL, or synapsor_writer]
    #[arg(long, value_name = "NAME")]
    pub(crate) role: Option<String>,
}
