//! `synapsor config migrate`: shown first, written only when asked, and what was there is kept.

use serde_json::json;

use crate::world::{Answered, BINARY};

const PUBLISHED: &str = include_str!("../../fixtures/configs/published.json");
const MIGRATED: &str = include_str!("../../fixtures/configs/published-migrated.json");

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("synapsor.runner.json"), config).expect("a config");
        Self(folder)
    }

    fn run(&self, words: &[&str]) -> Answered {
        let mut command = std::process::Command::new(BINARY);
        command.args(["config", "migrate"]).args(words).current_dir(self.0.path()).env_clear();
        command.stdin(std::process::Stdio::null()).output().expect("the binary runs").into()
    }

    fn config(&self) -> String {
        std::fs::read_to_string(self.0.path().join("synapsor.runner.json")).expect("the config")
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.0.path()).expect("a folder").count()
    }
}

#[test]
fn what_would_change_is_shown_and_nothing_is_written() {
    let folder = Folder::with(PUBLISHED);
    let shown = folder.run(&[]);
    assert_eq!((shown.exit, shown.stderr.as_str()), (0, ""), "{shown:?}");
    for told in [
        "-      \"ssl\"",
        "$.sources.local_postgres.ssl goes: it has no effect",
        "nothing is written",
        "next: synapsor config migrate --config synapsor.runner.json --write",
    ] {
        assert!(shown.stdout.contains(told), "{told}: {}", shown.stdout);
    }
    assert_eq!((folder.config().as_str(), folder.files()), (PUBLISHED, 1));
    let document = folder.run(&["--json"]).json();
    assert_eq!((&document["ok"], &document["written"]), (&json!(true), &json!(null)));
    assert_eq!(document["steps"].as_array().map(Vec::len), Some(11), "{document}");
}

#[test]
fn it_is_written_when_a_person_or_yes_says_so_and_what_was_there_is_kept() {
    let folder = Folder::with(PUBLISHED);
    let unattended = folder.run(&["--write", "--json"]);
    assert_eq!((unattended.exit, unattended.code().as_str()), (1, "CONFIRMATION_REQUIRED"));
    assert_eq!((folder.config().as_str(), folder.files()), (PUBLISHED, 1));
    let written = folder.run(&["--write", "--yes", "--json"]);
    assert_eq!(written.exit, 0, "{written:?}");
    assert_eq!(folder.config(), MIGRATED);
    let backup = written.json()["backup"].as_str().expect("a backup").to_owned();
    assert_eq!(std::fs::read_to_string(backup).expect("the backup"), PUBLISHED);
    let again = folder.run(&["--write", "--yes"]);
    assert!(again.stdout.contains("there is nothing to migrate"), "{again:?}");
    assert_eq!(folder.files(), 2, "nothing to write, so nothing is kept either");
}

#[test]
fn another_file_is_written_once_and_the_config_stays() {
    let folder = Folder::with(PUBLISHED);
    assert_eq!(folder.run(&["--output", "new.json"]).exit, 0);
    assert_eq!(std::fs::read_to_string(folder.0.path().join("new.json")).expect("the new file"), MIGRATED);
    assert_eq!(folder.config(), PUBLISHED);
    assert_ne!(folder.run(&["--output", "new.json"]).exit, 0, "it is there already");
}

#[test]
fn a_config_that_needs_a_person_is_not_touched_and_says_why() {
    let folder = Folder::with(&PUBLISHED.replace("\"version\": 1", "\"version\": 2"));
    let before = folder.config();
    let refused = folder.run(&["--write", "--yes", "--json"]);
    assert_eq!(refused.exit, 2, "{refused:?}");
    assert_eq!(refused.json()["problems"][0]["code"], json!("UNSUPPORTED_CONFIG_VERSION"));
    assert_eq!((folder.config(), folder.files()), (before, 1));
}
