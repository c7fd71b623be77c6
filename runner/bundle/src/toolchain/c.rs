//! C: clang compiles the handler with the SDK for `wasm32-wasi`, against wasi-libc.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use include_dir::{Dir, include_dir};

use super::{Carried, Made, Tool, Toolchain, Workshop};
use crate::error::Error;

/// The clang for guests, where it is not Debian's. It brings its own linker and libc.
const CLANG: &str = "SYNAPSOR_CLANG";

static TEMPLATE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/c");
static HEADERS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/c/include");
static SOURCES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/c/src");

pub(super) static C: Toolchain = Toolchain {
    language: "c",
    template: &TEMPLATE,
    sdk: &[
        Carried::File("sdk/README.md", include_str!("../../../../sdk/c/README.md")),
        Carried::Folder("sdk/include", &HEADERS),
        Carried::Folder("sdk/src", &SOURCES),
    ],
    fuel: 500_000,
    memory_bytes: 4 * 1024 * 1024,
    tools: &[
        Tool {
            name: "clang-19",
            present: |workshop| workshop.succeeds(workshop.command(CLANG, "clang-19").arg("--version")),
            install: "apt-get install clang-19",
        },
        Tool {
            name: "wasm-ld",
            present: |workshop| finds(workshop, "-print-prog-name=wasm-ld"),
            install: "apt-get install lld-19",
        },
        Tool {
            name: "wasi-libc",
            present: |workshop| finds(workshop, "-print-file-name=crt1-reactor.o"),
            install: "apt-get install wasi-libc",
        },
        Tool {
            name: "clang's runtime for wasm32",
            present: |workshop| finds(workshop, "-print-libgcc-file-name"),
            install: "apt-get install libclang-rt-19-dev-wasm32",
        },
    ],
    make,
};

const TARGET: [&str; 2] = ["--target=wasm32-wasi", "--rtlib=compiler-rt"];

/// Whether clang answers a question for a file of the target with one that is there.
fn finds(workshop: &Workshop<'_>, question: &str) -> bool {
    let mut clang = workshop.command(CLANG, "clang-19");
    let asked = clang.args(TARGET).arg(question).stdin(Stdio::null()).stderr(Stdio::null()).output();
    asked.is_ok_and(|answer| {
        let file = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
        file.is_absolute() && file.is_file()
    })
}

/// Every path is relative to the project, so that none of this machine reaches the bytes. All of the SDK goes in; the
/// linker leaves out what nobody calls.
fn make(workshop: &Workshop<'_>) -> Result<Made, Error> {
    let output = workshop.output_in("build", "handler.wasm")?;
    let mut clang = workshop.command(CLANG, "clang-19");
    clang.env("LC_ALL", "C").args(TARGET);
    clang.args("-std=c17 -Os -Wall -Wextra -Werror=unused-result".split(' '));
    clang.args("-ffunction-sections -fdata-sections -mexec-model=reactor".split(' '));
    clang.args("-fuse-ld=lld -Wl,--strip-all,--gc-sections -Isdk/include -Isdk/src".split(' '));
    clang.args(rules(workshop)?).args(compiled(&SOURCES)).arg("-o").arg(&output);
    workshop.run(&mut clang)?;
    Ok(Made::CoreOnWasi(workshop.made(&output)?))
}

/// The project's own sources: the C files that lie beside the manifest.
fn rules(workshop: &Workshop<'_>) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |source| Error::CannotRead { path: workshop.folder.to_owned(), source };
    let mut rules = Vec::new();
    for entry in workshop.folder.read_dir().map_err(unreadable)? {
        let file = PathBuf::from(entry.map_err(unreadable)?.file_name());
        if is_source(&file) {
            rules.push(file);
        }
    }
    rules.sort();
    Ok(rules)
}

/// The SDK's files that are compiled or linked, below a folder of it.
fn compiled(folder: &Dir<'_>) -> Vec<PathBuf> {
    let files = folder.files().map(|file| file.path()).filter(|path| is_source(path) || is_object(path));
    let mut files: Vec<_> = files.map(|path| Path::new("sdk/src").join(path)).collect();
    files.extend(folder.dirs().flat_map(compiled));
    files
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "c")
}

/// The contract's world, as the bindings give it to the linker.
fn is_object(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "o")
}
