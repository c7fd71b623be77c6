//! A copy of an older ledger, kept beside it before its tables change.
//!
//! Invariant: the copy is whole under its name or not there at all, and holds everything that was ever answered: it is
//! made under the write lock that the change is made under.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::connection;
use crate::error::Error;
use crate::file;

/// Where the copy of a ledger of that version is kept.
pub(crate) fn copy_path(ledger: &Path, version: i64) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(format!(".schema-{version}.backup"));
    PathBuf::from(name)
}

/// Copies the ledger, which the caller has locked, and answers where to. A copy from an attempt before is replaced: the
/// ledger holds at least as much.
pub(crate) fn keep_copy(ledger: &Path, version: i64) -> Result<PathBuf, Error> {
    let kept = copy_path(ledger, version);
    let mut name = kept.clone().into_os_string();
    name.push(".partial");
    let partial = PathBuf::from(name);
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed_file(error)),
        _ => {}
    }
    file::make(&partial)?;
    let copied = copy(ledger, &partial).and_then(|()| keep(&partial, &kept));
    if copied.is_err() {
        // A half copy is worth nothing, and the error says what went wrong.
        let _ = fs::remove_file(&partial);
    }
    copied.map(|()| kept)
}

/// Through a connection of its own: one that holds the write lock cannot be copied from.
fn copy(ledger: &Path, to: &Path) -> Result<(), Error> {
    let source = connection::open_reader(ledger)?;
    let mut target = Connection::open(to).map_err(failed())?;
    let step = Backup::new(&source, &mut target).and_then(|backup| backup.step(-1)).map_err(failed())?;
    match step {
        StepResult::Done => target.close().map_err(|(_, error)| failed()(error)),
        _ => Err(Error::Invariant { what: "the copy of an older ledger did not end" }),
    }
}

/// On disk under its name before anything else happens.
fn keep(partial: &Path, kept: &Path) -> Result<(), Error> {
    File::open(partial).and_then(|file| file.sync_all()).map_err(failed_file)?;
    fs::rename(partial, kept).map_err(failed_file)?;
    match kept.parent() {
        Some(folder) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed_file),
        None => Ok(()),
    }
}

fn failed() -> impl FnOnce(rusqlite::Error) -> Error {
    Error::storage("keep a copy of the older ledger")
}

fn failed_file(error: std::io::Error) -> Error {
    Error::file("keep a copy of the older ledger")(error)
}
