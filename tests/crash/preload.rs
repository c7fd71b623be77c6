//! Libraries put under the binary with `LD_PRELOAD`, compiled once for each test process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

/// `tests/crash/<name>.c`, compiled.
pub(crate) fn library(name: &str) -> PathBuf {
    static COMPILED: OnceLock<TempDir> = OnceLock::new();
    let folder = COMPILED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["disk", "clock"] {
            compile(name, folder.path());
        }
        folder
    });
    folder.path().join(name).with_extension("so")
}

fn compile(name: &str, folder: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/crash").join(name);
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(folder.join(name).with_extension("so"));
    let compiled = compiler.arg(source.with_extension("c")).arg("-ldl").status();
    let compiled = compiled.expect("the C compiler `cc`, which linking Rust needs as well");
    assert!(compiled.success(), "tests/crash/{name}.c does not compile");
}
