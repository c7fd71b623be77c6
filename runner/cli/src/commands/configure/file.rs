//! A client's file: read whole or not at all, kept beside as it was, and replaced in one step.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use synapsor_protocol::{Code, Refusal};

use crate::settings::unreadable;
use crate::wiring;

/// Longest file worth reading, in bytes.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The text of the file; none where there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<String>, Refusal> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| unreadable("file", path, &error))?,
    };
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| unreadable("file", path, &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > BYTES_MAX {
        return Err(Refusal::new(
            Code::InvalidInput,
            format!("`{}` is too large to be a client's settings", path.display()),
        ));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| {
        Refusal::new(Code::InvalidInput, format!("`{}` is not UTF-8; nothing was written", path.display()))
    })
}

/// Writes the text, and keeps what was there under a name with the time in it. Where the file is a link, what it leads to is
/// replaced.
pub(crate) fn replace(path: &Path, existed: bool, text: &str) -> Result<Option<PathBuf>, Refusal> {
    let failed = |error: std::io::Error| {
        Refusal::new(Code::InvalidInput, format!("cannot write `{}`: {}", path.display(), error.kind()))
            .hint("the file is as it was")
    };
    let target = if existed { fs::canonicalize(path).map_err(failed)? } else { path.to_owned() };
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let backup = if existed { Some(keep(&target).map_err(failed)?) } else { None };
    let mut fresh = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    fresh.write_all(text.as_bytes()).and_then(|()| fresh.as_file().sync_all()).map_err(failed)?;
    if existed {
        let rights = fs::metadata(&target).map_err(failed)?.permissions();
        fresh.as_file().set_permissions(rights).map_err(failed)?;
    }
    fresh.persist(&target).map_err(|error| failed(error.error))?;
    Ok(backup)
}

fn keep(target: &Path) -> std::io::Result<PathBuf> {
    let stamp = wiring::clock().now().to_string().replace([':', '.'], "-");
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let backup = target.with_file_name(format!("{name}.{stamp}.bak"));
    // Never over another backup: copying would overwrite, so the name is taken first.
    fs::File::create_new(&backup)?;
    fs::copy(target, &backup)?;
    Ok(backup)
}
