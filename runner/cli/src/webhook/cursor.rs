//! How far a receiver is: a small file beside the ledger, replaced as a whole after each event that was taken.
//!
//! Invariant: one process at a time works with a cursor; a lock of the operating system on the file beside it says so.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use synapsor_ledger::Ledger;
use synapsor_protocol::{Code, Refusal};

const CURSOR_SCHEMA: &str = "synapsor.webhook-cursor.v1";

/// What is in the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    schema_version: String,
    ledger_id: String,
    /// The last event that was taken.
    seq: i64,
}

/// A cursor that this process works with.
pub(super) struct Cursor {
    file: PathBuf,
    kept: Kept,
    _alone: File,
}

impl Cursor {
    /// The cursor in a file; where there is none, one at the end of the chain or before its beginning.
    pub(super) async fn open(file: &Path, ledger: &Ledger, from_start: bool) -> Result<Self, Refusal> {
        let alone = lock(file)?;
        let end = ledger.position().await.map_err(|error| error.refusal())?;
        let kept = match fs::read_to_string(file) {
            Ok(text) => read(&text, ledger.ledger_id(), end).map_err(|why| unusable(file, why))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let seq = if from_start { 0 } else { end };
                Kept { schema_version: CURSOR_SCHEMA.into(), ledger_id: ledger.ledger_id().to_owned(), seq }
            }
            Err(error) => return Err(unusable(file, &error.kind().to_string())),
        };
        let mut cursor = Self { file: file.to_owned(), kept, _alone: alone };
        cursor.advance(cursor.kept.seq)?;
        Ok(cursor)
    }

    /// The last event that was taken.
    pub(super) fn seq(&self) -> i64 {
        self.kept.seq
    }

    /// Notes that an event was taken; on disk when this returns.
    pub(super) fn advance(&mut self, seq: i64) -> Result<(), Refusal> {
        self.kept.seq = seq;
        let text = serde_json::to_string(&self.kept).map_err(Refusal::bug)?;
        let fresh = with_suffix(&self.file, ".new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let written = options
            .open(&fresh)
            .and_then(|mut file| writeln!(file, "{text}").and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&fresh, &self.file));
        written.map_err(|error| unusable(&self.file, &error.kind().to_string()))
    }
}

fn read(text: &str, ledger_id: &str, end: i64) -> Result<Kept, &'static str> {
    let kept: Kept = serde_json::from_str(text).map_err(|_| "it is not a cursor")?;
    if kept.schema_version != CURSOR_SCHEMA {
        return Err("it is not a cursor of this release");
    }
    if kept.ledger_id != ledger_id {
        return Err("it is of another ledger");
    }
    // What comes after a ledger was put back to an older copy has numbers that were taken before.
    if !(0..=end).contains(&kept.seq) {
        return Err("it is ahead of the ledger, which was put back since");
    }
    Ok(kept)
}

fn lock(cursor: &Path) -> Result<File, Refusal> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options
        .open(with_suffix(cursor, ".lock"))
        .map_err(|error| unusable(cursor, &error.kind().to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(unusable(cursor, "another process sends with it")),
        Err(TryLockError::Error(error)) => Err(unusable(cursor, &error.kind().to_string())),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn unusable(file: &Path, why: &str) -> Refusal {
    let message = format!("the cursor `{}` cannot be used: {why}", file.display());
    Refusal::new(Code::InvalidInput, message).hint("name another with --cursor")
}
