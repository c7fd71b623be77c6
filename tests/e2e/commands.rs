//! The command line: help, exit codes, what is printed where.

use serde_json::json;
use synapsor_protocol::Engine;

use crate::world::{Answered, BINARY, World};

fn synapsor(words: &[&str]) -> Answered {
    std::process::Command::new(BINARY).args(words).env_clear().output().expect("the binary runs").into()
}

#[test]
fn an_unknown_command_or_flag_is_wrong_usage_with_a_suggestion() {
    for (words, suggestion) in
        [(&["porposals"][..], "proposals"), (&["apply", "latest", "--dry-rum"], "--dry-run")]
    {
        let answered = synapsor(words);
        assert_eq!(answered.exit, 2);
        assert!(answered.stderr.contains(suggestion), "{}", answered.stderr);
        assert!(answered.stdout.is_empty());
    }
}

#[test]
fn completions_are_printed_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let answered = synapsor(&["completions", shell]);
        assert_eq!(answered.exit, 0);
        assert!(answered.stdout.contains("synapsor"), "{shell}");
    }
}

#[test]
fn a_missing_config_says_what_to_do() {
    let answered = synapsor(&["config", "validate", "--config", "nowhere.json"]);
    assert_eq!(answered.exit, 2);
    assert!(
        answered.stderr.contains("nowhere.json") && answered.stderr.contains("hint:"),
        "{}",
        answered.stderr
    );
    let answered = synapsor(&["config", "validate", "--config", "nowhere.json", "--json"]);
    assert_eq!((answered.exit, answered.code().as_str()), (2, "NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_config_is_shown_with_its_rules() {
    let world = World::new(Engine::Sqlite).await;
    let checked = world.ask(&["config", "validate"]);
    assert_eq!(checked["ok"], json!(true), "{checked}");
    let shown = world.run(&["config", "show"]);
    assert_eq!(shown.exit, 0);
    assert!(shown.stdout.contains("billing.propose_plan_waiver") && shown.stdout.contains("late_fee_cents"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_is_shown_to_others_without_its_secrets_and_with_all_its_keys() {
    let world = World::new(Engine::Sqlite).await;
    let mut config = world.config();
    config["sources"]["app"]["url"] = json!("postgres://reader:hunter2@db/app");
    world.write_config(&config);
    let shown = world.run(&["config", "show", "--redacted"]);
    assert_eq!(shown.exit, 0, "valid or not: {shown:?}");
    assert!(!shown.stdout.contains("hunter2"), "{}", shown.stdout);
    assert_eq!(shown.json()["sources"]["app"]["url"], json!("[redacted]"));
    assert_eq!(shown.json()["capabilities"], config["capabilities"]);
    std::fs::write(world.config_path(), "{ not json").expect("another config");
    let broken = world.run(&["config", "show", "--redacted", "--json"]);
    assert_eq!((broken.exit, broken.code().as_str()), (2, "CONFIG_INVALID"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shown_config_tells_prompts_scopes_and_whose_tokens_count() {
    let world = World::new(Engine::Sqlite).await;
    let mut config = world.config();
    config["authentication"] = json!({ "issuer": "https://id.example/", "audience": "runner",
        "resource_url": "https://runner.example/mcp", "jwks_url": "https://id.example/keys" });
    config["prompts"] = json!([{ "name": "waive_fee", "description": "Ask for a waiver.",
        "arguments": { "invoice": { "required": true } }, "template": "Waive the fee of {{invoice}}." }]);
    World::capability(&mut config, "billing.inspect_invoice")["scopes"] = json!(["billing:read"]);
    world.write_config(&config);
    let shown = world.run(&["config", "show"]);
    assert_eq!(shown.exit, 0, "{shown:?}");
    for told in [
        "waive_fee  invoice  Ask for a waiver.",
        "scopes    billing:read, in the caller's token",
        "tokens of https://id.example/ for runner;",
    ] {
        assert!(shown.stdout.contains(told), "{told}: {}", shown.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tools_are_previewed_without_a_ledger_or_a_database() {
    let mut world = World::new(Engine::Sqlite).await;
    world.set("SYNAPSOR_LOCAL_STORE", "/nowhere/at/all.db");
    let listed = world.ask(&["tools", "preview"]);
    let names: Vec<_> =
        listed["tools"].as_array().expect("tools").iter().map(|tool| tool["name"].clone()).collect();
    assert_eq!(
        names,
        [
            json!("billing__inspect_invoice"),
            json!("billing__propose_late_fee_waiver"),
            json!("billing__propose_plan_waiver")
        ]
    );
    let sizes = &listed["sizes"];
    let each: u64 =
        sizes["tools"].as_array().expect("sizes").iter().filter_map(|size| size["bytes"].as_u64()).sum();
    assert_eq!(sizes["bytes"].as_u64(), Some(each), "{sizes}");
    assert!(sizes["tokens_about"].as_u64().is_some_and(|tokens| (100..400).contains(&tokens)), "{sizes}");
    let dotted = world.ask(&["tools", "preview", "--alias-mode", "canonical", "--read-only"]);
    assert_eq!(dotted["tools"].as_array().map(Vec::len), Some(1));
    assert_eq!(dotted["tools"][0]["name"], json!("billing.inspect_invoice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_is_found_by_id_prefix_and_latest_and_its_absence_is_said() {
    let world = World::new(Engine::Sqlite).await;
    let missing = world.run(&["proposals", "list", "--json"]);
    assert_eq!(missing.exit, 3, "a ledger that is not there: {missing:?}");
    let made = world.ask(&[
        "propose",
        "billing.propose_late_fee_waiver",
        "--args",
        r#"{"invoice_id":"INV-3001","reason":"x"}"#,
    ]);
    let id = made["proposal_id"].as_str().expect("an id");
    let prefix: String = id.chars().take(12).collect();
    for reference in [id, &prefix, "latest"] {
        assert_eq!(world.ask(&["proposals", "show", reference])["proposal_id"], json!(id));
    }
    let unknown = world.run(&["proposals", "show", "wrp_nothing", "--json"]);
    assert_eq!((unknown.exit, unknown.code().as_str()), (1, "PROPOSAL_NOT_FOUND"));
    let wrong = world.run(&["proposals", "list", "--state", "pending", "--json"]);
    assert_eq!((wrong.exit, wrong.code().as_str()), (2, "INVALID_INPUT"));
    assert!(wrong.stdout.contains("pending_review"), "the states are listed: {}", wrong.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_needs_a_person_or_yes_and_the_digest_that_was_shown() {
    let world = World::new(Engine::Sqlite).await;
    world.ask(&[
        "propose",
        "billing.propose_late_fee_waiver",
        "--args",
        r#"{"invoice_id":"INV-3001","reason":"x"}"#,
    ]);
    let unattended = world.run(&["proposals", "approve", "latest", "--json"]);
    assert_eq!((unattended.exit, unattended.code().as_str()), (1, "CONFIRMATION_REQUIRED"));
    let other = format!("sha256:{}", "a".repeat(64));
    let stale = world.run(&["proposals", "approve", "latest", "--yes", "--digest", &other, "--json"]);
    assert_eq!((stale.exit, stale.code().as_str()), (1, "PROPOSAL_HASH_MISMATCH"));
    assert_eq!(world.ask(&["proposals", "show", "latest"])["state"], json!("pending_review"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bundles_and_configs_are_validated_with_exit_codes_for_ci() {
    let world = World::new(Engine::Sqlite).await;
    let config = world.config_path();
    let config = config.to_str().expect("a plain path");
    let valid = world.run(&["validate", "handlers/late-fee", config, "--json"]);
    assert_eq!(valid.exit, 0, "{}", valid.stdout);
    std::fs::write(world.folder.path().join("handlers/late-fee/late-fee.wasm"), b"\0asm")
        .expect("a broken component");
    let broken = world.run(&["validate", "handlers/late-fee", config, "--json"]);
    assert_eq!((broken.exit, &broken.json()["ok"]), (1, &json!(false)));
    assert_eq!(world.run(&["validate", "nowhere"]).exit, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_pinned_only_when_asked() {
    let world = World::new(Engine::Sqlite).await;
    let mut config = world.config();
    let blank = format!("sha256:{}", "0".repeat(64));
    World::capability(&mut config, "billing.propose_plan_waiver")["handler"]["digest"] = json!(blank);
    world.write_config(&config);
    let path = world.config_path();
    let path = path.to_str().expect("a plain path");
    let other = world.run(&["validate", path, "--json"]);
    assert_eq!(other.exit, 1, "{}", other.stdout);
    assert!(std::fs::read_to_string(path).expect("the config").contains(&blank), "nothing was written");
    let pinned = world.run(&["validate", path, "--write-digest", "--json"]);
    assert_eq!(pinned.exit, 0, "{}", pinned.stdout);
    assert!(!std::fs::read_to_string(path).expect("the config").contains(&blank));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_could_mean_two_components_is_left_alone() {
    let world = World::new(Engine::Sqlite).await;
    let bundle = world.folder.path().join("handlers/late-fee");
    let twin = world.folder.path().join("handlers/twin");
    std::fs::create_dir(&twin).expect("a second bundle");
    std::fs::copy(bundle.join("handler.json"), twin.join("handler.json")).expect("its manifest");
    let mut component = std::fs::read(bundle.join("late-fee.wasm")).expect("the component");
    // An empty custom section: another component that does the same.
    component.extend([0, 2, 1, b'x']);
    std::fs::write(twin.join("late-fee.wasm"), component).expect("its component");

    let mut config = world.config();
    let mut second = World::capability(&mut config, "billing.propose_plan_waiver").clone();
    second["name"] = json!("billing.propose_twin_waiver");
    second["handler"]["bundle"] = json!("handlers/twin");
    config["capabilities"].as_array_mut().expect("capabilities").push(second);
    world.write_config(&config);
    let path = world.config_path();
    let written = std::fs::read_to_string(&path).expect("the config");
    let path = path.to_str().expect("a plain path");
    let refused = world.run(&["validate", path, "--write-digest", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (2, "CONFIG_INVALID"), "{}", refused.stdout);
    assert_eq!(std::fs::read_to_string(path).expect("the config"), written);

    // The twin's own manifest names one component, so there it is clear.
    let manifest = std::fs::read_to_string(twin.join("handler.json")).expect("the manifest");
    world.run(&["validate", "handlers/twin", "--write-digest", "--json"]);
    let pinned = std::fs::read_to_string(twin.join("handler.json")).expect("the manifest");
    assert_ne!(pinned, manifest);
    assert_eq!(pinned.len(), manifest.len(), "nothing but the digest changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_is_shown_inert() {
    let world = World::new(Engine::Sqlite).await;
    let arguments = json!({ "invoice_id": "INV-3001", "reason": "ok\u{1b}[2J\u{202e}gnp" }).to_string();
    world.ask(&["propose", "billing.propose_late_fee_waiver", "--args", &arguments]);
    let shown = world.run(&["proposals", "show", "latest", "--color", "never"]);
    assert!(!shown.stdout.contains('\u{1b}') && !shown.stdout.contains('\u{202e}'), "{}", shown.stdout);
    assert!(shown.stdout.contains("\\u{001b}[2J\\u{202e}gnp"), "{}", shown.stdout);
}
