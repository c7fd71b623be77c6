//! Shadow mode from outside: what would have been done beside what people did, and that no door decides or applies it.

use std::process::Stdio;

use expect_test::expect_file;
use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::running::Running;
use crate::screens::settled;
use crate::world::{Answered, World};

const WAIVE: &str = "billing.propose_late_fee_waiver";

on_every_engine!(no_door_decides_or_applies_a_shadow_proposal);
on_a_ledgers_server!(
    no_door_decides_or_applies_a_shadow_proposal,
    what_people_did_is_recorded_compared_exported_and_verified,
);

fn in_mode(world: &World, mode: &str) {
    let mut config = world.config();
    config["mode"] = json!(mode);
    world.write_config(&config);
}

/// A shadow proposal for that invoice.
fn proposed(world: &World, invoice: &str, reason: &str) -> String {
    let arguments = json!({ "invoice_id": invoice, "reason": reason }).to_string();
    let made = world.ask(&["propose", WAIVE, "--args", &arguments]);
    assert_eq!(made["proposal"]["mode"], json!("shadow"), "{made}");
    made["proposal_id"].as_str().expect("an id").to_owned()
}

/// What that command answers about the proposal, with the patch in a file.
fn record(world: &World, proposal: &str, patch: &str, more: &[&str]) -> Answered {
    let path = world.folder.path().join("done.json");
    std::fs::write(&path, patch).expect("the patch is written");
    let path = path.to_str().expect("text");
    let words = ["shadow", "record-human-action", proposal, "--patch", path, "--json"];
    world.run(&[&words[..], more].concat())
}

async fn no_door_decides_or_applies_a_shadow_proposal(world: World) {
    in_mode(&world, "shadow");
    let id = proposed(&world, "INV-3001", "bank delay");
    let before = world.invoice("INV-3001").await;
    // In the mode it was made in, and after the config has moved on.
    for mode in ["shadow", "review"] {
        in_mode(&world, mode);
        let doors: [&[&str]; 6] = [
            &["proposals", "approve", &id, "--yes"],
            &["apply", &id],
            &["apply", &id, "--dry-run"],
            &["apply", "latest"],
            &["proposals", "writeback-job", &id],
            &["executor", "retry", &id, "--reason", "please", "--yes"],
        ];
        for words in doors {
            let answered = world.run(&[words, &["--json"]].concat());
            let code = answered.code();
            assert_eq!(answered.exit, 1, "{mode} {words:?}: {answered:?}");
            let expected = match words {
                ["executor", ..] => "PROPOSAL_NOT_REOPENABLE",
                _ => "SHADOW_WRITEBACK_DISABLED",
            };
            assert_eq!(code, expected, "{mode} {words:?}: {answered:?}");
        }
        for words in [&["apply", "--all-approved"][..], &["writeback", "reconcile", "resolve", "--all"]] {
            let answered = world.run(&[words, &["--json"]].concat());
            assert!(!answered.stdout.contains(&id), "{mode} {words:?}: {answered:?}");
        }
        assert_eq!(world.ask(&["proposals", "show", &id])["state"], json!("pending_review"));
    }
    assert_eq!(world.invoice("INV-3001").await, before);
    assert_eq!(world.receipts().await, 0);
    // It may be put away, which changes nothing either.
    let rejected = world.ask(&["proposals", "reject", &id, "--reason", "seen enough", "--yes"]);
    assert_eq!(rejected["state"], json!("rejected"));
}

