//! A ledger on a server, from outside: how it is named, what every command does with it, and what is refused.

use std::process::Stdio;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use synapsor_mcp::Client;
use synapsor_protocol::Engine;
use tokio::task::JoinSet;

use crate::running::Running;
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
    let (copy, archive) = (world.folder.path().join("copy"), world.folder.path().join("archive"));
    let (copy, archive) = (copy.to_str().expect("text"), archive.to_str().expect("text"));
    let client = world.client().await;
    call(&client, READ, json!({ "invoice_id": "INV-3001" })).await;
    client.close().await;
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
    let prune = ["store", "prune", "--older-than", "0s", "--archive", archive, "--apply", "--yes"];
    let (exit, pruned) = json_of(&world, &prune);
    assert_eq!((exit, &pruned["pruned"]["events"]), (0, &json!(1)), "what is over goes there too: {pruned}");
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

#[tokio::test(flavor = "multi_thread")]
async fn the_variable_of_a_source_names_no_ledger() {
    let world = World::new(Engine::Postgres).await;
    for name in ["APP_READ_URL", "APP_WRITE_URL"] {
        let name_of_store = format!("env:{name}");
        for words in [
            &["proposals", "list", "--store", &name_of_store][..],
            &["propose", "billing.inspect_invoice", "--args", "{}", "--store", &name_of_store],
            &["store", "migrate", "--to", &name_of_store],
        ] {
            let (exit, refused) = json_of(&world, words);
            assert_eq!(
                (exit, &refused["error"]["code"]),
                (1, &json!("INVALID_INPUT")),
                "{words:?}: {refused}"
            );
            let said = refused["error"]["message"].to_string();
            assert!(said.contains(name) && said.contains("`app`"), "{said}");
        }
    }
    let schemas =
        "SELECT count(*)::text FROM information_schema.schemata WHERE schema_name = 'synapsor_ledger'";
    assert_eq!(world.database.scalar(schemas).await.as_deref(), Some("0"), "nothing was made there");
}

/// Processes that work in one ledger at once.
const RUNNERS: usize = 8;
/// What each of them proposes.
const PROPOSALS_EACH: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_serve_decide_and_apply_on_one_ledger_and_each_proposal_once() {
    let world = World::sharing_a_ledger().await;
    // Without the handler, which every one of them would compile.
    let mut config = world.config();
    config["capabilities"].as_array_mut().expect("a list").retain(|found| found.get("handler").is_none());
    world.write_config(&config);
    let world = Arc::new(world);
    let total = RUNNERS * PROPOSALS_EACH;
    let invoices = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {total})
         INSERT INTO invoices SELECT 'INV-' || (5000 + i), tenant_id, customer_id, status, balance_cents,
             late_fee_cents, waiver_reason, updated_at FROM invoices, n WHERE id = 'INV-3001'"
    );
    world.database.execute(&invoices).await;
    let mut serving = JoinSet::new();
    for runner in 0..RUNNERS {
        let world = Arc::clone(&world);
        serving.spawn(async move {
            let client = world.client().await;
            let mut made = Vec::new();
            for number in 0..PROPOSALS_EACH {
                let invoice = format!("INV-{}", 5001 + runner * PROPOSALS_EACH + number);
                made.push(patiently(&client, &invoice).await);
            }
            client.close().await;
            made
        });
    }
    let proposals: Vec<String> = serving.join_all().await.concat();
    assert_eq!(proposals.len(), total);

    // Everything is decided by two people at once; one of them is first.
    for some in proposals.chunks(RUNNERS / 2) {
        let approve = |id, actor| vec!["proposals", "approve", id, "--actor", actor, "--yes"];
        let twice = some.iter().flat_map(|id| [approve(id, "ada"), approve(id, "eve")]);
        let exits = at_once(&world, twice.collect());
        for pair in exits.chunks(2) {
            assert!(matches!(pair, [0, 1] | [1, 0]), "{exits:?}");
        }
    }
    let exits = at_once(&world, vec![vec!["apply", "--all-approved"]; RUNNERS]);
    assert_eq!(exits, [0; RUNNERS]);
    assert_eq!(world.receipts().await, total, "each was carried out once");
    let listed = |words: &[&str], field: &str| {
        let listed = world.ask(&[words, &["--limit", "200"]].concat());
        listed[field].as_array().map_or(0, Vec::len)
    };
    assert_eq!(listed(&["proposals", "list", "--state", "applied"], "proposals"), total);
    assert_eq!(listed(&["events", "tail", "--kind", "proposal_approved"], "events"), total);
    // Whoever looks again before the one who applied has said so is the one who records it.
    let ended = ["writeback_applied", "writeback_already_applied"];
    let ended = ended.map(|kind| listed(&["events", "tail", "--kind", kind], "events"));
    assert_eq!(ended.iter().sum::<usize>(), total, "{ended:?}");
    assert_eq!(world.ask(&["store", "verify"])["misfit"], Json::Null);
    assert_eq!(world.ask(&["writeback", "reconcile", "list"])["proposals"], json!([]));
}

