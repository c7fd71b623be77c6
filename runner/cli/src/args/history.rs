//! `synapsor rerun` and `synapsor backtest` as they were typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Reference, When};

#[derive(Debug, Args)]
pub(crate) struct Rerun {
    #[command(flatten)]
    pub(crate) reference: Reference,
    /// The bundle that made the proposal, where it is not where the config says
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Backtest {
    /// The other version's bundle
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: PathBuf,
    /// Only calls of this capability [default: every call that a handler of the bundle's name decided]
    #[arg(long, value_name = "NAME")]
    pub(crate) capability: Option<String>,
    /// Only calls received then or later: a day, an instant, or how long ago (2d, 2h 30m); UTC
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<When>,
    /// End with exit code 1 where there is such a call; several with commas
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    pub(crate) fail_on: Vec<FailOn>,
    /// Give the handler the settings of today's config in place of the recorded ones
    #[arg(long)]
    pub(crate) current_settings: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Whatever is not the same
    Any,
    /// Another change, or refused with another code
    Different,
    /// A change then, a refusal now
    Refused,
    /// A refusal then, a change now
    Allowed,
    /// Reads that the record does not hold
    OtherReads,
}
