//! A redacted column from outside: on no screen, in no export and in no byte of the ledger, and a guard all the same.

use std::path::Path;

use serde_json::json;

use crate::ui::Pages;
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
    seen += &on_the_pages(&world, &proposal);
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

/// Everything that the review pages show and hand out.
fn on_the_pages(world: &World, proposal: &str) -> String {
    let pages = Pages::start(world, &[]);
    let cookie = pages.enter();
    let proposal = format!("/proposals/{proposal}");
    let lists = ["/", "/activity", "/evidence", "/audit", "/receipts"].map(str::to_owned);
    let exports = lists.iter().flat_map(|list| ["json", "csv"].map(|form| format!("{list}?export={form}")));
    let of_one = ["", "/json", "/record", "/rerun"].map(|part| format!("{proposal}{part}"));
    let mut seen = String::new();
    for place in lists.iter().cloned().chain(exports).chain(of_one) {
        let answer = pages.look(&cookie, &place);
        assert_eq!(answer.status, 200, "{place}: {}", answer.body);
        // The lists lead to each record's own page.
        for record in answer.body.split("data-row href=\"").skip(1).filter_map(|rest| rest.split('"').next())
        {
            let shown = pages.look(&cookie, record);
            assert_eq!(shown.status, 200, "{record}: {}", shown.body);
            seen += &shown.body;
        }
        seen += &answer.body;
    }
    seen
}

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

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_value_is_in_no_table_of_a_ledger_on_a_server_and_on_no_screen() {
    let world = World::sharing_a_ledger().await;
    redacting(&world).await;
    let client = world.client().await;
    let proposal = propose(&client, WAIVE, "INV-3001", "goodwill").await;
    let repeated = json!({ "invoice_id": "INV-3001", "reason": format!("is {CANARY}") });
    assert!(call(&client, WAIVE, repeated).await.is_error);
    client.close().await;
    world.approve(&proposal);
    let applied = world.run(&["apply", &proposal]);
    assert_eq!(applied.exit, 0, "{}", applied.stderr);

    let books = world.books.as_ref().expect("a ledger on a server");
    let tables =
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'synapsor_ledger'";
    let mut stored = String::new();
    for table in books.query_text(tables).await.into_iter().flatten().flatten() {
        let rows = books.query_text(&format!("SELECT t::text FROM synapsor_ledger.{table} t")).await;
        stored.extend(rows.into_iter().flatten().flatten());
    }
    let mut seen = on_the_pages(&world, &proposal);
    for words in SCREENS {
        let answer = world.run(&[words, &["--json"][..]].concat());
        assert_eq!(answer.exit, 0, "{words:?}: {}", answer.stderr);
        seen += &answer.stdout;
    }
    for text in [&stored, &seen] {
        assert!(text.contains("hmac-sha256:") && text.contains("REDACTED_VALUE_REPEATED"));
        assert!(!text.contains(CANARY));
    }
}
