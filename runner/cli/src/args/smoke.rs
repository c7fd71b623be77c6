//! What was typed for `smoke`: a call to try, the boundary to check, or applies to try.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::CallArguments;
use super::inspect::EngineName;

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
    /// Carry changes out in a scratch of its own beside an application's tables: once, again, stale, of another tenant, of another column
    #[command(
        after_help = "Examples:\n  synapsor smoke writeback --url-env APP_WRITE_URL\n  synapsor smoke writeback ./app.db --json\n\nThe scratch is a schema on PostgreSQL, a database on MySQL and MariaDB, a file beside a SQLite file. Its name is drawn, no other table is touched, and it is taken down at the end, after a failure or a signal too. No config, ledger or control plane is needed.\nExit codes: 0 every step went as it should; 1 one did not, or a right lacks; 3 the database cannot be reached"
    )]
    Writeback(SmokeWriteback),
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").args(["place", "url_env"]).required(true))]
pub(crate) struct SmokeWriteback {
    /// A SQLite file
    #[arg(value_name = "FILE")]
    pub(crate) place: Option<PathBuf>,
    /// The variable that holds the database's URL, with the write credential
    #[arg(long, value_name = "NAME")]
    pub(crate) url_env: Option<String>,
    /// What the URL is for, where its scheme should not say
    #[arg(long, value_enum, default_value_t = EngineName::Auto, value_name = "ENGINE")]
    pub(crate) engine: EngineName,
    /// How long the database may take for one statement, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pub(crate) timeout_ms: u64,
}

#[derive(Debug, Args)]
pub(crate) struct SmokeCall {
    /// The capability's own name, as in the config
    pub(crate) capability: Option<String>,
    #[command(flatten)]
    pub(crate) given: CallArguments,
}