async fn what_people_did_is_recorded_compared_exported_and_verified(world: World) {
    in_mode(&world, "shadow");
    let id = proposed(&world, "INV-3001", "bank delay");
    let compared = world.ask(&["shadow", "compare", "latest"]);
    assert_eq!((&compared["agreement"], &compared["done"]), (&json!("no_human_action"), &Json::Null));
    let done = r#"{"late_fee_cents":"0","waiver_reason":"as agreed"}"#;
    let prefix: String = id.chars().take(12).collect();
    let recorded = record(&world, &prefix, done, &["--actor", "lead", "--notes", "by phone"]);
    assert_eq!(recorded.exit, 0, "{recorded:?}");
    let compared = recorded.json();
    assert_eq!(compared["agreement"], json!("partial_match"), "{compared}");
    assert_eq!(compared["matching_columns"], json!(["late_fee_cents"]));
    assert_eq!(compared["differing_columns"], json!(["waiver_reason"]));
    assert_eq!(compared["done"], json!({ "late_fee_cents": 0, "waiver_reason": "as agreed" }));
    assert_eq!(compared["human_actions"][0]["actor"], json!("lead"));
    let listed = world.ask(&["shadow", "list", "--object", "invoice:INV-3001", "--limit", "1"]);
    assert_eq!(listed["shadow_proposals"][0]["proposal_id"], json!(id), "{listed}");
    assert_eq!(listed["next_cursor"], Json::Null);
    assert_eq!(world.ask(&["shadow", "list", "--tenant", "globex"])["shadow_proposals"], json!([]));
    let report = world.ask(&["shadow", "report", "--from", "1d"]);
    assert_eq!(report["counts"]["partial_match"], json!(1), "{report}");

    let replay = world.ask(&["replay", "show", &id]);
    assert_eq!(replay["human_actions"][0]["notes"], json!("by phone"), "{replay}");
    let export = world.folder.path().join("replay.json");
    let path = export.to_str().expect("text");
    world.ask(&["replay", "export", &id, "--output", path]);
    let verified = world.ask(&["store", "verify", "--export", path]);
    assert_eq!(verified["ok"], json!(true), "{verified}");
    let text = std::fs::read_to_string(&export).expect("the export");
    std::fs::write(&export, text.replace("by phone", "by mail!")).expect("edited");
    assert_eq!(world.run(&["store", "verify", "--export", path, "--json"]).exit, 1);
    assert_eq!(world.ask(&["store", "verify"])["ok"], json!(true));
    assert_eq!(world.ask(&["store", "stats"])["records"]["human_actions"], json!(1));
    let events = world.ask(&["events", "tail", "--kind", "shadow_human_action_recorded"]);
    assert_eq!(events["events"].as_array().map(Vec::len), Some(1), "{events}");
    assert!(!events.to_string().contains("by phone"), "an event holds no value: {events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_did_is_recorded_in_a_file_as_well() {
    what_people_did_is_recorded_compared_exported_and_verified(World::new(Engine::Sqlite).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_cannot_be_compared_is_refused_and_nothing_is_recorded() {
    let world = World::new(Engine::Sqlite).await;
    let missing = world.run(&["shadow", "list", "--json"]);
    assert_eq!(missing.exit, 3, "a ledger that is not there: {missing:?}");
    let for_review = r#"{"invoice_id":"INV-3002","reason":"x"}"#;
    let for_review = world.ask(&["propose", WAIVE, "--args", for_review]);
    let for_review = for_review["proposal_id"].as_str().expect("an id").to_owned();
    let none = world.run(&["shadow", "compare", "latest", "--json"]);
    assert_eq!((none.exit, none.code().as_str()), (1, "PROPOSAL_NOT_FOUND"), "{none:?}");
    in_mode(&world, "shadow");
    let id = proposed(&world, "INV-3001", "bank delay");
    let long = "x".repeat(2001);
    for (proposal, patch, more, exit, code) in [
        (for_review.as_str(), "{}", &[][..], 1, "NOT_SHADOW_PROPOSAL"),
        ("wrp_nothing", "{}", &[], 1, "PROPOSAL_NOT_FOUND"),
        ("wrp_", "{}", &[], 1, "PROPOSAL_ID_AMBIGUOUS"),
        (&id, "[]", &[], 1, "INVALID_INPUT"),
        (&id, "{", &[], 1, "INVALID_INPUT"),
        (&id, r#"{"late_fee_cents":0,"late_fee_cents":1}"#, &[], 1, "INVALID_INPUT"),
        (&id, r#"{"late_fee_cents":1e2}"#, &[], 1, "INVALID_INPUT"),
        (&id, r#"{"late_fee_cents":{"a":1}}"#, &[], 1, "INVALID_INPUT"),
        (&id, "{}", &["--notes", &long], 1, "INVALID_INPUT"),
        (&id, r#"{"api_key":"hunter2"}"#, &[], 1, "SECRET_MATERIAL_REJECTED"),
        (&id, "{}", &["--notes", "postgres://u:hunter2@db/app"], 1, "SECRET_MATERIAL_REJECTED"),
    ] {
        let answered = record(&world, proposal, patch, more);
        assert_eq!((answered.exit, answered.code().as_str()), (exit, code), "{patch} {more:?}: {answered:?}");
        assert!(!answered.stdout.contains("hunter2"));
    }
    let words = ["shadow", "record-human-action", &id, "--patch", "nowhere.json", "--json"];
    let nowhere = world.run(&words);
    assert_eq!((nowhere.exit, nowhere.code().as_str()), (2, "NOT_FOUND"), "{nowhere:?}");
    let words = ["shadow", "compare", &for_review, "--json"];
    assert_eq!(world.run(&words).code(), "NOT_SHADOW_PROPOSAL");
    for (words, exit) in [
        (&["shadow", "report", "--output", "report.txt"][..], 1),
        (&["shadow", "report", "--from", "1d", "--to", "2d"], 1),
        (&["shadow", "list", "--limit", "0"], 2),
        (&["shadow", "list", "--cursor", "nonsense"], 2),
        (&["shadow", "record-human-action", &id], 2),
    ] {
        let answered = world.run(&[words, &["--json"]].concat());
        let found = (answered.exit, answered.code());
        assert_eq!(found, (exit, "INVALID_INPUT".to_owned()), "{words:?}: {answered:?}");
    }
    assert_eq!(world.ask(&["shadow", "compare", &id])["human_actions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_may_come_from_standard_input() {
    let world = World::new(Engine::Sqlite).await;
    in_mode(&world, "shadow");
    proposed(&world, "INV-3001", "bank delay");
    let words = ["shadow", "record-human-action", "latest", "--patch", "-", "--json"];
    let mut command = world.command(&words);
    let mut child = Running::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
    let mut input = child.stdin.take().expect("stdin");
    std::io::Write::write_all(&mut input, br#"{"late_fee_cents":0,"waiver_reason":"bank delay"}"#)
        .expect("the binary reads");
    drop(input);
    let answered = child.ended();
    assert_eq!(answered.json()["agreement"], json!("exact_match"), "{answered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_mode_is_told_word_for_word() {
    let world = World::new(Engine::Sqlite).await;
    in_mode(&world, "shadow");
    let mut told = String::new();
    let mut tell = |words: &[&str]| {
        let Answered { exit, stdout, stderr } = world.run(words);
        told.push_str(&format!("$ synapsor {}\n{stdout}{stderr}[exit {exit}]\n\n", words.join(" ")));
    };
    let ids = [
        ("INV-3001", "bank delay"),
        ("INV-3002", "<script>alert(1)</script>\u{202e}"),
        ("INV-3001", "new card"),
    ]
    .map(|(invoice, reason)| proposed(&world, invoice, reason));
    let done = [
        r#"{"late_fee_cents":0,"waiver_reason":"bank delay"}"#,
        r#"{"late_fee_cents":500,"due_day":"2026-07-01"}"#,
    ];
    for (id, done) in ids.iter().zip(done) {
        let recorded = record(&world, id, done, &["--actor", "lead", "--notes", "checked\n# it"]);
        assert_eq!(recorded.exit, 0, "{recorded:?}");
    }
    tell(&["proposals", "show", &ids[2]]);
    tell(&["shadow", "list"]);
    tell(&["shadow", "compare", &ids[1]]);
    tell(&["shadow", "compare", "latest"]);
    tell(&["shadow", "report"]);
    tell(&["shadow", "report", "--capability", WAIVE, "--format", "markdown"]);
    tell(&["shadow", "report", "--tenant", "globex"]);
    tell(&["replay", "show", &ids[1]]);
    tell(&["replay", "export", &ids[1], "--format", "markdown"]);
    assert!(!told.contains("\u{202e}"));
    told.push_str(&world.run(&["shadow", "report", "--format", "json"]).stdout);
    expect_file!["screens/shadow.txt"].assert_eq(&settled(&told));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_compared_is_pruned_by_its_age_and_kept_in_an_archive() {
    let world = World::new(Engine::Sqlite).await;
    in_mode(&world, "shadow");
    let id = proposed(&world, "INV-3001", "bank delay");
    record(&world, &id, r#"{"late_fee_cents":0}"#, &["--notes", "by phone"]);
    let archive = world.folder.path().join("archive.jsonl");
    let path = archive.to_str().expect("text");
    let prune = ["store", "prune", "--older-than", "0s", "--archive", path, "--apply", "--yes"];
    let pruned = world.ask(&prune);
    assert_eq!(pruned["pruned"]["records"], json!(4), "{pruned}");
    let archived = std::fs::read_to_string(&archive).expect("the archive");
    assert!(archived.contains("\"human_action\"") && archived.contains("by phone"), "{archived}");
    assert_eq!(world.ask(&["shadow", "list"])["shadow_proposals"], json!([]));
    assert_eq!(world.ask(&["store", "verify"])["ok"], json!(true));
    assert_eq!(world.ask(&["store", "stats"])["records"]["human_actions"], json!(0));
}
