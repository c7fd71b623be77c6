//! A bundle that leaves its author: signed, and packed into one file.

use std::path::Path;

use synapsor_protocol::Digest;

use crate::archive;
use crate::bundle::{Files, gather, gather_unsigned};
use crate::code::ProblemCode;
use crate::error::Error;
use crate::key::SigningKey;
use crate::problem::Problem;
use crate::signature::{SIGNATURE_FILE, Signature};
use crate::write::write_whole;

/// A bundle in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// What the file is called where nobody says otherwise: `late-fee-0.1.0.tar`.
    pub file_name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its SHA-256.
    pub digest: Digest,
    /// What is in it, in order.
    pub files: Vec<String>,
}

/// Packs a bundle: its manifest, component, cases and signature, and nothing else of its folder. The same bundle always
/// gives the same bytes.
///
/// # Errors
/// Every problem of its files at once; a bundle that cannot be opened is not packed.
pub fn pack(path: &Path) -> Result<Packed, Vec<Problem>> {
    let Files { manifest, component, signature, mut texts, problems, .. } = gather(path);
    let (Some(manifest), Some(component), true) = (manifest, component, problems.is_empty()) else {
        return Err(problems);
    };
    texts.insert(manifest.component.file.clone(), component);
    if let Some(signature) = signature {
        texts.insert(SIGNATURE_FILE.to_owned(), written(&signature));
    }
    let bytes = archive::packed(&texts).map_err(|_| {
        let message = "a file's name is too long for an archive";
        vec![Problem::new(ProblemCode::ArchiveInvalid, "cases", message)]
    })?;
    Ok(Packed {
        file_name: format!("{}-{}.tar", manifest.name, manifest.version),
        digest: Digest::of_bytes(&bytes),
        files: texts.into_keys().collect(),
        bytes,
    })
}

/// Signs the bundle in a folder: writes `handler.sig`, in place of one that is there.
///
/// # Errors
/// Every problem of the bundle's files at once; and when the file cannot be written.
pub fn sign(folder: &Path, key: &SigningKey) -> Result<Signature, Error> {
    let files = gather_unsigned(folder);
    let content = match files.content_digest() {
        Some(content) if files.problems.is_empty() => content,
        _ => return Err(Error::Problems(files.problems)),
    };
    if !files.path.is_dir() {
        return Err(Error::NotAFolder(files.path));
    }
    let signature = Signature::new(content, key);
    write_whole(&files.path.join(SIGNATURE_FILE), &written(&signature))?;
    Ok(signature)
}

/// The file, in the one form it has: what an archive holds is what is in the folder.
fn written(signature: &Signature) -> Vec<u8> {
    let text = serde_json::to_string_pretty(signature).unwrap_or_default();
    format!("{text}\n").into_bytes()
}
