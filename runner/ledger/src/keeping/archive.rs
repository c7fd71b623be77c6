//! Where pruned records go first: a file of JSON lines, each a record with the event that vouches for it.
//!
//! Invariant: what a step wrote is on disk before the step's records are deleted. A step that fails afterwards leaves lines
//! in the archive of records that are still there, which loses nothing.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use synapsor_protocol::Digest;

use crate::chain::canonical_text;
use crate::error::Error;

/// Schema version of the archive's first line.
const ARCHIVE_SCHEMA: &str = "synapsor.ledger-archive.v1";

/// One archived record, with the digest its event carries.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    /// The event that vouches for it.
    pub(super) seq: i64,
    pub(super) kind: &'a str,
    pub(super) id: &'a str,
    pub(super) digest: Option<&'a str>,
    /// The stored text, which the digest is over.
    pub(super) document: &'a serde_json::value::RawValue,
}

/// An archive that is being written.
#[derive(Debug)]
pub(crate) struct Archive {
    file: File,
    step: Vec<u8>,
}

impl Archive {
    /// Makes the file, which must be new; its owner's alone.
    pub(crate) fn create(path: &Path, ledger_id: &str) -> Result<Self, Error> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = match options.open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(Error::Exists { path: path.to_owned() });
            }
            opened => opened.map_err(Error::file("make the archive"))?,
        };
        let mut archive = Self { file, step: Vec::new() };
        let first = serde_json::json!({ "schema_version": ARCHIVE_SCHEMA, "ledger_id": ledger_id });
        archive.push(&first)?;
        archive.finish_step()?;
        Ok(archive)
    }

    /// Removes an archive that was made in vain.
    pub(crate) fn discard(path: &Path) {
        if let Err(error) = std::fs::remove_file(path) {
            tracing::warn!(%error, path = %path.display(), "an archive of nothing could not be removed");
        }
    }

    pub(super) fn add(&mut self, line: &Line<'_>) -> Result<(), Error> {
        let text = serde_json::to_vec(line)
            .map_err(|_| Error::Invariant { what: "an archived record does not serialize" })?;
        self.step.extend_from_slice(&text);
        self.step.push(b'\n');
        Ok(())
    }

    fn push(&mut self, document: &serde_json::Value) -> Result<(), Error> {
        self.step.extend_from_slice(canonical_text(document)?.as_bytes());
        self.step.push(b'\n');
        Ok(())
    }

    /// Puts the step's lines on disk and answers their digest.
    pub(super) fn finish_step(&mut self) -> Result<Digest, Error> {
        let digest = Digest::of_bytes(&self.step);
        let written = self.file.write_all(&self.step).and_then(|()| self.file.sync_data());
        self.step.clear();
        written.map(|()| digest).map_err(Error::file("write the archive"))
    }
}
