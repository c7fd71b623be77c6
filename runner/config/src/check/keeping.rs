//! How the ledger is kept: what goes by itself when it is old, when the chain is signed, and what waits for the disk.

use super::rule::{optional_boolean, optional_object, optional_positive, optional_text};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;
use crate::raw::{DAYS_MAX, EVERY_EVENTS_MAX};

pub(super) fn check(root: &Place<'_>, problems: &mut Problems) {
    let Some(ledger) = optional_object(root, "ledger", ProblemCode::LedgerNotObject, problems) else {
        return;
    };
    key(&ledger, problems);
    retention(&ledger, problems);
    checkpoint(&ledger, problems);
    let code = ProblemCode::InvalidReadsWaitForDisk;
    optional_boolean(&ledger, "reads_wait_for_disk", code, problems);
}

fn key(ledger: &Place<'_>, problems: &mut Problems) {
    optional_text(ledger, "key_path", Form::FilePath, ProblemCode::InvalidLedgerKey, problems);
    optional_text(ledger, "key_env", Form::EnvName, ProblemCode::InvalidLedgerKey, problems);
    if ledger.get("key_path").is_some() && ledger.get("key_env").is_some() {
        let message = "expected one of `key_path` and `key_env`, found both";
        problems.add(ledger.path_to("key_env"), ProblemCode::LedgerKeyExclusive, message);
    }
}

fn retention(ledger: &Place<'_>, problems: &mut Problems) {
    let code = ProblemCode::RetentionNotObject;
    let Some(retention) = optional_object(ledger, "retention", code, problems) else { return };
    let keys = ["evidence_days", "proposals_days"];
    for key in keys {
        optional_positive(&retention, key, DAYS_MAX, ProblemCode::InvalidRetentionDays, problems);
    }
    if keys.iter().all(|key| retention.get(key).is_none()) {
        let expected = "`evidence_days` or `proposals_days`";
        problems.missing(&retention, "evidence_days", ProblemCode::RetentionDaysRequired, expected);
    }
    let code = ProblemCode::ArchiveDirRequired;
    optional_text(&retention, "archive_dir", Form::FilePath, code, problems);
    if retention.get("archive_dir").is_none() {
        problems
            .missing(&retention, "archive_dir", code, "a folder for what is removed")
            .hint("nothing is removed that was not archived first; what is in the folder is yours to delete");
    }
}

fn checkpoint(ledger: &Place<'_>, problems: &mut Problems) {
    let code = ProblemCode::CheckpointNotObject;
    let Some(checkpoint) = optional_object(ledger, "checkpoint", code, problems) else { return };
    let code = ProblemCode::CheckpointEventsRequired;
    optional_positive(&checkpoint, "every_events", EVERY_EVENTS_MAX, code, problems);
    if checkpoint.get("every_events").is_none() {
        problems.missing(&checkpoint, "every_events", code, "a number of events");
    }
    let code = ProblemCode::InvalidCheckpointOutput;
    optional_text(&checkpoint, "output", Form::FilePath, code, problems);
    if checkpoint.get("output").is_none() {
        let message = "checkpoints are kept beside the ledger, where whoever may write it may write them too";
        problems
            .add(checkpoint.path(), ProblemCode::CheckpointBesideLedger, message)
            .hint("name a file in `output` that the writer of the ledger may add to and not change");
    }
}
