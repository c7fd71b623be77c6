//! The published ledger commands, word for word, against a ledger the demo made; and what the lists do with bad input.

use std::path::Path;

use serde_json::{Value as Json, json};
use synapsor_test_servers::TestDatabase;

use crate::running::Running;
use crate::world::{Answered, BINARY, LEDGER_URL};

/// As they were published, with `ev_...` and the like where an id belongs.
const PUBLISHED: &str = include_str!("ledger-commands.txt");

/// Each case on the demo's ledger in its file, and on the same one after it went to a server.
macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod in_a_file {
            $(#[test]
            fn $case() {
                super::$case(super::Played::new());
            })+
        }
        mod on_a_server {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(super::Played::on_a_server().await);
            })+
        }
    };
}

on_both!(
    the_published_commands_run_word_for_word,
    every_export_can_be_verified_by_itself,
    a_list_goes_on_with_its_cursor_and_ends,
    times_are_days_instants_and_spans,
    what_a_list_cannot_do_is_refused,
    events_are_followed_until_nobody_listens,
);

/// A folder in which the demo was played, and then a few calls through a source of the published name.
struct Played {
    folder: tempfile::TempDir,
    /// The database of the ledger, where it is on a server.
    books: Option<TestDatabase>,
    /// An applied proposal of the demo, and the evidence, audit and receipt that belong to it.
    proposal: String,
    evidence: String,
    audit: String,
    receipt: String,
}

impl Played {
    fn new() -> Self {
        let played = Self::demo_alone();
        played.found()
    }

    async fn on_a_server() -> Self {
        let mut played = Self::demo_alone();
        let books = synapsor_test_servers::postgres().await;
        let migrate = ["store", "migrate", "--to", "env:LEDGER_URL", "--json"];
        let file = [("LEDGER_URL", books.url())];
        let made = run(&played.demo(), &migrate, &file);
        let report = &made.json()["report"];
        assert_eq!((made.exit, &report["misfit"]), (0, &Json::Null), "{made:?}");
        played.books = Some(books);
        let verified = played.ask(&["store", "verify"]);
        assert_eq!((&verified["head"], &verified["ledger_id"]), (&report["head"], &report["ledger_id"]));
        played.found()
    }

    fn demo_alone() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let demo = folder.path().join("demo");
        let demo = demo.to_str().expect("a name");
        assert_eq!(run(folder.path(), &["demo", "--folder", demo, "--no-interactive"], &[]).exit, 0);
        Self {
            folder,
            books: None,
            proposal: String::new(),
            evidence: String::new(),
            audit: String::new(),
            receipt: String::new(),
        }
    }

    /// With the ids of the applied proposal, and the calls of the published source.
    fn found(mut self) -> Self {
        let played = &mut self;
        let id =
            |list: &Json, field: &str, name: &str| list[field][0][name].as_str().expect("an id").to_owned();
        let applied = played.ask(&["proposals", "list", "--state", "applied"]);
        played.proposal = id(&applied, "proposals", "proposal_id");
        let of_it = ["list", "--proposal", &played.proposal];
        let list = |what: &'static str| played.ask(&[&[what], &of_it[..]].concat());
        let (evidence, audits, receipts) = (list("evidence"), list("query-audit"), list("receipts"));
        played.evidence = id(&evidence, "evidence", "evidence_id");
        played.audit = id(&audits, "query_audit", "audit_id");
        played.receipt = id(&receipts, "receipts", "receipt_id");
        played.go_on();
        self
    }

    /// Which ledger, for a command.
    fn environment(&self) -> Vec<(&str, &str)> {
        let books = self.books.iter();
        books
            .flat_map(|books| [("SYNAPSOR_LOCAL_STORE", "env:LEDGER_URL"), (LEDGER_URL, books.url())])
            .collect()
    }

    /// The published commands ask for `app_postgres`, and for an approved proposal of INV-3001.
    fn go_on(&self) {
        let path = self.demo().join("synapsor.runner.json");
        let config = std::fs::read_to_string(&path).expect("the demo's config");
        let config = config
            .replace("\"app\":", "\"app_postgres\":")
            .replace("\"source\": \"app\"", "\"source\": \"app_postgres\"");
        std::fs::write(&path, config).expect("written");
        self.done(&["propose", "billing.inspect_invoice", "--args", r#"{"invoice_id":"INV-3001"}"#]);
        let waive = r#"{"invoice_id":"INV-3001","reason":"once more"}"#;
        self.done(&["propose", "billing.propose_late_fee_waiver", "--args", waive]);
        self.done(&["proposals", "approve", "latest", "--actor", "lead", "--yes"]);
    }

    fn demo(&self) -> std::path::PathBuf {
        self.folder.path().join("demo")
    }

    fn run(&self, words: &[&str]) -> Answered {
        run(&self.demo(), words, &self.environment())
    }

    fn done(&self, words: &[&str]) -> Answered {
        let answered = self.run(words);
        assert_eq!((answered.exit, answered.stderr.as_str()), (0, ""), "{words:?}: {answered:?}");
        answered
    }

    fn ask(&self, words: &[&str]) -> Json {
        self.run(&[words, &["--json"]].concat()).json()
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.demo().join(name)).expect("written")
    }

    /// A published command with ids of this ledger.
    fn with_ids(&self, command: &str) -> String {
        let listed = command.contains("query-audit list");
        // The published list of audits is of the published source.
        let evidence = if listed { "latest" } else { &self.evidence };
        command
            .replace("replay_wrp_...", &format!("replay_{}", self.proposal))
            .replace("wrp_...", &self.proposal)
            .replace("ev_...", evidence)
            .replace("<audit_id>", &self.audit)
            .replace("<receipt_id>", &self.receipt)
    }
}

