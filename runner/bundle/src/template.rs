//! A new project: the language's template, the manifest and cases every language shares, and the SDK's files. With a fit, the
//! rule, the manifest and the cases are for somebody's own capability.

use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, File, include_dir};

use crate::error::Error;
use crate::fit::Fit;
use crate::manifest::is_name;
use crate::toolchain::{self, Carried, Toolchain, cannot_write};

/// The manifest and the cases: one rule and one specification, whatever the language.
static BUNDLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/bundle");

/// The same, and every language's rule, for a capability of somebody's own: what is in it stands in place of the above.
static FITTED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/fitted");
/// Its manifest and cases.
const FITTED_BUNDLE: &str = "bundle";
/// What the rule of the templates does.
const DESCRIPTION: &str = "Waives the late fee of an overdue invoice, up to a cap.";

/// Around lines that are repeated for every column of a fit.
const REPEATED: (&str, &str) = ("{{#columns}}", "{{/columns}}");

/// What stands in a template, and what stands there in a project.
pub(crate) type Blanks = Vec<(&'static str, String)>;

/// Writes a project of a new handler into a folder that is not there yet, or is empty. The files' paths in it, in order.
///
/// # Errors
/// When the language or the name is not one, when the folder holds something, and when a file cannot be written.
pub fn new_project(language: &str, name: &str, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    project(language, name, folder, None)
}

/// As [`new_project`], with a rule, a manifest and cases for these columns.
///
/// # Errors
/// As [`new_project`].
pub fn fitted_project(language: &str, name: &str, folder: &Path, fit: &Fit) -> Result<Vec<PathBuf>, Error> {
    project(language, name, folder, Some(fit))
}

fn project(language: &str, name: &str, folder: &Path, fit: Option<&Fit>) -> Result<Vec<PathBuf>, Error> {
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
    let mut blanks = blanks(toolchain, name);
    blanks.extend(fit.map_or_else(unfitted, Fit::blanks));
    let repeated = fit.map(Fit::repeated).unwrap_or_default();
    let mut project = Project { folder, blanks, repeated, written: Vec::new() };
    project.fill_in(toolchain.template)?;
    match fit {
        None => project.fill_in(&BUNDLE)?,
        Some(fit) if !fit.rule.is_empty() => {
            for (path, text) in &fit.rule {
                let text = filled(text, &project.blanks);
                project.write(path, text.as_bytes())?;
            }
        }
        Some(_) => {
            project.fill_in_under(FITTED_BUNDLE)?;
            project.fill_in_under(language)?;
        }
    }
    for carried in toolchain.sdk {
        match carried {
            Carried::File(path, text) => project.write(Path::new(path), text.as_bytes())?,
            Carried::Folder(path, files) => project.copy(Path::new(path), files)?,
        }
    }
    project.written.sort();
    Ok(project.written)
}

/// The blanks of a fit, for the templates' own rule.
fn unfitted() -> Blanks {
    vec![("{{description}}", DESCRIPTION.to_owned()), ("{{sdk_features}}", String::new())]
}

fn blanks(toolchain: &Toolchain, name: &str) -> Blanks {
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
    blanks: Blanks,
    repeated: Vec<Blanks>,
    written: Vec<PathBuf>,
}

impl Project<'_> {
    /// Writes a template's files with their blanks filled in, in names as well as in texts.
    fn fill_in(&mut self, files: &Dir<'_>) -> Result<(), Error> {
        for entry in files.entries() {
            match entry {
                DirEntry::Dir(folder) => self.fill_in(folder)?,
                DirEntry::File(file) => {
                    let path = PathBuf::from(filled(&file.path().to_string_lossy(), &self.blanks));
                    self.fill_in_file(&path, file)?;
                }
            }
        }
        Ok(())
    }

    /// The same for a folder of the fitted templates, in place of what is there already.
    fn fill_in_under(&mut self, name: &str) -> Result<(), Error> {
        let mut open: Vec<&Dir<'_>> = FITTED.get_dir(name).into_iter().collect();
        while let Some(folder) = open.pop() {
            open.extend(folder.dirs());
            for file in folder.files() {
                let path = file.path().strip_prefix(name).unwrap_or(file.path());
                self.fill_in_file(path, file)?;
            }
        }
        Ok(())
    }

    fn fill_in_file(&mut self, path: &Path, file: &File<'_>) -> Result<(), Error> {
        match file.contents_utf8() {
            Some(text) => {
                let text = filled(&repeated(text, &self.repeated), &self.blanks);
                self.write(path, text.as_bytes())
            }
            None => self.write(path, file.contents()),
        }
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

    fn write(&mut self, path: &Path, content: &[u8]) -> Result<(), Error> {
        let file = self.folder.join(path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|source| cannot_write(folder, source))?;
        }
        std::fs::write(&file, content).map_err(|source| cannot_write(&file, source))?;
        if !self.written.iter().any(|written| written == path) {
            self.written.push(path.to_owned());
        }
        Ok(())
    }
}

fn filled(text: &str, blanks: &Blanks) -> String {
    blanks.iter().fold(text.to_owned(), |text, (blank, value)| text.replace(blank, value))
}

/// The lines between the marks once for every column; a text without marks as it is.
fn repeated(text: &str, columns: &[Blanks]) -> String {
    let (begin, end) = REPEATED;
    let mut all = String::new();
    let mut block: Option<String> = None;
    for line in text.split_inclusive('\n') {
        match (line.trim(), &mut block) {
            (mark, None) if mark == begin => block = Some(String::new()),
            (mark, Some(lines)) if mark == end => {
                all.extend(columns.iter().map(|blanks| filled(lines, blanks)));
                block = None;
            }
            (_, Some(lines)) => lines.push_str(line),
            (_, None) => all.push_str(line),
        }
    }
    all
}
