//! How the ledger is kept: what is archived and removed by itself, when the chain is signed and with which key, and what waits for the
//! disk.

use std::path::PathBuf;

use serde::Serialize;

/// How the ledger is kept while a server serves. The default does nothing by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Keeping {
    /// The private key that signs; `None` is the one beside the ledger.
    pub key: Option<LedgerKey>,
    /// How long records are kept.
    pub retention: Option<Retention>,
    /// When the chain is signed.
    pub checkpoint: Option<CheckpointRule>,
    /// Whether a read is answered only once its record is on the disk. A proposal always is.
    pub reads_wait_for_disk: bool,
}

/// Where the ledger's private key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerKey {
    /// In this file; a relative path is relative to the config file.
    File(PathBuf),
    /// In this variable, as PEM.
    Variable(String),
}

/// How long records are kept; `None` is for ever, and at least one is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retention {
    /// Days that evidence of reads and refused calls is kept.
    pub evidence_days: Option<u32>,
    /// Days that a final proposal is kept, with everything that belongs to it.
    pub proposals_days: Option<u32>,
    /// The folder of the archives; a relative path is relative to the config file.
    pub archive_dir: PathBuf,
}

/// When the head of the chain is signed, and where that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckpointRule {
    /// After so many events.
    pub every_events: u64,
    /// The file; a relative path is relative to the config file. `None` is one beside the ledger.
    pub output: Option<PathBuf>,
}
