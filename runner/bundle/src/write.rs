//! Writing a file of a bundle: the whole new content or the whole old one.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::error::Error;
use crate::toolchain::cannot_write;

/// A new file's permissions, before the process' mask.
const MODE: u32 = 0o666;

/// Writes beside the file and takes its place, with its permissions where it is there.
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let replaced = || {
        let mode = Permissions::from_mode(MODE);
        let mut file = tempfile::Builder::new().permissions(mode).tempfile_in(folder)?;
        file.write_all(content)?;
        if let Ok(old) = std::fs::metadata(path) {
            file.as_file().set_permissions(old.permissions())?;
        }
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    };
    replaced().map(drop).map_err(|source| cannot_write(path, source))
}
