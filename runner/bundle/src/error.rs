//! Why a project could not be made, built, packed or signed. What is wrong with a bundle is a [`Problem`] instead.

use std::io;
use std::path::PathBuf;

use synapsor_protocol::{Code, Refusal};

use crate::problem::Problem;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such language.
    #[error("expected one of {}, found `{found}`", quoted(known))]
    LanguageUnknown {
        /// What was asked for.
        found: String,
        /// The languages there are.
        known: Vec<String>,
    },
    /// The manifest names no language, so nobody knows how to build it.
    #[error("`handler.json` names no `toolchain.language`")]
    LanguageMissing,
    /// Not a handler's name.
    #[error("expected a name in kebab case of at most 64 characters, found `{0}`")]
    NameInvalid(String),
    /// Something stands where the project should.
    #[error("`{}` exists already and is not an empty folder", .0.display())]
    FolderTaken(PathBuf),
    /// Tools a build needs are not there.
    #[error("{}", not_installed(.0))]
    ToolsMissing(Vec<MissingTool>),
    /// A tool is there and does not start.
    #[error("`{tool}` does not start")]
    ToolUnusable {
        /// The tool.
        tool: String,
        /// Why.
        source: io::Error,
    },
    /// A tool said no; it has said why on standard error.
    #[error("`{tool}` ended with {status}")]
    BuildFailed {
        /// The tool.
        tool: String,
        /// How it ended.
        status: String,
    },
    /// The tools ended well and did not leave what they should.
    #[error("the build left no `{}`", file.display())]
    OutputMissing {
        /// The file.
        file: PathBuf,
        /// What happened on reading it.
        source: io::Error,
    },
    /// What was built is no component of the world.
    #[error("what was built does not become a component: {0}")]
    NotAComponent(String),
    /// The bundle has problems; the first stands for all.
    #[error("{}", first(.0))]
    Problems(Vec<Problem>),
    /// Only what lies in a folder can be signed: an archive is made of it afterwards.
    #[error("expected a bundle's folder, found `{}`", .0.display())]
    NotAFolder(PathBuf),
    /// A key's file holds something else.
    #[error("`{}` holds no Ed25519 private key in PKCS#8 PEM", .0.display())]
    KeyMalformed(PathBuf),
    /// A private key that is not private.
    #[error("expected a key that only its owner may read, found `{}` with mode `{mode:o}`", path.display())]
    KeyExposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A file could not be read.
    #[error("cannot read `{}`: {}", path.display(), source.kind())]
    CannotRead {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{}`: {}", path.display(), source.kind())]
    CannotWrite {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
}

/// A tool that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingTool {
    /// What it is called.
    pub name: &'static str,
    /// The command that installs it.
    pub install: &'static str,
}

impl Error {
    /// As the answer of a room.
    pub fn refusal(&self) -> Refusal {
        let code = match self {
            Self::Problems(problems) => {
                return problems.first().map_or_else(|| Refusal::bug("no problem"), Problem::refusal);
            }
            Self::ToolsMissing(_) | Self::ToolUnusable { .. } => Code::HandlerToolMissing,
            Self::BuildFailed { .. } | Self::OutputMissing { .. } | Self::NotAComponent(_) => {
                Code::HandlerBuildFailed
            }
            _ => Code::InvalidInput,
        };
        let refusal = Refusal::new(code, self.to_string());
        match self.hint() {
            Some(hint) => refusal.hint(hint),
            None => refusal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::LanguageMissing => Some("add `\"toolchain\": { \"language\": … }`".to_owned()),
            Self::NameInvalid(_) => {
                Some("lower-case letters and digits, joined by `-`: `late-fee`".to_owned())
            }
            Self::FolderTaken(_) => Some("choose another name or another --folder".to_owned()),
            Self::ToolsMissing(missing) => {
                let installs: Vec<String> =
                    missing.iter().map(|tool| format!("`{}`: {}", tool.name, tool.install)).collect();
                Some(installs.join("; "))
            }
            Self::KeyExposed { path, .. } => Some(format!("chmod 600 {}", path.display())),
            Self::KeyMalformed(_) => Some("`synapsor handler keygen` makes one".to_owned()),
            Self::NotAFolder(_) => Some("sign the folder, then pack it".to_owned()),
            Self::BuildFailed { .. } => Some("what it said on standard error says why".to_owned()),
            _ => None,
        }
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn not_installed(missing: &[MissingTool]) -> String {
    let names: Vec<String> = missing.iter().map(|tool| tool.name.to_owned()).collect();
    format!("{} must be installed first", quoted(&names))
}

fn first(problems: &[Problem]) -> String {
    problems.first().map_or_else(|| "the bundle has problems".to_owned(), Problem::to_string)
}
