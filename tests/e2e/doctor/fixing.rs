//! `synapsor doctor --fix`: what it would change is shown first, nothing is written unasked, and nothing is allowed afterwards
//! that was not before.

use serde_json::json;
use synapsor_protocol::Engine;

use super::follow::written;
use super::{READER, WRITER, file, findings};
use crate::world::World;

const PATCH: &str = "billing.propose_late_fee_waiver";

/// Everything that can be mended in a file, at once; the secret in the arguments is a person's.
async fn much_to_mend() -> World {
    let world = World::new(Engine::Sqlite).await;
    let columns = "ALTER TABLE invoices ADD COLUMN api_key TEXT;
                   ALTER TABLE invoices ADD COLUMN due_cents INTEGER AS (balance_cents + late_fee_cents)";
    world.database.execute(columns).await;
    let mut config = world.config();
    config["capabilities"][0]["visible_columns"] = json!(["id", "status", "api_key"]);
    config["sources"]["app"]["ssl"] = json!(true);
    let patch = World::capability(&mut config, PATCH);
    patch["allowed_columns"] = json!(["late_fee_cents", "waiver_reason", "due_cents"]);
    std::fs::write(world.config_path(), format!("{config:#}\n")).expect("written");
    let leaked = json!({ "mcpServers": { "synapsor": {
        "command": "synapsor", "args": ["--url", WRITER], "env": { "APP_READ_URL": READER, "MODE": "quiet" },
    } } });
    std::fs::write(file(&world, ".mcp.json"), format!("{leaked:#}\n")).expect("written");
    world
}

fn texts(world: &World) -> [String; 2] {
    [world.config_path(), file(world, ".mcp.json")].map(|path| std::fs::read_to_string(path).expect("a file"))
}

fn codes(world: &World) -> Vec<String> {
    let mut codes: Vec<String> = findings(world, &[]).into_iter().map(|finding| finding.code).collect();
    codes.dedup();
    codes
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_mended_is_a_diff_and_nothing_is_written() {
    let world = much_to_mend().await;
    let before = texts(&world);
    let dry = world.run(&["doctor", "--fix", "--dry-run"]);
    for line in [
        "-        \"api_key\"",
        "-        \"due_cents\"",
        "-mcpServers.synapsor.env.APP_READ_URL: (a secret)",
    ] {
        assert!(dry.stdout.contains(line), "expected `{line}`, found {}", dry.stdout);
    }
    assert!(dry.stdout.contains("+mcpServers.synapsor.env.APP_READ_URL: ${APP_READ_URL}"), "{}", dry.stdout);
    assert!(dry.stdout.contains("nothing is written"), "{}", dry.stdout);
    let unasked = world.run(&["doctor", "--fix"]);
    assert_eq!(unasked.exit, 1, "nobody is there to say yes: {unasked:?}");
    assert_eq!(texts(&world), before);
    for answered in [dry, unasked] {
        assert!(!format!("{answered:?}").contains("hunter2"), "{answered:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_mended_allows_nothing_more_and_is_kept_as_it_was() {
    let world = much_to_mend().await;
    let (before, rows) = (texts(&world), std::fs::read(world.database.path()).expect("a file"));
    let told = world.ask(&["doctor", "--fix", "--yes"]);
    let mended = told["mended"].as_array().expect("files");
    let backups: Vec<String> = mended
        .iter()
        .map(|file| std::fs::read_to_string(file["backup"].as_str().expect("a backup")).expect("a file"))
        .collect();
    assert_eq!(backups, before, "{told}");
    assert!(!told.to_string().contains("hunter2"), "{told}");
    // The one in the arguments is left.
    assert!(codes(&world).contains(&"DOCTOR_CLIENT_SECRET".to_owned()));
    for code in ["DOCTOR_SENSITIVE_COLUMN", "DOCTOR_COLUMN_COMPUTED"] {
        assert!(!codes(&world).contains(&code.to_owned()), "{code}");
    }
    let [config, client] = texts(&world);
    assert!(
        client.contains("${APP_READ_URL}") && client.contains("\"quiet\"") && client.contains(WRITER),
        "{client}"
    );
    let is = written(&world);
    assert_eq!(is["capabilities"][0]["visible_columns"], json!(["id", "status"]));
    assert_eq!(is["sources"]["app"].get("ssl"), None, "a file is not connected to");
    for line in config.lines() {
        let line = line.trim().trim_end_matches(',');
        assert!(before[0].contains(line), "`{line}` is new");
    }
    assert_eq!(std::fs::read(world.database.path()).expect("a file"), rows, "no database is touched");
    let again = world.ask(&["doctor", "--fix", "--yes"]);
    assert_eq!(again["mended"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_part_rests_on_is_left_to_a_person() {
    let world = World::new(Engine::Sqlite).await;
    world.database.execute("ALTER TABLE invoices ADD COLUMN api_key TEXT").await;
    let mut config = world.config();
    config["capabilities"][0]["visible_columns"] = json!(["api_key"]);
    world.write_config(&config);
    let told = world.ask(&["doctor", "--fix", "--yes"]);
    assert_eq!((&told["mended"], written(&world)), (&json!([]), config), "it would show nothing at all");
    assert!(codes(&world).contains(&"DOCTOR_SENSITIVE_COLUMN".to_owned()));
    let refused = world.run(&["doctor", "--dry-run"]);
    assert_eq!(refused.exit, 2, "--dry-run is of --fix: {refused:?}");
}
