//! Makes the ledger's file safe to open: ours alone, no links, no others' eyes.
//!
//! Invariant: the file exists with mode 0600 before SQLite opens it; SQLite gives `-wal` and `-shm` the same mode.
//! Absent on purpose: an owner check of its own. Another user's file either cannot be tightened or cannot be opened.

use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Checks, and where allowed makes, the file; answers its canonical path.
pub(crate) fn prepare(path: &Path, create: bool) -> Result<PathBuf, Error> {
    let path = resolve(path, create)?;
    match fs::symlink_metadata(&path) {
        Ok(found) => admit(&path, &found)?,
        Err(error) if error.kind() == ErrorKind::NotFound && !create => return Err(Error::Missing { path }),
        Err(error) if error.kind() == ErrorKind::NotFound => make(&path)?,
        Err(error) => return Err(Error::file("look at the ledger file")(error)),
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut side = path.clone().into_os_string();
        side.push(suffix);
        let side = PathBuf::from(side);
        if let Ok(found) = fs::symlink_metadata(&side) {
            admit(&side, &found)?;
        }
    }
    Ok(path)
}

/// The folder is resolved, and made where allowed, so that links above the file are harmless; the file's own name is not.
pub(crate) fn resolve(path: &Path, create: bool) -> Result<PathBuf, Error> {
    let unsafe_path = |why| Error::Unsafe { path: path.to_owned(), why };
    let name = path.file_name().ok_or_else(|| unsafe_path("the path names no file"))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if create {
        make_folder(folder)?;
    }
    match folder.canonicalize() {
        Ok(folder) => Ok(folder.join(name)),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::Missing { path: path.to_owned() }),
        Err(error) => Err(Error::file("look at the ledger's folder")(error)),
    }
}

/// Folders we make are ours alone; one that exists keeps the mode its owner chose.
fn make_folder(folder: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(Error::file("make the ledger's folder"))
}

/// Makes an empty file for our eyes only.
pub(crate) fn make(path: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        // Another process made it in between; then it has to pass as any other file.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path).map_err(Error::file("look at the ledger file"))?;
            admit(path, &found)
        }
        Err(error) => Err(Error::file("make the ledger file")(error)),
    }
}

fn admit(path: &Path, found: &Metadata) -> Result<(), Error> {
    let refuse = |why| Err(Error::Unsafe { path: path.to_owned(), why });
    if found.file_type().is_symlink() {
        return refuse("it is a symbolic link");
    }
    if !found.is_file() {
        return refuse("it is not a plain file");
    }
    admit_mode(path, found)
}

#[cfg(unix)]
fn admit_mode(path: &Path, found: &Metadata) -> Result<(), Error> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let refuse = |why| Err(Error::Unsafe { path: path.to_owned(), why });
    if found.nlink() > 1 {
        return refuse("it has a second name (hard link), which SQLite cannot keep consistent");
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    tracing::warn!(path = %path.display(), mode = format!("{mode:o}"), "ledger file was open to others; now 0600");
    match fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700)) {
        Ok(()) => Ok(()),
        Err(_) => refuse("others may read or write it, and it is not ours to change"),
    }
}

#[cfg(not(unix))]
fn admit_mode(_path: &Path, _found: &Metadata) -> Result<(), Error> {
    Ok(())
}
