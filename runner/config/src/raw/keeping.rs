//! The keys of `ledger`, as they are read.

use schemars::JsonSchema;
use serde::Deserialize;

use super::exact::EnvName;

/// Longest a record may be kept by rule, in days: a hundred years.
pub(crate) const DAYS_MAX: u64 = 36_500;
/// Most events between two checkpoints.
pub(crate) const EVERY_EVENTS_MAX: u64 = 1_000_000_000;

/// How the ledger is kept while a server serves.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Ledger")]
pub(crate) struct RawLedger {
    /// The file of the private key that signs checkpoints and what was pruned, relative to the config. Default: one beside
    /// the ledger, made where there is none.
    #[schemars(length(min = 1))]
    pub(crate) key_path: Option<String>,
    /// Variable that holds that key itself, as PEM. Either this or `key_path`.
    pub(crate) key_env: Option<EnvName>,
    /// What is archived and removed when it is old.
    pub(crate) retention: Option<RawRetention>,
    /// When the head of the chain is signed.
    pub(crate) checkpoint: Option<RawCheckpoint>,
    /// Whether a read, or a refused call, is answered only once its record is on the disk. Otherwise that is some ten milliseconds
    /// later, and only a loss of power in between takes it back. A proposal always waits, and so does every record on a
    /// server. Default: false.
    pub(crate) reads_wait_for_disk: Option<bool>,
}

/// How long records are kept. What may still move stays, however old.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Retention")]
pub(crate) struct RawRetention {
    /// Days that evidence of reads and refused calls is kept, with their audits. Default: for ever.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub(crate) evidence_days: Option<u64>,
    /// Days that a final proposal is kept, with its evidence, audits, decisions and receipts. Default: for ever.
    #[schemars(range(min = 1, max = DAYS_MAX))]
    pub(crate) proposals_days: Option<u64>,
    /// The folder that gets an archive of what is removed, relative to the config.
    #[schemars(length(min = 1))]
    pub(crate) archive_dir: String,
}

/// When the head of the chain is signed, and where that is kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Checkpoint")]
pub(crate) struct RawCheckpoint {
    /// After so many events.
    #[schemars(range(min = 1, max = EVERY_EVENTS_MAX))]
    pub(crate) every_events: u64,
    /// The file that checkpoints are added to, relative to the config. Default: one beside the ledger.
    #[schemars(length(min = 1))]
    pub(crate) output: Option<String>,
}
