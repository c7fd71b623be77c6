//! `synapsor handler …` with the real toolchains: a new project of every language builds and passes at once.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::json;
use tempfile::TempDir;

use crate::world::{Answered, BINARY};

/// Where each language's tools are: what a person has in `PATH`, and the variables for what stands elsewhere.
static TOOLS: LazyLock<Vec<(&str, String)>> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../handlers/wasm-cargo");
    let prepared = Command::new(script).output().expect("handlers/wasm-cargo runs");
    assert!(prepared.status.success(), "{}", String::from_utf8_lossy(&prepared.stderr));
    let cargo = String::from_utf8(prepared.stdout).expect("a command");
    vec![("SYNAPSOR_WASM_CARGO", cargo.trim().to_owned())]
});

/// A folder to work in.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        // Of a test's own cargo nothing may reach the guests' builds.
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("CARGO") && name != "CARGO_HOME")
        {
            command.env_remove(name);
        }
        command.args(words).current_dir(self.0.path());
        command
    }

    fn run(&self, words: &[&str]) -> Answered {
        self.command(words).output().expect("the binary runs").into()
    }

    fn run_with_tools(&self, words: &[&str]) -> Answered {
        let tools = TOOLS.iter().map(|(name, value)| (name, value.as_str()));
        self.command(words).envs(tools).output().expect("the binary runs").into()
    }
}

#[test]
fn a_new_project_of_every_language_builds_and_passes_at_once() {
    for language in synapsor_bundle::languages() {
        let desk = Desk::new();
        let made = desk.run(&["handler", "new", "--lang", language, "fee-waiver", "--json"]);
        assert_eq!(made.exit, 0, "{language}: {made:?}");
        let built = desk.run_with_tools(&["handler", "build", "fee-waiver", "--json"]);
        assert_eq!(built.exit, 0, "{language}: {built:?}");
        assert_eq!(built.json()["changed"], json!(true), "{language}");
        let valid = desk.run(&["validate", "fee-waiver", "--json"]);
        assert_eq!(valid.exit, 0, "{language}: {}", valid.stdout);
        assert_eq!(valid.json()["reports"][0]["cases"].as_array().map(Vec::len), Some(4), "{language}");
    }
}

#[test]
fn every_missing_tool_is_named_with_the_command_that_installs_it() {
    for language in synapsor_bundle::languages() {
        let desk = Desk::new();
        assert_eq!(desk.run(&["handler", "new", "--lang", language, "fee-waiver"]).exit, 0, "{language}");
        let mut bare = desk.command(&["handler", "build", "fee-waiver", "--json"]);
        let refused: Answered = bare.env_clear().output().expect("the binary runs").into();
        assert_eq!((refused.exit, refused.code().as_str()), (3, "HANDLER_TOOL_MISSING"), "{refused:?}");
        let error = &refused.json()["error"];
        for (tool, install) in synapsor_bundle::tools(language) {
            let (message, hint) = (error["message"].as_str(), error["hint"].as_str());
            assert!(message.is_some_and(|message| message.contains(tool)), "{language}: {error}");
            assert!(hint.is_some_and(|hint| hint.contains(install)), "{language}: {error}");
        }
    }
}

#[test]
fn a_project_is_never_written_over_something() {
    let desk = Desk::new();
    std::fs::create_dir(desk.0.path().join("mine")).expect("a folder");
    std::fs::write(desk.0.path().join("mine/notes.txt"), "mine").expect("a file");
    let words = ["handler", "new", "--lang", "rust", "fee-waiver", "--folder", "mine", "--json"];
    let refused = desk.run(&words);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "INVALID_INPUT"));
    assert_eq!(std::fs::read_dir(desk.0.path().join("mine")).expect("the folder").count(), 1);
}

#[test]
fn a_name_or_a_language_that_is_none_is_refused_with_what_is_one() {
    let desk = Desk::new();
    let named = desk.run(&["handler", "new", "--lang", "rust", "Fee Waiver", "--json"]);
    assert_eq!((named.exit, named.code().as_str()), (1, "INVALID_INPUT"));
    let spoken = desk.run(&["handler", "new", "--lang", "cobol", "fee-waiver", "--json"]);
    assert_eq!((spoken.exit, spoken.code().as_str()), (2, "INVALID_INPUT"));
    assert!(spoken.stdout.contains("rust"), "{}", spoken.stdout);
    assert_eq!(std::fs::read_dir(desk.0.path()).expect("the folder").count(), 0);
}

#[test]
fn a_source_that_does_not_build_leaves_the_bundle_as_it_was() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["handler", "new", "--lang", "rust", "fee-waiver"]).exit, 0);
    let project = desk.0.path().join("fee-waiver");
    let manifest = std::fs::read(project.join("handler.json")).expect("the manifest");
    std::fs::write(project.join("src/lib.rs"), "fn propose( {}").expect("a broken source");
    let refused = desk.run_with_tools(&["handler", "build", "fee-waiver", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "HANDLER_BUILD_FAILED"), "{refused:?}");
    assert!(refused.stderr.contains("src/lib.rs"), "the compiler's words are shown: {}", refused.stderr);
    assert_eq!(std::fs::read(project.join("handler.json")).expect("the manifest"), manifest);
    assert!(!project.join("fee-waiver.wasm").exists());
}

#[test]
fn a_module_that_needs_more_than_its_world_does_not_become_a_component() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["handler", "new", "--lang", "rust", "fee-waiver"]).exit, 0);
    let source = r#"
        #[link(wasm_import_module = "env")]
        unsafe extern "C" { fn clock() -> i64; }
        #[unsafe(no_mangle)]
        pub extern "C" fn propose() -> i64 { unsafe { clock() } }
    "#;
    std::fs::write(desk.0.path().join("fee-waiver/src/lib.rs"), source).expect("another source");
    let refused = desk.run_with_tools(&["handler", "build", "fee-waiver", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "HANDLER_BUILD_FAILED"), "{refused:?}");
}
