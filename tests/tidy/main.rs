//! The architecture as a test: rooms, the arrows between them, the homes of heavy libraries, the top level, the documents.
#![expect(clippy::expect_used, reason = "a test ends loudly")]

mod dependencies;
mod documents;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};

/// Which room may open which door, as in `docs/architecture.md`.
const ROOMS: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("config", &["protocol"]),
    ("source", &["protocol", "config"]),
    ("handler-host", &["protocol"]),
    ("ledger", &["protocol"]),
    ("invocation", &["protocol", "config", "source", "handler-host", "ledger"]),
    ("bundle", &["protocol", "config", "handler-host"]),
    ("inbound", &["protocol"]),
    ("outbound", &["protocol"]),
    ("writeback", &["protocol", "config", "source", "ledger", "outbound"]),
    ("mcp", &["protocol", "inbound", "invocation"]),
    ("review", &["protocol", "config", "inbound", "ledger", "invocation", "writeback"]),
    ("setup", &["protocol", "config", "source", "ledger", "bundle", "invocation"]),
    ("fleet", &["protocol", "inbound", "outbound", "ledger", "writeback"]),
    ("cloud", &["protocol", "invocation", "setup", "outbound"]),
    (
        "cli",
        &[
            "protocol",
            "config",
            "source",
            "handler-host",
            "bundle",
            "ledger",
            "invocation",
            "writeback",
            "mcp",
            "review",
            "setup",
            "fleet",
            "cloud",
            "outbound",
        ],
    ),
];

/// The rooms in which a heavy library may be named.
const HOMES: &[(&str, &[&str])] = &[
    ("wasmtime", &["handler-host"]),
    ("wasmtime-wasi", &["handler-host"]),
    ("rmcp", &["mcp"]),
    ("sqlx", &["source", "writeback", "ledger"]),
    ("rusqlite", &["ledger", "source", "writeback", "cli"]),
    ("jsonschema", &["config", "bundle", "cloud"]),
    ("axum", &["inbound", "mcp", "review", "fleet"]),
    ("hyper", &["inbound"]),
    ("tokio-rustls", &["inbound"]),
    ("clap", &["cli"]),
    ("inquire", &["cli"]),
    ("opentelemetry", &["cli"]),
    ("opentelemetry_sdk", &["cli"]),
    ("prometheus", &["cli"]),
    ("anyhow", &["cli"]),
];

/// Everything that shows in `ls`, besides an ignored `target/`.
const TOP: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "docs",
    "fixtures",
    "handlers",
    "runner",
    "sdk",
    "tests",
    "wit",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace root")
}

/// The manifests alone: nothing is resolved, so nothing is fetched.
fn metadata() -> Metadata {
    MetadataCommand::new().current_dir(root()).no_deps().exec().expect("cargo metadata")
}

fn rooms(metadata: &Metadata) -> BTreeMap<String, &Package> {
    let room = |package: &&Package| Some(package.name.strip_prefix("synapsor-")?.to_owned());
    metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| package.manifest_path.starts_with(metadata.workspace_root.join("runner")))
        .map(|package| (room(&package).expect("crates are named synapsor-<room>"), package))
        .collect()
}

/// What tests break a room with; only ever optional, and in no ordinary build.
const POINTS: &str = "synapsor-test-points";

/// Names of what a package needs to run; tests may open any door.
fn needs(package: &Package) -> BTreeSet<&str> {
    let is_point = |dependency: &Dependency| dependency.name == POINTS && dependency.optional;
    let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal && !is_point(d));
    normal.map(|dependency| dependency.name.as_str()).collect()
}

/// The README's first command names no binary.
#[test]
fn there_is_one_binary_for_cargo_run() {
    let metadata = metadata();
    let packages = metadata.workspace_default_packages();
    let binaries: Vec<&str> = packages
        .iter()
        .flat_map(|package| &package.targets)
        .filter(|target| target.is_bin())
        .map(|target| target.name.as_str())
        .collect();
    assert_eq!(binaries, ["synapsor"], "`cargo run -- demo` has to know which one to run");
}

