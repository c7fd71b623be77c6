//! From a project's source to its bundle: the tools run, their output becomes a component, the manifest gets its digest.

use std::path::Path;

use synapsor_protocol::{Digest, Environment};

use crate::bundle::MANIFEST_FILE;
use crate::code::ProblemCode;
use crate::component::component;
use crate::document;
use crate::error::{Error, MissingTool};
use crate::folder::{Folder, MANIFEST_BYTES_MAX};
use crate::manifest::Manifest;
use crate::pin::repinned;
use crate::problem::Problem;
use crate::toolchain::{self, Toolchain, Workshop};
use crate::write::write_whole;

/// What a build made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The component file, relative to the project.
    pub component_file: String,
    /// Its size in bytes.
    pub component_bytes: usize,
    /// Its digest, which is in the manifest now.
    pub component_digest: Digest,
    /// Whether the manifest held another digest.
    pub changed: bool,
}

/// Builds the project in a folder by the language its manifest names. The tools are the author's own and run with the
/// author's rights.
///
/// # Errors
/// When tools are missing (all of them are named, with the commands that install them), when one of them fails, when what
/// they made is no component, and when the manifest is not valid. The bundle is then as it was.
pub fn build(folder: &Path, environment: &Environment) -> Result<Built, Error> {
    let opened = Folder::open(folder).map_err(one)?;
    let bytes = opened.read(MANIFEST_FILE, MANIFEST_BYTES_MAX).map_err(one)?;
    let manifest = document::manifest(MANIFEST_FILE, &bytes).map_err(Error::Problems)?;
    let language = manifest.toolchain.as_ref().ok_or(Error::LanguageMissing)?.language.as_str();
    let toolchain = toolchain::of(language)?;
    let workshop = Workshop { folder: opened.path(), environment };
    have_tools(toolchain, &workshop)?;
    let component = component((toolchain.make)(&workshop)?)?;
    keep(&opened, &manifest, &bytes, &component)
}

fn one(problem: Problem) -> Error {
    Error::Problems(vec![problem])
}

fn have_tools(toolchain: &Toolchain, workshop: &Workshop<'_>) -> Result<(), Error> {
    let absent = toolchain.tools.iter().filter(|tool| !(tool.present)(workshop));
    let missing: Vec<_> = absent.map(|tool| MissingTool { name: tool.name, install: tool.install }).collect();
    if missing.is_empty() { Ok(()) } else { Err(Error::ToolsMissing(missing)) }
}

/// The component first: a manifest never names a component that is not there.
fn keep(folder: &Folder, manifest: &Manifest, text: &[u8], component: &[u8]) -> Result<Built, Error> {
    let digest = Digest::of_bytes(component);
    let changed = digest != manifest.component.digest;
    let target = folder.inside_or_new(&manifest.component.file).map_err(one)?;
    write_whole(&target, component)?;
    if changed {
        let text = String::from_utf8_lossy(text);
        let repinned =
            repinned(&text, &manifest.component.digest, &digest).ok_or_else(|| one(digest_not_once()))?;
        write_whole(&folder.path().join(MANIFEST_FILE), repinned.as_bytes())?;
    }
    Ok(Built {
        component_file: manifest.component.file.clone(),
        component_bytes: component.len(),
        component_digest: digest,
        changed,
    })
}

fn digest_not_once() -> Problem {
    let place = format!("{MANIFEST_FILE} $.component.digest");
    let message = "expected the digest once in the text, found it elsewhere too";
    Problem::new(ProblemCode::ManifestInvalid, place, message)
}
