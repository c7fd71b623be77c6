//! `synapsor store`: proving a ledger and keeping it, beside a server that has it open.

use std::path::Path;

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::world::{Answered, World};

const SECRET_NAME: &str = "waived for 4711-somebody";

/// A world with one applied proposal and one that waits.
async fn told() -> World {
    let world = World::new(Engine::Sqlite).await;
    let id = propose(&world, "INV-3001", SECRET_NAME);
    world.approve(&id);
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
    propose(&world, "INV-3003", "bank delay");
    world
}

fn propose(world: &World, invoice: &str, reason: &str) -> String {
    let arguments = json!({ "invoice_id": invoice, "reason": reason }).to_string();
    let made = world.ask(&["propose", "billing.propose_late_fee_waiver", "--args", &arguments]);
    made["proposal_id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

/// Changes the file as somebody with a database tool would.
pub(crate) fn edit(ledger: &Path, sql: &str) {
    let conn = rusqlite::Connection::open(ledger).expect("opens");
    let triggers: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .expect("triggers");
    for trigger in triggers {
        conn.execute_batch(&format!("DROP TRIGGER {trigger}")).expect("dropped");
    }
    conn.execute_batch("PRAGMA foreign_keys = OFF").expect("off");
    conn.execute_batch(sql).expect("edited");
}

fn json_of(world: &World, words: &[&str]) -> (i32, Json) {
    let answered = world.run(&[words, &["--json"]].concat());
    (answered.exit, answered.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_verifies_and_the_first_edited_event_is_named() {
    let world = told().await;
    let (exit, report) = json_of(&world, &["store", "verify"]);
    assert_eq!((exit, &report["ok"], &report["misfit"]), (0, &json!(true), &Json::Null), "{report}");
    assert!(report["events"].as_u64() >= Some(5), "{report}");
    let plain = world.run(&["store", "verify"]);
    assert!(
        plain.stdout.contains("verified") && plain.stdout.contains("store checkpoint"),
        "{}",
        plain.stdout
    );

    edit(&world.ledger_path(), "UPDATE events SET actor = 'eve' WHERE seq = 3");
    let (exit, report) = json_of(&world, &["store", "verify"]);
    assert_eq!((exit, &report["ok"]), (1, &json!(false)));
    assert_eq!(report["misfit"]["kind"], json!("event_edited"));
    assert_eq!(report["sentence"], json!("event `3`: the event was edited"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_kept_elsewhere_shows_a_cut_tail() {
    let world = told().await;
    let kept = world.folder.path().join("elsewhere");
    let kept = kept.to_str().expect("text");
    let (exit, made) = json_of(&world, &["store", "checkpoint", "--output", kept]);
    assert_eq!(exit, 0, "{made}");
    let key = made["public_key"].as_str().expect("a key");
    let verify = ["store", "verify", "--checkpoints", kept, "--public-key", key];
    let (exit, report) = json_of(&world, &verify);
    assert_eq!((exit, &report["checkpoints"]), (0, &json!(1)), "{report}");
    edit(
        &world.ledger_path(),
        "DELETE FROM proposals WHERE created_seq = (SELECT max(seq) FROM events);
         DELETE FROM query_audit WHERE seq = (SELECT max(seq) FROM events);
         DELETE FROM evidence WHERE seq = (SELECT max(seq) FROM events);
         DELETE FROM found_by WHERE seq = (SELECT max(seq) FROM events);
         DELETE FROM events WHERE seq = (SELECT max(seq) FROM events);",
    );
    let (exit, report) = json_of(&world, &verify);
    assert_eq!((exit, &report["misfit"]["kind"]), (1, &json!("tail_cut")), "{report}");
    let nobody = ["store", "verify", "--checkpoints", kept, "--public-key", "ed25519:abc"];
    assert_eq!(json_of(&world, &nobody).1["error"]["code"], json!("INVALID_INPUT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_made_beside_a_server_and_nothing_is_replaced_under_it() {
    let world = told().await;
    let copy = world.folder.path().join("copy.db");
    let copy = copy.to_str().expect("text");
    let client = world.client().await;
    let (exit, made) = json_of(&world, &["store", "backup", copy]);
    assert_eq!((exit, &made["report"]["misfit"]), (0, &Json::Null), "{made}");
    assert_eq!(json_of(&world, &["store", "backup", copy]).1["error"]["code"], json!("INVALID_INPUT"));
    let before = world.ask(&["store", "stats"]);
    for words in [
        &["store", "restore", copy, "--force", "--yes"][..],
        &["store", "reset", "--yes"],
        &["store", "vacuum"],
    ] {
        let refused: Answered = world.run(&[words, &["--json"]].concat());
        assert_eq!((refused.exit, refused.code().as_str()), (3, "LEDGER_BUSY"), "{words:?}");
    }
    assert_eq!(world.ask(&["store", "stats"])["events"], before["events"]);
    // Pruning goes on beside a server; it does not wait for it, nor the server for it.
    let archive = world.folder.path().join("archive.jsonl");
    let archive = archive.to_str().expect("text");
    let pruned = ["store", "prune", "--older-than", "0s", "--archive", archive, "--apply", "--yes"];
    assert_eq!(json_of(&world, &pruned).0, 0);
    drop(client);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_brings_the_copy_back_and_keeps_what_stood_there() {
    let world = told().await;
    let copy = world.folder.path().join("copy.db");
    let copy = copy.to_str().expect("text");
    let made = world.ask(&["store", "backup", copy]);
    propose(&world, "INV-3002", "later");
    assert_eq!(
        json_of(&world, &["store", "restore", copy, "--yes"]).1["error"]["code"],
        json!("INVALID_INPUT")
    );
    let asked = json_of(&world, &["store", "restore", copy, "--force"]);
    assert_eq!((asked.0, &asked.1["error"]["code"]), (1, &json!("CONFIRMATION_REQUIRED")));
    let (exit, restored) = json_of(&world, &["store", "restore", copy, "--force", "--yes"]);
    assert_eq!(exit, 0, "{restored}");
    assert_eq!(world.ask(&["store", "verify"])["head"], made["report"]["head"]);
    let kept = restored["kept"].as_str().expect("kept");
    let kept = world.ask(&["store", "verify", "--store", kept]);
    assert!(
        kept["ok"] == json!(true) && kept["events"].as_u64() > made["report"]["events"].as_u64(),
        "{kept}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prune_says_first_what_it_would_do_and_what_it_did_can_be_verified() {
    let world = told().await;
    let events = world.ask(&["store", "stats"])["events"].as_u64().expect("a number");
    let (exit, planned) = json_of(&world, &["store", "prune", "--older-than", "0s"]);
    assert_eq!((exit, &planned["prunable"]["proposals"], &planned["pruned"]), (0, &json!(1), &Json::Null));
    assert_eq!(world.ask(&["store", "stats"])["events"], json!(events), "nothing was done");
    let archive = world.folder.path().join("archive.jsonl");
    let words = ["store", "prune", "--older-than", "0s", "--apply", "--archive"];
    let words = [&words[..], &[archive.to_str().expect("text")]].concat();
    let asked = json_of(&world, &words);
    assert_eq!((asked.0, &asked.1["error"]["code"]), (1, &json!("CONFIRMATION_REQUIRED")));
    assert!(!archive.exists());
    let (exit, pruned) = json_of(&world, &[&words[..], &["--yes"]].concat());
    assert_eq!((exit, &pruned["pruned"]["events"]), (0, &json!(4)), "{pruned}");
    let (exit, report) = json_of(&world, &["store", "verify"]);
    assert_eq!((exit, &report["misfit"]), (0, &Json::Null), "{report}");
    assert_eq!(world.ask(&["proposals", "list"])["proposals"].as_array().map(Vec::len), Some(1));
    assert!(std::fs::read_to_string(&archive).expect("readable").contains(SECRET_NAME));
    for file in ["local.db", "local.db-wal"] {
        let bytes = std::fs::read(world.ledger_path().with_file_name(file)).unwrap_or_default();
        let name = SECRET_NAME.as_bytes();
        assert!(!bytes.windows(name.len()).any(|part| part == name), "{file} still holds it");
    }
    for wrong in ["90", "soon", "-1d", ""] {
        let refused = json_of(&world, &["store", "prune", &format!("--older-than={wrong}")]);
        assert_eq!(refused.1["error"]["code"], json!("INVALID_INPUT"), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_asks_and_removes_the_ledger_alone() {
    let world = told().await;
    let asked = json_of(&world, &["store", "reset"]);
    assert_eq!((asked.0, &asked.1["error"]["code"]), (1, &json!("CONFIRMATION_REQUIRED")));
    assert_eq!(json_of(&world, &["store", "reset", "--yes"]).0, 0);
    assert!(!world.ledger_path().exists());
    assert!(world.config_path().exists() && world.database.path().exists());
    assert_eq!(json_of(&world, &["store", "verify"]).1["error"]["code"], json!("LEDGER_UNAVAILABLE"));
    propose(&world, "INV-3002", "anew");
    assert_eq!(json_of(&world, &["store", "verify"]).0, 0);
}

/// What is no ledger, what it is answered with, and the exit code.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_ledger_is_said_and_left_as_it_is() {
    let world = told().await;
    let ledger = std::fs::read(world.ledger_path()).expect("readable");
    let half = ledger.get(..ledger.len() / 2).expect("half").to_vec();
    let mut damaged = ledger.clone();
    damaged.iter_mut().skip(4096).for_each(|byte| *byte = 0xA5);
    let mut newer = ledger.clone();
    // `user_version` in SQLite's header.
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let foreign = world.folder.path().join("foreign.db");
    edit(&foreign, "CREATE TABLE orders (id INTEGER PRIMARY KEY)");
    let foreign = std::fs::read(&foreign).expect("readable");
    let cases: [(&str, Vec<u8>, &str, i32); 6] = [
        ("text", b"no database, but long enough for a header ".repeat(40), "LEDGER_CORRUPT", 3),
        ("empty", Vec::new(), "LEDGER_UNAVAILABLE", 3),
        ("half", half, "LEDGER_CORRUPT", 3),
        ("damaged", damaged, "LEDGER_CORRUPT", 3),
        ("newer", newer, "LEDGER_TOO_NEW", 1),
        ("foreign", foreign, "LEDGER_UNAVAILABLE", 3),
    ];
    for (name, bytes, code, exit) in cases {
        let file = world.folder.path().join(format!("case-{name}.db"));
        std::fs::write(&file, &bytes).expect("written");
        let path = file.to_str().expect("text");
        for command in [&["store", "verify"][..], &["proposals", "list"], &["store", "stats"]] {
            let answered = world.run(&[command, &["--store", path, "--json"]].concat());
            assert_eq!((answered.exit, answered.code().as_str()), (exit, code), "{name}: {command:?}");
        }
        assert_eq!(std::fs::read(&file).expect("readable"), bytes, "{name}");
    }
    let folder = world.folder.path().to_str().expect("text");
    for (path, what) in [(folder, "a folder"), ("/nowhere/at/all.db", "nothing")] {
        let answered = world.run(&["store", "verify", "--store", path, "--json"]);
        assert_eq!((answered.exit, answered.code().as_str()), (3, "LEDGER_UNAVAILABLE"), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_verified_without_a_ledger() {
    let world = told().await;
    let shown = world.ask(&["replay", "show", "latest"]).to_string();
    let file = world.folder.path().join("replay.json");
    std::fs::write(&file, &shown).expect("written");
    let path = file.to_str().expect("text");
    let words = ["store", "verify", "--export", path, "--store", "/nowhere/at/all.db"];
    let (exit, report) = json_of(&world, &words);
    assert_eq!((exit, &report["misfit"]), (0, &Json::Null), "{report}");
    std::fs::write(&file, shown.replace("bank delay", "bank error")).expect("written");
    let (exit, report) = json_of(&world, &words);
    assert_eq!((exit, &report["misfit"]["kind"]), (1, &json!("record_edited")), "{report}");
}
