//! A copy of the shipped late-fee bundle that a test may break.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;
use synapsor_bundle::{Report, validate};
use synapsor_handler_host::{EngineSettings, HandlerEngine};

/// The bundle as it is in the tree.
pub(crate) fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../handlers/late-fee")
}

/// One engine for all tests of the process.
pub(crate) fn engine() -> &'static HandlerEngine {
    static ENGINE: LazyLock<HandlerEngine> =
        LazyLock::new(|| HandlerEngine::new(EngineSettings::default()).expect("wasm runs here"));
    &ENGINE
}

/// A copy in a folder of its own, with two cases: one that changes, one that refuses.
pub(crate) struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    pub(crate) fn new() -> Self {
        let copy = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        fs::create_dir(copy.path("cases")).expect("a new folder");
        for file in
            ["handler.json", "late-fee.wasm", "cases/rest-of-allowance.json", "cases/nothing-to-waive.json"]
        {
            fs::copy(shipped().join(file), copy.path(file)).expect(file);
        }
        copy
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Changes a JSON file of the bundle.
    pub(crate) fn edit(self, file: &str, change: impl FnOnce(&mut Value)) -> Self {
        let text = fs::read_to_string(self.path(file)).expect(file);
        let mut document = serde_json::from_str(&text).expect(file);
        change(&mut document);
        self.write(file, document.to_string())
    }

    pub(crate) fn write(self, file: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(file), content).expect(file);
        self
    }

    pub(crate) fn remove(self, file: &str) -> Self {
        fs::remove_file(self.path(file)).expect(file);
        self
    }

    pub(crate) async fn report(&self) -> Report {
        validate(self.folder(), engine()).await
    }

    /// The problems, one a line, as a person reads them.
    pub(crate) async fn problems(&self) -> String {
        let report = self.report().await;
        let line = |problem: &synapsor_bundle::Problem| match &problem.hint {
            Some(hint) => format!("{problem}\n  hint: {hint}\n"),
            None => format!("{problem}\n"),
        };
        report.problems.iter().map(line).collect()
    }
}
