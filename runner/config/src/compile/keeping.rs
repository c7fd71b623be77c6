//! `ledger`, as the rest of the runner reads it.

use std::path::PathBuf;

use crate::compiled::{CheckpointRule, Keeping, LedgerKey, Retention};
use crate::raw::{RawCheckpoint, RawLedger, RawRetention};

pub(super) fn keeping(raw: Option<RawLedger>) -> Keeping {
    let raw = raw.unwrap_or_default();
    let variable = raw.key_env.map(|name| LedgerKey::Variable(name.0));
    Keeping {
        key: raw.key_path.map(|path| LedgerKey::File(PathBuf::from(path))).or(variable),
        retention: raw.retention.map(retention),
        checkpoint: raw.checkpoint.map(checkpoint),
        reads_wait_for_disk: raw.reads_wait_for_disk.unwrap_or(false),
    }
}

fn retention(raw: RawRetention) -> Retention {
    let days = |days: Option<u64>| days.and_then(|days| u32::try_from(days).ok());
    Retention {
        evidence_days: days(raw.evidence_days),
        proposals_days: days(raw.proposals_days),
        archive_dir: PathBuf::from(raw.archive_dir),
    }
}

fn checkpoint(raw: RawCheckpoint) -> CheckpointRule {
    CheckpointRule { every_events: raw.every_events, output: raw.output.map(PathBuf::from) }
}
