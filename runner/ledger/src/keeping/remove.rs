//! Packs a ledger's file, or removes it; both only while nobody has it open. They block on the disk.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Lock;
use crate::connection;
use crate::error::Error;
use crate::file;
use crate::schema;

/// What packing gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Packed {
    /// The ledger.
    pub path: PathBuf,
    /// Its size before.
    pub bytes_before: u64,
    /// Its size now.
    pub bytes: u64,
}

/// Gives the pages that hold nothing back to the file system, by writing the file anew.
///
/// # Errors
/// When the ledger is open anywhere, is no ledger, or the disk has no room for a second one meanwhile; nothing was changed.
pub fn vacuum(path: &Path) -> Result<Packed, Error> {
    let path = file::prepare(path, false)?;
    let _alone = Lock::alone(&path)?;
    let bytes_before = bytes(&path)?;
    let conn = connection::open_writer(&path, false)?;
    let failed = || Error::storage("pack the ledger");
    conn.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);").map_err(failed())?;
    conn.close().map_err(|(_, error)| failed()(error))?;
    Ok(Packed { bytes_before, bytes: bytes(&path)?, path })
}

/// Removes the ledger with its log, and answers what is gone.
///
/// # Errors
/// When the ledger is open anywhere, or the file is no ledger of ours; nothing was removed.
pub fn reset(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let path = file::prepare(path, false)?;
    let _alone = Lock::alone(&path)?;
    {
        let conn = connection::open_reader(&path)?;
        schema::admit(&conn, &path, false)?;
    }
    let mut removed = Vec::new();
    // The log first: a file without its log is whole as of an earlier time, should we end in between.
    for suffix in ["-wal", "-shm", ""] {
        let name = file::with_suffix(&path, suffix);
        match fs::remove_file(&name) {
            Ok(()) => removed.push(name),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::file("remove the ledger")(error)),
        }
    }
    Ok(removed)
}

fn bytes(path: &Path) -> Result<u64, Error> {
    fs::metadata(path).map(|found| found.len()).map_err(Error::file("look at the ledger file"))
}
