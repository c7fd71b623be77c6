//! A redacted column from outside: on no screen, in no export and in no byte of the ledger, and a guard all the same.

use std::path::Path;

use serde_json::json;

use crate::world::{World, call, propose};

const WAIVE: &str = "billing.propose_late_fee_waiver";
const CANARY: &str = "canary-7f9e";

on_every_engine!(
    a_redacted_value_is_on_no_screen_and_in_no_byte_of_the_ledger,
    a_redacted_column_that_changed_is_a_conflict,
);

/// A world whose invoice holds a value that the config redacts.
async fn redacting(world: &World) {
    let mut config = world.config();
    for name in ["billing.inspect_invoice", WAIVE] {
        World::capability(&mut config, name)["redact"] = json!(["status"]);
    }
    world.write_config(&config);
    world.database.execute(&format!("UPDATE invoices SET status = '{CANARY}' WHERE id = 'INV-3001'")).await;
}

async fn a_redacted_value_is_on_no_screen_and_in_no_byte_of_the_ledger(world: World) {
    redacting(&world).await;
    let client = world.client().await;
    let row = call(&client, "billing.inspect_invoice", json!({ "invoice_id": "INV-3001" })).await;
    assert!(row.content.to_string().contains(CANARY), "the model that may read it reads it: {}", row.content);
    let proposal = propose(&client, WAIVE, "INV-3001", "goodwill").await;
    let repeated = json!({ "invoice_id": "INV-3001", "reason": format!("is {CANARY}") });
    let refused = call(&client, WAIVE, repeated).await;
    assert!(refused.is_error && !refused.content.to_string().contains(CANARY), "{}", refused.content);
    let folder = world.ledger_path().parent().expect("a folder").to_owned();
    assert_eq!(holding(&folder), Vec::<String>::new(), "with a log beside the file");
    client.close().await;

    world.approve(&proposal);
    let applied = world.run(&["apply", &proposal]);
    assert_eq!(applied.exit, 0, "{}", applied.stderr);

    let mut seen = String::new();
    for words in SCREENS {
        for format in [&["--json"][..], &[]] {
            let answer = world.run(&[words, format].concat());
            assert_eq!(answer.exit, 0, "{words:?}: {}", answer.stderr);
            seen += &answer.stdout;
            seen += &answer.stderr;
        }
    }
    assert!(seen.contains("hmac-sha256:") && seen.contains("REDACTED_VALUE_REPEATED"));
    assert!(!seen.contains(CANARY));
    assert_eq!(holding(&folder), Vec::<String>::new());
    assert_eq!(world.run(&["store", "verify"]).exit, 0);
}

/// Everything that prints records.
const SCREENS: &[&[&str]] = &[
    &["activity", "search"],
    &["proposals", "list"],
    &["proposals", "show", "latest"],
    &["evidence", "list"],
    &["evidence", "show", "latest"],
    &["evidence", "export", "latest", "--format", "json"],
    &["evidence", "export", "latest", "--format", "markdown"],
    &["query-audit", "list"],
    &["query-audit", "export", "latest"],
    &["receipts", "list"],
    &["replay", "show", "latest"],
    &["replay", "export", "--proposal", "latest", "--format", "json"],
    &["replay", "export", "--proposal", "latest", "--format", "markdown"],
    &["events", "tail"],
];

/// The files of a folder whose bytes hold the value.
fn holding(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let holds = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).expect("readable");
        bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
    };
    files.filter(|path| path.is_file()).filter(holds).map(|path| path.display().to_string()).collect()
}

async fn a_redacted_column_that_changed_is_a_conflict(world: World) {
    redacting(&world).await;
    let client = world.client().await;
    let proposal = propose(&client, WAIVE, "INV-3001", "goodwill").await;
    client.close().await;
    world.approve(&proposal);
    // A change that leaves the version column alone: only the digest can tell.
    world.database.execute("UPDATE invoices SET status = 'paid' WHERE id = 'INV-3001'").await;
    let applied = world.ask(&["apply", &proposal]);
    assert_eq!(applied["outcome"], json!("conflict"), "{applied}");
    assert_eq!(applied["receipt"]["changed_columns"], json!(["status"]), "{applied}");
    assert_eq!(world.invoice("INV-3001").await.late_fee_cents, "5500");
}
