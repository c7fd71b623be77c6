//! `synapsor start` at a real terminal (tmux): every question of the wizard as a person sees it, the way back, and what is
//! written at the end.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use expect_test::expect_file;
use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;
use tempfile::TempDir;

use crate::world::{Answered, BINARY};

/// How long a question may take to be there before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal of this test's own, in a folder with one database.
struct Terminal {
    folder: TempDir,
    /// What was seen, question by question.
    recording: String,
}

impl Terminal {
    /// Runs the binary with these words in a new terminal.
    async fn open(words: &str) -> Self {
        let database = synapsor_test_servers::database(Engine::Sqlite).await;
        database.execute(include_str!("../../fixtures/demo/sqlite.sql")).await;
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::copy(database.path(), folder.path().join("app.db")).expect("a database");
        let terminal = Self { folder, recording: String::new() };
        let command =
            format!("env -i TERM=screen NO_COLOR=1 '{BINARY}' {words}; echo \"exit $?\"; sleep 600");
        terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "60", &command]);
        terminal
    }

    fn tmux(&self, words: &[&str]) -> String {
        let socket = self.folder.path().join("terminal");
        let mut command = Command::new("tmux");
        command.arg("-S").arg(socket).args(words).current_dir(self.folder.path());
        let output = command.output().expect("`tmux` is installed: apt-get install tmux");
        assert!(output.status.success(), "tmux {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    fn screen(&self) -> String {
        let seen = self.tmux(&["capture-pane", "-p"]);
        seen.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    /// Waits until the last question on the screen is this one, and presses these keys.
    fn answers(&mut self, question: &str, keys: &[&str]) {
        let asked = self.waits(|screen| {
            let last = screen.lines().rfind(|line| line.starts_with("? "));
            last.is_some_and(|line| line.contains(question))
        });
        let from = asked.lines().rev().position(|line| line.starts_with("? ")).expect("a question");
        let lines: Vec<&str> = asked.lines().rev().take(from + 1).collect();
        let seen: Vec<&str> = lines.into_iter().rev().collect();
        writeln!(self.recording, "{}\n    [{}]\n", seen.join("\n"), keys.join(" ")).expect("recorded");
        for key in keys {
            self.tmux(&["send-keys", key]);
        }
    }

    /// A question is drawn line by line: it is there once the screen stays as it is.
    fn waits(&self, until: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        let mut before = String::new();
        loop {
            let screen = self.screen();
            if screen == before && until(&screen) {
                return screen;
            }
            before.clone_from(&screen);
            assert!(began.elapsed() < PATIENCE, "the terminal shows something else:\n{screen}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// What the command ended with.
    fn exit(&self) -> String {
        let screen = self.waits(|screen| screen.lines().any(|line| line.starts_with("exit ")));
        screen.lines().rfind(|line| line.starts_with("exit ")).expect("an exit").to_owned()
    }

    fn run(&self, words: &[&str]) -> Answered {
        let mut command = Command::new(BINARY);
        command.args(words).current_dir(self.folder.path()).env_clear();
        command.output().expect("the binary runs").into()
    }

    fn has(&self, file: &str) -> bool {
        self.folder.path().join(Path::new(file)).exists()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let socket = self.folder.path().join("terminal");
        let _ = Command::new("tmux").arg("-S").arg(socket).arg("kill-server").output();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wizard_leads_from_an_empty_folder_to_a_proposal() {
    let mut terminal = Terminal::open("start").await;
    terminal.answers("Where is the database?", &["Enter"]);
    terminal.answers("Which tables?", &["invoices", "Space", "Enter"]);
    terminal.answers("What may a model do?", &["Enter"]);
    // The first choice only reads: that was too little.
    terminal.answers("whose a row is?", &["Escape"]);
    terminal.answers("What may a model do?", &["Down", "Enter"]);
    terminal.answers("whose a row is?", &["Enter"]);
    terminal.answers("Which columns may a proposal set?", &["late_fee", "Space", "waiver", "Space", "Enter"]);
    terminal.answers("What is `late_fee_cents` set to?", &["Down", "Enter"]);
    terminal.answers("What is `late_fee_cents` always set to?", &["0", "Enter"]);
    terminal.answers("What is `waiver_reason` set to?", &["Enter"]);
    terminal.answers("which version of a row was seen?", &["Enter"]);
    terminal.answers("Which columns are shown?", &["Enter"]);
    terminal.answers("What stands before the dot", &["billing", "Enter"]);
    terminal.answers("Where do tenant and principal come from?", &["Down", "Enter"]);
    terminal.answers("Which tenant, for development?", &["acme", "Enter"]);
    terminal.answers("Which principal, for development?", &["me", "Enter"]);
    assert!(!terminal.has("synapsor.runner.json"), "nothing is written before the preview");
    terminal.answers("What now?", &["Enter"]);
    terminal.answers("shall be read now", &["INV-3001", "Enter"]);
    assert_eq!(terminal.exit(), "exit 0", "{}", terminal.screen());
    expect_file!["screens/wizard.txt"].assert_eq(&terminal.recording);

    let arguments = r#"{"invoice_id":"INV-3001","waiver_reason":"bank delay"}"#;
    let proposed =
        terminal.run(&["propose", "billing.propose_invoice_update", "--args", arguments, "--json"]);
    assert_eq!(proposed.json()["ok"], json!(true), "{proposed:?}");
    let config =
        std::fs::read_to_string(terminal.folder.path().join("synapsor.runner.json")).expect("a config");
    let config: Json = serde_json::from_str(&config).expect("JSON");
    assert_eq!(config["capabilities"][1]["patch"]["late_fee_cents"], json!({ "fixed": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_the_wizard_writes_nothing() {
    let mut terminal = Terminal::open("init --from ./app.db").await;
    terminal.answers("Which tables?", &["invoices", "Space", "Enter"]);
    terminal.answers("What may a model do?", &["C-c"]);
    assert_eq!(terminal.exit(), "exit 1");
    assert!(!terminal.has("synapsor.runner.json") && !terminal.has(".env.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wizard_without_a_terminal_is_refused_with_the_way_by_flags() {
    let terminal = Terminal::open("--version").await;
    let refused = terminal.run(&["init", "--from", "./app.db", "--wizard"]);
    assert_eq!(refused.exit, 1, "{refused:?}");
    assert!(refused.stderr.contains("leave --wizard out"), "{refused:?}");
    assert!(!terminal.has("synapsor.runner.json"));
}
