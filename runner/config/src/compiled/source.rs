//! A database of record as the config has it: where it is, and what the runner may do there.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use synapsor_protocol::Engine;

/// A database of record. Holds names of environment variables, never URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Its engine.
    pub engine: Engine,
    /// Where it is.
    pub location: Location,
    /// Time limit of one statement, in milliseconds.
    pub statement_timeout_ms: u64,
    /// The runner never writes here.
    pub read_only: bool,
    /// Who makes the receipts table.
    pub receipts: ReceiptsMode,
}

/// Who makes the table `synapsor_writeback_receipts` in a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptsMode {
    /// The first apply, where the table is not there and the writing credential may make it.
    #[default]
    Auto,
    /// An administrator, before the first apply; the runner never makes it.
    Precreated,
}

/// Where a source is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Location {
    /// A server, by environment variable names.
    Server {
        /// Holds the URL of the reading credential.
        read_url_env: String,
        /// Holds the URL of the writing credential; without it nothing is applied here.
        write_url_env: Option<String>,
    },
    /// A SQLite file; relative paths are relative to the config file.
    File {
        /// The path.
        path: PathBuf,
    },
}
