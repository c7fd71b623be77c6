//! What was typed for `doctor`: what to look at besides, and where the report goes.

use std::path::PathBuf;

use clap::Args;

/// The report's file where none is named.
const REPORT: &str = "synapsor-doctor.md";

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Also look at what applies need, with the writing credential; a receipt is written and rolled back
    #[arg(long, visible_alias = "check-db")]
    pub(crate) check_writeback: bool,
    /// Also load every handler, as a server would, and ask the application's executors whether they are ready
    #[arg(long)]
    pub(crate) check_handlers: bool,
    /// One credential for reads and writes is meant so
    #[arg(long)]
    pub(crate) allow_shared_credential: bool,
    /// A client's file to look through for secrets, besides those of the project
    #[arg(long, value_name = "FILE")]
    pub(crate) client_config: Vec<PathBuf>,
    /// Mend what can be mended in the config and in clients' files, after showing it and asking; each is kept as it was
    #[arg(long, conflicts_with = "report")]
    pub(crate) fix: bool,
    /// Show what --fix would change, and write nothing
    #[arg(long, requires = "fix")]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(long, requires = "fix")]
    pub(crate) yes: bool,
    /// Write the diagnosis as Markdown, to be handed on
    #[arg(long)]
    pub(crate) report: bool,
    /// Accepted: a report never holds a secret
    #[arg(long, requires = "report")]
    pub(crate) redact: bool,
    /// The report's file
    #[arg(long, visible_alias = "out", requires = "report", value_name = "FILE", default_value = REPORT)]
    pub(crate) output: PathBuf,
    /// Replace the report's file where it is there already
    #[arg(long, requires = "report")]
    pub(crate) force: bool,
}

impl Doctor {
    /// What is meant where nothing is said.
    pub(crate) fn usual() -> Self {
        Self {
            check_writeback: false,
            check_handlers: false,
            allow_shared_credential: false,
            client_config: Vec::new(),
            fix: false,
            dry_run: false,
            yes: false,
            report: false,
            redact: false,
            output: PathBuf::from(REPORT),
            force: false,
        }
    }
}