#[test]
fn every_room_is_in_the_table_and_in_its_folder() {
    let metadata = metadata();
    let rooms = rooms(&metadata);
    let known: BTreeSet<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    assert_eq!(rooms.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
    for (room, package) in rooms {
        assert!(package.manifest_path.ends_with(format!("runner/{room}/Cargo.toml")), "{room}");
    }
}

#[test]
fn arrows_between_rooms_are_the_ones_in_the_table() {
    let metadata = metadata();
    let rooms = rooms(&metadata);
    for (room, allowed) in ROOMS {
        let doors = needs(rooms[*room]).into_iter().filter_map(|name| name.strip_prefix("synapsor-"));
        for door in doors {
            assert!(allowed.contains(&door), "{room} may not depend on {door}");
        }
    }
}

#[test]
fn heavy_libraries_stay_in_their_homes() {
    let metadata = metadata();
    for (room, package) in rooms(&metadata) {
        for (library, homes) in HOMES {
            assert!(
                !needs(package).contains(library) || homes.contains(&room.as_str()),
                "{room} may not name {library}; its homes are {homes:?}"
            );
        }
    }
}

#[test]
fn the_surface_a_model_sees_cannot_reach_the_room_that_writes() {
    let reached = reachable("synapsor-mcp");
    assert!(reached.contains("synapsor-invocation"), "the walk works: {reached:?}");
    for forbidden in
        ["synapsor-writeback", "synapsor-review", "synapsor-cli", "synapsor-bundle", "synapsor-cloud"]
    {
        assert!(!reached.contains(forbidden), "mcp reaches {forbidden}");
    }
}

#[test]
fn nothing_a_test_breaks_the_binary_with_is_in_an_ordinary_build() {
    let reached = reachable("synapsor-cli");
    assert!(reached.contains("synapsor-ledger"), "the walk works: {reached:?}");
    assert!(!reached.contains(POINTS), "an ordinary build reaches {POINTS}");
}

#[test]
fn the_door_for_fixtures_is_in_no_room_that_ships() {
    let metadata = metadata();
    let opens = |dependency: &Dependency| dependency.features.iter().any(|feature| feature == "conformance");
    let opening = metadata.packages.iter().filter(|package| package.dependencies.iter().any(opens));
    let opening: Vec<&str> = opening.map(|package| package.name.as_str()).collect();
    assert_eq!(opening, ["synapsor-test-conformance"]);
}

#[test]
fn a_notebook_that_forgets_is_in_no_room_that_ships() {
    let metadata = metadata();
    let opens = |dependency: &&Dependency| dependency.features.iter().any(|feature| feature == "forgetful");
    let all = metadata.packages.iter().flat_map(|package| &package.dependencies);
    let kinds: Vec<_> = all.filter(opens).map(|dependency| dependency.kind).collect();
    assert_eq!(kinds, [DependencyKind::Development]);
}

/// Every package below one, as `cargo tree` sees it for a normal build.
fn reachable(package: &str) -> BTreeSet<String> {
    let output = std::process::Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["tree", "--offline", "-p", package, "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .output()
        .expect("cargo tree runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("cargo prints text");
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn the_top_level_is_what_the_map_says() {
    let shown = std::fs::read_dir(root())
        .expect("the root can be listed")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("plain names"));
    let shown: BTreeSet<String> = shown.filter(|name| !name.starts_with('.') && name != "target").collect();
    assert_eq!(shown, TOP.iter().map(|name| (*name).to_owned()).collect());
}

#[test]
fn every_source_file_says_first_what_it_is_for() {
    let mut silent = Vec::new();
    for folder in ["runner", "tests", "sdk", "handlers"] {
        visit(&root().join(folder), &mut |file| {
            let text = std::fs::read_to_string(file).expect("source is text");
            let first = text.lines().next().unwrap_or_default();
            if !first.starts_with("//! ") && !text.starts_with("// Generated") {
                silent.push(file.strip_prefix(root()).expect("inside").to_owned());
            }
        });
    }
    assert_eq!(silent, Vec::<PathBuf>::new());
}

fn visit(folder: &Path, look: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            visit(&path, look);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            look(&path);
        }
    }
}

#[test]
fn the_contract_has_one_folder_per_breaking_version() {
    let text = std::fs::read_to_string(root().join("wit/v0_1/handler.wit")).expect("the contract");
    assert!(text.contains("package synapsor:handler@0.1.0;"), "the package version is in the file");
}
