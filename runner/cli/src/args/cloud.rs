//! `synapsor cloud …` as it was typed.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Cloud {
    /// Have the hosted service check the runner token, register this runner there, and list the tools it would serve
    #[command(
        after_help = "Examples:\n  synapsor cloud connect\n  synapsor cloud connect --config synapsor.cloud.json --json\n\nWithout --config it takes synapsor.cloud.json, where that is there. Sent are ids, engines and names of capabilities, never a URL or a credential of a database.\nExit codes: 0 connected; 1 not set up, or the service says no; 3 it cannot be asked"
    )]
    Connect,
}
