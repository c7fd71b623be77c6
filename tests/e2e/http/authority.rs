//! Nothing a client can say approves, applies, loads a handler or changes the configuration: every method and every tool,
//! on every transport, against a proposal that waits.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;

use crate::http::eras::open;
use crate::http::peer::{Request, connect};
use crate::http::server::Server;
use crate::running::Running;
use crate::world::{Invoice, World};

/// Methods of the protocol, in any revision, whether they are served or not.
const OF_THE_PROTOCOL: [&str; 26] = [
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "resources/directory/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "logging/setLevel",
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tasks/update",
    "tasks/cancel",
    "skills/list",
    "skills/get",
    "elicitation/create",
    "sampling/createMessage",
    "roots/list",
    "subscriptions/listen",
];

/// Methods that would hold the authority a client must not have.
const OF_A_PERSON: [&str; 14] = [
    "proposals/approve",
    "proposals/reject",
    "proposals/apply",
    "approve",
    "apply",
    "reviews/update",
    "writeback/apply",
    "writeback/reconcile",
    "handlers/load",
    "handlers/pin",
    "config/set",
    "config/reload",
    "store/prune",
    "shutdown",
];

/// What an approval, an apply, another handler or another configuration would change.
#[derive(Debug, PartialEq, Eq)]
struct Standing {
    invoices: Vec<Invoice>,
    receipts: usize,
    decisions: Vec<i64>,
    states: Vec<String>,
    config: Vec<u8>,
    component: Vec<u8>,
}

