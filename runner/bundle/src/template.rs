//! A new project: the language's template, the manifest and cases every language shares, and the SDK's files.

use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};

use crate::error::Error;
use crate::manifest::is_name;
use crate::toolchain::{self, Carried, Toolchain, cannot_write};

/// The manifest and the cases: one rule and one specification, whatever the language.
static BUNDLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/bundle");

/// Writes a project of a new handler into a folder that is not there yet, or is empty. The files' paths in it, in order.
///
/// # Errors
/// When the language or the name is not one, when the folder holds something, and when a file cannot be written.
pub fn new_project(language: &str, name: &str, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let toolchain = toolchain::of(language)?;
    if !is_name(name) {
        return Err(Error::NameInvalid(name.to_owned()));
    }
    let taken = match folder.read_dir() {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => folder.exists(),
    };
    if taken {
        return Err(Error::FolderTaken(folder.to_owned()));
    }
    let mut project = Project { folder, blanks: blanks(toolchain, name), written: Vec::new() };
    project.fill_in(&BUNDLE)?;
    project.fill_in(toolchain.template)?;
    for carried in toolchain.sdk {
        match carried {
            Carried::File(path, text) => project.write(Path::new(path), text.as_bytes())?,
            Carried::Folder(path, files) => project.copy(Path::new(path), files)?,
        }
    }
    project.written.sort();
    Ok(project.written)
}

fn blanks(toolchain: &Toolchain, name: &str) -> Vec<(&'static str, String)> {
    vec![
        ("{{name}}", name.to_owned()),
        ("{{name_snake}}", name.replace('-', "_")),
        ("{{language}}", toolchain.language.to_owned()),
        ("{{fuel}}", toolchain.fuel.to_string()),
        ("{{memory_bytes}}", toolchain.memory_bytes.to_string()),
    ]
}

struct Project<'a> {
    folder: &'a Path,
    blanks: Vec<(&'static str, String)>,
    written: Vec<PathBuf>,
}

impl Project<'_> {
    /// Writes a template's files with their blanks filled in, in names as well as in texts.
    fn fill_in(&mut self, files: &Dir<'_>) -> Result<(), Error> {
        for entry in files.entries() {
            match entry {
                DirEntry::Dir(folder) => self.fill_in(folder)?,
                DirEntry::File(file) => {
                    let path = PathBuf::from(self.filled(&file.path().to_string_lossy()));
                    match file.contents_utf8() {
                        Some(text) => self.write(&path, self.filled(text).as_bytes())?,
                        None => self.write(&path, file.contents())?,
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes files as they are. What Python keeps beside its sources is no source.
    fn copy(&mut self, under: &Path, files: &Dir<'_>) -> Result<(), Error> {
        for entry in files.entries() {
            match entry {
                DirEntry::Dir(folder) if folder.path().ends_with("__pycache__") => {}
                DirEntry::Dir(folder) => self.copy(under, folder)?,
                DirEntry::File(file) => self.write(&under.join(file.path()), file.contents())?,
            }
        }
        Ok(())
    }

    fn filled(&self, text: &str) -> String {
        self.blanks.iter().fold(text.to_owned(), |text, (blank, value)| text.replace(blank, value))
    }

    fn write(&mut self, path: &Path, content: &[u8]) -> Result<(), Error> {
        let file = self.folder.join(path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|source| cannot_write(folder, source))?;
        }
        std::fs::write(&file, content).map_err(|source| cannot_write(&file, source))?;
        self.written.push(path.to_owned());
        Ok(())
    }
}
