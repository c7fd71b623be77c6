//! Where a bundle's files lie: in a folder, or in an archive of it. Whoever reads them does not care which.

use std::path::Path;

use crate::archive::Archive;
use crate::folder::Folder;
use crate::problem::Problem;

/// A bundle's files.
#[derive(Debug)]
pub(crate) enum Holding {
    Folder(Folder),
    Archive(Archive),
}

impl Holding {
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        if path.is_file() {
            Archive::open(path).map(Self::Archive)
        } else {
            Folder::open(path).map(Self::Folder)
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder.path(),
            Self::Archive(archive) => archive.path(),
        }
    }

    /// The bytes of a file named in the bundle.
    pub(crate) fn read(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, Problem> {
        match self {
            Self::Folder(folder) => folder.read(name, bytes_max),
            Self::Archive(archive) => archive.read(name, bytes_max),
        }
    }

    /// The names in `cases/` that end in `.json`, without it, in order; one more than allowed tells that there are more.
    pub(crate) fn case_names(&self) -> Result<Vec<String>, Problem> {
        match self {
            Self::Folder(folder) => folder.case_names(),
            Self::Archive(archive) => Ok(archive.case_names()),
        }
    }

    /// What an archive holds that is no part of the bundle. A folder may hold its source and whatever else.
    pub(crate) fn strangers(&self, component_file: &str) -> Vec<Problem> {
        match self {
            Self::Folder(_) => Vec::new(),
            Self::Archive(archive) => archive.strangers(component_file),
        }
    }
}
