//! A bundle as one file: a tar archive of plain files with no times, owners or order of its own, so that the same files
//! always give the same bytes.
//!
//! Invariant: an archive is read only if packing what was read gives its bytes again. Nothing can hide in it: no second
//! entry of a name, no path that leads out, no link, no trailing data.
//! Absent on purpose: unpacking. What is in an archive stays in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

use crate::bundle::MANIFEST_FILE;
use crate::code::ProblemCode;
use crate::folder::{CASES_MAX, COMPONENT_BYTES_MAX, escapes, is_plain, too_large, unreadable};
use crate::problem::Problem;
use crate::signature::SIGNATURE_FILE;

/// Largest archive, in bytes: the largest component and all that may stand beside it.
const ARCHIVE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most entries: the cases, and manifest, component and signature.
const ENTRIES_MAX: usize = CASES_MAX + 3;
/// A file's permissions in an archive.
const MODE: u32 = 0o644;

/// Files by name, as they are packed.
pub(crate) type Contents = BTreeMap<String, Vec<u8>>;

/// An archive that was read whole and found canonical.
#[derive(Debug)]
pub(crate) struct Archive {
    path: PathBuf,
    contents: Contents,
}

impl Archive {
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let shown = path.display().to_string();
        let file = File::open(path).map_err(|error| unreadable(&shown, &error))?;
        let mut bytes = Vec::new();
        let mut limited = file.take(ARCHIVE_BYTES_MAX.saturating_add(1));
        limited.read_to_end(&mut bytes).map_err(|error| unreadable(&shown, &error))?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > ARCHIVE_BYTES_MAX) {
            return Err(too_large(&shown, ARCHIVE_BYTES_MAX, "more"));
        }
        let contents = contents(&bytes, &shown)?;
        let canonical = packed(&contents).is_ok_and(|again| again == bytes);
        if !canonical {
            let message = "expected the bytes that packing its files gives";
            return Err(Problem::new(ProblemCode::ArchiveNotCanonical, shown, message)
                .hint("make it with `synapsor handler pack`"));
        }
        Ok(Self { path: path.to_owned(), contents })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn read(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, Problem> {
        if !is_plain(name) {
            return Err(escapes(name));
        }
        let bytes = self
            .contents
            .get(name)
            .ok_or_else(|| Problem::new(ProblemCode::FileMissing, name, "does not exist"))?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max) {
            Ok(bytes.clone())
        } else {
            Err(too_large(name, bytes_max, &bytes.len().to_string()))
        }
    }

    pub(crate) fn case_names(&self) -> Vec<String> {
        self.contents.keys().filter_map(|name| case_name(name)).map(str::to_owned).collect()
    }

    pub(crate) fn strangers(&self, component_file: &str) -> Vec<Problem> {
        let known = |name: &str| {
            [MANIFEST_FILE, SIGNATURE_FILE, component_file].contains(&name) || case_name(name).is_some()
        };
        let stranger = |name: &String| {
            let message = format!("`{name}` is no part of a bundle");
            Problem::new(ProblemCode::ArchiveEntryUnknown, name, message)
        };
        self.contents.keys().filter(|name| !known(name)).map(stranger).collect()
    }
}

/// `full` of `cases/full.json`.
fn case_name(name: &str) -> Option<&str> {
    name.strip_prefix("cases/")?.strip_suffix(".json").filter(|name| !name.contains('/'))
}

/// Every entry. Extensions of the format (long names, sparse files, attributes) are entries of their own here, and refused.
fn contents(bytes: &[u8], archive: &str) -> Result<Contents, Problem> {
    let broken = |error: io::Error| {
        Problem::new(ProblemCode::ArchiveInvalid, archive, format!("expected a tar archive: {error}"))
    };
    let mut contents = Contents::new();
    for entry in tar::Archive::new(bytes).entries().map_err(broken)?.raw(true) {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type() != EntryType::Regular {
            let message = format!("expected plain files only, found `{name}`");
            return Err(Problem::new(ProblemCode::ArchiveEntryForbidden, name, message));
        }
        if !is_plain(&name) {
            return Err(escapes(&name));
        }
        if entry.size() > COMPONENT_BYTES_MAX {
            return Err(too_large(&name, COMPONENT_BYTES_MAX, &entry.size().to_string()));
        }
        if contents.len() >= ENTRIES_MAX {
            let message = format!("expected at most `{ENTRIES_MAX}` files, found more");
            return Err(Problem::new(ProblemCode::TooManyCases, archive, message));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(broken)?;
        if contents.insert(name.clone(), content).is_some() {
            return Err(Problem::new(ProblemCode::ArchiveEntryTwice, name, "stands in the archive twice"));
        }
    }
    if contents.is_empty() {
        return Err(Problem::new(ProblemCode::ArchiveInvalid, archive, "expected a tar archive of a bundle"));
    }
    Ok(contents)
}

/// The archive of some files.
pub(crate) fn packed(contents: &Contents) -> io::Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    for (name, content) in contents {
        let mut header = Header::new_ustar();
        header.set_path(name)?;
        header.set_entry_type(EntryType::Regular);
        header.set_mode(MODE);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(u64::try_from(content.len()).unwrap_or(u64::MAX));
        header.set_cksum();
        builder.append(&header, content.as_slice())?;
    }
    builder.into_inner()
}
