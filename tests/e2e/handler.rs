//! `synapsor handler …` with the real toolchains: in every language a new project builds and passes at once, and so does the one
//! that `init` writes.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::json;
use synapsor_protocol::Engine;
use tempfile::TempDir;

use crate::world::{Answered, BINARY, World};

/// Where each language's tools are: what a person has in `PATH`, and the variables for what stands elsewhere.
pub(crate) static TOOLS: LazyLock<Vec<(&str, String)>> = LazyLock::new(|| {
    let cargo = prepared("wasm-cargo", &[]);
    let go = format!("{}/bin/go", prepared("wasm-go", &["env", "GOROOT"]));
    vec![("SYNAPSOR_WASM_CARGO", cargo), ("SYNAPSOR_GO", go)]
});

/// What a script of `handlers` answers once it has its compiler.
fn prepared(script: &str, words: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../handlers").join(script);
    let answer = Command::new(path).args(words).output().expect("the script runs");
    assert!(answer.status.success(), "{script}: {}", String::from_utf8_lossy(&answer.stderr));
    String::from_utf8(answer.stdout).expect("text").trim().to_owned()
}

/// A folder to work in.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    #[expect(clippy::disallowed_methods, reason = "a test cleans what its own cargo set")]
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

fn a_new_project_builds_and_passes_at_once(language: &str) {
    let desk = Desk::new();
    let made = desk.run(&["handler", "new", "--lang", language, "fee-waiver", "--json"]);
    assert_eq!(made.exit, 0, "{language}: {made:?}");
    let built = desk.run_with_tools(&["handler", "build", "fee-waiver", "--json"]);
    assert_eq!(built.exit, 0, "{language}: {built:?}");
    assert_eq!(built.json()["changed"], json!(true), "{language}");
    let valid = desk.run(&["validate", "fee-waiver", "--json"]);
    assert_eq!(valid.exit, 0, "{language}: {}", valid.stdout);
    assert_eq!(valid.json()["reports"][0]["cases"].as_array().map(Vec::len), Some(4), "{language}");
    a_project_that_init_writes_builds_and_passes(language, &desk);
}

/// What a build fetches or makes once for every project of a language.
const FETCHED: [&str; 3] = [".venv", "sdk/node_modules", "target"];

/// One column of every kind a rule can set, two of them named as languages name things of their own.
const ORDERS: &str = "CREATE TABLE orders (id text PRIMARY KEY, tenant_id text NOT NULL, type text, row integer, \
                      price_eur decimal(10, 2), is_gift boolean, updated_at datetime NOT NULL)";

/// The same for the handler that `init` writes beside a config, with what the first project has fetched already.
fn a_project_that_init_writes_builds_and_passes(language: &str, desk: &Desk) {
    let database = rusqlite::Connection::open(desk.0.path().join("app.db")).expect("a database");
    database.execute_batch(ORDERS).expect("a table");
    let decisions = "init --from ./app.db --table orders --accept-suggested --allowed-columns type,row,price_eur,is_gift \
                     --dev-tenant acme --dev-principal me --yes --handler";
    let words: Vec<&str> = decisions.split_whitespace().chain([language]).collect();
    let written = desk.run(&words);
    assert_eq!(written.exit, 0, "{language}: {written:?}");
    for fetched in FETCHED {
        let there = desk.0.path().join("fee-waiver").join(fetched);
        if there.exists() {
            std::os::unix::fs::symlink(there, desk.0.path().join("handlers/order").join(fetched))
                .expect("the same packages");
        }
    }
    let built = desk.run_with_tools(&["handler", "build", "handlers/order", "--json"]);
    assert_eq!(built.exit, 0, "{language}: {built:?}");
    // The config with its handler: a component is compiled once.
    let valid = desk.run(&["validate", "--write-digest", "synapsor.runner.json", "--json"]);
    assert_eq!(valid.exit, 0, "{language}: {}", valid.stdout);
    let cases = valid.json()["reports"][0]["handlers"][0]["bundle"]["cases"].as_array().map(Vec::len);
    assert_eq!(cases, Some(2), "{language}: {}", valid.stdout);
}

/// One test a language, so that they run side by side; together they are every language there is.
macro_rules! new_projects {
    ($($test:ident: $language:literal,)+) => {
        $(#[test]
        fn $test() {
            a_new_project_builds_and_passes_at_once($language);
        })+

        #[test]
        fn every_language_has_its_own_test_of_a_new_project() {
            let mut tested = [$($language),+];
            let mut languages: Vec<_> = synapsor_bundle::languages().collect();
            tested.sort_unstable();
            languages.sort_unstable();
            assert_eq!(languages, tested);
        }
    };
}

new_projects! {
    a_new_rust_project_builds_and_passes_at_once: "rust",
    a_new_typescript_project_builds_and_passes_at_once: "typescript",
    a_new_javascript_project_builds_and_passes_at_once: "javascript",
    a_new_python_project_builds_and_passes_at_once: "python",
    a_new_c_project_builds_and_passes_at_once: "c",
    a_new_go_project_builds_and_passes_at_once: "go",
}

