//! A bundle's files, read and checked one by one: the part of validation that needs no engine.

use std::path::{Path, PathBuf};

use synapsor_protocol::Digest;

use crate::case::Case;
use crate::code::ProblemCode;
use crate::document;
use crate::folder::{CASE_BYTES_MAX, CASES_MAX, COMPONENT_BYTES_MAX, Folder, MANIFEST_BYTES_MAX};
use crate::manifest::Manifest;
use crate::problem::Problem;

/// The manifest's file name.
pub(crate) const MANIFEST_FILE: &str = "handler.json";

/// A bundle whose files are all there and well formed, and whose component is the one its manifest names.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The folder.
    pub folder: PathBuf,
    /// The manifest.
    pub manifest: Manifest,
    /// The component file.
    pub component: Vec<u8>,
    /// SHA-256 of the component file.
    pub component_digest: Digest,
    /// The cases, in name order.
    pub cases: Vec<Case>,
}

/// Opens a bundle. Nothing is compiled and nothing runs.
///
/// # Errors
/// Every problem of its files at once.
pub fn open(folder: &Path) -> Result<Bundle, Vec<Problem>> {
    let Files { folder, manifest, component, cases, problems } = gather(folder);
    match (manifest, component) {
        (Some(manifest), Some(component)) if problems.is_empty() => {
            Ok(Bundle { folder, manifest, component_digest: Digest::of_bytes(&component), component, cases })
        }
        _ => Err(problems),
    }
}

/// What could be read of a bundle, and everything that could not.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) folder: PathBuf,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) component: Option<Vec<u8>>,
    pub(crate) cases: Vec<Case>,
    pub(crate) problems: Vec<Problem>,
}

impl Files {
    fn keep<T>(&mut self, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.problems.push(problem)).ok()
    }
}

pub(crate) fn gather(path: &Path) -> Files {
    let mut files = Files::default();
    let Some(folder) = files.keep(Folder::open(path)) else {
        return files;
    };
    files.folder = folder.path().to_owned();
    if let Some(bytes) = files.keep(folder.read(MANIFEST_FILE, MANIFEST_BYTES_MAX)) {
        match document::manifest(MANIFEST_FILE, &bytes) {
            Ok(manifest) => files.manifest = Some(manifest),
            Err(problems) => files.problems.extend(problems),
        }
    }
    if let Some(named) = files.manifest.as_ref().map(|manifest| manifest.component.clone()) {
        files.component = files.keep(folder.read(&named.file, COMPONENT_BYTES_MAX));
        let found = files.component.as_deref().map(Digest::of_bytes).filter(|found| *found != named.digest);
        files.problems.extend(found.map(|found| mismatch(&named.digest, &found)));
    }
    let names = files.keep(folder.case_names());
    gather_cases(&folder, &names.unwrap_or_default(), &mut files);
    files
}

fn gather_cases(folder: &Folder, names: &[String], files: &mut Files) {
    if names.len() > CASES_MAX {
        let message = format!("expected at most `{CASES_MAX}` cases, found more");
        files.problems.push(Problem::new(ProblemCode::TooManyCases, "cases", message));
        return;
    }
    for name in names {
        let bytes = folder.read(&format!("cases/{name}.json"), CASE_BYTES_MAX);
        match files.keep(bytes).map(|bytes| document::case(name, &bytes)) {
            Some(Ok(case)) => files.cases.push(case),
            Some(Err(problems)) => files.problems.extend(problems),
            None => {}
        }
    }
}

fn mismatch(named: &Digest, found: &Digest) -> Problem {
    let place = format!("{MANIFEST_FILE} $.component.digest");
    Problem::new(ProblemCode::ComponentDigestMismatch, place, format!("expected `{named}`, found `{found}`"))
        .hint("rebuild the component, or review it and pin it with `synapsor validate --write-digest`")
}
