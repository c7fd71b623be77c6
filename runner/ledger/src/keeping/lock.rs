//! The lock beside the ledger: shared by whoever has it open, held alone by whoever replaces, packs or removes it.
//!
//! The operating system gives it up with the process, however that ends; there is no file with a process id that could lie.
//! It is a file of its own, because closing any handle to SQLite's file would drop SQLite's locks on it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Held until it is dropped.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// With everybody else who has the ledger open.
    pub(crate) fn shared(ledger: &Path) -> Result<Self, Error> {
        let file = open(ledger)?;
        held(file.try_lock_shared()).map(|()| Self { _file: file })
    }

    /// With nobody else.
    pub(crate) fn alone(ledger: &Path) -> Result<Self, Error> {
        let file = open(ledger)?;
        held(file.try_lock()).map(|()| Self { _file: file })
    }
}

fn held(locked: Result<(), TryLockError>) -> Result<(), Error> {
    match locked {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(Error::InUse),
        Err(TryLockError::Error(error)) => Err(Error::file("lock the ledger")(error)),
    }
}

fn open(ledger: &Path) -> Result<File, Error> {
    let mut name = ledger.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(PathBuf::from(name)).map_err(Error::file("lock the ledger"))
}
