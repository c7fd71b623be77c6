//! Makes the ledger's file safe to open: ours alone, no links, no others' eyes.
//!
//! Invariant: a ledger's file exists with mode 0600 before SQLite opens it; SQLite gives `-wal` and `-shm` the same mode.
//! Invariant: what is another program's keeps the mode its owner chose. It is refused once SQLite has looked into it.
//! Absent on purpose: an owner check of its own. Another user's file either cannot be tightened or cannot be opened.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::schema::APPLICATION_ID;

/// A database's first bytes, as <https://www.sqlite.org/fileformat.html> section 1.3 lays them out.
const HEADER_BYTES: u64 = 100;

/// Checks, and where allowed makes, the file; answers its canonical path.
pub(crate) fn prepare(path: &Path, create: bool) -> Result<PathBuf, Error> {
    let path = resolve(path, create)?;
    let ours = match fs::symlink_metadata(&path) {
        Ok(found) => {
            admit(&path, &found)?;
            may_be_ours(&path, &found)
        }
        Err(error) if error.kind() == ErrorKind::NotFound && !create => return Err(Error::Missing { path }),
        Err(error) if error.kind() == ErrorKind::NotFound => make(&path).map(|()| true)?,
        Err(error) => return Err(Error::file("look at the ledger file")(error)),
    };
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let part = with_suffix(&path, suffix);
        let Ok(found) = fs::symlink_metadata(&part) else { continue };
        admit(&part, &found)?;
        if ours {
            close_to_others(&part, &found)?;
        }
    }
    Ok(path)
}

/// A file beside another one: its log, or a copy.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The write-ahead log of a ledger's file (<https://sqlite.org/walformat.html>, "Files On Disk").
pub(crate) fn log_of(path: &Path) -> PathBuf {
    with_suffix(path, "-wal")
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
            admit(path, &found)?;
            close_to_others(path, &found)
        }
        Err(error) => Err(Error::file("make the ledger file")(error)),
    }
}

/// Whether the file says that it is a ledger, or holds no table yet. One that cannot be read is for SQLite to refuse.
fn may_be_ours(path: &Path, found: &Metadata) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEADER_BYTES).read_to_end(&mut head));
    let number = |at: std::ops::Range<usize>| {
        head.get(at).map_or(0, |bytes| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    // What is founded is in the log until it is folded back; the file is one page until then.
    let page_bytes = match number(16..18) {
        1 => 65_536,
        bytes => bytes,
    };
    let marked = i64::try_from(number(68..72)) == Ok(APPLICATION_ID);
    read.is_err()
        || head.is_empty()
        || head.starts_with(b"SQLite format 3\0") && (marked || found.len() <= page_bytes)
}

fn admit(path: &Path, found: &Metadata) -> Result<(), Error> {
    let refuse = |why| Err(Error::Unsafe { path: path.to_owned(), why });
    if found.file_type().is_symlink() {
        return refuse("it is a symbolic link");
    }
    if !found.is_file() {
        return refuse("it is not a plain file");
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(found) > 1 {
        return refuse("it has a second name (hard link), which SQLite cannot keep consistent");
    }
    Ok(())
}

#[cfg(unix)]
fn close_to_others(path: &Path, found: &Metadata) -> Result<(), Error> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let mode = found.mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    tracing::warn!(path = %path.display(), mode = format!("{mode:o}"), "ledger file was open to others; now 0600");
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700)).map_err(|_| Error::Unsafe {
        path: path.to_owned(),
        why: "others may read or write it, and it is not ours to change",
    })
}

#[cfg(not(unix))]
fn close_to_others(_path: &Path, _found: &Metadata) -> Result<(), Error> {
    Ok(())
}
