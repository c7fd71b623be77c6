//! Native code kept between starts, in a folder only this user can write, under a key only this user can read.
//!
//! Whoever can put a file here could run code as the host, so a file counts for nothing until its seal is checked: a keyed
//! hash over what it was compiled from, by which engine, and every byte of it. A file that does not hold is said, removed
//! from use and compiled anew.
//! Invariant: the bytes that were checked are the bytes that are used; the file is read once, into memory.
//! Invariant: nothing here fails a load. Without a cache the host is slower, not broken.

mod private;
#[cfg(test)]
mod tests;

use std::hash::{Hash as _, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use synapsor_protocol::Digest;
use wasmtime::Engine;

use self::private::KEY_BYTES;
use crate::code::Code;

/// The first bytes of a file: what it is, and the version of its form.
const MAGIC: &[u8; 8] = b"synapsc\x01";
const SEAL_BYTES: usize = blake3::OUT_LEN;
const CODE_FILE: &str = "code";

/// Where native code is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// The folder; made for this user alone where it is not there.
    pub folder: PathBuf,
    /// The file with the key that seals what is kept; made where it is not there.
    pub key_file: PathBuf,
    /// Bytes kept; past it the oldest files go.
    pub bytes_max: u64,
}

impl CacheSettings {
    /// Bytes kept where nobody says: some ten interpreters.
    pub const BYTES_MAX: u64 = 1024 * 1024 * 1024;
}

/// Why there is no cache.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("`{}` cannot be used: {error}", .path.display())]
    Io { path: PathBuf, error: std::io::Error },
    #[error("expected `{}` to be {expected}", .path.display())]
    NotPrivate { path: PathBuf, expected: &'static str },
}

/// An open cache, for one engine.
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; KEY_BYTES],
    bytes_max: u64,
    /// Which engine, with which settings, makes the code.
    engine: blake3::Hash,
}

impl Cache {
    pub(crate) fn open(settings: &CacheSettings, engine: &Engine) -> Result<Self, Problem> {
        let mut identity = Identity(blake3::Hasher::new());
        identity.write(env!("CARGO_PKG_VERSION").as_bytes());
        engine.precompile_compatibility_hash().hash(&mut identity);
        Self::open_for(settings, identity.0.finalize())
    }

    fn open_for(settings: &CacheSettings, engine: blake3::Hash) -> Result<Self, Problem> {
        let CacheSettings { folder, key_file, bytes_max } = settings;
        private::folder(folder)?;
        let key = private::key(key_file)?;
        Ok(Self { folder: folder.clone(), key, bytes_max: *bytes_max, engine })
    }

    /// The code of a component, where a file with a good seal holds it.
    pub(crate) fn find(&self, digest: &Digest) -> Option<Code> {
        let path = self.path(digest);
        let file = match private::read(&path, self.bytes_max) {
            Ok(file) => file,
            Err(Problem::Io { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(problem) => {
                tracing::warn!(%problem, "a compiled handler in the cache is not used");
                return None;
            }
        };
        let code = self.unsealed(digest, file);
        if code.is_none() {
            let path = path.display();
            tracing::warn!(%path, "a compiled handler in the cache is not one this host made; it is not used");
        }
        code
    }

    /// Keeps the code of a component; says so where it cannot.
    pub(crate) fn keep(&self, digest: &Digest, code: &Code) {
        if let Err(error) = self.write(digest, code) {
            tracing::warn!(%error, "a compiled handler could not be kept; the next start compiles it again");
        }
        self.make_room();
    }

    /// Complete under another name first: a reader sees a whole file or none, also beside another runner.
    fn write(&self, digest: &Digest, code: &Code) -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(MAGIC)?;
        file.write_all(self.seal(digest, code.bytes()).as_bytes())?;
        file.write_all(code.bytes())?;
        file.persist(self.path(digest))?;
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "the seal proves that this host kept these bytes")]
    fn unsealed(&self, digest: &Digest, file: Vec<u8>) -> Option<Code> {
        let (head, code) = file.split_at_checked(MAGIC.len() + SEAL_BYTES)?;
        let seal = blake3::Hash::from_slice(head.strip_prefix(MAGIC)?).ok()?;
        // Compared in constant time.
        if self.seal(digest, code) != seal {
            return None;
        }
        Some(Code::vouched_for(Bytes::from(file).split_off(MAGIC.len() + SEAL_BYTES)))
    }

    /// Everything the file claims, each part of known length.
    fn seal(&self, digest: &Digest, code: &[u8]) -> blake3::Hash {
        let mut seal = blake3::Hasher::new_keyed(&self.key);
        seal.update(MAGIC).update(self.engine.as_bytes()).update(self.name(digest).as_bytes()).update(code);
        seal.finalize()
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(self.name(digest).to_hex().as_str()).with_extension(CODE_FILE)
    }

    /// One file for each component and engine.
    fn name(&self, digest: &Digest) -> blake3::Hash {
        let mut name = blake3::Hasher::new();
        name.update(self.engine.as_bytes()).update(digest.to_string().as_bytes());
        name.finalize()
    }

    /// Removes the oldest files past the limit, and with them what a killed runner left half written.
    fn make_room(&self) {
        let mut files = listed(&self.folder);
        files.sort_by_key(|file| std::cmp::Reverse(file.modified));
        let mut kept_bytes = 0_u64;
        for file in files {
            kept_bytes = kept_bytes.saturating_add(file.bytes);
            if kept_bytes > self.bytes_max {
                // Another runner may have been quicker.
                let _ = std::fs::remove_file(&file.path);
            }
        }
    }
}

struct Listed {
    path: PathBuf,
    bytes: u64,
    modified: Option<SystemTime>,
}

fn listed(folder: &Path) -> Vec<Listed> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| {
        let about = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some(Listed { path: entry.path(), bytes: about.len(), modified: about.modified().ok() })
    });
    files.collect()
}

/// So that what the engine calls its identity goes into a hash that is the same in every process.
struct Identity(blake3::Hasher);

impl Hasher for Identity {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Never asked for: the whole hash is taken.
    fn finish(&self) -> u64 {
        0
    }
}