fn run(folder: &Path, words: &[&str], environment: &[(&str, &str)]) -> Answered {
    let mut command = std::process::Command::new(BINARY);
    command.args(words).current_dir(folder).env_clear().envs(environment.iter().copied());
    command.output().expect("the binary runs").into()
}

fn the_published_commands_run_word_for_word(played: Played) {
    let expected = [
        vec!["proposed", "applied", "called", "read", "invoices INV-3001"],
        vec!["approved", "billing.propose_late_fee_waiver", "INV-3001"],
        vec!["billing.inspect_invoice", "invoices INV-3001", "acme"],
        vec!["support.agent of tenant acme", "late_fee_cents", "digest", &played.proposal],
        vec!["written", "evidence.json"],
        vec!["written", "evidence.md"],
        vec!["billing.propose_late_fee_waiver", "1 row"],
        vec!["support.agent of tenant acme", "1 row", "fingerprint"],
        vec!["written", "audit.json"],
        vec!["applied", &played.receipt],
        vec!["applied", "changed  yes", &played.proposal],
        vec!["proposal_created", "writeback_applied", "billing.lead"],
        vec!["proposal_created", "writeback_applied"],
        vec!["proposal_created", "writeback_applied"],
        vec!["written", "replay.json"],
        vec!["written", "replay.md"],
        vec!["read", "called", "proposed"],
        vec!["ledger", "events", "2 applied", "evidence", "bytes"],
        vec!["packed from", "bytes"],
        vec!["would prune 0 reads", "0 final proposals", "--apply"],
    ];
    assert_eq!(PUBLISHED.lines().count(), expected.len());
    // Those that keep a ledger name its file; what they say on a server is the store's own test.
    let here = |command: &str| played.books.is_none() || !command.contains("--store ./.synapsor");
    for (command, expected) in PUBLISHED.lines().zip(expected).filter(|(command, _)| here(command)) {
        let command = played.with_ids(command);
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let answered = played.done(&words);
        for part in expected {
            assert!(answered.stdout.contains(part), "{command}: no `{part}` in\n{}", answered.stdout);
        }
    }
    let document = |name: &str| -> Json { serde_json::from_str(&played.file(name)).expect("a document") };
    assert_eq!(document("evidence.json")["evidence"]["evidence_id"], json!(played.evidence));
    assert!(document("evidence.json")["digest"].as_str().expect("a digest").starts_with("sha256:"));
    assert_eq!(document("audit.json")["query_audit"]["audit_id"], json!(played.audit));
    assert_eq!(document("replay.json")["proposal"]["state"], json!("applied"));
    for (name, parts) in [
        ("evidence.md", ["# Evidence ev", "| late_fee_cents | 9000 |"]),
        ("replay.md", ["# Replay of proposal wrp", "| approved | billing.lead |"]),
    ] {
        let page = played.file(name);
        assert!(parts.iter().all(|part| page.contains(part)), "{name}:\n{page}");
    }
}

