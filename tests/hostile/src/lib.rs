//! Test guests: components from a few lines of text, and all the hostile ones in one table.
//!
//! A guest is a `.wat` file in `fixtures/guests` or `fixtures/hostile`, or is made here where it would be too large to keep.
//! Whoever runs guests takes them from here, so that a new one is tried everywhere: in the box, by `synapsor validate`, in a
//! process of its own.
#![expect(clippy::expect_used, clippy::panic, reason = "a test ends loudly")]

mod assembled;
mod binary;
mod made;
mod table;

use std::path::{Path, PathBuf};

pub use assembled::{component, guest};
pub use table::{Abuse, TABLE, as_markdown};

/// A guest that means harm, or looks like it.
#[derive(Debug, Clone)]
pub struct HostileGuest {
    /// The fixture's name without `.wat`, or the name of what is made here.
    pub name: String,
    /// The stable code it is refused with when it is loaded, or its call ends with.
    pub code: String,
    /// Words the refusal holds, where the code alone could have another cause.
    pub words: &'static str,
    /// Whether it is granted WASI.
    pub wasi: bool,
    /// Limits it is given in place of the defaults.
    pub limits: Vec<(String, u64)>,
    /// The file.
    pub component: Vec<u8>,
}

impl HostileGuest {
    /// Its own limit of that name.
    pub fn limit(&self, name: &str) -> Option<u64> {
        self.limits.iter().find(|(own, _)| own == name).map(|(_, value)| *value)
    }

    /// Whether it never gets to run.
    pub fn is_refused_at_load(&self) -> bool {
        self.code.starts_with("HANDLER_")
    }
}

/// Every hostile guest, in name order.
pub fn hostile() -> Vec<HostileGuest> {
    let mut all: Vec<_> =
        hostile_files().iter().map(|path| assembled::hostile(path)).chain(made::all()).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn hostile_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(fixtures().join("hostile")).expect("the folder exists");
    let paths = entries.map(|entry| entry.expect("is listed").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "wat")).collect()
}

/// The repository's `fixtures` folder.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}
