//! `synapsor handler …` as it was typed.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Handler {
    /// Start a handler: a project with a rule, its cases and the SDK, which builds and passes at once
    #[command(after_help = "Example:\n  synapsor handler new --lang rust late-fee")]
    New(NewHandler),
    /// Build a handler from its source: the component, and its digest into handler.json
    #[command(
        after_help = "Examples:\n  synapsor handler build\n  synapsor handler build handlers/late-fee\n\nExit codes: 0 built; 1 it does not build; 3 a tool is missing, and the hint installs it"
    )]
    Build(Project),
}

#[derive(Debug, Args)]
pub(crate) struct NewHandler {
    /// The handler's name, in kebab case
    pub(crate) name: String,
    /// The language
    #[arg(long, value_name = "LANGUAGE", value_parser = PossibleValuesParser::new(synapsor_bundle::languages()))]
    pub(crate) lang: String,
    /// Where it goes [default: a new folder of its name]
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Project {
    /// The handler's folder
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,
}
