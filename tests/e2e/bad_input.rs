//! Bad input gets a refusal with its code, nothing is written, and the next call works.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};

use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::running::Running;
use crate::world::{World, call};

const READ: &str = "billing__inspect_invoice";

/// A server spoken to line by line.
struct Wire {
    child: Running,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Wire {
    fn open(world: &World) -> Self {
        let mut command = world.command(&["mcp", "serve"]);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = Running::start(piped);
        let input = child.stdin.take().expect("stdin");
        let output = BufReader::new(child.stdout.take().expect("stdout"));
        let mut wire = Self { child, input, output };
        let hello = wire.ask(&json!({ "jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "0" } } }));
        assert_eq!(hello["id"], json!("hello"));
        wire.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string());
        wire
    }

    fn send(&mut self, line: &str) {
        self.input
            .write_all(line.as_bytes())
            .and_then(|()| self.input.write_all(b"\n"))
            .expect("the server reads");
    }

    fn answer(&mut self) -> Json {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the server writes");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("not a frame: {error}: {line:?}"))
    }

    fn ask(&mut self, request: &Json) -> Json {
        self.send(&request.to_string());
        self.answer()
    }

    /// The server still answers an ordinary call.
    fn lives(&mut self) {
        let request = json!({ "jsonrpc": "2.0", "id": "alive", "method": "tools/call",
            "params": { "name": READ, "arguments": { "invoice_id": "INV-3001" } } });
        let answer = self.ask(&request);
        assert_eq!(answer["id"], json!("alive"), "{answer}");
        assert_eq!(answer["result"]["structuredContent"]["ok"], json!(true), "{answer}");
    }

    fn end(mut self) {
        drop(self.input);
        let status = self.child.wait().expect("the server ends");
        assert!(status.success(), "end of input is an orderly end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_not_requests_are_answered_and_the_server_lives() {
    let world = World::new(Engine::Sqlite).await;
    let mut wire = Wire::open(&world);
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"{READ}","arguments":{{"invoice_id":{}1{}}}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let huge = format!(
        r#"{{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{{"name":"{}"}}}}"#,
        "x".repeat(16 << 20)
    );
    for line in ["{not json", "42", "null", r#"{"jsonrpc":"2.0","id":1}"#, "\u{fffd}\u{0}", &deep, &huge] {
        wire.send(line);
        let answer = wire.answer();
        assert!(answer["error"]["code"].is_i64(), "{answer}");
        wire.lives();
    }
    wire.end();
    assert_eq!(world.ask(&["proposals", "list"])["proposals"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn input_that_ends_in_the_middle_of_a_call_leaves_one_proposal_or_none() {
    let world = World::new(Engine::Sqlite).await;
    for round in 0..10 {
        let mut wire = Wire::open(&world);
        wire.send(
            &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
                "name": "billing__propose_late_fee_waiver",
                "arguments": { "invoice_id": "INV-3001", "reason": "bank delay" } } })
            .to_string(),
        );
        std::thread::sleep(std::time::Duration::from_millis(round * 5));
        wire.end();
    }
    let client = world.client().await;
    let arguments = json!({ "invoice_id": "INV-3001", "reason": "bank delay" });
    let answered = call(&client, "billing__propose_late_fee_waiver", arguments).await;
    assert!(!answered.is_error, "{}", answered.content);
    client.close().await;
    assert_eq!(world.ask(&["proposals", "list"])["proposals"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_refused_by_name_and_leave_only_their_audit() {
    let world = World::new(Engine::Sqlite).await;
    let client = world.client().await;
    let long = "x".repeat(65);
    let cases = [
        (json!({}), "ARGUMENT_REQUIRED"),
        (json!({ "invoice_id": null }), "ARGUMENT_REQUIRED"),
        (json!({ "invoice_id": 3001 }), "ARGUMENT_TYPE_INVALID"),
        (json!({ "invoice_id": ["INV-3001"] }), "ARGUMENT_TYPE_INVALID"),
        (json!({ "invoice_id": { "tenant_id": "otherco" } }), "ARGUMENT_TYPE_INVALID"),
        (json!({ "invoice_id": long }), "ARGUMENT_TOO_LONG"),
        (json!({ "invoice_id": "INV-3001\u{0}" }), "INVALID_INPUT"),
        (json!({ "invoice_id": "INV-3001", "note": "x" }), "ARGUMENT_UNKNOWN"),
        (json!({ "invoice_id": "INV-3001", "tenant_id": "otherco" }), "MODEL_CANNOT_OVERRIDE_BINDING"),
        (json!({ "invoice_id": "INV-3001", "tenantId": "otherco" }), "MODEL_CANNOT_OVERRIDE_BINDING"),
        (json!({ "invoice_id": "INV-3001", "Tenant-ID": "otherco" }), "MODEL_CANNOT_OVERRIDE_BINDING"),
        (
            json!({ "invoice_id": "INV-3001", "principal": "root", "note": 1 }),
            "MODEL_CANNOT_OVERRIDE_BINDING",
        ),
        (json!({ "invoice_id": "INV-3001", "table": "customers" }), "MODEL_CANNOT_OVERRIDE_BINDING"),
        (json!({ "invoice_id": "INV-0000" }), "ROW_NOT_FOUND"),
        (json!({ "invoice_id": "' OR 1=1 --" }), "ROW_NOT_FOUND"),
    ];
    for (arguments, code) in &cases {
        let result = call(&client, READ, arguments.clone()).await;
        assert!(result.is_error, "{arguments}: {}", result.content);
        assert_eq!(
            result.content["error"]["reason"].as_str(),
            Some(*code),
            "{arguments}: {}",
            result.content
        );
    }
    client.close().await;
    let ledger = rusqlite::Connection::open(world.ledger_path()).expect("the ledger opens");
    let refused: i64 = ledger
        .query_row("SELECT count(*) FROM events WHERE kind = 'call_refused'", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(usize::try_from(refused).expect("small"), cases.len(), "each refusal left its audit entry");
    let text: String = std::fs::read(world.ledger_path())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .expect("the file");
    assert!(!text.contains("OR 1=1"), "an audit holds no argument's value");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_tool_is_a_protocol_error_and_the_server_lives() {
    let world = World::new(Engine::Sqlite).await;
    let mut wire = Wire::open(&world);
    let answer = wire.ask(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "execute_sql", "arguments": { "sql": "DROP TABLE invoices" } } }));
    assert_eq!(answer["error"]["code"], json!(-32602), "{answer}");
    wire.lives();
    wire.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_variable_is_named_and_a_database_that_is_down_is_said_on_the_call() {
    for engine in [Engine::Postgres, Engine::Mysql] {
        let mut world = World::new(engine).await;
        world.unset("APP_READ_URL");
        let client = world.client().await;
        let result = call(&client, READ, json!({ "invoice_id": "INV-3001" })).await;
        assert!(result.is_error && result.content.to_string().contains("APP_READ_URL"), "{}", result.content);
        client.close().await;

        let scheme = if engine == Engine::Postgres { "postgres" } else { "mysql" };
        world.set("APP_READ_URL", &format!("{scheme}://user:hunter2canary@127.0.0.1:1/app"));
        let client = world.client().await;
        let result = call(&client, READ, json!({ "invoice_id": "INV-3001" })).await;
        let text = result.content.to_string();
        assert!(result.is_error && text.contains("\"retryable\":true"), "{text}");
        assert!(!text.contains("hunter2canary") && !text.contains("127.0.0.1"), "{text}");
        client.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_tenant_is_named_and_nothing_is_read() {
    let world = World::new(Engine::Sqlite).await;
    let mut config = world.config();
    config["contexts"]["desk"] =
        json!({ "provider": "environment", "values": { "tenant_id_env": "DESK_TENANT" } });
    world.write_config(&config);
    let refused = world.run(&[
        "propose",
        "billing.inspect_invoice",
        "--args",
        r#"{"invoice_id":"INV-3001"}"#,
        "--json",
    ]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "TRUSTED_BINDING_MISSING"));
    assert!(refused.stdout.contains("DESK_TENANT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_with_twenty_mistakes_lists_all_twenty() {
    let world = World::new(Engine::Sqlite).await;
    let mut config = world.config();
    let mistakes = [
        ("/version", json!(2)),
        ("/mode", json!("yolo")),
        ("/result_format", json!(7)),
        ("/modee", json!(1)),
        ("/sources/app/engine", json!("oracle")),
        ("/sources/app/statement_timeout_ms", json!(-1)),
        ("/contexts/desk/provider", json!("guess")),
        ("/capabilities/0/kind", json!("write")),
        ("/capabilities/0/name", json!("inspect")),
        ("/capabilities/0/source", json!("nowhere")),
        ("/capabilities/0/target/table", json!("invoices; DROP")),
        ("/capabilities/0/visible_columns", json!([])),
        ("/capabilities/1/lookup/id_from_arg", json!("nothing")),
        ("/capabilities/1/args/reason/type", json!("text")),
        ("/capabilities/1/patch/waiver_reason", json!({ "from_arg": "nothing" })),
        ("/capabilities/1/allowed_columns", json!(["late_fee_cents", "waiver_reason", "tenant_id"])),
        ("/capabilities/1/conflict_guard", json!({})),
        ("/capabilities/1/sql", json!("UPDATE invoices SET late_fee_cents = 0")),
        ("/capabilities/2/handler/digest", json!("sha256:nope")),
        ("/capabilities/2/patch", json!({ "late_fee_cents": { "fixed": 0 } })),
    ];
    for (pointer, value) in &mistakes {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let key: &str = key;
        let place = config.pointer_mut(parent).unwrap_or_else(|| panic!("{parent}"));
        place[key] = value.clone();
    }
    world.write_config(&config);
    let checked = world.run(&["config", "validate", "--json"]);
    assert_eq!(checked.exit, 2);
    let document = checked.json();
    let errors = document["errors"].as_array().expect("errors");
    for (pointer, _) in &mistakes {
        let key = pointer.rsplit('/').next().expect("a key");
        assert!(
            errors.iter().any(|error| error["path"].as_str().is_some_and(|path| path.contains(key))),
            "{pointer} is not listed in {document:#}"
        );
    }
    assert!(errors.len() >= mistakes.len());
    let refused = world.run(&["tools", "preview", "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (2, "CONFIG_INVALID"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_cannot_be_written_stops_the_call_and_writes_nothing() {
    let world = World::new(Engine::Sqlite).await;
    let place = world.folder.path().join("not-a-folder");
    std::fs::write(&place, "a file where the ledger's folder should be").expect("a file");
    let store = place.join("local.db");
    let store = store.to_str().expect("a plain path");
    let arguments = r#"{"invoice_id":"INV-3001","reason":"x"}"#;
    let refused = world.run(&[
        "propose",
        "billing.propose_late_fee_waiver",
        "--args",
        arguments,
        "--store",
        store,
        "--json",
    ]);
    assert_eq!(refused.exit, 3, "{refused:?}");
    assert!(refused.code().starts_with("LEDGER_"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_is_not_the_pinned_one_never_runs() {
    let world = World::new(Engine::Sqlite).await;
    let mut config = world.config();
    let digest = format!("sha256:{}", "0".repeat(64));
    World::capability(&mut config, "billing.propose_plan_waiver")["handler"]["digest"] = json!(digest);
    world.write_config(&config);
    let arguments = r#"{"invoice_id":"INV-3002","reason":"x"}"#;
    let refused = world.run(&["propose", "billing.propose_plan_waiver", "--args", arguments, "--json"]);
    assert_eq!((refused.exit, refused.code().as_str()), (1, "HANDLER_DIGEST_MISMATCH"), "{refused:?}");
    assert_eq!(world.ask(&["proposals", "list"])["proposals"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_writes_and_reads_no_more_than_its_manifest_says_whatever_the_config_grants() {
    let world = World::new(Engine::Sqlite).await;
    let manifest = world.folder.path().join("handlers/late-fee/handler.json");
    let declared: Json =
        serde_json::from_slice(&std::fs::read(&manifest).expect("a manifest")).expect("JSON");
    let propose = || {
        let arguments = r#"{"invoice_id":"INV-3002","reason":"x"}"#;
        world.run(&["propose", "billing.propose_plan_waiver", "--args", arguments, "--json"])
    };
    let mut narrow = declared.clone();
    narrow["writes"] = json!(["late_fee_cents"]);
    std::fs::write(&manifest, narrow.to_string()).expect("written");
    let refused = propose();
    assert_eq!((refused.exit, refused.code().as_str()), (1, "PATCH_COLUMN_NOT_ALLOWED"), "{refused:?}");

    let mut narrow = declared.clone();
    narrow["reads"].as_object_mut().expect("reads").remove("waivers");
    std::fs::write(&manifest, narrow.to_string()).expect("written");
    assert_ne!(propose().exit, 0, "a read that is granted and not declared is not answered");
    assert_eq!(world.ask(&["proposals", "list"])["proposals"], json!([]));

    std::fs::write(&manifest, declared.to_string()).expect("written");
    assert_eq!(propose().exit, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_loops_grows_traps_or_wants_more_is_refused_and_the_next_call_works() {
    let cases = [
        ("endless_loop", "GUEST_FUEL"),
        ("memory_bomb", "GUEST_MEMORY"),
        ("unreachable", "GUEST_TRAP"),
        ("imports_files", "HANDLER_IMPORT_NOT_GRANTED"),
    ];
    for (guest, code) in cases {
        let world = World::new(Engine::Sqlite).await;
        world.replace_component(&hostile(guest));
        let before = world.invoice("INV-3002").await;
        let client = world.client().await;
        let arguments = json!({ "invoice_id": "INV-3002", "reason": "x" });
        let result = call(&client, "billing__propose_plan_waiver", arguments).await;
        assert_eq!(result.content["error"]["reason"], json!(code), "{guest}: {}", result.content);
        let read = call(&client, READ, json!({ "invoice_id": "INV-3001" })).await;
        assert!(!read.is_error, "{guest}: {}", read.content);
        client.close().await;
        assert_eq!(world.ask(&["proposals", "list"])["proposals"], json!([]), "{guest}");
        assert_eq!(world.invoice("INV-3002").await, before, "{guest}");
        let ledger = rusqlite::Connection::open(world.ledger_path()).expect("the ledger opens");
        let refused = "SELECT COUNT(*) FROM events WHERE kind = 'call_refused'";
        assert_eq!(ledger.query_row(refused, [], |row| row.get::<_, i64>(0)).expect("a count"), 1, "{guest}");
    }
}

/// A hostile test guest: a whole component as it is, a core module inside the shell.
fn hostile(name: &str) -> Vec<u8> {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let read = |path: String| std::fs::read_to_string(fixtures.join(path)).expect("a fixture");
    let text = read(format!("hostile/{name}.wat"));
    let text = match text.split_once("(module") {
        Some((_comment, body)) if !text.contains("(component") => read("guests/shell.wat".to_owned())
            .replace("(core module $guest (;the guest;))", &format!("(core module $guest {body}")),
        _ => text,
    };
    wat::parse_str(&text).expect("is a component")
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_would_be_read_as_something_else_are_refused_on_the_command_line_too() {
    let world = World::new(Engine::Sqlite).await;
    let cases = [
        (r#"{"invoice_id":"INV-3001","invoice_id":"INV-3002"}"#, "a key stands twice"),
        (r#"{"invoice_id":"INV-3001","amount":99.99999999999999999999}"#, "more digits"),
        (r#"["INV-3001"]"#, "not a JSON object"),
        (r#"{"invoice_id":"#, "line 1, column 14"),
    ];
    for (arguments, said) in cases {
        let refused = world.run(&["propose", "billing.inspect_invoice", "--args", arguments, "--json"]);
        assert_eq!((refused.exit, refused.code().as_str()), (1, "INVALID_INPUT"), "{arguments}: {refused:?}");
        assert!(refused.stdout.contains(said), "{arguments}: {}", refused.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_never_ends_or_is_no_text_is_refused() {
    let world = World::new(Engine::Sqlite).await;
    let latin = world.folder.path().join("latin1.json");
    std::fs::write(&latin, b"{\"mode\": \"caf\xe9\"}").expect("written");
    for config in ["/dev/zero", latin.to_str().expect("a plain path")] {
        let output = std::process::Command::new(crate::world::BINARY)
            .args(["tools", "preview", "--json", "--config", config])
            .env_clear()
            .output()
            .expect("the binary runs");
        let refused = crate::world::Answered::from(output);
        assert_eq!((refused.exit, refused.code().as_str()), (2, "CONFIG_INVALID"), "{config}: {refused:?}");
    }
}
