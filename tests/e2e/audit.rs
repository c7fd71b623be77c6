//! `synapsor audit`: the published counts, our own tools, servers that hang, flood or talk rubbish, and every form of a report.

use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect_file;
use serde_json::{Value as Json, json};
use synapsor_protocol::Engine;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::http::server::{Server, TOKEN};
use crate::world::{Answered, BINARY, World};

fn audit(words: &[&str]) -> Answered {
    Command::new(BINARY).arg("audit").args(words).env_clear().output().expect("the binary runs").into()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A server over stdio that runs this script.
fn served(script: &str, timeout_ms: &str) -> Answered {
    audit(&["--json", "--timeout-ms", timeout_ms, "--stdio", "--", "/bin/sh", "-c", script])
}

#[test]
fn the_example_has_the_published_counts_in_every_form() {
    let found = audit(&["--example", "dangerous-db-mcp", "--format", "json"]);
    let report = found.json();
    assert_eq!((found.exit, &report["schema_version"]), (0, &json!("synapsor.mcp-audit.v1")));
    let expected = json!({ "tools_inspected": 6, "high": 15, "medium": 12, "low": 12, "total_findings": 39 });
    assert_eq!(report["summary"], expected);
    let screen = audit(&["--example", "dangerous-db-mcp"]);
    expect_file!["screens/audit-example.txt"].assert_eq(&screen.stdout);
    let page = audit(&["--example", "dangerous-db-mcp", "--format", "markdown"]).stdout;
    assert!(page.starts_with("# MCP audit\n") && page.contains("15 high, 12 medium, 12 low"), "{page}");
    let sarif = audit(&["--example", "dangerous-db-mcp", "--format", "sarif"]).json();
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert_eq!((results.len(), &results[0]["level"]), (39, &json!("error")));
}

#[test]
fn a_pipeline_fails_from_the_severity_it_names() {
    let quiet = json!({ "tools": [{ "name": "get_order", "description": "Shows an order of the shop.",
        "annotations": { "readOnlyHint": true } }] });
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tools.json");
    std::fs::write(&file, quiet.to_string()).expect("a list");
    let file = file.to_str().expect("a plain path");
    for (severity, exit) in [("low", 1), ("medium", 1), ("high", 0)] {
        assert_eq!(audit(&[file, "--fail-on", severity]).exit, exit, "{severity}");
    }
    assert_eq!(audit(&[file]).exit, 0);
    assert_eq!(audit(&["--example", "dangerous-db-mcp", "--fail-on", "high"]).exit, 1);
}

#[test]
fn our_own_tools_audit_clean() {
    let mut configs = vec![root().join("fixtures/demo/synapsor.runner.json")];
    for entry in std::fs::read_dir(root().join("fixtures/configs")).expect("configs") {
        configs.push(entry.expect("an entry").path());
    }
    let mut judged = 0;
    for config in configs {
        let path = config.to_str().expect("a plain path");
        let found = audit(&[path, "--format", "json", "--fail-on", "low"]);
        // Of these one is broken on purpose, and one has its tools elsewhere.
        if found.code() == "CONFIG_INVALID" || config.ends_with("cloud.json") {
            continue;
        }
        assert_eq!((found.exit, &found.json()["findings"]), (0, &json!([])), "{path}: {}", found.stdout);
        assert!(found.json()["summary"]["tools_inspected"].as_u64() > Some(0), "{path}");
        judged += 1;
    }
    assert!(judged >= 4, "{judged} configs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_asked_over_stdio_and_by_a_clients_settings() {
    let world = World::new(Engine::Sqlite).await;
    let config = world.config_path();
    let words = [BINARY, "mcp", "serve", "--config", config.to_str().expect("a plain path")];
    let asked = audit(&[&["--format", "json", "--stdio", "--"][..], &words].concat());
    assert_eq!(asked.exit, 0, "{asked:?}");
    assert_eq!(
        asked.json()["summary"],
        json!({ "tools_inspected": 3, "high": 0, "medium": 0, "low": 0, "total_findings": 0 })
    );
    let settings = world.folder.path().join("client.json");
    let entry = json!({ "command": BINARY, "args": words[1..] });
    std::fs::write(&settings, json!({ "mcpServers": { "ours": entry } }).to_string()).expect("settings");
    let asked = audit(&["--mcp-config", settings.to_str().expect("a plain path"), "--format", "json"]);
    assert_eq!(asked.json()["summary"]["tools_inspected"], json!(3), "{asked:?}");
}

/// What an audit of a server at a URL says, with the token of these tests.
fn audited(url: &str) -> Answered {
    let mut command = Command::new(BINARY);
    command.args(["audit", "--format", "json", "--url", url, "--bearer-env", "TOKEN"]);
    command.env_clear().env("TOKEN", TOKEN).output().expect("the binary runs").into()
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_server_is_asked_over_http_and_over_the_bridge_and_audits_clean() {
    let mut world = World::new(Engine::Sqlite).await;
    for server in [Server::start(&mut world, &[]), Server::bridge(&mut world, &[])] {
        let asked = audited(&format!("http://{}/mcp", server.address));
        assert_eq!(asked.exit, 0, "{asked:?}");
        let expected = json!({ "tools_inspected": 3, "high": 0, "medium": 0, "low": 0, "total_findings": 0 });
        assert_eq!(asked.json()["summary"], expected, "{asked:?}");
        let words = ["--json", "--url", &format!("http://{}/mcp", server.address)];
        let stranger = audit(&words);
        assert_eq!((stranger.exit, stranger.code().as_str()), (1, "MCP_SERVER_INVALID"), "{stranger:?}");
        assert!(stranger.stdout.contains("401"), "{}", stranger.stdout);
    }
}

#[test]
fn a_server_that_hangs_floods_leaves_or_talks_rubbish_is_cut_off() {
    let zeroes = "exec cat /dev/zero";
    let lines = "while :; do echo '{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}'; done";
    let greeting = "read x; echo '{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{}}'; read x; read x;";
    let endless = format!(
        "{greeting} i=1; while :; do echo '{{\"jsonrpc\":\"2.0\",\"id\":'$i',\"result\":{{\"tools\":[],\"nextCursor\":\"a\"}}}}'; i=$((i+1)); read x; done"
    );
    let no_tools = format!("{greeting} echo '{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{\"tools\":7}}}}'");
    let refuses = "read x; echo '{\"jsonrpc\":\"2.0\",\"id\":0,\"error\":{\"code\":-32601,\"message\":\"no\"}}'; read x";
    for (script, timeout_ms, exit, code, told) in [
        ("exec sleep 600", "300", 3, "MCP_SERVER_UNAVAILABLE", "300 ms"),
        ("exit 0", "20000", 3, "MCP_SERVER_UNAVAILABLE", "left"),
        (zeroes, "60000", 1, "MCP_SERVER_INVALID", "8388608 bytes"),
        (lines, "300000", 1, "MCP_SERVER_INVALID", "8388608 bytes"),
        ("echo hello", "20000", 1, "MCP_SERVER_INVALID", "no JSON-RPC message"),
        ("echo '[1]'", "20000", 1, "MCP_SERVER_INVALID", "no JSON-RPC message"),
        (refuses, "20000", 1, "MCP_SERVER_INVALID", "error -32601"),
        (&endless, "60000", 1, "MCP_SERVER_INVALID", "100 pages"),
        (&no_tools, "20000", 1, "MCP_SERVER_INVALID", "no JSON-RPC message"),
    ] {
        let answered = served(script, timeout_ms);
        assert_eq!((answered.exit, answered.code().as_str()), (exit, code), "{script}: {answered:?}");
        assert!(answered.stdout.contains(told), "{script}: {}", answered.stdout);
    }
}

/// A server that answers each connection's first request with these bytes, again and again.
async fn listening(answer: Vec<u8>, endless: bool) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&answer).await;
                while endless && stream.write_all(&[b' '; 65_536]).await.is_ok() {}
                // A connection that stays open and says no more.
                std::future::pending::<()>().await;
            });
        }
    });
    format!("http://ann:hunter2@{address}/mcp?key=hunter2")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_at_a_url_is_cut_off_likewise_and_its_url_is_not_repeated() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let gigabyte = format!("{head}content-length: 1073741824\r\n\r\n{{\"jsonrpc\":");
    let rubbish = format!("{head}content-length: 5\r\n\r\nhello");
    let closed = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n".to_owned();
    let silent = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n".to_owned();
    for (answer, endless, code, told) in [
        (gigabyte, true, "MCP_SERVER_INVALID", "8388608 bytes"),
        (rubbish, false, "MCP_SERVER_INVALID", "no JSON-RPC message"),
        (closed, false, "MCP_SERVER_INVALID", "HTTP status 403"),
        (silent, false, "MCP_SERVER_UNAVAILABLE", "within 2000 ms"),
    ] {
        let url = listening(answer.into_bytes(), endless).await;
        let timeout_ms = if told.contains("2000") { "2000" } else { "60000" };
        let words = ["--json", "--timeout-ms", timeout_ms, "--url", &url].map(str::to_owned);
        let answered = tokio::task::spawn_blocking(move || audit(&words.each_ref().map(String::as_str)));
        let answered = answered.await.expect("the binary ran");
        assert_eq!(answered.code(), code, "{answered:?}");
        assert!(answered.stdout.contains(told), "{}", answered.stdout);
        assert!(!answered.stdout.contains("hunter2") && !answered.stderr.contains("hunter2"), "{answered:?}");
    }
}