#[test]
fn every_missing_tool_is_named_with_the_command_that_installs_it() {
    for language in synapsor_bundle::languages() {
        let desk = Desk::new();
        assert_eq!(desk.run(&["handler", "new", "--lang", language, "fee-waiver"]).exit, 0, "{language}");
        let mut bare = desk.command(&["handler", "build", "fee-waiver", "--json"]);
        // With no `PATH` at all the system's own folders would be searched.
        bare.env_clear().env("PATH", desk.0.path());
        let refused: Answered = bare.output().expect("the binary runs").into();
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

/// The shipped handler, copied to where a test may change it.
fn late_fee(desk: &Desk) -> std::path::PathBuf {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../handlers/late-fee");
    let folder = desk.0.path().join("late-fee");
    for part in ["", "cases"] {
        std::fs::create_dir_all(folder.join(part)).expect("a folder");
        for entry in std::fs::read_dir(shipped.join(part)).expect("the shipped handler") {
            let file = entry.expect("an entry").path();
            if file.extension().is_some_and(|extension| extension == "json" || extension == "wasm") {
                let name = file.file_name().expect("a name");
                std::fs::copy(&file, folder.join(part).join(name)).expect("a file is copied");
            }
        }
    }
    folder
}

#[test]
fn a_bundle_is_signed_packed_verified_and_valid_as_one_file() {
    let desk = Desk::new();
    late_fee(&desk);
    let made = desk.run(&["handler", "keygen", "key.pem", "--json"]);
    let public_key = made.json()["public_key"].as_str().expect("a key").to_owned();
    assert!(!made.stdout.contains("PRIVATE"), "{}", made.stdout);
    assert_eq!(
        desk.run(&["handler", "keygen", "key.pem", "--json"]).code(),
        "INVALID_INPUT",
        "never written over"
    );
    assert_eq!(desk.run(&["handler", "sign", "late-fee", "--key", "key.pem"]).exit, 0);
    let packed = desk.run(&["handler", "pack", "late-fee", "--json"]).json();
    let again = desk.run(&["handler", "pack", "late-fee", "--output", "again.tar", "--json"]).json();
    assert_eq!(packed["digest"], again["digest"]);
    let file = packed["file"].as_str().expect("a file");
    let verified = desk.run(&["handler", "verify", file, "--public-key", &public_key, "--json"]);
    assert_eq!((verified.exit, &verified.json()["public_key"]), (0, &json!(public_key)), "{verified:?}");
    assert_eq!(desk.run(&["validate", file]).exit, 0);

    let stranger = format!("ed25519:{}=", "A".repeat(43));
    let refused = desk.run(&["handler", "verify", file, "--public-key", &stranger, "--json"]);
    assert_eq!((refused.exit, &refused.json()["problems"][0]["code"]), (1, &json!("SIGNATURE_KEY_UNKNOWN")));
    let no_key = desk.run(&["handler", "verify", file, "--public-key", "mine", "--json"]);
    assert_eq!((no_key.exit, no_key.code().as_str()), (1, "INVALID_INPUT"));
    std::fs::write(desk.0.path().join("late-fee/cases/more.json"), "{}").expect("a broken case");
    assert_eq!(desk.run(&["handler", "pack", "late-fee", "--output", "x.tar"]).exit, 1);
    assert!(!desk.0.path().join("x.tar").exists());
    assert_eq!(desk.run(&["handler", "sign", "late-fee", "--key", "key.pem"]).exit, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_requires_signatures_serves_only_what_a_trusted_key_has_signed() {
    let world = World::new(Engine::Sqlite).await;
    let key = world.folder.path().join("key.pem");
    let key = key.to_str().expect("a plain path");
    let bundle = world.folder.path().join("handlers/late-fee");
    let bundle = bundle.to_str().expect("a plain path");
    let public_key = world.ask(&["handler", "keygen", key])["public_key"].clone();
    let mut config = world.config();
    config["handlers"] =
        json!({ "require_signature": true, "trust": [{ "name": "lead", "public_key": public_key }] });
    world.write_config(&config);
    let waive = r#"{"invoice_id":"INV-3001","reason":"bank delay"}"#;
    let propose = ["propose", "billing.propose_plan_waiver", "--args", waive, "--json"];

    let unsigned = world.run(&propose);
    assert_eq!((unsigned.exit, unsigned.code().as_str()), (1, "HANDLER_NOT_TRUSTED"), "{unsigned:?}");
    let backtest = ["backtest", "--bundle", bundle, "--json"];
    let unsigned = world.run(&backtest);
    assert_eq!((unsigned.exit, unsigned.code().as_str()), (1, "HANDLER_NOT_TRUSTED"), "{unsigned:?}");
    assert_eq!(world.run(&["handler", "sign", bundle, "--key", key]).exit, 0);
    assert_eq!(world.run(&["handler", "verify", bundle]).exit, 0);
    let signed = world.run(&propose);
    assert_eq!(signed.exit, 0, "{signed:?}");
    let signed = world.run(&backtest);
    assert_eq!((signed.exit, &signed.json()["counts"]["same"]), (0, &json!(1)), "{signed:?}");

    let case = world.folder.path().join("handlers/late-fee/cases/whole-fee.json");
    let text = std::fs::read_to_string(&case).expect("a case").replacen(
        "\"description\": \"",
        "\"description\": \"Not ",
        1,
    );
    std::fs::write(&case, text).expect("another case");
    let changed = world.run(&propose);
    assert_eq!((changed.exit, changed.code().as_str()), (1, "HANDLER_NOT_TRUSTED"), "{changed:?}");
    let path = world.config_path();
    let validated = world.run(&["validate", path.to_str().expect("a plain path"), "--json"]);
    assert_eq!(validated.exit, 1);
    assert!(validated.stdout.contains("SIGNATURE_CONTENT_DIFFERS"), "{}", validated.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_config_says_where_handlers_run_and_whether_native_code_is_kept() {
    let mut world = World::new(Engine::Sqlite).await;
    world.set("SYNAPSOR_LOG_LEVEL", "info");
    let cache = world.ledger_path().with_file_name("handler-cache");
    let waive = r#"{"invoice_id":"INV-3001","reason":"bank delay"}"#;
    let propose = ["propose", "billing.propose_plan_waiver", "--args", waive, "--json"];
    let mut answers = Vec::new();
    for (isolation, kept) in [("process", false), ("in_process", true)] {
        let mut config = world.config();
        config["handlers"] = json!({ "isolation": isolation, "cache": kept });
        world.write_config(&config);
        let proposed = world.run(&propose);
        assert_eq!(proposed.exit, 0, "{proposed:?}");
        let in_a_process = proposed.stderr.contains("handlers run in a process");
        assert_eq!((in_a_process, cache.exists()), (isolation == "process", kept), "{proposed:?}");
        answers.push(proposed.json()["proposal"]["change_set"]["after"].clone());
    }
    assert_eq!(answers.first(), answers.last(), "where it runs changes no answer");

    let mut config = world.config();
    config["handlers"] = json!({ "isolation": "container" });
    world.write_config(&config);
    let refused = world.run(&propose);
    assert_eq!((refused.exit, refused.code().as_str()), (2, "CONFIG_INVALID"), "{refused:?}");
    assert!(refused.stdout.contains("INVALID_HANDLER_ISOLATION"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_bundle_is_served_like_its_folder() {
    let world = World::new(Engine::Sqlite).await;
    let bundle = world.folder.path().join("handlers/late-fee");
    let archive = world.folder.path().join("handlers/late-fee.tar");
    let (bundle, archive) = (bundle.to_str().expect("a plain path"), archive.to_str().expect("a plain path"));
    assert_eq!(world.run(&["handler", "pack", bundle, "--output", archive]).exit, 0);
    let mut config = world.config();
    World::capability(&mut config, "billing.propose_plan_waiver")["handler"]["bundle"] =
        json!("handlers/late-fee.tar");
    world.write_config(&config);
    let waive = r#"{"invoice_id":"INV-3001","reason":"bank delay"}"#;
    let served = world.run(&["propose", "billing.propose_plan_waiver", "--args", waive, "--json"]);
    assert_eq!(served.exit, 0, "{served:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_for_a_table_of_ones_own_builds_and_what_it_proposes_is_applied() {
    let database = synapsor_test_servers::database(Engine::Sqlite).await;
    database.execute(include_str!("../../fixtures/demo/sqlite.sql")).await;
    let path = database.path().display().to_string();
    let desk = Desk::new();
    let decisions = "--table invoices --accept-suggested --handler rust --allowed-columns late_fee_cents,waiver_reason \
                     --dev-tenant acme --dev-principal me --yes";
    let words: Vec<&str> =
        ["init", "--from", &path].into_iter().chain(decisions.split_whitespace()).collect();
    assert_eq!(desk.run(&words).exit, 0);
    let built = desk.run_with_tools(&["handler", "build", "handlers/invoice", "--json"]);
    assert_eq!(built.exit, 0, "{built:?}");
    let pinned = desk.run(&["validate", "--write-digest", "synapsor.runner.json", "handlers/invoice"]);
    assert_eq!(pinned.exit, 0, "{pinned:?}");
    let arguments = r#"{"invoice_id":"INV-3001","late_fee_cents":100,"waiver_reason":"bank delay"}"#;
    let proposed = desk.run(&["propose", "app.propose_invoice_update", "--args", arguments, "--json"]).json();
    assert_eq!(proposed["ok"], json!(true), "{proposed}");
    assert_eq!(desk.run(&["proposals", "approve", "latest", "--yes"]).exit, 0);
    assert_eq!(desk.run(&["apply", "latest"]).exit, 0);
    let fee = "SELECT CAST(late_fee_cents AS TEXT) FROM invoices WHERE id = 'INV-3001'";
    assert_eq!(database.query_text(fee).await[0][0].as_deref(), Some("100"));
}
