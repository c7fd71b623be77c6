//! `synapsor executor …` as it was typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Reference;

#[derive(Debug, Subcommand)]
pub(crate) enum Executor {
    /// Ask executors whether they are there, believe this runner, and are ready; nothing is carried out
    #[command(
        after_help = "Examples:\n  synapsor executor check\n  synapsor executor check refunds_api --json\n\nExit codes: 0 each is ready; 1 one turns this runner away or is not set up; 3 one is not there"
    )]
    Check(CheckExecutors),
    /// Have an executor try again what it did not carry out: approves the proposal once more, by the approval it has
    #[command(
        after_help = "Example:\n  synapsor executor retry wrp_3f2a --reason \"the customer's account is open again\"\n  synapsor apply wrp_3f2a\n\nOnly what ended in a conflict or failed is tried again; a success is final, and an unknown outcome is for `writeback reconcile`."
    )]
    Retry(RetryExecutor),
    /// Write an example of the application's side, which passes as it stands
    #[command(
        after_help = "Examples:\n  synapsor executor template --lang python --folder executor\n  synapsor executor template --lang node --engine mysql --folder executor"
    )]
    Template(ExecutorTemplate),
}

#[derive(Debug, Args)]
pub(crate) struct CheckExecutors {
    /// Only this one [default: every executor of the config]
    #[arg(value_name = "NAME")]
    pub(crate) executor: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RetryExecutor {
    #[command(flatten)]
    pub(crate) reference: Reference,
    /// Who decides [default: $USER]
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// Why; the record keeps it
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExecutorTemplate {
    /// The language
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub(crate) lang: ExecutorLanguage,
    /// Where the rows are [default: the engine of the config's sources, or postgres where there is no config]
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub(crate) engine: Option<ExecutorEngine>,
    /// Where it goes; a folder that is not there yet
    #[arg(long, value_name = "DIR", default_value = "executor")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExecutorLanguage {
    /// Node.js, TypeScript or JavaScript
    Node,
    /// Python 3.10 or later
    Python,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExecutorEngine {
    /// PostgreSQL
    Postgres,
    /// MariaDB or MySQL
    Mysql,
}