#[test]
fn what_cannot_be_audited_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tools.json");
    let path = file.to_str().expect("a plain path");
    for (words, text, exit, code) in [
        (&["nowhere.json"][..], "", 2, "NOT_FOUND"),
        (&[path], "{ not json", 1, "INVALID_INPUT"),
        (&["--mcp-config", path], "{}", 1, "INVALID_INPUT"),
        (&["--mcp-config", path], r#"{"mcpServers":{"a":{}}}"#, 1, "INVALID_INPUT"),
        (&[path], r#"{"version":1,"capabilities":[]}"#, 2, "CONFIG_INVALID"),
        (&["stdio:server"], "", 1, "INVALID_INPUT"),
        (&["--url", "ftp://x"], "", 1, "MCP_SERVER_INVALID"),
        (&["--url", "http://127.0.0.1:1/mcp"], "", 3, "MCP_SERVER_UNAVAILABLE"),
        (&["--url", "http://127.0.0.1:1/mcp", "--bearer-env", "NOT_SET"], "", 1, "HTTP_AUTH_TOKEN_MISSING"),
        (&["--stdio", "--", "/nowhere/at/all"], "", 3, "MCP_SERVER_UNAVAILABLE"),
        (&["--stdio"], "", 2, "INVALID_INPUT"),
        (&[], "", 2, "INVALID_INPUT"),
    ] {
        std::fs::write(&file, text).expect("a file");
        let answered = audit(&[&["--json"][..], words].concat());
        assert_eq!(
            (answered.exit, answered.code().as_str()),
            (exit, code),
            "{words:?} {text}: {}",
            answered.stdout
        );
    }
    std::fs::write(&file, vec![b' '; 17 * 1024 * 1024]).expect("a large file");
    let answered = audit(&[path, "--json"]);
    assert!(answered.stdout.contains("larger than 16777216 bytes"), "{}", answered.stdout);
}

#[test]
fn drafts_are_no_config_and_replace_no_file_unasked() {
    let drafts = audit(&["generate", "--example", "dangerous-db-mcp"]);
    let document: Json = drafts.json();
    assert_eq!(document["schema_version"], json!("synapsor.capability-candidates.v1"));
    let candidates = document["candidates"].as_array().expect("candidates");
    assert!(
        candidates.len() == 3 && candidates.iter().all(|draft| draft["enabled"] == json!(false)),
        "{document}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("drafts.json");
    let path = file.to_str().expect("a plain path");
    let words = ["generate", "--example", "dangerous-db-mcp", "--output", path];
    assert_eq!(audit(&words).exit, 0);
    let again = audit(&[&words[..], &["--json"]].concat());
    assert_eq!((again.exit, again.code().as_str()), (2, "NOT_FOUND"));
    let read = Command::new(BINARY)
        .args(["config", "validate", "--config", path])
        .output()
        .expect("the binary runs");
    assert_eq!(Answered::from(read).exit, 2, "a draft is no config");
}

#[test]
fn what_a_stranger_says_of_itself_cannot_steer_a_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tools.json");
    let tools = json!([{ "name": "drop\u{1b}[2J_table\u{202e}", "inputSchema": { "properties": { "table\u{7}": {} } } }]);
    std::fs::write(&file, tools.to_string()).expect("a list");
    for format in ["text", "markdown"] {
        let shown =
            audit(&[file.to_str().expect("a plain path"), "--color", "never", "--format", format]).stdout;
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown}");
    }
}
