//! `synapsor propose` and `synapsor proposals` as they were typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use synapsor_protocol::LOCAL_PROJECT;

use super::ListProposals;

#[derive(Debug, Args)]
pub(crate) struct Propose {
    /// The capability's own name, as in the config
    pub(crate) capability: String,
    #[command(flatten)]
    pub(crate) given: CallArguments,
}

/// What a call is made with, in one of three ways.
#[derive(Debug, Args)]
pub(crate) struct CallArguments {
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

#[derive(Debug, Subcommand)]
pub(crate) enum Proposals {
    /// List proposals, newest first
    #[command(
        after_help = "Examples:\n  synapsor proposals list --state pending_review\n  synapsor proposals list --tenant acme --object invoice:INV-3001 --from 7d"
    )]
    List(Box<ListProposals>),
    /// Show one proposal and its exact change
    #[command(after_help = "Example:\n  synapsor proposals show latest")]
    Show(Reference),
    /// Approve a proposal: exactly the content shown
    #[command(
        after_help = "Example:\n  synapsor proposals approve latest --reason \"checked with the bank\""
    )]
    Approve(Decide),
    /// Reject a proposal; a reason is required
    #[command(after_help = "Example:\n  synapsor proposals reject latest --reason \"wrong invoice\"")]
    Reject(Decide),
    /// Hand the job of an approved proposal to a runner, as a document with a lease
    #[command(
        after_help = "Example:\n  synapsor proposals writeback-job latest --runner worker-7 --output job.json"
    )]
    WritebackJob(HandOver),
}

#[derive(Debug, Args)]
pub(crate) struct HandOver {
    #[command(flatten)]
    pub(crate) reference: Reference,
    /// The project the job is for
    #[arg(long, value_name = "NAME", default_value = LOCAL_PROJECT)]
    pub(crate) project: String,
    /// The only runner that may carry it out [default: $SYNAPSOR_RUNNER_ID]
    #[arg(long, value_name = "NAME")]
    pub(crate) runner: Option<String>,
    /// How long it may be carried out, from 15 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(15..=3600))]
    pub(crate) lease_seconds: u32,
    /// Write the document to this new file instead of printing it
    #[arg(long, visible_alias = "out", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Reference {
    /// Proposal id, an unambiguous prefix of it, or `latest`
    #[arg(value_name = "PROPOSAL")]
    pub(crate) proposal: String,
}

#[derive(Debug, Args)]
pub(crate) struct Decide {
    #[command(flatten)]
    pub(crate) reference: Reference,
    /// Who decides [default: $USER]
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// The digest that was reviewed; refused when the stored content is another
    #[arg(long, value_name = "SHA256")]
    pub(crate) digest: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}
