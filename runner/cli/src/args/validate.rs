//! `synapsor validate` as it was typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Bundles (folders or archives) and config files; of several, what is neither is skipped
    #[arg(required_unless_present = "job", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// A job document instead: does it follow its format?
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "write_digest"])]
    pub(crate) job: Option<PathBuf>,
    /// First write the digest of each component that is there where another one is pinned
    #[arg(long)]
    pub(crate) write_digest: bool,
    /// How to print the report; `--json` is the same as `json`
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    // SARIF 2.1.0, for code hosts. Doc comments here would unfold the whole help.
    Sarif,
    // For CI systems.
    Junit,
}
