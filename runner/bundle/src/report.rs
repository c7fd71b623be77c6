//! What a validation found.

use serde::Serialize;
use synapsor_protocol::{Digest, Usage};

use crate::problem::Problem;

/// Everything a validation has to say about one bundle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The folder or archive, as it was given.
    pub folder: String,
    /// The handler's name, where the manifest could be read.
    pub name: Option<String>,
    /// The handler's version, likewise.
    pub version: Option<String>,
    /// The component's digest, where there is one.
    pub component_digest: Option<Digest>,
    /// The component's size in bytes, likewise.
    pub component_bytes: Option<u64>,
    /// The cases that ran, in name order. None where the component could not be loaded.
    pub cases: Vec<CaseReport>,
    /// Everything wrong, in the order it was looked at.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }
}

/// How one case went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseReport {
    /// Its file, relative to the bundle's folder.
    pub file: String,
    /// What it shows.
    pub description: String,
    /// Whether the answer was the expected one, twice, with the same fuel.
    pub passed: bool,
    /// What the first run used.
    pub usage: Usage,
}
