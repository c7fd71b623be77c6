//! `synapsor doctor`: broken set-ups, each found by its code, and each mended by what the finding says; and the report.

mod fixing;
mod follow;
mod offline;
mod on_servers;

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::world::World;

/// Something that is found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    code: String,
    about: String,
    what: String,
    fix: String,
}

/// Everything that is found, in the order of the sections.
fn findings(world: &World, words: &[&str]) -> Vec<Finding> {
    let told = world.ask(&[&["doctor"], words].concat());
    let sections = told["sections"].as_array().unwrap_or_else(|| panic!("{told}"));
    let findings = sections.iter().flat_map(|section| section["findings"].as_array().expect("findings"));
    let of_document = |finding: &Json| {
        let part = |part: &str| {
            let text = finding[part].as_str().filter(|text| !text.is_empty());
            text.unwrap_or_else(|| panic!("no `{part}`: {finding}")).to_owned()
        };
        part("why");
        Finding { code: part("code"), about: part("about"), what: part("what"), fix: part("fix") }
    };
    findings.map(of_document).collect()
}

/// A server where nobody answers, with these URLs.
fn on_a_server(world: &mut World, read: Option<&str>, write: Option<&str>) {
    let mut config = world.config();
    config["sources"]["app"] =
        json!({ "engine": "postgres", "read_url_env": "APP_READ_URL", "write_url_env": "APP_WRITE_URL" });
    world.write_config(&config);
    for (name, value) in [("APP_READ_URL", read), ("APP_WRITE_URL", write)] {
        match value {
            Some(value) => world.set(name, value),
            None => world.unset(name),
        }
    }
}

const READER: &str = "postgres://reader:hunter2@127.0.0.1:1/app";
const WRITER: &str = "postgres://writer:hunter2@127.0.0.1:1/app";

fn file(world: &World, name: &str) -> std::path::PathBuf {
    world.folder.path().join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_of_a_variable_stands_in_a_diagnosis_or_a_report() {
    let mut world = World::new(Engine::Sqlite).await;
    on_a_server(&mut world, Some(READER), Some(WRITER));
    for words in [&["doctor"][..], &["doctor", "--json"], &["doctor", "--check-writeback"]] {
        let answered = world.run(words);
        assert_eq!(answered.exit, 1, "{answered:?}");
        assert!(!format!("{answered:?}").contains("hunter2"), "{answered:?}");
    }
    let written = world.run(&["doctor", "--report", "--redact", "--output", "synapsor-doctor.md"]);
    assert_eq!(written.exit, 1, "{written:?}");
    assert_eq!(world.ask(&["doctor"])["verdict"], json!("not_healthy"));
    let page = std::fs::read_to_string(file(&world, "synapsor-doctor.md")).expect("a report");
    assert!(page.contains("not healthy"), "{page}");
    assert!(page.contains("SOURCE\\_UNREACHABLE") || page.contains("SOURCE_UNREACHABLE"), "{page}");
    assert!(!page.contains("hunter2") && !page.contains("127.0.0.1"), "{page}");
    let again = world.run(&["doctor", "--report", "--output", "synapsor-doctor.md"]);
    assert_eq!(again.exit, 2, "a report that is there is not replaced: {again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diagnosis_makes_no_ledger_and_changes_no_source() {
    let world = World::new(Engine::Sqlite).await;
    let before = world.invoice("INV-3001").await;
    let answered = world.run(&["doctor", "--check-writeback", "--check-handlers"]);
    assert_eq!(answered.exit, 0, "{answered:?}");
    assert!(!world.ledger_path().exists());
    assert_eq!((world.invoice("INV-3001").await, world.receipts().await), (before, 0));
}
