//! Reading a bundle's files: only inside its folder, only plain files, never more than a limit.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use crate::code::ProblemCode;
use crate::problem::Problem;

/// Largest `handler.json`, in bytes.
pub(crate) const MANIFEST_BYTES_MAX: u64 = 256 * 1024;
/// Largest component, in bytes. The runner's engine takes no larger one either.
pub(crate) const COMPONENT_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Largest case, in bytes.
pub(crate) const CASE_BYTES_MAX: u64 = 256 * 1024;
/// Most cases.
pub(crate) const CASES_MAX: usize = 500;

/// A bundle's folder, with every symbolic link in its own path resolved.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let shown = path.display().to_string();
        match path.canonicalize() {
            Ok(path) if path.is_dir() => Ok(Self(path)),
            Ok(_) => Err(Problem::new(ProblemCode::FileUnreadable, shown, "expected a folder")),
            Err(error) => Err(unreadable(&shown, &error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The bytes of a file named in the bundle.
    pub(crate) fn read(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, Problem> {
        let path = self.inside(name)?;
        // Before it is opened: opening a pipe waits for its other end.
        let metadata = path.metadata().map_err(|error| unreadable(name, &error))?;
        if !metadata.is_file() {
            return Err(Problem::new(ProblemCode::FileUnreadable, name, "expected a plain file"));
        }
        let file = File::open(path).map_err(|error| unreadable(name, &error))?;
        // One byte more than allowed, so that a file that grows while it is read is noticed too.
        let mut bytes = Vec::new();
        let mut limited = file.take(bytes_max.saturating_add(1));
        limited.read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length <= bytes_max) {
            return Ok(bytes);
        }
        Err(too_large(name, bytes_max, &metadata.len().to_string()))
    }

    /// The names in `cases/` that end in `.json`, without it, in order; one more than allowed tells that there are more.
    pub(crate) fn case_names(&self) -> Result<Vec<String>, Problem> {
        let path = match self.inside("cases") {
            Ok(path) => path,
            Err(problem) if problem.code == ProblemCode::FileMissing => return Ok(Vec::new()),
            Err(problem) => return Err(problem),
        };
        let mut names = Vec::new();
        for entry in path.read_dir().map_err(|error| unreadable("cases", &error))? {
            let name = entry.map_err(|error| unreadable("cases", &error))?.file_name();
            names.extend(name.to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned));
            if names.len() > CASES_MAX {
                break;
            }
        }
        names.sort();
        Ok(names)
    }

    /// The resolved path of a name, if it stays inside: no `..`, no absolute path, no link that leads out.
    fn inside(&self, name: &str) -> Result<PathBuf, Problem> {
        if !is_plain(name) {
            return Err(escapes(name));
        }
        let path = self.0.join(name).canonicalize().map_err(|error| unreadable(name, &error))?;
        if path.starts_with(&self.0) { Ok(path) } else { Err(escapes(name)) }
    }

    /// The same for a file that may not be there yet.
    pub(crate) fn inside_or_new(&self, name: &str) -> Result<PathBuf, Problem> {
        match self.inside(name) {
            Err(problem) if problem.code == ProblemCode::FileMissing => {}
            found => return found,
        }
        let path = self.0.join(name);
        let parent = path.parent().unwrap_or(&self.0);
        let parent = parent.canonicalize().map_err(|error| unreadable(name, &error))?;
        match path.file_name() {
            Some(file) if parent.starts_with(&self.0) => Ok(parent.join(file)),
            _ => Err(escapes(name)),
        }
    }
}

/// Whether a path has nothing but names in it.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

pub(crate) fn escapes(name: &str) -> Problem {
    let message = format!("expected a path inside the bundle, found `{name}`");
    Problem::new(ProblemCode::PathEscapes, name, message)
}

pub(crate) fn too_large(name: &str, bytes_max: u64, found: &str) -> Problem {
    let message = format!("expected at most `{bytes_max}` bytes, found `{found}`");
    Problem::new(ProblemCode::FileTooLarge, name, message)
}

pub(crate) fn unreadable(place: &str, error: &std::io::Error) -> Problem {
    match error.kind() {
        ErrorKind::NotFound => Problem::new(ProblemCode::FileMissing, place, "does not exist"),
        kind => Problem::new(ProblemCode::FileUnreadable, place, format!("cannot be read: {kind}")),
    }
}
