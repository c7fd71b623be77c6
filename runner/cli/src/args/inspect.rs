//! What was typed for `inspect`: which database, and which part of it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use synapsor_protocol::Engine;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").args(["place", "url_env", "source"]))]
pub(crate) struct Inspect {
    /// A SQLite file
    #[arg(value_name = "FILE")]
    pub(crate) place: Option<PathBuf>,
    /// The variable that holds the database's URL [default: SYNAPSOR_DATABASE_READ_URL]
    #[arg(long, visible_alias = "from-env", alias = "database-url-env", value_name = "NAME")]
    pub(crate) url_env: Option<String>,
    /// A source of the config, with its read credential
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// What the URL is for, where its scheme should not say
    #[arg(long, value_enum, default_value_t = EngineName::Auto, value_name = "ENGINE")]
    pub(crate) engine: EngineName,
    /// Only this schema; a database, on MySQL
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// Show these tables with every column, instead of all in a line each; with or without their schema
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Vec<String>,
    /// How long the database may take, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pub(crate) timeout_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineName {
    // By the URL's scheme.
    Auto,
    Postgres,
    Mysql,
    Sqlite,
}

impl EngineName {
    /// The engine, where one is named.
    pub(crate) fn named(self) -> Option<Engine> {
        match self {
            Self::Auto => None,
            Self::Postgres => Some(Engine::Postgres),
            Self::Mysql => Some(Engine::Mysql),
            Self::Sqlite => Some(Engine::Sqlite),
        }
    }
}
