//! `synapsor demo`: the README's first command.

use std::process::Command;

use serde_json::{Value as Json, json};

use crate::world::{Answered, BINARY};

fn demo(words: &[&str]) -> Answered {
    Command::new(BINARY).arg("demo").args(words).env_clear().output().expect("the binary runs").into()
}

#[test]
fn the_json_demo_is_one_document_of_what_happened() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("demo");
    let told = demo(&["--json", "--folder", place.to_str().expect("a plain path")]);
    assert_eq!(told.exit, 0, "{}\n{}", told.stdout, told.stderr);
    let story = told.json();
    assert_eq!(story["ok"], json!(true));
    let steps = story["steps"].as_array().expect("steps");
    let step = |name: &str| {
        steps.iter().find(|step| step["name"] == json!(name)).unwrap_or_else(|| panic!("{name}"))
    };
    for each in steps {
        assert_eq!(each["ok"], json!(true), "{each}");
        assert!(each["source"]["before"].is_object() && each["source"]["after"].is_object());
    }
    let fee =
        |step: &Json, when: &str, invoice: &str| step["source"][when][invoice]["late_fee_cents"].clone();
    assert_eq!(fee(step("propose_handler"), "after", "INV-3002"), json!(9000), "proposing changes nothing");
    assert_eq!(fee(step("apply"), "before", "INV-3001"), json!(5500));
    assert_eq!(fee(step("apply"), "after", "INV-3001"), json!(0));
    assert_eq!(fee(step("apply"), "after", "INV-3002"), json!(6500));
    assert_eq!(step("apply_again")["answers"][0]["outcome"], json!("already_applied"));
    let conflict = step("conflict")["answers"].as_array().and_then(|a| a.last()).expect("an answer");
    assert_eq!(conflict["outcome"], json!("conflict"));
}

#[test]
fn in_a_pipe_it_tells_the_story_without_colour_and_ends() {
    let told = demo(&[]);
    assert_eq!(told.exit, 0, "{}\n{}", told.stdout, told.stderr);
    assert!(!told.stdout.contains('\u{1b}'), "plain text");
    assert!(told.stdout.contains("already_applied") && told.stdout.contains("conflict"), "{}", told.stdout);
    let folder = told.stdout.split("The files are in ").nth(1).and_then(|rest| rest.lines().next());
    let folder = std::path::Path::new(folder.expect("it says where"));
    assert!(folder.join("synapsor.runner.json").exists());
    std::fs::remove_dir_all(folder).expect("the test cleans up");
}

#[test]
fn an_earlier_demo_is_replaced_only_when_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_str().expect("a plain path");
    assert_eq!(demo(&["--prepare-only", "--json", "--folder", place]).exit, 0);
    let refused = demo(&["--prepare-only", "--json", "--folder", place]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "INVALID_INPUT"));
    assert_eq!(demo(&["--prepare-only", "--json", "--force", "--folder", place]).exit, 0);
}

/// The binary in a folder of its own.
fn within(folder: &std::path::Path, words: &[&str]) -> Answered {
    let mut command = Command::new(BINARY);
    command.args(words).current_dir(folder).env_clear().stdin(std::process::Stdio::null());
    command.output().expect("the binary runs").into()
}

#[test]
fn the_quick_demo_leaves_a_ledger_that_every_command_it_names_can_look_into() {
    let folder = tempfile::tempdir().expect("a folder");
    let quick = within(folder.path(), &["demo", "--quick", "--no-interactive", "--details", "--json"]);
    assert_eq!(quick.exit, 0, "{quick:?}");
    let document = quick.json();
    assert_eq!((&document["ledger"], &document["ok"]), (&json!(".synapsor/quick-demo.db"), &json!(true)));
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        1,
        "nothing but `.synapsor` is left"
    );
    let commands = document["commands"].as_array().expect("commands");
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let words: Vec<&str> = command.as_str().expect("a command").split(' ').skip(1).collect();
        let looked = within(folder.path(), &words);
        assert_eq!((looked.exit, looked.stderr.as_str()), (0, ""), "{command}: {looked:?}");
    }
    let found = within(folder.path(), &["demo", "inspect", "--json"]).json();
    let looks = &found["looks"];
    let states: Vec<_> = looks["proposals list"]["proposals"]
        .as_array()
        .expect("proposals")
        .iter()
        .map(|one| &one["state"])
        .collect();
    assert!(states.contains(&&json!("applied")) && states.contains(&&json!("conflict")), "{looks}");
    assert_eq!(looks["store verify"]["ok"], json!(true), "{looks}");
    let screen = within(folder.path(), &["demo", "inspect"]).stdout;
    assert!(screen.contains("proposals list --store .synapsor/quick-demo.db"), "{screen}");
    assert!(screen.contains("INV-3001") && screen.contains("support.agent"), "{screen}");
}

#[test]
fn a_second_quick_demo_replaces_the_first_and_says_where_to_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("here");
    let place = place.to_str().expect("a plain path");
    for _ in 0..2 {
        let quick = within(folder.path(), &["demo", "--quick", "--folder", place]);
        assert_eq!(quick.exit, 0, "{quick:?}");
        assert!(quick.stdout.contains("replay show latest --store"), "{}", quick.stdout);
    }
    let listed = within(folder.path(), &["demo", "inspect", "--folder", place, "--json"]).json();
    let proposals = listed["looks"]["proposals list"]["proposals"].as_array().map(Vec::len);
    assert_eq!(proposals, Some(3), "those of one demo: {listed}");
}

#[test]
fn where_no_quick_demo_was_there_is_nothing_to_inspect() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = within(folder.path(), &["demo", "inspect", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (2, "NOT_FOUND"), "{refused:?}");
    assert!(refused.stdout.contains("demo --quick"), "{}", refused.stdout);
    for words in
        [&["demo", "--quick", "--guided"][..], &["demo", "--details"], &["demo", "--quick", "--force"]]
    {
        assert_eq!(within(folder.path(), words).exit, 2, "{words:?}");
    }
}

#[test]
fn the_guided_demo_says_before_each_step_what_it_shows_and_waits_for_nobody_in_a_pipe() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = within(folder.path(), &["demo", "--guided", "--folder", "demo"]);
    assert_eq!(told.exit, 0, "{told:?}");
    assert_eq!(told.stdout.matches("\nnext: ").count(), 12, "{}", told.stdout);
    let lesson = told.stdout.find("No tool approves.").expect("the lesson");
    let step = told.stdout.find("A person approves both").expect("the step");
    assert!(lesson < step, "the lesson comes first");
    assert!(!told.stdout.contains('\u{1b}'), "plain text");
}
