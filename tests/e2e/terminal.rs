//! What a person at a terminal sees and a pipe does not: where they are, what takes so long, and colour they did not refuse.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use synapsor_protocol::Engine;

use crate::world::{Answered, BINARY, World};

/// The binary on a terminal of its own; `script` makes one. What it writes has both streams in it.
fn on_a_terminal(words: &str, variables: &[(&str, &str)]) -> String {
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{BINARY} {words}"), "/dev/null"]).stdin(Stdio::null());
    script.env_clear().env("TERM", "xterm").env("PATH", "/usr/bin:/bin").envs(variables.iter().copied());
    let output = script.output().expect("`script` of the package `bsdutils` runs");
    String::from_utf8(output.stdout).expect("text")
}

fn alone(folder: &std::path::Path, words: &[&str]) -> Answered {
    let mut command = Command::new(BINARY);
    command.args(words).current_dir(folder).env_clear().stdin(Stdio::null());
    command.output().expect("the binary runs").into()
}

#[test]
fn what_takes_longer_than_a_second_says_what_it_waits_for_on_a_terminal_only() {
    let slow = "audit --timeout-ms 2500 --stdio -- sleep 600";
    let seen = on_a_terminal(slow, &[]);
    assert!(seen.contains("asking for tools") && seen.contains("MCP_SERVER_UNAVAILABLE"), "{seen}");
    let words: Vec<&str> = slow.split(' ').collect();
    let piped: Answered = Command::new(BINARY).args(words).output().expect("the binary runs").into();
    assert!(!piped.stderr.contains("asking for tools"), "{piped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_for_the_ledger_is_told_unless_quiet_is_wanted() {
    let world = World::new(Engine::Sqlite).await;
    world.ask(&["propose", "billing.inspect_invoice", "--args", r#"{"invoice_id":"INV-3001"}"#]);
    let ledger = world.ledger_path();
    let list = |flags: &str| {
        let writer = rusqlite::Connection::open(&ledger).expect("the ledger");
        writer.execute_batch("BEGIN IMMEDIATE").expect("another process writes");
        let ending = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(2_500));
            writer.execute_batch("ROLLBACK").expect("and ends");
        });
        let words = format!("evidence list --store '{}'{flags}", ledger.display());
        let seen = on_a_terminal(&words, &[]);
        ending.join().expect("another process");
        assert!(seen.contains("INV-3001"), "{seen}");
        seen
    };
    assert!(list("").contains("opening the ledger"), "somebody waits");
    for flags in [" --quiet", " -q", " --json", " | cat"] {
        assert!(!list(flags).contains("opening the ledger"), "{flags}");
    }
}

#[test]
fn a_build_that_takes_its_time_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = alone(folder.path(), &["handler", "new", "--lang", "rust", "slow"]);
    assert_eq!(made.exit, 0, "{made:?}");
    let cargo = folder.path().join("cargo");
    std::fs::write(&cargo, "#!/bin/sh\nsleep 2\nexit 1\n").expect("a compiler");
    std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o700)).expect("a program");
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let words = format!("handler build '{}'", folder.path().join("slow").display());
    let seen = on_a_terminal(&words, &[("PATH", &path)]);
    assert!(seen.contains("building") && seen.contains("HANDLER_TOOL_MISSING"), "{seen}");
    let seen = on_a_terminal(&format!("{words} --quiet"), &[("PATH", &path)]);
    assert!(!seen.contains("building") && seen.contains("HANDLER_TOOL_MISSING"), "{seen}");
}

#[test]
fn colour_is_for_terminals_that_did_not_refuse_it() {
    let words = "audit --example dangerous-db-mcp";
    assert!(on_a_terminal(words, &[]).contains("\u{1b}[31m"), "a terminal has colour");
    let plain = on_a_terminal(words, &[("NO_COLOR", "1")]);
    assert!(plain.contains("GENERIC_SQL_TOOL") && !plain.contains("\u{1b}[31m"), "{plain}");
    assert!(!on_a_terminal(&format!("{words} --color never"), &[]).contains("\u{1b}[31m"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_alone_says_where_you_are_and_what_comes_next() {
    let empty = tempfile::tempdir().expect("a folder");
    let told = alone(empty.path(), &[]);
    assert_eq!((told.exit, told.stderr.as_str()), (0, ""), "{told:?}");
    assert!(told.stdout.contains("synapsor init --from ./app.db"), "{}", told.stdout);
    let world = World::new(Engine::Sqlite).await;
    assert_eq!(alone(world.folder.path(), &["--json"]).json()["stage"], json!("nothing_called"));
    let waive = r#"{"invoice_id":"INV-3001","reason":"bank delay"}"#;
    world.ask(&["propose", "billing.propose_late_fee_waiver", "--args", waive]);
    let waiting = alone(world.folder.path(), &["--json"]).json();
    assert_eq!((&waiting["ok"], &waiting["stage"]), (&json!(true), &json!("waiting")), "{waiting}");
    std::fs::write(world.config_path(), "{").expect("another config");
    assert_eq!(alone(world.folder.path(), &["--json"]).json()["stage"], json!("config_unusable"));
    let mut by_name = alone(world.folder.path(), &["start", "--json"]).json();
    let needs =
        by_name.as_object_mut().and_then(|told| told.remove("worker_needs")).expect("what a worker needs");
    assert_eq!(by_name, alone(world.folder.path(), &["--json"]).json(), "`start` says the same");
    assert_eq!((needs.as_array().map(Vec::len), &needs[0]), (Some(6), &json!("SYNAPSOR_CONTROL_PLANE_URL")));
    let told = alone(world.folder.path(), &["start"]).stdout;
    assert!(told.contains("no worker is started; not set: `SYNAPSOR_CONTROL_PLANE_URL`"), "{told}");
    assert_eq!(alone(world.folder.path(), &["--nothing"]).exit, 2);
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = alone(folder.path(), &["man", "man1"]);
    assert_eq!((written.exit, written.stderr.as_str()), (0, ""), "{written:?}");
    let page = |name: &str| std::fs::read_to_string(folder.path().join("man1").join(name)).expect("a page");
    assert!(page("synapsor.1").contains("SYNAPSOR_LOCAL_STORE"));
    assert!(page("synapsor-proposals-approve.1").contains("checked with the bank"), "with its example");
    assert!(std::fs::read_dir(folder.path().join("man1")).expect("a folder").count() > 60);
    std::fs::write(folder.path().join("taken"), "").expect("a file");
    let refused = alone(folder.path(), &["man", "taken", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "INVALID_INPUT"), "{refused:?}");
}
