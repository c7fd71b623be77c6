//! The languages a handler can be started and built in: for each its template, its tools, and how they make a component.
//!
//! `templates/README.md` says how a language is added.

mod c;
mod go;
mod javascript;
mod python;
mod rust;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use include_dir::Dir;
use synapsor_protocol::Environment;

use crate::error::Error;

/// Every language, in the order they are listed.
pub(crate) const ALL: &[&Toolchain] =
    &[&rust::RUST, &javascript::TYPESCRIPT, &javascript::JAVASCRIPT, &python::PYTHON, &c::C, &go::GO];

/// One language.
pub(crate) struct Toolchain {
    /// The language, as in `--lang` and in the manifest's `toolchain.language`.
    pub(crate) language: &'static str,
    /// The project's files that only this language has.
    pub(crate) template: &'static Dir<'static>,
    /// The SDK's files, which are written with the project.
    pub(crate) sdk: &'static [Carried],
    /// What one call of the template's handler needs: a few times what its cases use.
    pub(crate) fuel: u64,
    /// The same for memory.
    pub(crate) memory_bytes: u64,
    /// What has to be installed, in the order a person would.
    pub(crate) tools: &'static [Tool],
    /// Runs the tools. They are there when this is called.
    pub(crate) make: fn(&Workshop<'_>) -> Result<Made, Error>,
}

/// Files carried inside the binary, and where they go in a project.
pub(crate) enum Carried {
    /// One file.
    File(&'static str, &'static str),
    /// A folder with all that is in it.
    Folder(&'static str, &'static Dir<'static>),
}

/// The contract, for tools that make their bindings from it.
const CONTRACT: Carried = Carried::File("wit/handler.wit", include_str!("../../../wit/v0_1/handler.wit"));

/// Something a build needs.
pub(crate) struct Tool {
    /// What it is called.
    pub(crate) name: &'static str,
    /// Whether it is there.
    pub(crate) present: fn(&Workshop<'_>) -> bool,
    /// The command that installs it.
    pub(crate) install: &'static str,
}

/// What the tools made.
pub(crate) enum Made {
    /// A core module that carries its world in a custom section.
    Core(Vec<u8>),
    /// A core module whose language insists on WASI. One that carries no world gets the contract's.
    CoreOnWasi(Vec<u8>),
    /// A component.
    Component(Vec<u8>),
}

/// One project while it is built.
pub(crate) struct Workshop<'a> {
    /// The project's folder, absolute.
    pub(crate) folder: &'a Path,
    /// What the process was started with: where tools stand that are not in `PATH`.
    pub(crate) environment: &'a Environment,
}

impl Workshop<'_> {
    /// A command in the project's folder. The variable, where it is set, holds its words in place of `default`.
    pub(crate) fn command(&self, variable: &str, default: &str) -> Command {
        let mut words = self.environment.get(variable).unwrap_or(default).split_whitespace();
        let mut command = Command::new(words.next().unwrap_or(default));
        command.args(words).current_dir(self.folder);
        command
    }

    /// A command that is looked for in `PATH`.
    pub(crate) fn in_path(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.current_dir(self.folder);
        command
    }

    /// A command that is a file of the project, put there by the one that installs packages.
    pub(crate) fn of_project(&self, file: &str) -> Command {
        let mut command = Command::new(self.folder.join(file));
        command.current_dir(self.folder);
        command
    }

    /// A path for a tool's output, relative to the project, in a folder that is there.
    pub(crate) fn output_in(&self, folder: &str, file: &str) -> Result<PathBuf, Error> {
        let absolute = self.folder.join(folder);
        std::fs::create_dir_all(&absolute).map_err(|source| cannot_write(&absolute, source))?;
        Ok(Path::new(folder).join(file))
    }

    /// Whether a command runs and ends well. Nothing of it is shown.
    pub(crate) fn succeeds(&self, command: &mut Command) -> bool {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Runs a command to its end and gives its standard output; what it says on standard error is shown as it comes.
    pub(crate) fn run(&self, command: &mut Command) -> Result<Vec<u8>, Error> {
        let shown = command.get_program().to_string_lossy().into_owned();
        let output = command
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|source| Error::ToolUnusable { tool: shown.clone(), source })?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(Error::BuildFailed { tool: shown, status: output.status.to_string() })
        }
    }

    /// A file that a tool should have made.
    pub(crate) fn made(&self, file: &Path) -> Result<Vec<u8>, Error> {
        let path = self.folder.join(file);
        std::fs::read(&path).map_err(|source| Error::OutputMissing { file: path, source })
    }
}

pub(crate) fn cannot_write(path: &Path, source: io::Error) -> Error {
    Error::CannotWrite { path: path.to_owned(), source }
}

/// The toolchain of a language.
pub(crate) fn of(language: &str) -> Result<&'static Toolchain, Error> {
    let known = || ALL.iter().map(|toolchain| toolchain.language.to_owned()).collect();
    ALL.iter()
        .find(|toolchain| toolchain.language == language)
        .copied()
        .ok_or_else(|| Error::LanguageUnknown { found: language.to_owned(), known: known() })
}

/// The languages' names.
pub fn languages() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|toolchain| toolchain.language)
}

/// The tools a language needs, each with the command that installs it.
pub fn tools(language: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let tools = of(language).map(|toolchain| toolchain.tools).unwrap_or_default();
    tools.iter().map(|tool| (tool.name, tool.install))
}