fn every_export_can_be_verified_by_itself(played: Played) {
    for (words, digested) in [
        (&["evidence", "export", "latest"][..], "acme"),
        (&["query-audit", "export", "latest"], "acme"),
        (&["replay", "export", "latest"], "acme"),
        (&["report", "--tenant", "acme", "--format", "json"], "acme"),
    ] {
        played.done(&[words, &["--output", "export.json", "--force"]].concat());
        let verified = played.ask(&["store", "verify", "--export", "export.json"]);
        assert_eq!((&verified["ok"], &verified["misfit"]), (&json!(true), &Json::Null), "{words:?}");
        let edited = played.file("export.json").replace(&format!("\"{digested}\""), "\"globex\"");
        std::fs::write(played.demo().join("edited.json"), edited).expect("written");
        let refused = played.run(&["store", "verify", "--export", "edited.json", "--json"]);
        assert_eq!((refused.exit, &refused.json()["ok"]), (1, &json!(false)), "{words:?}: {refused:?}");
    }
}

fn a_list_goes_on_with_its_cursor_and_ends(played: Played) {
    let (mut seen, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let mut words = vec!["activity", "search", "--limit", "3"];
        words.extend(cursor.iter().flat_map(|cursor| ["--cursor", cursor]));
        let page = played.ask(&words);
        assert_eq!(
            (&page["ok"], &page["schema_version"]),
            (&json!(true), &json!("synapsor.activity-list.v1"))
        );
        seen.extend(page["activity"].as_array().expect("a list").iter().map(|item| item["id"].to_string()));
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    let all = played.ask(&["activity", "search", "--limit", "200"]);
    let all: Vec<String> =
        all["activity"].as_array().expect("a list").iter().map(|item| item["id"].to_string()).collect();
    assert!(pages > 3 && seen == all, "{pages} pages: {seen:?}");
    assert!(played.done(&["receipts", "list", "--limit", "1"]).stdout.contains("--cursor"));
}

fn times_are_days_instants_and_spans(played: Played) {
    let count = |words: &[&str]| {
        let listed = played.ask(&[&["proposals", "list"], words].concat());
        listed["proposals"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(count(&["--from", "2d"]), 4);
    assert_eq!(count(&["--from", "2020-01-01", "--to", "1h"]), 0);
    assert_eq!(count(&["--to", "2999-12-31"]), 4);
    assert_eq!(count(&["--from", "2999-12-31T00:00:00Z"]), 0);
}

fn what_a_list_cannot_do_is_refused(played: Played) {
    for (words, exit, code, said) in [
        (&["proposals", "list", "--capabilty", "x"][..], 2, "INVALID_INPUT", "--capability"),
        (&["evidence", "lisst"], 2, "INVALID_INPUT", "list"),
        (&["proposals", "list", "--state", "pending"], 2, "INVALID_INPUT", "pending_review"),
        (&["receipts", "list", "--status", "unknwon"], 2, "INVALID_INPUT", "unknown"),
        (&["events", "tail", "--kind", "nonsense"], 2, "INVALID_INPUT", "proposal_created"),
        (&["events", "tail", "--follow", "--interval-ms", "10"], 2, "INVALID_INPUT", "250"),
        (&["activity", "search", "--from", "yesterday"], 2, "INVALID_INPUT", "2h 30m"),
        (&["activity", "search", "--from", "1d", "--to", "2d"], 1, "INVALID_INPUT", "nothing between"),
        (&["activity", "search", "--object", "invoice"], 2, "INVALID_INPUT", "colon"),
        (&["activity", "search", "--cursor", "wrp_1"], 2, "INVALID_INPUT", "cursor"),
        (&["query-audit", "list", "--refused", "NO_SUCH"], 2, "INVALID_INPUT", "refusals.md"),
        (&["query-audit", "list", "--limit", "0"], 2, "INVALID_INPUT", "200"),
        (&["evidence", "show", "nothing"], 1, "RECORD_NOT_FOUND", "evidence list"),
        (&["evidence", "show", "ev_"], 1, "RECORD_ID_AMBIGUOUS", "one of: ev_"),
        (&["query-audit", "show", "nothing"], 1, "RECORD_NOT_FOUND", "query-audit list"),
        (&["receipts", "show", "nothing"], 1, "RECORD_NOT_FOUND", "receipts list"),
        (&["receipts", "list", "--proposal", "nothing"], 1, "PROPOSAL_NOT_FOUND", "proposals list"),
        (&["replay", "show"], 2, "INVALID_INPUT", "PROPOSAL"),
        (&["replay", "show", "latest", "--evidence", "latest"], 2, "INVALID_INPUT", "cannot be used"),
        (&["replay", "show", "--replay", "replay_wrp_nothing"], 1, "PROPOSAL_NOT_FOUND", "proposals list"),
        (&["replay", "export", "latest", "--force"], 2, "INVALID_INPUT", "--output"),
        (&["evidence", "export", "latest", "--output", "app.db"], 2, "NOT_FOUND", "--force"),
        (&["evidence", "export", "latest", "--output", "no/such/folder"], 2, "NOT_FOUND", "no/such/folder"),
        (&["evidence", "export", "latest", "--format", "html"], 2, "INVALID_INPUT", "markdown"),
        (&["report"], 2, "INVALID_INPUT", "--object"),
        (&["report", "--format", "html", "--output", "r.html"], 2, "INVALID_INPUT", "--principal"),
        (&["report", "--tenant", "nobody"], 1, "RECORD_NOT_FOUND", "activity search"),
        (&["report", "--tenant", "acme", "--format", "pdf"], 2, "INVALID_INPUT", "html"),
        (&["report", "--tenant", "acme", "--output", "app.db"], 2, "NOT_FOUND", "--force"),
        (
            &["store", "prune", "--older-than", "30d", "--dry-run", "--archive", "a", "--apply"],
            2,
            "INVALID_INPUT",
            "cannot be used",
        ),
    ] {
        let answered = played.run(&[words, &["--json"]].concat());
        assert_eq!((answered.exit, answered.code().as_str()), (exit, code), "{words:?}: {answered:?}");
        assert!(answered.stdout.contains(said), "{words:?}: no `{said}` in {}", answered.stdout);
    }
    let read = played.ask(&["evidence", "list", "--capability", "billing.inspect_invoice"]);
    let read = read["evidence"][0]["evidence_id"].as_str().expect("an id").to_owned();
    let answered = played.run(&["replay", "show", "--evidence", &read, "--json"]);
    assert_eq!((answered.exit, answered.code().as_str()), (1, "PROPOSAL_NOT_FOUND"), "{answered:?}");
}

#[test]
fn an_export_is_ours_alone_and_replaces_nothing_unasked() {
    let played = Played::new();
    let words = ["evidence", "export", "latest", "--output", "out.json"];
    played.done(&words);
    assert_eq!(played.run(&words).exit, 2);
    let before = played.file("out.json");
    played.done(&[&words[..], &["--force"]].concat());
    assert_eq!(played.file("out.json"), before);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let mode = std::fs::metadata(played.demo().join("out.json")).expect("there").mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let printed = played.done(&["evidence", "export", "latest"]).stdout;
    assert_eq!(printed, before, "printed as it is written");
}

fn events_are_followed_until_nobody_listens(played: Played) {
    use std::io::{BufRead, BufReader};
    let mut command = std::process::Command::new(BINARY);
    let following = command
        .args(["events", "tail", "--limit", "1", "--follow", "--interval-ms", "250", "--json"])
        .current_dir(played.demo())
        .env_clear()
        .envs(played.environment())
        .stdout(std::process::Stdio::piped());
    let mut tail = Running::start(following);
    let mut lines = BufReader::new(tail.stdout.take().expect("a pipe")).lines();
    let mut next =
        || -> Json { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("an event") };
    let first = next();
    assert_eq!(first["kind"], json!("proposal_approved"));
    played.done(&["propose", "billing.inspect_invoice", "--args", r#"{"invoice_id":"INV-3002"}"#]);
    let second = next();
    assert_eq!(second["kind"], json!("evidence_recorded"));
    assert_eq!(second["previous_digest"], first["digest"]);
    drop(lines);
    played.done(&["propose", "billing.inspect_invoice", "--args", r#"{"invoice_id":"INV-3002"}"#]);
    assert!(tail.wait().expect("ends").success(), "it ends by itself");
}
