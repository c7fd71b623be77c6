//! `synapsor init` and `onboard db`: from a database alone to a proposal that is applied.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;
use synapsor_test_servers::TestDatabase;
use tempfile::TempDir;

use crate::world::{Answered, BINARY};

/// Somebody with a database, an empty folder and nothing else.
struct Newcomer {
    database: TestDatabase,
    folder: TempDir,
}

/// What it takes for a proposal on the demo's invoices.
const WAIVER: [&str; 10] = [
    "--table",
    "invoices",
    "--tenant-key",
    "tenant_id",
    "--conflict-column",
    "updated_at",
    "--patch",
    "late_fee_cents=fixed:0,waiver_reason=arg:reason",
    "--numeric-bound",
    "late_fee_cents=0:10000",
];

impl Newcomer {
    async fn new(engine: Engine) -> Self {
        let database = synapsor_test_servers::database(engine).await;
        database
            .execute(match engine {
                Engine::Sqlite => include_str!("../../fixtures/demo/sqlite.sql"),
                Engine::Postgres => include_str!("../../fixtures/demo/postgres.sql"),
                Engine::Mysql => include_str!("../../fixtures/demo/mysql.sql"),
            })
            .await;
        Self { database, folder: tempfile::tempdir().expect("a folder") }
    }

    fn run(&self, words: &[&str]) -> Answered {
        let mut command = Command::new(BINARY);
        command.args(words).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("SYNAPSOR_TENANT_ID", "acme").env("SYNAPSOR_PRINCIPAL", "support.agent");
        if self.database.engine() != Engine::Sqlite {
            command
                .env("APP_READ_URL", self.database.url())
                .env("SYNAPSOR_DATABASE_WRITE_URL", self.database.url());
        }
        command.output().expect("the binary runs").into()
    }

    fn ask(&self, words: &[&str]) -> Json {
        self.run(&[words, &["--json"]].concat()).json()
    }

    /// `init` or `onboard db` for this database with more words.
    fn init(&self, command: &[&str], words: &[&str]) -> Answered {
        let path = self.place();
        // On a shared MySQL server every test's database is visible to its superuser.
        self.run(&[command, &["--from", &path, "--schema", self.database.schema()], words].concat())
    }

    fn place(&self) -> String {
        match self.database.engine() {
            Engine::Sqlite => self.database.path().display().to_string(),
            _ => "env:APP_READ_URL".to_owned(),
        }
    }

    fn has(&self, file: &str) -> bool {
        self.folder.path().join(file).exists()
    }

