//! What people see, word for word: the help, and the screens of one proposal's life. `UPDATE_EXPECT=1` writes them.

use std::fmt::Write as _;

use expect_test::{ExpectFile, expect_file};
use regex::Regex;
use serde_json::json;
use synapsor_protocol::Engine;

use crate::world::{Answered, BINARY, World};

/// Commands and what they printed, in order.
struct Transcript<'a> {
    world: &'a World,
    text: String,
}

impl<'a> Transcript<'a> {
    fn of(world: &'a World) -> Self {
        Self { world, text: String::new() }
    }

    fn run(&mut self, words: &[&str]) {
        let Answered { exit, stdout, stderr } = self.world.run(words);
        let _ = writeln!(self.text, "$ synapsor {}\n{stdout}{stderr}[exit {exit}]\n", words.join(" "));
    }

    fn check(&self, expected: &ExpectFile) {
        let text = self.text.replace(&self.world.folder.path().display().to_string(), "FOLDER");
        expected.assert_eq(&settled(&text));
    }
}

/// The text with what differs from run to run replaced by something as long.
pub(crate) fn settled(text: &str) -> String {
    let mut text = text.to_owned();
    for (found, shown) in [
        (r"(wrp|ev|rcp|qa|wbj|led)_[0-9a-f]{32}", "${1}_00000000000000000000000000000000"),
        (r"sha256:[0-9a-f]{64}", "sha256:0000000000000000000000000000000000000000000000000000000000000000"),
        (r"\b[0-9a-f]{64}\b", "0000000000000000000000000000000000000000000000000000000000000000"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "2026-01-01T00:00:00.000000Z"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "2026-01-01T00:00:00.000Z"),
    ] {
        text = Regex::new(found).expect("a pattern").replace_all(&text, shown).into_owned();
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn one_proposal_from_first_to_last() {
    let world = World::new(Engine::Sqlite).await;
    let mut told = Transcript::of(&world);
    told.run(&["propose", "billing.inspect_invoice", "--args", r#"{"invoice_id":"INV-3001"}"#]);
    told.run(&["proposals", "list"]);
    let waive = r#"{"invoice_id":"INV-3001","reason":"bank delay"}"#;
    told.run(&["propose", "billing.propose_late_fee_waiver", "--args", waive]);
    told.run(&["proposals", "list"]);
    told.run(&["apply", "latest"]);
    told.run(&["proposals", "approve", "latest"]);
    told.run(&["proposals", "approve", "latest", "--actor", "lead", "--reason", "checked", "--yes"]);
    told.run(&["apply", "latest", "--dry-run"]);
    told.run(&["apply", "latest"]);
    told.run(&["apply", "latest"]);
    told.run(&["proposals", "reject", "latest", "--actor", "lead", "--reason", "too late", "--yes"]);
    told.run(&["replay", "show", "latest"]);
    told.check(&expect_file!["screens/one-proposal.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_its_tools_and_its_bundle() {
    let world = World::new(Engine::Sqlite).await;
    let mut config = world.config();
    config["sources"]["app"]["path"] = json!("app.db");
    world.write_config(&config);
    let mut told = Transcript::of(&world);
    told.run(&["config", "validate"]);
    told.run(&["config", "show"]);
    told.run(&["tools", "preview"]);
    told.run(&["validate", "synapsor.runner.json", "handlers/late-fee"]);
    config["modee"] = json!("review");
    config["capabilities"][1]["patch"]["waiver_reason"] = json!({ "from_arg": "raeson" });
    world.write_config(&config);
    told.run(&["config", "validate"]);
    told.run(&["tools", "preview"]);
    told.check(&expect_file!["screens/config.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_says_what_can_be_done() {
    let world = World::new(Engine::Sqlite).await;
    let mut told = Transcript::of(&world);
    told.run(&["proposals", "list"]);
    for arguments in ["{", r#"{"invoice":"INV-3001"}"#, r#"{"invoice_id":"INV-3001","tenant_id":"x"}"#] {
        told.run(&["propose", "billing.inspect_invoice", "--args", arguments]);
    }
    told.run(&["propose", "billing.inspect", "--args", "{}"]);
    told.run(&["propose", "billing.inspect_invoice", "--input", "nowhere.json"]);
    told.run(&["proposals", "show", "nothing"]);
    told.run(&["proposals", "list", "--state", "pending"]);
    told.run(&["validate", "nowhere"]);
    told.check(&expect_file!["screens/refusals.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_document_says_ok_as_the_exit_code_does() {
    let world = World::new(Engine::Sqlite).await;
    let waive = r#"{"invoice_id":"INV-3001","reason":"bank delay"}"#;
    let commands: [(&[&str], i32); 15] = [
        (&["config", "validate"], 0),
        (&["config", "show"], 0),
        (&["tools", "preview"], 0),
        (&["validate", "handlers/late-fee"], 0),
        (&["validate", "."], 1),
        (&["propose", "billing.propose_late_fee_waiver", "--args", waive], 0),
        (&["proposals", "list"], 0),
        (&["proposals", "show", "latest"], 0),
        (&["apply", "latest"], 1),
        (&["proposals", "approve", "latest", "--yes"], 0),
        (&["apply", "latest", "--dry-run"], 0),
        (&["apply", "latest"], 0),
        (&["replay", "show", "latest"], 0),
        (&["proposals", "list", "--limit", "none"], 2),
        (&["proposals", "lisst"], 2),
    ];
    for (words, exit) in commands {
        let answered = world.run(&[words, &["--json"]].concat());
        assert_eq!(answered.exit, exit, "{words:?}: {answered:?}");
        assert_eq!(answered.json()["ok"], json!(exit == 0), "{words:?}");
        assert_eq!(
            answered.json()["error"].is_object(),
            exit != 0 && words != ["validate", "."],
            "{words:?}"
        );
        assert!(answered.stderr.is_empty(), "{words:?}: {}", answered.stderr);
    }
}

/// The help of a command and of everything below it.
fn help(path: &[&str], page: &mut String) {
    let answered: Answered = std::process::Command::new(BINARY)
        .args(path)
        .arg("--help")
        .env_clear()
        .stdin(std::process::Stdio::null())
        .output()
        .expect("the binary runs")
        .into();
    assert_eq!((answered.exit, answered.stderr.as_str()), (0, ""), "{path:?}");
    let name = [&["synapsor"], path].concat().join(" ");
    let _ = write!(page, "\n## `{name}`\n\n```text\n{}```\n", answered.stdout);
    let listed = answered.stdout.split("\nCommands:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
    let commands = listed.into_iter().flat_map(str::lines);
    // A line that goes on from the one before it is indented further.
    let commands = commands.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    for command in commands.filter_map(|line| line.split(' ').next()).filter(|command| *command != "help") {
        help(&[path, &[command]].concat(), page);
    }
}

#[test]
fn the_committed_page_of_commands_is_what_the_binary_says() {
    let mut page =
        "# The command line\n\nGenerated from the binary's own help; `tests/e2e/screens.rs` compares.\n"
            .to_owned();
    help(&[], &mut page);
    expect_file!["../../docs/reference/command-line.md"].assert_eq(&page);
}
