//! A bundle's files, read and checked one by one: the part of validation that needs no engine.

use std::path::{Path, PathBuf};

use synapsor_protocol::Digest;

use crate::archive::Contents;
use crate::case::Case;
use crate::code::ProblemCode;
use crate::document;
use crate::folder::{CASE_BYTES_MAX, CASES_MAX, COMPONENT_BYTES_MAX, MANIFEST_BYTES_MAX};
use crate::holding::Holding;
use crate::manifest::Manifest;
use crate::problem::Problem;
use crate::signature::{self, SIGNATURE_BYTES_MAX, SIGNATURE_FILE, Signature};

/// The manifest's file name.
pub(crate) const MANIFEST_FILE: &str = "handler.json";

/// A bundle whose files are all there and well formed, and whose component is the one its manifest names.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The folder, or the archive.
    pub path: PathBuf,
    /// The manifest.
    pub manifest: Manifest,
    /// The component file.
    pub component: Vec<u8>,
    /// SHA-256 of the component file.
    pub component_digest: Digest,
    /// The cases, in name order.
    pub cases: Vec<Case>,
    /// Who signed it, where somebody did; it is this content that was signed, with the key the signature names.
    pub signature: Option<Signature>,
}

/// Opens a bundle, a folder or an archive. Nothing is compiled and nothing runs.
///
/// # Errors
/// Every problem of its files at once.
pub fn open(path: &Path) -> Result<Bundle, Vec<Problem>> {
    let files = gather(path);
    let Files { path, manifest, component, cases, signature, problems, .. } = files;
    match (manifest, component) {
        (Some(manifest), Some(component)) if problems.is_empty() => {
            let component_digest = Digest::of_bytes(&component);
            Ok(Bundle { path, manifest, component_digest, component, cases, signature })
        }
        _ => Err(problems),
    }
}

/// What could be read of a bundle, and everything that could not.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) path: PathBuf,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) component: Option<Vec<u8>>,
    pub(crate) cases: Vec<Case>,
    pub(crate) signature: Option<Signature>,
    /// Every file but the component and the signature, as it is.
    pub(crate) texts: Contents,
    pub(crate) problems: Vec<Problem>,
}

impl Files {
    fn keep<T>(&mut self, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.problems.push(problem)).ok()
    }

    /// What a signature is for: manifest, component and cases. None where one of them could not be read.
    pub(crate) fn content_digest(&self) -> Option<Digest> {
        let component = self.component.as_deref().map(Digest::of_bytes)?;
        signature::content_digest(&self.texts, &component)
    }
}

pub(crate) fn gather(path: &Path) -> Files {
    let mut files = gather_unsigned(path);
    let Ok(holding) = Holding::open(path) else { return files };
    let bytes = match holding.read(SIGNATURE_FILE, SIGNATURE_BYTES_MAX) {
        Err(problem) if problem.code == ProblemCode::FileMissing => return files,
        read => files.keep(read),
    };
    let signature = bytes.map(|bytes| signature::read(&bytes));
    if let Some(signature) = signature.and_then(|signature| files.keep(signature)) {
        let content = files.content_digest();
        files.problems.extend(content.and_then(|content| signature.problem(&content)));
        files.signature = Some(signature);
    }
    files
}

/// The same with no look at the signature: what signs anew does not mind an old one.
pub(crate) fn gather_unsigned(path: &Path) -> Files {
    let mut files = Files::default();
    let Some(holding) = files.keep(Holding::open(path)) else {
        return files;
    };
    files.path = holding.path().to_owned();
    if let Some(bytes) = files.keep(holding.read(MANIFEST_FILE, MANIFEST_BYTES_MAX)) {
        match document::manifest(MANIFEST_FILE, &bytes) {
            Ok(manifest) => files.manifest = Some(manifest),
            Err(problems) => files.problems.extend(problems),
        }
        files.texts.insert(MANIFEST_FILE.to_owned(), bytes);
    }
    if let Some(named) = files.manifest.as_ref().map(|manifest| manifest.component.clone()) {
        files.component = files.keep(holding.read(&named.file, COMPONENT_BYTES_MAX));
        let found = files.component.as_deref().map(Digest::of_bytes).filter(|found| *found != named.digest);
        files.problems.extend(found.map(|found| mismatch(&named.digest, &found)));
        files.problems.extend(holding.strangers(&named.file));
    }
    let names = files.keep(holding.case_names());
    gather_cases(&holding, &names.unwrap_or_default(), &mut files);
    files
}

fn gather_cases(holding: &Holding, names: &[String], files: &mut Files) {
    if names.len() > CASES_MAX {
        let message = format!("expected at most `{CASES_MAX}` cases, found more");
        files.problems.push(Problem::new(ProblemCode::TooManyCases, "cases", message));
        return;
    }
    for name in names {
        let file = format!("cases/{name}.json");
        let Some(bytes) = files.keep(holding.read(&file, CASE_BYTES_MAX)) else { continue };
        match document::case(name, &bytes) {
            Ok(case) => files.cases.push(case),
            Err(problems) => files.problems.extend(problems),
        }
        files.texts.insert(file, bytes);
    }
}

fn mismatch(named: &Digest, found: &Digest) -> Problem {
    let place = format!("{MANIFEST_FILE} $.component.digest");
    Problem::new(ProblemCode::ComponentDigestMismatch, place, format!("expected `{named}`, found `{found}`"))
        .hint("rebuild the component, or review it and pin it with `synapsor validate --write-digest`")
}