    fn text(&self, file: impl AsRef<Path>) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).expect("a file")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_commands_lead_from_a_database_to_an_applied_proposal() {
    for engine in [Engine::Sqlite, Engine::Postgres, Engine::Mysql] {
        let newcomer = Newcomer::new(engine).await;
        let written = newcomer.init(&["init"], &[&WAIVER[..], &["--yes", "--try-id", "INV-3001"]].concat());
        assert_eq!(written.exit, 0, "{engine}: {written:?}");
        assert!(written.stdout.contains("a first call was answered"), "{engine}: {}", written.stdout);
        let arguments = r#"{"invoice_id":"INV-3001","reason":"bank delay"}"#;
        let proposed = newcomer.ask(&["propose", "app.propose_invoice_update", "--args", arguments]);
        assert_eq!(proposed["ok"], json!(true), "{engine}: {proposed}");
        assert_eq!(newcomer.run(&["proposals", "approve", "latest", "--yes"]).exit, 0, "{engine}");
        let applied = newcomer.ask(&["apply", "latest"]);
        assert_eq!(applied["ok"], json!(true), "{engine}: {applied}");
        let fee = "SELECT CAST(late_fee_cents AS CHAR(9)) FROM invoices WHERE id = 'INV-3001'";
        assert_eq!(
            newcomer.database.query_text(fee).await[0][0].as_deref().map(str::trim),
            Some("0"),
            "{engine}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_undecided_is_listed_at_once_and_nothing_is_written() {
    let newcomer = Newcomer::new(Engine::Sqlite).await;
    let told =
        newcomer.init(&["init"], &["--table", "invoices", "--patch", "late_fee_cents=fixed:0", "--json"]);
    assert_eq!(told.exit, 2, "{told:?}");
    let flags: Vec<Json> = told.json()["undecided"]
        .as_array()
        .expect("questions")
        .iter()
        .map(|found| found["flag"].clone())
        .collect();
    assert_eq!(flags, [json!("--tenant-key"), json!("--conflict-column")]);
    let told = newcomer.init(&["init"], &[]);
    assert!(told.stdout.contains("--table main.invoices"), "{}", told.stdout);
    assert!(!newcomer.has("synapsor.runner.json") && !newcomer.has(".env.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_person_and_without_yes_nothing_is_written() {
    let newcomer = Newcomer::new(Engine::Sqlite).await;
    let refused = newcomer.init(&["init"], &WAIVER);
    assert_eq!(refused.exit, 1, "{refused:?}");
    assert!(refused.stdout.contains("what a model is shown"), "the preview comes first: {}", refused.stdout);
    assert!(!newcomer.has("synapsor.runner.json"));
    let dry = newcomer.init(&["init"], &[&WAIVER[..], &["--dry-run"]].concat());
    let config: Json = serde_json::from_str(&dry.stdout).expect("the config alone");
    assert_eq!(config["mode"], json!("review"));
    assert!(!newcomer.has("synapsor.runner.json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_replaced_without_force_and_force_keeps_it_beside() {
    let newcomer = Newcomer::new(Engine::Sqlite).await;
    std::fs::write(newcomer.folder.path().join(".env.example"), "OURS=\n").expect("written");
    let words = [&WAIVER[..], &["--yes"]].concat();
    let refused = newcomer.init(&["init"], &words);
    assert_eq!(refused.exit, 1, "{refused:?}");
    assert!(refused.stderr.contains(".env.example") && !newcomer.has("synapsor.runner.json"), "{refused:?}");
    let written = newcomer.init(&["init"], &[&words[..], &["--force", "--json"]].concat()).json();
    let kept: Vec<&str> = written["written"]
        .as_array()
        .expect("files")
        .iter()
        .filter_map(|file| file["backup"].as_str())
        .collect();
    assert_eq!(kept.len(), 1, "{written}");
    assert_eq!(newcomer.text(kept[0]), "OURS=\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_name_variables_and_hold_no_value() {
    let newcomer = Newcomer::new(Engine::Postgres).await;
    let written = newcomer.init(&["init"], &[&WAIVER[..], &["--yes"]].concat());
    assert_eq!(written.exit, 0, "{written:?}");
    let example = newcomer.text(".env.example");
    for name in ["APP_READ_URL=\n", "SYNAPSOR_DATABASE_WRITE_URL=\n", "SYNAPSOR_TENANT_ID=\n"] {
        assert!(example.contains(name), "{example}");
    }
    for file in [
        "synapsor.runner.json",
        ".env.example",
        ".synapsor/mcp/generic-stdio.json",
        ".synapsor/mcp/claude-desktop.json",
        ".synapsor/mcp/cursor.json",
        ".synapsor/mcp/vscode.json",
    ] {
        assert!(!newcomer.text(file).contains("://"), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_answers_says_what_flags_say() {
    let newcomer = Newcomer::new(Engine::Sqlite).await;
    let answers = json!({
        "schema_version": "synapsor.answers.v1",
        "from": newcomer.place(),
        "tables": [{
            "table": "invoices", "tenant_key": "tenant_id", "conflict_column": "updated_at",
            "patch": ["late_fee_cents=fixed:0", "waiver_reason=arg:reason"],
            "numeric_bounds": ["late_fee_cents=0:10000"],
        }],
    });
    std::fs::write(newcomer.folder.path().join("answers.json"), answers.to_string()).expect("written");
    let by_file = newcomer.run(&["init", "--answers", "answers.json", "--dry-run"]);
    let by_flags = newcomer.init(&["init"], &[&WAIVER[..], &["--dry-run"]].concat());
    assert_eq!((by_file.exit, &by_file.stdout), (0, &by_flags.stdout), "{by_file:?}");
    std::fs::write(newcomer.folder.path().join("answers.json"), r#"{ "tabels": [] }"#).expect("written");
    assert_eq!(newcomer.run(&["init", "--answers", "answers.json"]).exit, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_in_place_of_a_name_is_refused_and_not_repeated() {
    let newcomer = Newcomer::new(Engine::Sqlite).await;
    for words in
        [["--from", "postgres://app:hunter2@db/app"], ["--from-env", "postgres://app:hunter2@db/app"]]
    {
        let refused = newcomer.run(&[&["init"], &words[..]].concat());
        assert_eq!(refused.exit, 1, "{refused:?}");
        assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_in_place_of_a_patch_starts_its_project() {
    let newcomer = Newcomer::new(Engine::Sqlite).await;
    let words = [
        "--table",
        "invoices",
        "--accept-suggested",
        "--handler",
        "rust",
        "--allowed-columns",
        "late_fee_cents,waiver_reason",
        "--yes",
    ];
    let written = newcomer.init(&["init"], &words);
    assert_eq!(written.exit, 0, "{written:?}");
    assert!(newcomer.has("handlers/invoice/handler.json") && newcomer.has("handlers/invoice/cases"));
    assert!(written.stdout.contains("synapsor handler test --build"), "{}", written.stdout);
    let again = newcomer.init(&["init"], &[&words[..], &["--force"]].concat());
    assert_eq!(again.exit, 1, "somebody's handler is never replaced: {again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn onboarding_ends_with_a_diagnosis() {
    let newcomer = Newcomer::new(Engine::Sqlite).await;
    let told = newcomer.init(&["onboard", "db"], &[&WAIVER[..], &["--yes", "--json"]].concat());
    assert_eq!(told.exit, 0, "{told:?}");
    let told = told.json();
    assert_eq!(told["doctor"]["schema_version"], json!("synapsor.doctor.v1"));
    assert_eq!(told["boundary"].as_array().map(Vec::len), Some(6));
}

/// As they were published, with `wrp_123` where an id belongs; the files of jobs are the one that was written here.
const PUBLISHED: &str = include_str!("onboarding-commands.txt");

#[tokio::test(flavor = "multi_thread")]
async fn the_published_commands_of_onboarding_run_word_for_word() {
    let newcomer = Newcomer::new(Engine::Sqlite).await;
    assert_eq!(newcomer.init(&["onboard", "db"], &[&WAIVER[..], &["--yes"]].concat()).exit, 0);
    let arguments = r#"{"invoice_id":"INV-3001","reason":"bank delay"}"#;
    let proposed = newcomer.ask(&["propose", "app.propose_invoice_update", "--args", arguments]);
    assert_eq!(proposed["ok"], json!(true), "{proposed}");
    assert_eq!(newcomer.run(&["proposals", "approve", "latest", "--yes"]).exit, 0);
    let shown = newcomer.run(&["proposals", "show", "latest"]).stdout;
    let id = shown.split_whitespace().find(|word| word.starts_with("wrp_")).expect("an id").to_owned();
    for line in PUBLISHED.lines() {
        let words = line.trim_start_matches("npx -y -p @synapsor/runner@alpha ").replace("wrp_123", &id);
        let words: Vec<&str> = words.split_whitespace().skip(1).collect();
        let job = words.iter().find(|word| word.ends_with("job.approved.json"));
        if let Some(job) = job.map(|job| newcomer.folder.path().join(job)) {
            std::fs::create_dir_all(job.parent().expect("a folder")).expect("made");
            std::fs::copy(newcomer.folder.path().join("job.json"), job).expect("copied");
        }
        let answered = newcomer.run(&words);
        assert_eq!(answered.exit, 0, "{line}: {answered:?}");
    }
    let fee = "SELECT CAST(late_fee_cents AS TEXT) FROM invoices WHERE id = 'INV-3001'";
    assert_eq!(newcomer.database.query_text(fee).await[0][0].as_deref(), Some("0"));
}
