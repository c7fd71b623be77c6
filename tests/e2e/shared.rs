//! A ledger on a server, from outside: how it is named, what every command does with it, and what is refused.

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::world::{LEDGER_URL, World, call, propose};

const WAIVE: &str = "billing__propose_late_fee_waiver";
const READ: &str = "billing__inspect_invoice";

fn json_of(world: &World, words: &[&str]) -> (i32, Json) {
    let answered = world.run(&[words, &["--json"]].concat());
    (answered.exit, answered.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_about_the_record_works_on_a_server() {
    let world = World::sharing_a_ledger().await;
    let client = world.client().await;
    call(&client, READ, json!({ "invoice_id": "INV-3001" })).await;
    call(&client, READ, json!({ "invoice_id": "INV-9001" })).await;
    let applied = propose(&client, WAIVE, "INV-3001", "bank delay").await;
    propose(&client, WAIVE, "INV-3002", "waits").await;
    world.approve(&applied);
    assert_eq!(world.ask(&["apply", "--all-approved"])["counts"], json!({ "applied": 1 }));
    for (words, field) in [
        (&["activity", "search"][..], "activity"),
        (&["activity", "search", "--object", "invoice:INV-3001", "--from", "1h"], "activity"),
        (&["proposals", "list", "--state", "applied"], "proposals"),
        (&["evidence", "list", "--capability", "billing.inspect_invoice"], "evidence"),
        (&["query-audit", "list", "--proposal", &applied], "query_audit"),
        (&["query-audit", "list", "--refused", "ROW_NOT_FOUND"], "query_audit"),
        (&["receipts", "list", "--status", "applied"], "receipts"),
        (&["replay", "list"], "replays"),
        (&["events", "tail", "--kind", "writeback_applied"], "events"),
    ] {
        let (exit, listed) = json_of(&world, words);
        let found = listed[field].as_array().map_or(0, Vec::len);
        assert!(exit == 0 && found > 0, "{words:?}: {listed}");
    }
    for words in [
        &["evidence", "show", "latest"][..],
        &["query-audit", "show", "latest"],
        &["receipts", "show", "latest"],
        &["replay", "export", "latest"],
        &["proposals", "show", "latest"],
        &["writeback", "reconcile", "list"],
        &["store", "checkpoint"],
    ] {
        assert_eq!(json_of(&world, words).0, 0, "{words:?}: {:?}", world.run(words));
    }
    let (exit, report) = json_of(&world, &["store", "verify"]);
    assert_eq!((exit, &report["checkpoints"], &report["misfit"]), (0, &json!(1), &Json::Null), "{report}");
    let (exit, stats) = json_of(&world, &["store", "stats"]);
    assert_eq!((exit, &stats["proposals"]["applied"]), (0, &json!(1)), "{stats}");
    assert!(!world.ledger_path().exists(), "and no file was made");
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_about_a_file_says_what_does_it_on_a_server() {
    let world = World::sharing_a_ledger().await;
    world.client().await.close().await;
    let (copy, archive) = (world.folder.path().join("copy"), world.folder.path().join("archive"));
    let (copy, archive) = (copy.to_str().expect("text"), archive.to_str().expect("text"));
    let prune = ["store", "prune", "--older-than", "0s", "--archive", archive, "--apply", "--yes"];
    for (words, instead) in [
        (&["store", "backup", copy][..], "pg_dump"),
        (&["store", "restore", copy, "--yes"], "pg_restore"),
        (&["store", "vacuum"], "VACUUM FULL"),
        (&["store", "reset", "--yes"], "DROP SCHEMA synapsor_ledger"),
    ] {
        let (exit, refused) = json_of(&world, words);
        assert_eq!((exit, &refused["error"]["code"]), (1, &json!("LEDGER_NOT_A_FILE")), "{words:?}");
        assert!(refused["error"]["hint"].to_string().contains(instead), "{words:?}: {refused}");
    }
    assert_eq!(json_of(&world, &prune).0, 0, "nothing to prune yet");
    assert_eq!(json_of(&world, &["store", "verify"]).0, 0, "and everything is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_is_taken_from_a_variable_and_from_nowhere_else() {
    let mut world = World::sharing_a_ledger().await;
    let url = world.books.as_ref().expect("a server").url().to_owned();
    let list = |world: &World, more: &[&str]| json_of(world, &[&["proposals", "list"], more].concat());
    let (exit, typed) = list(&world, &["--store", &url]);
    assert_eq!((exit, &typed["error"]["code"]), (1, &json!("INVALID_INPUT")));
    assert!(typed["error"]["hint"].to_string().contains("env:NAME"), "{typed}");
    let password = url.split([':', '@']).nth(2).expect("a password");
    assert!(!typed.to_string().contains(password), "{typed}");

    let (exit, missing) = list(&world, &[]);
    assert_eq!((exit, &missing["error"]["code"]), (3, &json!("LEDGER_UNAVAILABLE")));
    assert!(missing["error"]["message"].to_string().contains("no ledger"), "{missing}");
    world.unset(LEDGER_URL);
    let (exit, unset) = list(&world, &[]);
    assert_eq!((exit, &unset["error"]["code"]), (3, &json!("LEDGER_UNAVAILABLE")));
    assert!(unset["error"]["message"].to_string().contains(LEDGER_URL), "{unset}");
    for misspelt in ["?ssl_mode=verify-full", "?sslmode=sure"] {
        world.set(LEDGER_URL, &format!("{url}{misspelt}"));
        let (exit, refused) = list(&world, &[]);
        assert_eq!((exit, &refused["error"]["code"]), (3, &json!("LEDGER_UNAVAILABLE")), "{misspelt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_config_names_the_variable_and_a_client_is_told_of_it() {
    let mut world = World::new(Engine::Sqlite).await;
    let books = synapsor_test_servers::postgres().await;
    let mut config = world.config();
    config["storage"] = json!({ "postgres_url_env": "BOOKS" });
    world.write_config(&config);
    world.set("BOOKS", books.url());
    let client = world.client().await;
    let id = propose(&client, WAIVE, "INV-3001", "bank delay").await;
    client.close().await;
    let kept = "SELECT proposal_id FROM synapsor_ledger.proposals";
    assert_eq!(books.scalar(kept).await, Some(id));
    let told = world.ask(&["mcp", "config", "--client", "generic-stdio"]);
    assert_eq!(told["environment"], json!(["BOOKS"]), "{told}");
    assert!(told["snippet"].to_string().contains("env:BOOKS"), "{told}");

    config["storage"] = json!({ "postgres_url_env": books.url() });
    world.write_config(&config);
    let checked = world.ask(&["config", "validate"]).to_string();
    assert!(
        checked.contains("INLINE_DATABASE_URL_FORBIDDEN") && checked.contains("postgres_url_env"),
        "{checked}"
    );
    assert!(!checked.contains(books.url()), "{checked}");
}
