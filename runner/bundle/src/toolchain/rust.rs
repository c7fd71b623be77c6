//! Rust: cargo builds a `cdylib` for `wasm32-unknown-unknown`, which needs no adapter.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use include_dir::{Dir, include_dir};
use serde_json::Value as Json;

use super::{Carried, Made, Tool, Toolchain, Workshop};
use crate::error::Error;

const TARGET: &str = "wasm32-unknown-unknown";
/// The cargo command for guests, where the ordinary one has no target for them.
const CARGO: &str = "SYNAPSOR_WASM_CARGO";

static TEMPLATE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/rust");
static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/rust/src");

pub(super) static RUST: Toolchain = Toolchain {
    language: "rust",
    template: &TEMPLATE,
    sdk: &[
        Carried::File("sdk/Cargo.toml", include_str!("../../../../sdk/rust/Cargo.toml")),
        Carried::File("sdk/README.md", include_str!("../../../../sdk/rust/README.md")),
        Carried::Folder("sdk/src", &SDK),
    ],
    fuel: 500_000,
    memory_bytes: 4 * 1024 * 1024,
    tools: &[
        Tool {
            name: "cargo",
            present: |workshop| workshop.succeeds(workshop.command(CARGO, "cargo").arg("--version")),
            install: "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh",
        },
        Tool { name: TARGET, present: has_target, install: "rustup target add wasm32-unknown-unknown" },
    ],
    make,
};

/// Whether the compiler has a standard library for the target. A cargo of one's own brings its own.
fn has_target(workshop: &Workshop<'_>) -> bool {
    if workshop.environment.get(CARGO).is_some() {
        return true;
    }
    let mut rustc = workshop.command("RUSTC", "rustc");
    let asked = rustc.args(["--print", "target-libdir", "--target", TARGET]).stderr(Stdio::null()).output();
    asked.is_ok_and(|answer| {
        answer.status.success() && Path::new(String::from_utf8_lossy(&answer.stdout).trim()).is_dir()
    })
}

fn make(workshop: &Workshop<'_>) -> Result<Made, Error> {
    let mut cargo = workshop.command(CARGO, "cargo");
    cargo.args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"]);
    if workshop.environment.get("RUSTFLAGS").is_none() {
        cargo.env("RUSTFLAGS", remapped(workshop));
    }
    let messages = workshop.run(&mut cargo)?;
    let module = messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .filter_map(|message: Json| library(&message))
        .next_back()
        .unwrap_or_else(|| PathBuf::from("target").join(TARGET).join("release/*.wasm"));
    Ok(Made::Core(workshop.made(&module)?))
}

/// No path of this machine may reach the bytes.
fn remapped(workshop: &Workshop<'_>) -> String {
    let project = format!("--remap-path-prefix={}=/handler", workshop.folder.display());
    let environment = workshop.environment;
    let home = environment.get("HOME").map(|home| format!("{home}/.cargo"));
    match environment.get("CARGO_HOME").map(str::to_owned).or(home) {
        Some(cargo) => format!("{project} --remap-path-prefix={cargo}=/cargo"),
        None => project,
    }
}

/// The wasm file of a message that tells of a built `cdylib`. The last one built is the project's own.
fn library(message: &Json) -> Option<PathBuf> {
    let kinds = message.pointer("/target/kind")?.as_array()?;
    if !kinds.iter().any(|kind| kind == "cdylib") {
        return None;
    }
    let files = message.get("filenames")?.as_array()?.iter().filter_map(Json::as_str);
    files.map(PathBuf::from).find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}
