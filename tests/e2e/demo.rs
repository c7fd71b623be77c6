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
