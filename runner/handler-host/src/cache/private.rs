//! Files nobody else can read or write: checked on what was opened, never on a name.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::Problem;

pub(super) const KEY_BYTES: usize = blake3::KEY_LEN;
/// What group and others may not have.
const OTHERS: u32 = 0o077;

/// A folder of this user, for this user; made where it is not there.
pub(super) fn folder(path: &Path) -> Result<(), Problem> {
    let io = |error| Problem::Io { path: path.to_owned(), error };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
    let opened = open(path, OFlags::DIRECTORY).map_err(io)?;
    if is_private(&opened.metadata().map_err(io)?) {
        Ok(())
    } else {
        let expected = "a folder of the user who runs this, with mode 0700";
        Err(Problem::NotPrivate { path: path.to_owned(), expected })
    }
}

/// The whole of a private file, of at most `bytes_max`.
pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Problem> {
    let io = |error| Problem::Io { path: path.to_owned(), error };
    // Without waiting: a pipe in a file's place has no end.
    let file = open(path, OFlags::NONBLOCK).map_err(io)?;
    let about = file.metadata().map_err(io)?;
    if !about.is_file() || !is_private(&about) {
        let expected = "a file of the user who runs this, with mode 0600";
        return Err(Problem::NotPrivate { path: path.to_owned(), expected });
    }
    let mut bytes = Vec::with_capacity(about.len().min(bytes_max).try_into().unwrap_or_default());
    file.take(bytes_max).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

/// The key in the file; where there is no file, a new key that is in it from now on.
///
/// Of two runners that start at once, one's key is in the file and both use it.
pub(super) fn key(path: &Path) -> Result<[u8; KEY_BYTES], Problem> {
    match read(path, 2 * KEY_BYTES as u64) {
        Ok(bytes) => bytes.try_into().map_err(|_bytes| Problem::NotPrivate {
            path: path.to_owned(),
            expected: "a key of 32 bytes; remove it to have a new one made",
        }),
        Err(Problem::Io { error, .. }) if error.kind() == ErrorKind::NotFound => {
            make_key(path).map_err(|error| Problem::Io { path: path.to_owned(), error })?;
            key(path)
        }
        Err(problem) => Err(problem),
    }
}

/// Complete before it has its name, and never over a key that is there.
fn make_key(path: &Path) -> std::io::Result<()> {
    let mut bytes = [0_u8; KEY_BYTES];
    getrandom::fill(&mut bytes)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).create(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&bytes)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(persisting) if persisting.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(persisting) => Err(persisting.error),
    }
}

/// For reading; never through a link in the last place.
fn open(path: &Path, flags: OFlags) -> std::io::Result<File> {
    let flags = (flags | OFlags::NOFOLLOW).bits();
    OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)
}

fn is_private(about: &Metadata) -> bool {
    about.uid() == rustix::process::geteuid().as_raw() && about.mode() & OTHERS == 0
}