/// Runs the commands at once, each until it answers something else than that it may be repeated; how they ended.
fn at_once(world: &World, commands: Vec<Vec<&str>>) -> Vec<i32> {
    let start = |words: &Vec<&str>| {
        let mut command = world.command(words);
        Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))
    };
    let children: Vec<_> = commands.iter().map(start).collect();
    let end = |(mut child, words): (Running, &Vec<&str>)| loop {
        match child.wait().expect("it ended").code() {
            Some(3) => child = start(words),
            exit => return exit.expect("not killed"),
        }
    };
    children.into_iter().zip(&commands).map(end).collect()
}

/// Proposes until the ledger has a turn for it: on a busy machine that may take longer than a call waits.
async fn patiently(client: &Client, invoice: &str) -> String {
    loop {
        let made = call(client, WAIVE, json!({ "invoice_id": invoice, "reason": "bank delay" })).await;
        if !made.is_error {
            return made.content["proposal"]["id"].as_str().expect("an id").to_owned();
        }
        assert_eq!(made.content["error"]["reason"], json!("LEDGER_BUSY"), "{}", made.content);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_is_migrated_from_a_file_to_a_server_and_what_cannot_be_is_refused() {
    let mut world = World::new(Engine::Sqlite).await;
    let books = synapsor_test_servers::postgres().await;
    let to = ["store", "migrate", "--to", "env:LEDGER_URL"];
    let (exit, unset) = json_of(&world, &to);
    assert_eq!((exit, &unset["error"]["code"]), (3, &json!("LEDGER_UNAVAILABLE")), "{unset}");
    world.set(LEDGER_URL, books.url());
    let client = world.client().await;
    let id = propose(&client, WAIVE, "INV-3001", "bank delay").await;
    let (exit, busy) = json_of(&world, &to);
    assert_eq!((exit, &busy["error"]["code"]), (3, &json!("LEDGER_BUSY")), "a server has it open: {busy}");
    client.close().await;
    let (exit, made) = json_of(&world, &to);
    assert_eq!((exit, &made["found"], &made["meanwhile"]), (0, &json!(0), &json!(0)), "{made}");
    let again = world.run(&to);
    assert!(again.exit == 0 && again.stdout.contains("--store env:LEDGER_URL"), "{again:?}");
    let (exit, typed) = json_of(&world, &["store", "migrate", "--to", books.url()]);
    assert_eq!((exit, &typed["error"]["code"]), (1, &json!("INVALID_INPUT")), "{typed}");

    world.set("SYNAPSOR_LOCAL_STORE", "env:LEDGER_URL");
    world.approve(&id);
    assert_eq!(world.ask(&["apply", &id])["outcome"], json!("applied"));
    let file = world.folder.path().join("back.db");
    let file = file.to_str().expect("text");
    let (exit, back) = json_of(&world, &["store", "migrate", "--to", file]);
    assert_eq!(exit, 0, "{back}");
    assert_eq!(world.ask(&["store", "verify", "--store", file])["head"], back["report"]["head"]);
    let old = world.ledger_path();
    let old = old.to_str().expect("text");
    let (exit, occupied) = json_of(&world, &["store", "migrate", "--to", old]);
    assert_eq!((exit, &occupied["error"]["code"]), (1, &json!("INVALID_INPUT")), "it holds less: {occupied}");
}
