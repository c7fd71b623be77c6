//! `synapsor validate` in every format, and what it does with paths that are something else.

use std::path::PathBuf;

use serde_json::json;
use synapsor_protocol::Engine;

use crate::running::Running;
use crate::world::World;

fn bundle(world: &World) -> PathBuf {
    world.folder.path().join("handlers/late-fee")
}

/// One case that expects another answer.
fn lie(world: &World) {
    let case = bundle(world).join("cases/whole-fee.json");
    let text = std::fs::read_to_string(&case).expect("a case");
    std::fs::write(
        &case,
        text.replace("\"late_fee_cents\": { \"integer\": 0 }", "\"late_fee_cents\": { \"integer\": 7 }"),
    )
    .expect("another case");
    let mut document: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&case).expect("the case")).expect("JSON");
    document["expect"]["change"]["columns"]["late_fee_cents"] = json!({ "integer": 7 });
    std::fs::write(&case, document.to_string()).expect("another case");
}

#[tokio::test(flavor = "multi_thread")]
async fn sarif_names_each_rule_once_and_each_place_with_its_file() {
    let world = World::new(Engine::Sqlite).await;
    let valid = world.run(&["validate", "handlers/late-fee", "--format", "sarif"]);
    assert_eq!((valid.exit, &valid.json()["runs"][0]["results"]), (0, &json!([])));
    lie(&world);
    let found = world.run(&["validate", "handlers/late-fee", "--format", "sarif"]);
    let run = &found.json()["runs"][0];
    assert_eq!(found.exit, 1);
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], json!("CASE_ANSWER_DIFFERS"));
    let result = &run["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&json!("CASE_ANSWER_DIFFERS"), &json!("error")));
    assert_eq!(
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        json!("handlers/late-fee/cases/whole-fee.json")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn junit_has_a_suite_a_path_and_a_test_a_case() {
    let world = World::new(Engine::Sqlite).await;
    lie(&world);
    let found = world.run(&["validate", "handlers/late-fee", "synapsor.runner.json", "--format", "junit"]);
    assert_eq!(found.exit, 1);
    let count = |what: &str| found.stdout.matches(what).count();
    // The bundle by itself, and once more through the config that grants it.
    assert_eq!(
        (count("<testsuite "), count("<testcase "), count("<failure ")),
        (2, 34, 2),
        "{}",
        found.stdout
    );
    assert!(found.stdout.contains("type=\"CASE_ANSWER_DIFFERS\""), "{}", found.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_paths_what_is_no_bundle_is_skipped_and_said() {
    let world = World::new(Engine::Sqlite).await;
    let handlers = world.folder.path().join("handlers");
    std::fs::write(handlers.join("README.md"), "# Handlers").expect("a page");
    std::fs::create_dir(handlers.join("pack")).expect("a folder");
    let all = ["handlers/late-fee", "handlers/README.md", "handlers/pack"];
    let told = world.run(&[&["validate"][..], &all, &["--json"]].concat());
    assert_eq!((told.exit, &told.json()["skipped"]), (0, &json!(["handlers/README.md", "handlers/pack"])));
    let shown = world.run(&[&["validate"][..], &all].concat());
    assert!(shown.stdout.contains("skipped handlers/README.md"), "{}", shown.stdout);

    let none = world.run(&["validate", "handlers/README.md", "handlers/pack", "--json"]);
    assert_eq!((none.exit, none.code().as_str()), (2, "NOT_FOUND"));
    let absent = world.run(&["validate", "handlers/late-fee", "handlers/late-fe", "--json"]);
    assert_eq!((absent.exit, absent.code().as_str()), (2, "NOT_FOUND"));
    // Named alone, a path is taken at its word.
    for alone in ["handlers/README.md", "handlers/pack"] {
        let judged = world.run(&["validate", alone, "--json"]);
        assert_eq!((judged.exit, &judged.json()["ok"]), (1, &json!(false)), "{alone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_says_what_it_used_and_where_its_answer_differs() {
    let world = World::new(Engine::Sqlite).await;
    let passed = world.run(&["handler", "test", "handlers/late-fee", "--json"]);
    assert_eq!(passed.exit, 0, "{}", passed.stdout);
    let share = &passed.json()["cases"][0]["share"];
    assert!((1..100).contains(&share["fuel_percent"].as_u64().expect("percent")), "{share}");
    lie(&world);
    let failed = world.run(&["handler", "test", "handlers/late-fee", "--color", "never"]);
    assert_eq!(failed.exit, 1);
    assert!(failed.stdout.contains("fail cases/whole-fee.json"), "{}", failed.stdout);
    let line = |text: &str| failed.stdout.lines().any(|line| line.trim_start().starts_with(text));
    assert!(line("-        \"integer\": 7") && line("+        \"integer\": 0"), "{}", failed.stdout);
    let both = world.run(&["handler", "test", "handlers/late-fee", "--watch", "--json"]);
    assert_eq!((both.exit, both.code().as_str()), (1, "INVALID_INPUT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_case_is_run_by_name_or_file_and_shown_whole() {
    let world = World::new(Engine::Sqlite).await;
    let ran = world.run(&["handler", "run", "handlers/late-fee", "--case", "whole-fee", "--json"]);
    assert_eq!(ran.exit, 0, "{}", ran.stdout);
    let document = ran.json();
    assert_eq!((&document["expected"], &document["file"]), (&json!(true), &json!("cases/whole-fee.json")));
    assert_eq!(document["outcome"]["answer"]["change"]["columns"]["late_fee_cents"], json!({ "integer": 0 }));
    assert_eq!(document["reads"].as_array().map(Vec::len), Some(2));
    lie(&world);
    let file = bundle(&world).join("cases/whole-fee.json");
    let differs =
        world.run(&["handler", "run", "handlers/late-fee", "--case", file.to_str().expect("plain")]);
    assert_eq!(differs.exit, 0);
    assert!(differs.stdout.contains("not what the case expects"), "{}", differs.stdout);
    let unknown = world.run(&["handler", "run", "handlers/late-fee", "--case", "nowhere", "--json"]);
    assert_eq!((unknown.exit, &unknown.json()["problems"][0]["code"]), (1, &json!("FILE_MISSING")));
    std::fs::write(&file, "{").expect("a broken case");
    let broken = world.run(&[
        "handler",
        "run",
        "handlers/late-fee",
        "--case",
        file.to_str().expect("plain"),
        "--json",
    ]);
    assert_eq!((broken.exit, &broken.json()["problems"][0]["code"]), (1, &json!("INVALID_JSON")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_looked_at_without_being_run() {
    let world = World::new(Engine::Sqlite).await;
    let looked = world.run(&["handler", "inspect", "handlers/late-fee", "--json"]).json();
    assert_eq!(looked["manifest"]["world"], json!("synapsor:handler/proposer@0.1"));
    assert_eq!(looked["component"]["exports"], json!(["propose"]));
    let imports = looked["component"]["imports"].as_array().expect("imports");
    assert!(imports.iter().all(|import| import["kind"] == json!("contract")), "{imports:?}");
    assert_eq!(looked["signed_by"], json!(null));

    let component = wat::parse_str(
        "(component (import \"wasi:clocks/wall-clock@0.2.0\" (instance)) (import \"evil:sockets/all\" (instance)))",
    );
    world.replace_component(&component.expect("a component"));
    let shown = world.run(&["handler", "inspect", "handlers/late-fee", "--color", "never"]);
    assert!(shown.stdout.contains("wasi:clocks/wall-clock@0.2.0  WASI"), "{}", shown.stdout);
    assert!(shown.stdout.contains("evil:sockets/all  not granted"), "{}", shown.stdout);
    std::fs::write(bundle(&world).join("late-fee.wasm"), b"\0asm").expect("a broken component");
    let broken = world.run(&["handler", "inspect", "handlers/late-fee", "--json"]);
    assert_eq!((broken.exit, &broken.json()["component"]), (1, &json!(null)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_handler_is_tested_again_when_a_case_changes() {
    use std::io::{BufRead, BufReader};

    let world = World::new(Engine::Sqlite).await;
    let mut command = world.command(&["handler", "test", "handlers/late-fee", "--watch", "--color", "never"]);
    let mut child = Running::start(command.stdout(std::process::Stdio::piped()));
    let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
    let mut verdict =
        || lines.by_ref().map(|line| line.expect("text")).find(|line| line.contains("valid handlers"));
    assert_eq!(verdict().as_deref(), Some("valid handlers/late-fee  16 cases"));
    lie(&world);
    assert_eq!(verdict().as_deref(), Some("not valid handlers/late-fee: 1 problem  16 cases"));
}