async fn standing(world: &World) -> Standing {
    let ledger =
        Connection::open_with_flags(world.ledger_path(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a ledger");
    let count = |table: &str| {
        ledger.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("a count")
    };
    let mut states = ledger.prepare("SELECT DISTINCT state FROM proposals").expect("proposals");
    let states =
        states.query_map([], |row| row.get(0)).expect("states").collect::<Result<_, _>>().expect("texts");
    let bundle = world.folder.path().join("handlers/late-fee/late-fee.wasm");
    Standing {
        invoices: vec![world.invoice("INV-3001").await, world.invoice("INV-3002").await],
        receipts: world.receipts().await,
        decisions: ["approvals", "writeback_jobs", "receipts"].map(count).into(),
        states,
        config: std::fs::read(world.config_path()).expect("a config"),
        component: std::fs::read(bundle).expect("a component"),
    }
}

/// Every method with parameters that name what waits, and every tool with more arguments than it has.
fn requests(proposal: &str, tools: &[String]) -> Vec<(&'static str, Json)> {
    let named = json!({
        "id": proposal,
        "proposal_id": proposal,
        "taskId": proposal,
        "name": "billing__propose_late_fee_waiver",
        "uri": format!("synapsor://proposals/{proposal}"),
        "decision": "approve",
        "approved": true,
        "level": "debug",
        "path": "handlers/late-fee",
        "config": { "mode": "cloud" },
    });
    let methods = OF_THE_PROTOCOL.into_iter().chain(OF_A_PERSON);
    let mut requests: Vec<_> =
        methods.flat_map(|method| [(method, json!({})), (method, named.clone())]).collect();
    for tool in tools {
        let arguments = json!({ "invoice_id": "INV-3001", "reason": "approve and apply this at once" });
        requests.push(("tools/call", json!({ "name": tool, "arguments": arguments })));
        for (name, value) in
            [("approve", json!(true)), ("state", json!("approved")), ("proposal_id", json!(proposal))]
        {
            let mut arguments = arguments.clone();
            arguments[name] = value;
            requests.push(("tools/call", json!({ "name": tool, "arguments": arguments })));
        }
    }
    requests
}

/// A world in which a proposal waits, and its tools.
async fn waiting(server: &Server) -> (String, Vec<String>) {
    let arguments = json!({ "invoice_id": "INV-3001", "reason": "approve and apply this at once" });
    let call = json!({ "name": "billing__propose_late_fee_waiver", "arguments": arguments });
    let proposed = server.send(&Request::alone("tools/call", call)).message();
    let id =
        proposed["result"]["structuredContent"]["proposal"]["id"].as_str().expect("a proposal").to_owned();
    let listed = server.send(&Request::alone("tools/list", json!({}))).message();
    let tools = listed["result"]["tools"].as_array().expect("tools");
    for tool in tools {
        assert_eq!(tool["_meta"]["synapsor.approval_tool"], json!(false), "{tool}");
    }
    (id, tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect())
}

/// A request that may be answered for as long as the client listens: sent, and left alone.
fn leave(server: &Server, request: &Request) {
    let mut client = connect(&server.address);
    client.write_all(&request.bytes(&server.address)).expect("is sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_tokens_are_trusted_changes_with_a_restart_and_not_with_the_config() {
    let mut world = World::new(Engine::Sqlite).await;
    let server = Server::start(&mut world, &[]);
    let mut config = world.config();
    config["mode"] = json!("read_only");
    config["authentication"] = json!({
        "issuer": "https://id.example",
        "resource_url": "https://runner.example/mcp",
        "jwks_url": "https://id.example/jwks.json",
    });
    world.write_config(&config);
    server.logs("`authentication` trusts other tokens than before");
    assert_eq!(
        server.send(&Request::read("INV-3001")).status,
        200,
        "the token that was good before is good still"
    );
    let tools = server.send(&Request::alone("tools/list", json!({}))).message()["result"]["tools"].clone();
    assert_eq!(tools.as_array().map(Vec::len), Some(3), "and nothing else of that config is served either");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_a_client_can_say_approves_applies_loads_or_configures() {
    let mut world = World::new(Engine::Sqlite).await;
    let mut server = Server::start(&mut world, &[]);
    let (proposal, tools) = waiting(&server).await;
    assert_eq!(tools.len(), 3, "{tools:?}");
    let before = standing(&world).await;
    assert_eq!(before.states, ["pending_review"]);
    let requests = requests(&proposal, &tools);

    for (method, params) in &requests {
        let request = Request::alone(method, params.clone());
        if *method == "subscriptions/listen" {
            leave(&server, &request);
        } else {
            let answer = server.send(&request);
            assert!([200, 400, 404].contains(&answer.status), "{method}: {answer:?}");
            if OF_A_PERSON.contains(method) {
                assert_eq!((answer.status, answer.code().as_str()), (404, "-32601"), "{method}");
            }
        }
    }
    assert_eq!(standing(&world).await, before, "by requests that stand alone");

    let session = open(&server, "2025-11-25");
    for (id, (method, params)) in (1..).zip(&requests) {
        let request = Request::in_session(&session, id, method, params.clone());
        if *method == "subscriptions/listen" {
            leave(&server, &request);
        } else if *method != "initialize" {
            let answer = server.send(&request);
            assert!([200, 400].contains(&answer.status), "{method}: {answer:?}");
            if OF_A_PERSON.contains(method) {
                assert_eq!(answer.code(), "-32601", "{method}");
            }
        }
    }
    assert_eq!(standing(&world).await, before, "in a session");
    assert!(server.lives());

    over_stdio(&world, &requests);
    assert_eq!(standing(&world).await, before, "over stdio");

    over_the_bridge(&mut world, &requests);
    assert_eq!(standing(&world).await, before, "over the bridge");
}

/// The bridge knows tools by their own names, and three methods altogether.
fn over_the_bridge(world: &mut World, requests: &[(&'static str, Json)]) {
    const SERVED: [&str; 3] = ["tools/list", "tools/call", "resources/read"];
    let mut bridge = Server::bridge(world, &[]);
    for (method, params) in requests {
        let mut params = params.clone();
        if let Some(name) = params["name"].as_str().map(|name| name.replacen("__", ".", 1)) {
            params["name"] = json!(name);
        }
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = bridge.send(&Request::post(&request));
        assert!([200, 400, 404].contains(&answer.status), "{method}: {answer:?}");
        if !SERVED.contains(method) {
            assert_eq!(answer.code(), "-32601", "{method}: {answer:?}");
        }
    }
    assert!(bridge.lives());
}

fn over_stdio(world: &World, requests: &[(&'static str, Json)]) {
    let mut command = world.command(&["mcp", "serve"]);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = Running::start(piped);
    let mut input = server.stdin.take().expect("stdin");
    let lines: Vec<String> = requests
        .iter()
        .map(|(method, params)| String::from_utf8(Request::alone(method, params.clone()).body).expect("text"))
        .zip(1..)
        .map(|(line, id)| line.replace(r#""id":1,"#, &format!(r#""id":{id},"#)))
        .collect();
    let writer = std::thread::spawn(move || {
        for line in lines {
            // A server that has ended is found out below.
            let _ = writeln!(input, "{line}");
        }
    });
    let mut answers = String::new();
    server.stdout.take().expect("stdout").read_to_string(&mut answers).expect("text");
    writer.join().expect("a writer");
    assert!(server.wait().expect("it ends").success());
    let unknown = answers.lines().filter(|line| line.contains("-32601")).count();
    assert!(unknown >= 2 * OF_A_PERSON.len(), "{unknown} of {} answers", answers.lines().count());
}
