//! A copy of a ledger while servers write, verified; and a ledger made of such a copy.
//!
//! Invariant: a copy stands under its name only when it is whole and on disk. Invariant: what a restore replaces is kept.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use serde::Serialize;

use super::Lock;
use crate::connection;
use crate::error::Error;
use crate::file::{self, with_suffix};
use crate::progress::Progress;
use crate::report::ChainReport;
use crate::schema;
use crate::sqlite::Sqlite;
use crate::statements::Statements;
use crate::verify::{self, Verification};

/// Pages copied at a time.
const PAGES_A_STEP: i32 = 1024;

/// How a ledger on a server is copied.
const COPY_INSTEAD: &str = "`pg_dump --schema=synapsor_ledger` copies it";

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// The copy: one file that needs nothing beside it.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// What a walk over the copy found.
    pub report: ChainReport,
}

/// A ledger that was made of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// The ledger.
    pub path: PathBuf,
    /// Where the one that stood there before is.
    pub kept: Option<PathBuf>,
    /// What a walk over the copy had found.
    pub report: ChainReport,
}

/// Copies the state this reader sees, and verifies the copy.
pub(crate) fn backup(
    source: &dyn Statements,
    to: &Path,
    force: bool,
    progress: &Arc<Progress>,
) -> Result<Backup, Error> {
    let _work = progress.at_work("copying and verifying", 0);
    let source = source.file().ok_or(Error::NoFile { instead: COPY_INSTEAD })?;
    let made = copy(source, to, force)?;
    let report = walk(&Sqlite::new(connection::open_reader(&made)?), progress)?;
    let bytes = fs::metadata(&made).map_err(Error::file("look at the copy"))?.len();
    Ok(Backup { path: made, bytes, report })
}

/// Makes the ledger at `to` of a copy. One that stands there is refused, or with `force` kept beside it. Blocks on the disk.
///
/// # Errors
/// When the copy is no ledger or does not verify, the ledger is open anywhere, or one stands there without `force`;
/// nothing was changed.
pub fn restore(from: &Path, to: &Path, force: bool, progress: &Arc<Progress>) -> Result<Restored, Error> {
    let from = file::prepare(from, false)?;
    let source = Sqlite::new(connection::open_reader(&from)?);
    schema::admit(&source.conn, &from, false)?;
    let report = walk(&source, progress)?;
    if let Some(misfit) = report.misfit {
        return Err(Error::NotIntact { what: "copy", misfit });
    }
    let to = file::resolve(to, true)?;
    let _alone = Lock::alone(&to)?;
    let kept = match fs::symlink_metadata(&to) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(Error::file("look at the ledger file")(error)),
        Ok(_) if !force => return Err(Error::Exists { path: to }),
        Ok(_) => Some(set_aside(&to)?),
    };
    let path = copy(&source.conn, &to, false)?;
    Ok(Restored { path, kept, report })
}

fn walk(conn: &dyn Statements, progress: &Arc<Progress>) -> Result<ChainReport, Error> {
    let ledger_id = schema::ledger_id(conn)?;
    let against = Verification { progress: Arc::clone(progress), ..Verification::default() };
    verify::verify(conn, &ledger_id, &against)
}

/// One file under `to`, made under another name first.
fn copy(source: &Connection, to: &Path, force: bool) -> Result<PathBuf, Error> {
    let to = file::resolve(to, false)?;
    if !force && to.symlink_metadata().is_ok() {
        return Err(Error::Exists { path: to });
    }
    let partial = with_suffix(&to, ".partial");
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Error::file("make the copy")(error));
        }
        _ => {}
    }
    let made = fill(source, &partial).and_then(|()| put(&partial, &to, force));
    if made.is_err() {
        let _ = fs::remove_file(&partial);
    }
    made.map(|()| to)
}

fn fill(source: &Connection, partial: &Path) -> Result<(), Error> {
    let failed = || Error::storage("copy the ledger");
    file::prepare(partial, true)?;
    let mut target = connection::open_copy(partial)?;
    {
        let running = rusqlite::backup::Backup::new(source, &mut target).map_err(failed())?;
        running.run_to_completion(PAGES_A_STEP, Duration::ZERO, None).map_err(failed())?;
    }
    // Without a log beside it, so that the one file is all of it.
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).map_err(failed())?;
    target.close().map_err(|(_, error)| failed()(error))?;
    File::open(partial).and_then(|file| file.sync_all()).map_err(Error::file("make the copy"))
}

fn put(partial: &Path, to: &Path, force: bool) -> Result<(), Error> {
    let put = if force {
        fs::rename(partial, to)
    } else {
        // Unlike a rename, a link never replaces what somebody else put there meanwhile.
        fs::hard_link(partial, to).and_then(|()| fs::remove_file(partial))
    };
    match put {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Error::Exists { path: to.to_owned() }),
        put => put.map_err(Error::file("make the copy")),
    }
}

/// Moves a ledger, with its log, to the first free name beside it.
fn set_aside(ledger: &Path) -> Result<PathBuf, Error> {
    let names = (1_u32..).map(|number| with_suffix(ledger, &format!(".replaced-{number}")));
    let kept = names.into_iter().find(|name| name.symlink_metadata().is_err()).unwrap_or_default();
    let failed = || Error::file("set the replaced ledger aside");
    // The log first: a file without its log is whole as of an earlier time, a log without its file is nothing.
    for suffix in ["-wal", "-shm", ""] {
        match fs::rename(with_suffix(ledger, suffix), with_suffix(&kept, suffix)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            moved => moved.map_err(failed())?,
        }
    }
    Ok(kept)
}
