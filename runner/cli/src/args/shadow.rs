//! `synapsor shadow …` as it was typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{About, OutputFile, Paging};

#[derive(Debug, Subcommand)]
pub(crate) enum Shadow {
    /// List shadow proposals, newest first, each with how far a person did the same
    #[command(
        after_help = "Example:\n  synapsor shadow list --capability billing.propose_plan_waiver --from 7d"
    )]
    List(Box<ListShadows>),
    /// Record what a person did to the row of a shadow proposal; earlier ones stay on record, and the latest counts
    #[command(
        after_help = "Examples:\n  synapsor shadow record-human-action wrp_3f2a --patch done.json --actor billing.lead\n  echo '{\"late_fee_cents\":0}' | synapsor shadow record-human-action latest --patch - --notes \"as agreed by phone\"\n\nThe file is a JSON object of the columns the person changed; {} says that the row was left alone. Decimals may be strings."
    )]
    RecordHumanAction(RecordHumanAction),
    /// Hold a shadow proposal against the latest human action, column by column
    #[command(after_help = "Example:\n  synapsor shadow compare latest")]
    Compare(ShadowReference),
    /// Count how often shadow proposals are what people did, and candidates answer as the live handlers do
    #[command(
        after_help = "Examples:\n  synapsor shadow report --from 30d\n  synapsor shadow report --capability billing.propose_plan_waiver --format markdown --output june.md\n\nNo database is touched."
    )]
    Report(Box<ShadowReport>),
}

#[derive(Debug, Args)]
pub(crate) struct ListShadows {
    #[command(flatten)]
    pub(crate) about: About,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Args)]
pub(crate) struct ShadowReference {
    /// Proposal id, an unambiguous prefix of it, or `latest` for the newest shadow proposal
    #[arg(value_name = "PROPOSAL")]
    pub(crate) proposal: String,
}

#[derive(Debug, Args)]
pub(crate) struct RecordHumanAction {
    #[command(flatten)]
    pub(crate) reference: ShadowReference,
    /// A JSON object of the columns the person changed, and to what; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) patch: PathBuf,
    /// Who did it [default: $USER]
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// What else there is to say; the record keeps it
    #[arg(long, value_name = "TEXT")]
    pub(crate) notes: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ShadowReport {
    #[command(flatten)]
    pub(crate) about: About,
    /// For a terminal, for people elsewhere, or for programs
    #[arg(long, value_enum, default_value_t = ShadowFormat::Table, value_name = "FORMAT")]
    pub(crate) format: ShadowFormat,
    #[command(flatten)]
    pub(crate) file: OutputFile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShadowFormat {
    Table,
    Markdown,
    Json,
}
